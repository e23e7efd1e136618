"""The hub: runs many strands on one thread and waits for all of them at once."""

from __future__ import annotations

import os
import sys
import threading
import time
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any

from fasttest.engine import private, selector
from fasttest.engine.alarms import Alarms
from fasttest.engine.deadlines import Deadlines
from fasttest.engine.interrupts import Interrupts
from fasttest.engine.poller import Poller, make_poller
from fasttest.engine.strand import (
    State,
    Strand,
    be_traced,
    getcurrent,
    make_greenlet,
    running_strand,
)
from fasttest.engine.waits import Waits

if TYPE_CHECKING:
    import asyncio
    import contextvars
    from collections.abc import Callable, MutableSequence

    from fasttest.engine.interleaving import Interleaving
    from fasttest.engine.private import LoopState

__all__ = ["Hub", "HubDeadlockError", "Strand"]

# A greenlet costs ten times a switch (it maps memory for its frames), so those whose
# strand has finished carry the next ones. This many at most are kept.
_SPARE_CARRIERS = 64


class HubDeadlockError(RuntimeError):
    """Strands are parked and nothing is left that could resume them."""


class Hub:
    """Runs strands in the order in which they become ready, one at a time.

    A strand is left only where it waits: in ``park``, or in the ``select`` of a
    ``HubSelector``. The hub itself is the greenlet that called ``run``.

    Args:
        clock: Seconds since any moment, never going back. The default is bound at
            import, so that a test which patches ``time`` never reaches the hub.
        poller: Makes what the hub waits with.
        interleaving: Chooses who goes on; None for the order of becoming ready.

    Attributes:
        current: The strand that runs, also while it runs greenlets of its own; None
            while the hub does.
        alone: Set by the owner while a test must have the process for itself: if its
            strand is the only one, it waits without leaving its frames.
        foreground: Set by the owner: the strand in whose frames the hub waits when
            there is nothing else to do, so that exceptions raised by signal handlers
            reach it. By default that is the only strand not in the background.
        deadlines: The time limits of its strands.
        turn: The number of the strand that ran last, or of the one for which it ran;
            then 1 while none can run, else 0. The owner may put memory here which is
            seen from outside.
        clock: Its clock.
        is_served: Set by the owner: whether a thread may be working for a strand.
        due: Set by the owner in ``on_idle``: when that is to be called again, by the
            clock, whatever happens; the run does not end before. None: never.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        poller: Callable[[], Poller] = make_poller,
        interleaving: Interleaving | None = None,
    ) -> None:
        self.interleaving = interleaving
        self.current: Strand | None = None
        self.alone = False
        self.foreground: Strand | None = None
        self.greenlet: Any = None
        # What strands start with, and what the hub itself has while it runs.
        self.base: LoopState = private.get_loop_state()
        # The hub's own trace and profile function, off while a strand runs.
        self.tracing: tuple[Any, Any] = (None, None)
        self.forked = False
        self.clock = clock
        self.due: float | None = None
        self.is_served: Callable[[Strand], bool] = _threads_run
        self.deadlines = Deadlines(clock)
        self.turn: MutableSequence[int] | memoryview[int] = [-1, 0]
        self._waits = Waits(clock, poller)
        self._interrupts = Interrupts(self)
        self.alarms = Alarms(self)
        self._ready: deque[Strand] = deque()
        # Those which could go on, and let others go first.
        self._gave_way: deque[Strand] = deque()
        # All that have not finished; a dict because it keeps their order.
        self._live: dict[Strand, None] = {}
        self._in_background = 0
        self._awaited_from_threads = 0
        self._calls: deque[tuple[Callable[..., object], tuple[object, ...]]] = deque()
        self._carriers: list[Any] = []

    @property
    def idle(self) -> bool:
        """Whether no strand can go on."""
        return not self._ready

    def spawn(
        self,
        function: Callable[..., object],
        *args: object,
        context: contextvars.Context,
        name: str | None = None,
        background: bool = False,
    ) -> Strand:
        """Make a strand; it starts when the hub next comes round to it.

        Args:
            function: What it runs.
            *args: Its arguments.
            context: The context it runs in, itself and not a copy.
            name: For messages; the function's by default.
            background: Whether the hub may stop while the strand is alive.
        """
        name = name or str(getattr(function, "__qualname__", function))
        strand = Strand(self, function, args, context, name, background)
        self._live[strand] = None
        self._in_background += background
        self._ready.append(strand)
        return strand

    def run(
        self,
        on_idle: Callable[[], bool],
        on_interrupt: Callable[[], object] | None = None,
        after_step: Callable[[], object] | None = None,
    ) -> None:
        """Run until no strand is left but those in the background.

        Args:
            on_idle: Called when no strand can go on, or earlier by an interleaving. It
                may spawn or resume some, and returns True if it is to be asked again
                before the hub waits.
            on_interrupt: Called after the first Ctrl-C, or when a strand ended with
                KeyboardInterrupt.
            after_step: Called after each step of a strand.

        Raises:
            HubDeadlockError: If strands are parked and nothing can resume them.
            KeyboardInterrupt: At the second Ctrl-C; strands stay where they are.
        """
        if self.greenlet is not None:
            raise RuntimeError("The hub is running already.")
        self.greenlet = getcurrent()
        private.ensure_policy()
        before = private.get_loop_state()
        self.base = (None, None, *before[2:])
        private.set_loop_state(self.base)
        self.due = None
        self._waits.open()
        self._interrupts = Interrupts(self)
        self.alarms = Alarms(self)
        _running_hubs.add(self)
        selector.install()
        self._interrupts.install()
        try:
            self._loop(on_idle, on_interrupt, after_step)
        finally:
            self._interrupts.remove()
            self.deadlines.close()
            self.alarms.close()
            selector.uninstall()
            _running_hubs.discard(self)
            self._waits.close()
            self.current = None
            self.greenlet = None
            self._drop_carriers()
            private.set_loop_state(before)

    def park(self, *, threadsafe: bool = False) -> Any:
        """Give up control until somebody resumes the running strand.

        Args:
            threadsafe: Whether another thread will do so. The hub then waits for it
                where it would else see a deadlock.

        Returns:
            What ``Strand.resume`` was given.

        Raises:
            RuntimeError: If called outside a strand of this hub.
        """
        strand = running_strand()
        if strand is None or strand is not self.current or self.forked:
            raise RuntimeError("Only a running strand of the hub can be parked.")
        self._awaited_from_threads += threadsafe
        try:
            strand.state = State.PARKED
            return strand.leave()
        except BaseException:
            self._reclaim(strand)
            raise
        finally:
            self._awaited_from_threads -= threadsafe

    def wake(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make a loop look at its callbacks again, if its strand waits for events.

        For what another strand of the thread has done to it, such as ``stop``. Calls
        that others gave it are noticed anyhow, once nobody else can go on.
        """
        found = private.selector_of(loop)
        if isinstance(found, selector.HubSelector):
            strand = self._waits.find(found.fileno())
            if strand is not None:
                self.make_ready(strand)

    def interrupt(self) -> None:
        """Do as if Ctrl-C had been pressed once."""
        self._interrupts.note()

    def call_threadsafe(self, function: Callable[..., object], *args: object) -> None:
        """Call a function on the hub, soon; from any thread."""
        self._calls.append((function, args))
        self.wake_up()

    # What follows is between hub, strands and selectors.

    def may_wait(self, strand: Strand) -> bool:
        """Whether a strand that has to wait for events should leave for the hub."""
        return (
            strand is self.current
            and self.greenlet is not None
            and not self.forked
            and not (self.alone and len(self._live) == 1)
            and (strand.guard is None or strand.guard.may_be_left())
        )

    def wait_for(self, descriptor: int, timeout: float | None) -> float:
        """Leave the running strand until a descriptor is ready or time is up.

        Returns:
            For how many seconds it could have gone on and others did.
        """
        strand = self.current
        assert strand is not None
        try:
            self._waits.add(strand, descriptor, timeout)
            strand.state = State.WAITING
            strand.leave()
        except BaseException:
            self._reclaim(strand)
            raise
        return self.clock() - strand.ready_at

    def give_way(self) -> float:
        """Leave the running strand until all others have had their turn.

        Nobody waits for what it does: a further test may start meanwhile.

        Returns:
            For how many seconds others went on.
        """
        strand = self.current
        assert strand is not None
        strand.ready_at = self.clock()
        strand.state = State.READY
        self._gave_way.append(strand)
        try:
            strand.leave()
        except BaseException:
            self._reclaim(strand)
            raise
        return self.clock() - strand.ready_at

    def forget(self, descriptor: int) -> None:
        """A descriptor is about to be closed; who waits for it may see the error."""
        if self.forked:
            # The child shares the parent's poller, and must not take from it.
            return
        strand = self._waits.find(descriptor)
        if strand is not None:
            self.make_ready(strand)
        self._waits.forget(descriptor)

    def make_ready(self, strand: Strand) -> None:
        """Let a parked or waiting strand run when its turn comes."""
        self._waits.end(strand)
        if strand.account is not None:
            self.deadlines.ready(strand)
        strand.ready_at = self.clock()
        strand.state = State.READY
        self._ready.append(strand)
        if self._waits.sleeping:
            # Called by a signal handler, then.
            self._waits.wake_up()

    def inherit(self, state: LoopState) -> None:
        """Let strands to come start with this policy and current loop."""
        self.base = (*self.base[:3], *state[3:])

    def wake_up(self) -> None:
        """End the wait in progress, if any; from any thread or signal handler."""
        self._waits.wake_up()

    def wait(self, *, block: bool = True) -> None:
        """Make ready what descriptors, timers and calls from threads concern."""
        deadlines = self.deadlines
        limited, at_most = deadlines.active > 0, None
        if limited:
            at_most = deadlines.begin_poll(wait=block)
        if block:
            self.turn[1] = 1
            if self.due is not None:
                left = max(0.0, self.due - self.clock())
                at_most = left if at_most is None else min(left, at_most)
        ready = self._waits.collect(block=block, at_most=at_most)
        if block:
            self.turn[1] = 0
        now = self.clock() if ready else 0.0
        for strand in ready:
            if strand.account is not None:
                deadlines.ready(strand)
            due = strand.due
            strand.ready_at = now if due is None or due > now else due
            strand.state = State.READY
            self._ready.append(strand)
        if limited:
            deadlines.end_poll()
        while self._calls:
            function, args = self._calls.popleft()
            function(*args)

    def lone_strand(self) -> Strand | None:
        """The strand in whose frames the hub waits; none if there are several tests."""
        strand = self.foreground
        if strand is None and len(self._live) - self._in_background == 1:
            strand = next(each for each in self._live if not each.background)
        if strand is None or strand.finished:
            return None
        return strand

    def _loop(
        self,
        on_idle: Callable[[], bool],
        on_interrupt: Callable[[], object] | None,
        after_step: Callable[[], object] | None,
    ) -> None:
        ready, interrupts, chance = self._ready, self._interrupts, self.interleaving
        while True:
            # One round: strands that become ready meanwhile come after the events.
            for _ in range(chance.steps(len(ready)) if chance else len(ready)):
                self._step(chance.take(ready) if chance else ready.popleft())
                if after_step is not None:
                    after_step()
            self.wait(block=False)
            if interrupts.pending:
                interrupts.pending = False
                if on_interrupt is None:
                    raise KeyboardInterrupt
                on_interrupt()
            if chance is not None and not ready:
                chance.is_idle()
            early = chance is not None and chance.admits_early()
            progress = (ready and not early) or on_idle() or ready
            if (
                not progress
                and len(self._live) == self._in_background
                and self.due is None
            ):
                return
            if self._gave_way and not (chance and progress and not chance.comes_back()):
                ready.extend(self._gave_way)
                self._gave_way.clear()
                self._wake_called()
                continue
            if progress or self._wake_called():
                continue
            self._wait_for_any()
            if chance is not None:
                chance.is_idle()
            if after_step is not None:
                after_step()

    def _wake_called(self) -> bool:
        """Let loops go on which others have given callbacks while they wait.

        No event tells of those: a lock that tests share wakes who waits for it by
        ``call_soon`` on his loop. Alone nobody would have waited.
        """
        called = [strand for strand in self._waits if strand.callbacks]
        for strand in called:
            self.make_ready(strand)
        return bool(called)

    def _wait_for_any(self) -> None:
        if not self._waits and not self._awaited_from_threads and self.due is None:
            names = ", ".join(strand.name for strand in self._live)
            raise HubDeadlockError(
                f"Nothing can resume the parked strands: {names}. Each waits for "
                "another, or for a resume that has been forgotten."
            )
        strand = self.lone_strand()
        if strand is not None:
            strand.waits_in_place = True
            self._switch(strand)
            return
        try:
            self.wait()
        except KeyboardInterrupt:
            # A test has put Python's own handler in the place of ours.
            if self._interrupts.count:
                raise
            self._interrupts.note()

    def _reclaim(self, strand: Strand) -> None:
        # A signal handler raised somewhere between its decision to wait and the end
        # of that: the strand runs, whatever is noted about it.
        if strand.state is State.READY:
            queue = self._gave_way if strand in self._gave_way else self._ready
            queue.remove(strand)
        self._waits.end(strand)
        strand.waits_in_place = False
        strand.state = State.RUNNING
        if strand.account is not None:
            self.deadlines.reclaimed(strand)

    def _step(self, strand: Strand) -> None:
        if strand.greenlet is None:
            carriers = self._carriers
            strand.prepare(carriers.pop() if carriers else make_greenlet(self._carry))
        strand.state = State.RUNNING
        self._switch(strand)

    def _switch(self, strand: Strand) -> None:
        # On and off in one frame, as `Strand._switch_to_hub` does and says.
        self.tracing = trace, profile = sys.gettrace(), sys.getprofile()
        if trace is not None:
            sys.settrace(None)
        if callable(profile):
            sys.setprofile(None)
        self.current = strand
        self.turn[0] = strand.number
        alarms, deadlines = self.alarms, self.deadlines
        if deadlines.active:
            deadlines.begin_turn(strand)
        serving = alarms.holder is not None and alarms.holder in strand.clients
        if serving:
            alarms.pause()
        try:
            strand.greenlet.switch()
            if serving:
                alarms.proceed()
            if strand.state is State.FINISHED:
                self._keep(strand)
        finally:
            if deadlines.active:
                deadlines.end_turn(strand)
            self.current = None
            if callable(profile):
                sys.setprofile(profile)
            if trace is not None:
                sys.settrace(trace)
                be_traced()
        if strand.state is State.FINISHED:
            del self._live[strand]
            self._in_background -= strand.background
            if isinstance(strand.exception, KeyboardInterrupt):
                self._interrupts.note()
            if strand.on_exit is not None:
                strand.on_exit(strand)

    def _keep(self, strand: Strand) -> None:
        carrier, strand.greenlet = strand.greenlet, None
        carrier.strand = None
        # A dead one: the strand's function raised GreenletExit by itself.
        if len(self._carriers) < _SPARE_CARRIERS and not carrier.dead:
            self._carriers.append(carrier)

    def _drop_carriers(self) -> None:
        # Each unwinds as its last reference goes, which no tracer must see: it would
        # be a return without a call.
        trace = sys.gettrace()
        if trace is not None:
            sys.settrace(None)
        self._carriers.clear()
        if trace is not None:
            sys.settrace(trace)
            be_traced()

    def _carry(self) -> None:
        # The body of every greenlet. A strand that has been abandoned ends with
        # GreenletExit, and so does a spare carrier, when the last reference goes.
        while True:
            getcurrent().strand.execute()
            self.greenlet.switch()


def _threads_run(strand: Strand) -> bool:
    """Whether there are threads, which may work for anybody."""
    return threading.active_count() > 1


_running_hubs: weakref.WeakSet[Hub] = weakref.WeakSet()


def _after_fork() -> None:
    # The child must not run the parent's other strands: in it, all waiting blocks.
    for hub in _running_hubs:
        hub.forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
