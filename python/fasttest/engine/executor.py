"""The executor: performs the actions which the core's orchestrator hands out.

Every test has a *strand* (a greenlet of the hub) and a *stream* of actions. The core
says what comes next; the stream performs it; the core is told how it ended. What
set-up, call and teardown mean is the business of the *work*: plain callables in the
library, pytest's items in the command.
"""

from __future__ import annotations

import contextvars
import time
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from fasttest import _core
from fasttest.engine.batches import Batches
from fasttest.engine.hub import Hub, Strand
from fasttest.engine.loops import OwnLoop, SharedLoop
from fasttest.engine.strand import State

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

# Kind, test, entry, instance; see the core's ``Action``.
Action: TypeAlias = tuple[int, int, int, int]

# Actions which begin something: not to be performed any more after Ctrl-C.
_STARTING = (_core.SET_UP, _core.CALL)

# Taken at import, so that a test which patches ``time`` never reaches the engine.
_clock = time.perf_counter


class LoopOptions(Protocol):
    """How one event loop is made."""

    @property
    def factory(self) -> Callable[[], asyncio.AbstractEventLoop] | None:
        """Makes the loop; None: the policy does."""

    @property
    def debug(self) -> bool | None:
        """Whether the loop is in asyncio's debug mode."""

    @property
    def policy(self) -> asyncio.AbstractEventLoopPolicy | None:
        """In force while the loop is open; None: the one that is."""


class Work(Protocol):
    """What a suite is made of: the only thing the executor knows about tests."""

    def run(self, stream: Stream) -> None:
        """Run one test in its own strand, by means of the stream; report it."""

    def set_up(self, stream: Stream, entry: int, instance: int) -> None:
        """Create the value of a fixture; an exception is a failed set-up."""

    def set_up_error(self, stream: Stream, entry: int, instance: int) -> BaseException:
        """The error with which the set-up of ``instance`` failed earlier."""

    def tear_down(self, stream: Stream | None, entry: int, instance: int) -> None:
        """Tear a fixture down; ``stream`` is None when no test is left to do it."""

    def loop_options(self, stream: Stream, loop: int) -> LoopOptions:
        """How to make a loop; ``loop`` is an id of the plan or ``OWN_LOOP``."""

    def crashed(self, test: int, error: BaseException) -> None:
        """Take note of an exception that left ``run``: an error of this test alone.

        ``test`` is -1 where a teardown failed with no test left to blame.
        """


