"""Event loops that live as long as a scope instance, as a Runner's does."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from fasttest.engine import private
from fasttest.engine.closing import shut_down
from fasttest.engine.scoped_loop import ScopedLoop
from fasttest.engine.strand import GreenletExit, Strand, running_strand

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from fasttest.engine.hub import Hub

T = TypeVar("T")


class OwnLoop(ScopedLoop):
    """The loop of a single test, driven by the strand of that test."""

    _task: asyncio.Task[Any] | None = None

    def run(
        self, coro: Coroutine[Any, Any, T], context: contextvars.Context | None = None
    ) -> T:
        """Run a coroutine in a task of its own, as ``asyncio.Runner.run`` does."""
        task = self._create_task(coro, context)
        self._task = task
        try:
            return self.loop.run_until_complete(task)
        finally:
            self._task = None

    def cancel_running(self) -> bool:
        """Cancel what ``run`` runs; returns whether there was something to cancel."""
        if self._task is None or not self._task.cancel():
            return False
        self._hub.wake(self.loop)
        return True

    def close(self) -> None:
        """Cancel the tasks left, shut down generators and executor, close the loop.

        Warns:
            RuntimeWarning: If that failed with a RuntimeError, as it does on a loop
                which a test has closed.
        """
        if not self._closed:
            self._closed = True
            self._finish(shut_down(self.loop))


class Turn(Protocol):
    """What is to be done around each callback of one of the users of a shared loop."""

    def begin(self) -> None:
        """A callback is about to run."""

    def end(self) -> None:
        """It has run, or failed."""


class _Waiter:
    """A strand parked until a future of a shared loop is done, or the loop stops."""

    __slots__ = ("future", "strand", "woken")

    def __init__(self, strand: Strand, future: asyncio.Future[Any] | None) -> None:
        self.strand = strand
        self.future = future
        self.woken = False

    def wake(self, _: object = None) -> None:
        if not self.woken:
            self.woken = True
            self.strand.resume()

    def throw(self, error: BaseException) -> None:
        if not self.woken:
            self.woken = True
            self.strand.throw(error)


class SharedLoop(ScopedLoop):
    """A loop which many tests use, driven by a strand of its own until it is closed.

    It goes on while tests of other loops run, so its background tasks do too. To other
    strands it looks as a loop of a Runner looks between two runs: not running, and
    ready for ``run_until_complete``.

    Args:
        hub: The hub of its strands.
        factory: Makes the loop; None: the policy does.
        debug: Whether it is in asyncio's debug mode; None: as it is made.
        policy: In force while the loop is open; None: the one that is.
        puts_back: Whether the loop that was current before is so again after closing.
        turn_of: Whose turn a callback is, by its context and what is to be called; None
            for nobody's.
        context: That of its strand, in which the loop handles what goes wrong in its
            callbacks; None: a copy of the current one.
    """

    def __init__(
        self,
        hub: Hub,
        factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
        debug: bool | None = False,
        policy: asyncio.AbstractEventLoopPolicy | None = None,
        *,
        puts_back: bool = False,
        turn_of: Callable[[contextvars.Context, object], Turn | None] | None = None,
        context: contextvars.Context | None = None,
    ) -> None:
        super().__init__(hub, factory, debug, policy, puts_back=puts_back)
        self._waiters: list[_Waiter] = []
        self._thread = threading.get_ident()
        self._strand: Strand | None = None
        if self.switchable:
            self._appear_idle()
            if turn_of is not None:
                private.take_turns(self.loop, turn_of)
            self._strand = hub.spawn(
                self._drive,
                context=context or contextvars.copy_context(),
                name=f"driver of {self.loop!r}",
                background=True,
            )

    def run(
        self, coro: Coroutine[Any, Any, T], context: contextvars.Context | None = None
    ) -> T:
        """Run a coroutine on the loop in a task of its own; the strand waits for it.

        If an exception is thrown into the waiting strand, the task stays pending.
        """
        return self._complete(self._create_task(coro, context))

    def call(self, function: Callable[..., T], *args: object) -> T:
        """Call a plain function inside the running loop."""
        if private.get_running_loop() is self.loop:
            return function(*args)

        async def inside() -> T:
            return function(*args)

        return self.run(inside())

    def cancel_running(self, strand: Strand | None = None) -> bool:
        """Cancel what a strand (None: any strand) waits for in ``run``."""
        cancelled = False
        for waiter in self._waiters:
            if waiter.future is not None and strand in (None, waiter.strand):
                cancelled = waiter.future.cancel() or cancelled
        self._hub.wake(self.loop)
        return cancelled

    def awaited(self, strand: Strand) -> asyncio.Future[Any] | None:
        """What a strand waits for in ``run``; None if it does not wait there."""
        waiters = (waiter for waiter in self._waiters if waiter.strand is strand)
        return next((waiter.future for waiter in waiters), None)

    def throw(self, strand: Strand, error: BaseException) -> bool:
        """Raise an error in a strand that waits in ``run``, and cancel what it awaits.

        Returns:
            Whether it waits there, and nothing has ended that yet.
        """
        for waiter in self._waiters:
            if waiter.strand is strand and not waiter.woken:
                waiter.throw(error)
                if waiter.future is not None:
                    waiter.future.cancel()
                self._hub.wake(self.loop)
                return True
        return False

    def close(self) -> None:
        """As ``OwnLoop.close``; from any strand but the loop's own."""
        if self._closed:
            return
        self._closed = True
        driver = self._strand
        if driver is None or driver.finished:
            error = shut_down(self.loop)
        else:
            self.loop.stop()
            self._hub.wake(self.loop)
            waiter = _Waiter(self._calling_strand(), None)
            driver.on_exit = waiter.wake
            try:
                self._hub.park()
            finally:
                driver.on_exit = None
            error = driver.exception or driver.result
        self._finish(error)

    def _appear_idle(self) -> None:
        """Let other strands of this thread see the loop as one that does not run."""
        loop, thread = self.loop, self._thread
        really_running = loop.is_running

        def is_running() -> bool:
            if threading.get_ident() != thread:
                return really_running()
            return private.get_running_loop() is loop

        def run_until_complete(future: Any) -> Any:
            private.check_runnable(loop)
            return self._complete(asyncio.ensure_future(future, loop=loop))

        def run_forever() -> None:
            private.check_runnable(loop)
            self._wait(None)

        vars(loop).update(
            is_running=is_running,
            run_until_complete=run_until_complete,
            run_forever=run_forever,
        )

    def _appear_as_it_is(self) -> None:
        for name in ("is_running", "run_until_complete", "run_forever"):
            vars(self.loop).pop(name, None)

    def _complete(self, future: asyncio.Future[T]) -> T:
        if self._strand is None:
            return self.loop.run_until_complete(future)
        self._wait(future)
        if not future.done():
            raise RuntimeError("Event loop stopped before Future completed.")
        return future.result()

    def _wait(self, future: asyncio.Future[Any] | None) -> None:
        strand, driver = self._calling_strand(), self._strand
        waiter = _Waiter(strand, future)
        self._waiters.append(waiter)
        assert driver is not None
        driver.clients.add(strand)
        strand.served_by = driver
        if future is not None:
            future.add_done_callback(waiter.wake)
        self._hub.wake(self.loop)
        try:
            self._hub.park()
        finally:
            self._waiters.remove(waiter)
            driver.clients.discard(strand)
            strand.served_by = None
            if future is not None:
                future.remove_done_callback(waiter.wake)

    def _calling_strand(self) -> Strand:
        strand = running_strand()
        if strand is None:
            raise RuntimeError("A shared loop can only be used in a strand of its hub.")
        return strand

    def _drive(self) -> BaseException | None:
        loop = self.loop
        if self._policy is not None:
            private.set_policy(self._policy)
        asyncio.set_event_loop(loop)
        self._run_until_stopped()
        while not self._closed and not loop.is_closed():
            self._run_until_stopped()
        self._appear_as_it_is()
        error = shut_down(loop) if self._closed else None
        for waiter in self._waiters:
            # For a future that is no task, or for the loop to be stopped.
            waiter.wake()
        return error

    def _run_until_stopped(self) -> None:
        try:
            type(self.loop).run_forever(self.loop)
        except GreenletExit:
            raise
        except BaseException as error:
            self._escaped(error)
        else:
            # Somebody called ``loop.stop``.
            for waiter in self._waiters:
                waiter.wake()

    def _escaped(self, error: BaseException) -> None:
        """An exception left the loop; it must reach a test and not end the loop."""
        if self.loop.is_closed():
            for waiter in self._waiters:
                waiter.wake()
        elif any(waiter.future and waiter.future.done() for waiter in self._waiters):
            # SystemExit or KeyboardInterrupt out of a task: its waiter will have it.
            return
        elif self._waiters:
            # Raised by a signal handler or a task that nobody waits for.
            for waiter in self._waiters:
                waiter.throw(error)
        elif isinstance(error, KeyboardInterrupt):
            self._hub.interrupt()
        else:
            self.loop.call_exception_handler(
                {"message": "exception left the event loop", "exception": error}
            )