class Stream:
    """The actions of one test, performed in its strand.

    Attributes:
        test: The test's id in the plan.
        errors: What teardowns raised, in their order, both the test's own and those
            of wider scopes which ended with it.
        cancelled: Whether it was in flight at Ctrl-C, and so has no outcome.
        lingered: Seconds spent in waiting for other tests during teardown.
        data: A slot for the work.
    """

    __slots__ = (
        "_action",
        "_executor",
        "cancelled",
        "data",
        "errors",
        "lingered",
        "own_loop",
        "strand",
        "test",
        "waiter",
    )

    def __init__(self, executor: Executor, test: int) -> None:
        self._executor = executor
        self._action: Action = (_core.START, test, -1, -1)
        self.test = test
        self.strand: Strand | None = None
        self.waiter: Strand | None = None
        self.own_loop: OwnLoop | None = None
        self.errors: list[BaseException] = []
        self.lingered = 0.0
        self.cancelled = False
        self.data: Any = None

    def set_up(self) -> None:
        """Set up what the test needs, up to its call.

        Raises:
            BaseException: What the set-up of a fixture raised; the teardown of what had
                been set up is still to be done by ``tear_down``.
        """
        executor, test = self._executor, self.test
        action = executor.done(test, True)
        failed: BaseException | None = None
        while True:
            kind, _, entry, instance = action
            if executor.interrupted and kind in _STARTING:
                failed = KeyboardInterrupt()
                self._action = executor.done(test, False)
                break
            if kind == _core.CALL:
                self._action = action
                executor.calling(test)
                break
            if kind == _core.WAIT:
                action = executor.wait(self)
            elif kind == _core.SET_UP_FAILED:
                failed = executor.work.set_up_error(self, entry, instance)
                self._action = executor.done(test, True)
                break
            elif kind == _core.SET_UP:
                try:
                    executor.work.set_up(self, entry, instance)
                except BaseException as error:
                    failed = error
                    self._action = executor.done(test, False)
                    break
                action = executor.done(test, True)
            else:
                # Opening a loop, or ending the group of a fixture's former parameter:
                # as in pytest, an error of the latter is one of this test's set-up.
                error_or_none = executor.perform(self, kind, entry, instance)
                failed = failed or error_or_none
                if kind == _core.OPEN_LOOP and error_or_none is not None:
                    self._action = executor.done(test, False)
                    break
                action = executor.done(test, error_or_none is None)
        if failed is not None:
            raise failed

    def tear_down(
        self,
        ended: Callable[[], None] | None = None,
        keep: Callable[[], bool] | None = None,
    ) -> bool:
        """Tear down all that ends with this test; what was raised is in ``errors``.

        Args:
            ended: Called once when all that is the test's own is torn down, before it
                leaves the scopes it shares with others.
            keep: Asked once, after the test's own teardown, if others were in flight
                beside it: whether its outcome counts. If not, the test is run again,
                alone, at the end of the run.

        Returns:
            Whether the outcome counts.
        """
        executor, test = self._executor, self.test
        action = self._action
        if action[0] in (_core.CALL, _core.START):
            action = executor.done(test, action[0] == _core.CALL)
        while True:
            kind, _, entry, instance = action
            if ended is not None and not _is_own(kind, instance):
                ended()
                ended = None
            if kind == _core.FINISHED:
                return True
            if kind == _core.WAIT:
                began = _clock()
                action = executor.wait(self)
                self.lingered += _clock() - began
            elif kind == _core.DECIDE:
                counts = keep is None or keep()
                action = executor.done(test, counts)
                if not counts:
                    return False
            else:
                error = executor.perform(self, kind, entry, instance)
                if error is not None:
                    self.errors.append(error)
                action = executor.done(test, error is None)

    def request(
        self,
        fixture: int,
        scope_instance: int,
        param: int,
        loop: int,
        dependencies: list[int],
        requester: int,
        set_up: Callable[[int, int], None],
    ) -> tuple[int, int]:
        """Have a fixture which was not known before the run (``getfixturevalue``).

        Args:
            fixture: Id of the fixture.
            scope_instance: Where it lives; ``OWN`` for function scope.
            param: Key of its parameter, -1 for none.
            loop: The loop it needs.
            dependencies: Instances it depends on.
            requester: The instance whose set-up asks, -1 for the test or an own one.
            set_up: Creates the value, given entry and instance, if nobody has yet.

        Returns:
            The entry and the instance.

        Raises:
            BaseException: What the set-up raised, now or earlier.
        """
        executor, test = self._executor, self.test
        action = executor.core.request(
            test, fixture, scope_instance, param, loop, dependencies, requester
        )
        failed: BaseException | None = None
        while True:
            kind, _, entry, instance = action
            if kind == _core.RESUME:
                return entry, instance
            if kind == _core.SET_UP_FAILED:
                if failed is None:
                    failed = executor.work.set_up_error(self, entry, instance)
                raise failed
            if kind == _core.WAIT:
                action = executor.wait(self)
            elif kind == _core.SET_UP:
                try:
                    set_up(entry, instance)
                except BaseException as error:
                    failed = error
                action = executor.done(test, failed is None)
            else:
                failed = executor.perform(self, kind, entry, instance)
                action = executor.done(test, failed is None)

    def cancel(self) -> None:
        """Cancel what the test is doing, after Ctrl-C; its teardown still runs."""
        self.cancelled = True
        strand = self.strand
        assert strand is not None
        if self.own_loop is not None and self.own_loop.cancel_running():
            return
        if any(loop.cancel_running(strand) for loop in self._executor.loops.values()):
            return
        if strand.state is State.WAITING:
            strand.throw(KeyboardInterrupt())

    def instance_of(self, entry: int) -> int:
        """The living instance of an entry which outlives the test."""
        return self._executor.core.instance_of(self.test, entry)

    def loop(self, loop: int) -> OwnLoop | SharedLoop:
        """The open loop with this id, or the test's own for ``OWN_LOOP``."""
        if loop == _core.OWN_LOOP:
            assert self.own_loop is not None
            return self.own_loop
        return self._executor.loops[loop]


def _is_own(kind: int, instance: int) -> bool:
    """Whether an action of a teardown ends something that is the test's own."""
    if kind == _core.TEAR_DOWN:
        return instance < 0
    return kind == _core.CLOSE_LOOP and instance == _core.OWN_LOOP


class Executor:
    """Runs a plan: admits tests when all others wait, and performs their actions.

    Args:
        work: What the tests are.
        plan: The prepared plan; its test ids are the work's.
        concurrency: Tests in flight at most; 1 is strictly serial.
        core: The orchestrator, or something that stands in for it.
        hub: The hub to run on.
    """

    def __init__(
        self,
        work: Work,
        plan: _core.Plan,
        concurrency: int,
        core: _core.Orchestrator | None = None,
        hub: Hub | None = None,
    ) -> None:
        self.work = work
        self.plan = plan
        self.core = core if core is not None else _core.Orchestrator(plan, concurrency)
        self.hub = hub if hub is not None else Hub()
        self.loops: dict[int, SharedLoop] = {}
        self.interrupted = False
        self._serial = concurrency == 1
        self._streams: dict[int, Stream] = {}
        self._retried: set[int] = set()
        self._fatal: BaseException | None = None
        self._batches = Batches(plan, work.crashed, self.hub.wake)
        # Bound once: these are called several times a test.
        self.done = self.core.done

    def run(self) -> None:
        """Run all tests.

        Raises:
            BaseException: The first exception which a test meant for the whole run
                (``stop``'s ``error``); KeyboardInterrupt after Ctrl-C. All teardowns
                have been run by then, except after a second Ctrl-C.
        """
        self.hub.run(
            on_idle=self._admit, on_interrupt=self._interrupt, after_step=self._pump
        )
        if self._fatal is not None:
            raise self._fatal
        if self.interrupted:
            raise KeyboardInterrupt

    def stop(self, error: BaseException | None = None) -> None:
        """Admit no further test; what runs goes on to its end.

        Args:
            error: Raised by ``run`` when everything is torn down.
        """
        self._fatal = self._fatal or error
        self.core.stop()

    def wait(self, stream: Stream) -> Action:
        """Park until the core has the stream's next action.

        Whoever runs is parked: a test on a shared loop asks in the loop's strand.
        """
        stream.waiter = self.hub.current
        action: Action = self.hub.park()
        return action

    def perform(
        self, stream: Stream | None, kind: int, entry: int, instance: int
    ) -> BaseException | None:
        """Perform an action other than a set-up; returns what it raised."""
        try:
            if kind == _core.TEAR_DOWN:
                self.work.tear_down(stream, entry, instance)
            elif kind == _core.OPEN_LOOP:
                assert stream is not None
                self._open_loop(stream, instance)
            elif kind == _core.CLOSE_LOOP:
                self._close_loop(stream, instance)
            else:
                raise AssertionError(f"unexpected action {kind}")
        except BaseException as error:
            return error
        return None

    def calling(self, test: int) -> None:
        """A test is about to be called: see that its batch is gathered."""
        loop = self.plan.loop_of(test)
        if loop >= 0:
            self._batches.begin(test, loop, self.loops[loop])

    def in_flight(self) -> list[int]:
        """The tests which have begun and not ended, in the order of their start."""
        return list(self._streams)

    def _admit(self) -> bool:
        if self.core.has_ready():
            self._pump()
            return True
        action = self.core.admit()
        if action[0] == _core.NOTHING:
            return False
        test = action[1]
        stream = Stream(self, test)
        self._streams[test] = stream
        stream.strand = self.hub.spawn(
            self._run_stream, stream, context=contextvars.copy_context()
        )
        alone = self._serial or test in self._retried or self.plan.is_exclusive(test)
        self.hub.foreground = stream.strand if alone else None
        self.hub.alone = alone
        return True

    def _run_stream(self, stream: Stream) -> None:
        test = stream.test
        error: BaseException | None = None
        try:
            self.work.run(stream)
        except (KeyboardInterrupt, SystemExit):
            self._end(stream)
            raise
        except BaseException as raised:
            error = raised
        self._end(stream)
        self._batches.ended(test, error)

    def _end(self, stream: Stream) -> None:
        del self._streams[stream.test]
        if self.hub.foreground is stream.strand:
            self.hub.foreground = None
            self.hub.alone = False

    def _interrupt(self) -> None:
        """Ctrl-C: nothing new starts, what runs is cancelled, teardowns run."""
        self.interrupted = True
        self.core.stop()
        for stream in list(self._streams.values()):
            stream.cancel()

    def _open_loop(self, stream: Stream, loop: int) -> None:
        options = self.work.loop_options(stream, loop)
        if loop == _core.OWN_LOOP:
            stream.own_loop = OwnLoop(
                self.hub, options.factory, options.debug, options.policy
            )
        else:
            self.loops[loop] = SharedLoop(
                self.hub, options.factory, options.debug, options.policy
            )

    def _close_loop(self, stream: Stream | None, loop: int) -> None:
        if loop == _core.OWN_LOOP:
            assert stream is not None
            assert stream.own_loop is not None
            stream.own_loop.close()
        else:
            self._batches.closing(loop)
            self.loops.pop(loop).close()

    def _pump(self) -> None:
        core = self.core
        while core.has_ready():
            for action in core.get_ready():
                test = action[1]
                if test < 0:
                    self.hub.spawn(
                        self._close_rest, action, context=contextvars.copy_context()
                    )
                else:
                    waiter = self._streams[test].waiter
                    assert waiter is not None
                    waiter.resume(action)

    def _close_rest(self, action: Action) -> None:
        """End the scopes which no test is left to end."""
        while True:
            kind, _, entry, instance = action
            if kind == _core.FINISHED:
                return
            error = self.perform(None, kind, entry, instance)
            if error is not None:
                self.work.crashed(-1, error)
            action = self.done(-1, error is None)
