"""The executor: performs the actions which the core's orchestrator hands out.

Every test has a *strand* (a greenlet of the hub) and a *stream* of actions. The core
says what comes next; the stream performs it; the core is told how it ended. What
set-up, call and teardown mean is the business of the *work*: plain callables in the
library, pytest's items in the command.
"""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING

from fasttest import _core
from fasttest.engine.batches import Batches
from fasttest.engine.hub import Hub
from fasttest.engine.loops import OwnLoop, SharedLoop
from fasttest.engine.rates import Rates
from fasttest.engine.stream import Action, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fasttest.engine.interleaving import Interleaving
    from fasttest.engine.loops import Turn
    from fasttest.engine.work import Work


class Executor:
    """Runs a plan: admits tests when all others wait, and performs their actions.

    Args:
        work: What the tests are.
        plan: The prepared plan; its test ids are the work's.
        concurrency: Tests in flight at most; 1 is strictly serial.
        core: The orchestrator, or something that stands in for it.
        hub: The hub to run on.
        interleaving: Has tests meet other company than they would; None: as planned.
        before_wait: Called when no test can start or go on: there is time.
        turn_of: Whose turn a callback of a shared loop is, by its context and what is
            to be called; None for nobody's.
        periods: Of each rate of the plan's, in seconds. With a concurrency of 1 rates
            are not heeded.

    Attributes:
        rates: What tests take of rates; None where there is nothing to take.
    """

    def __init__(
        self,
        work: Work,
        plan: _core.Plan,
        concurrency: int,
        core: _core.Orchestrator | None = None,
        hub: Hub | None = None,
        interleaving: Interleaving | None = None,
        before_wait: Callable[[], object] | None = None,
        turn_of: Callable[[contextvars.Context, object], Turn | None] | None = None,
        periods: Mapping[int, float] | None = None,
    ) -> None:
        self.work = work
        self._turn_of = turn_of
        self._context = contextvars.copy_context()
        self._before_wait = before_wait
        self.plan = plan
        if core is None:
            seed = None if interleaving is None else interleaving.start_order
            core = _core.Orchestrator(plan, concurrency, seed)
        self.core = core
        self.hub = hub if hub is not None else Hub(interleaving=interleaving)
        self.rates: Rates | None = None
        if periods and concurrency > 1:
            self.rates = Rates(plan, periods, core.give_back, self.hub.clock)
        self.loops: dict[int, SharedLoop] = {}
        # By test, and by id of the loops that are shared.
        self._blocking_own: dict[int, type] = {}
        self._blocking_shared: dict[int, type] = {}
        self.interrupted = False
        self._begun = False
        self._serial = concurrency == 1
        self._streams: dict[int, Stream] = {}
        self._retried: set[int] = set()
        self._fatal: BaseException | None = None
        self._interrupted_by: KeyboardInterrupt | None = None
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
        if not self.interrupted and self._begun and self.core.is_active():
            raise RuntimeError("the run has ended before all of its tests had")
        if self.interrupted:
            raise self._interrupted_by or KeyboardInterrupt

    def stop(self, error: BaseException | None = None) -> None:
        """Admit no further test; what runs goes on to its end.

        Args:
            error: Raised by ``run`` when everything is torn down.
        """
        self._fatal = self._fatal or error
        self.core.stop()

    def interrupt(self, error: KeyboardInterrupt, stream: Stream) -> None:
        """End the run as Ctrl-C does.

        Args:
            error: Raised by ``run``: it says where the run was interrupted.
            stream: The test in which it was raised; its teardown is not cancelled.
        """
        self._interrupted_by = self._interrupted_by or error
        stream.ending = True
        self.hub.interrupt()

    def wait(self, stream: Stream) -> Action:
        """Park until the core has the stream's next action.

        Whoever runs is parked: a test on a shared loop asks in the loop's strand.
        """
        stream.waiter = self.hub.current
        deadlines = () if stream.strand is None else stream.strand.deadlines
        # What others do meanwhile does not count, nor may it be left undone.
        for deadline in deadlines:
            deadline.pause()
        try:
            return self._parked()
        finally:
            for deadline in deadlines:
                deadline.resume()

    def _parked(self) -> Action:
        action: Action = self.hub.park()
        return action

    def wait_for_request(self, stream: Stream) -> Action:
        """Park until the core has what a running test asks for, if that can be.

        A coroutine on a shared loop asks in the loop's strand. If that were parked, the
        loop would stand still, and with it whoever sets up on it what is asked for.
        """
        current = self.hub.current
        if current is not None and current.background:
            return self.core.refuse(stream.test)
        return self.wait(stream)

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
        if self.rates is not None:
            self.rates.begin(self._streams[test])
        loop = self.plan.loop_of(test)
        if loop >= 0:
            self._batches.begin(test, loop, self.loops[loop])

    def stream(self, test: int) -> Stream:
        """The stream of a test in flight."""
        return self._streams[test]

    def runs_again(self, test: int) -> None:
        """A test is to be run again, alone."""
        self._retried.add(test)

    def in_flight(self) -> list[int]:
        """The tests which have begun and not ended, in the order of their start."""
        return list(self._streams)

    @property
    def blocking_loops(self) -> set[type]:
        """The classes of the loops so far that cannot be left while they wait."""
        return {*self._blocking_own.values(), *self._blocking_shared.values()}

    def blocking_loop_of(self, test: int) -> type | None:
        """The class of a test's loop if that cannot be left while it waits."""
        shared = self._blocking_shared.get(self.plan.loop_of(test))
        return self._blocking_own.get(test, shared)

    def _admit(self) -> bool:
        if self.core.has_ready():
            self._pump()
            return True
        rates = self.rates
        if rates is not None:
            rates.look()
        action = self.core.admit(self.hub.idle)
        if action[0] == _core.NOTHING:
            if rates is not None:
                # Those that are queued wait for it, if for nothing else.
                self.hub.due = rates.due if self.core.is_active() else None
            if self._before_wait is not None:
                self._before_wait()
            return False
        test = action[1]
        if rates is not None:
            rates.take(test)
        self._begun = True
        stream = Stream(self, test)
        self._streams[test] = stream
        stream.strand = self.hub.spawn(
            self._run_stream, stream, context=contextvars.copy_context()
        )
        stream.strand.number = test
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
        if self.rates is not None:
            self.rates.begin(stream)
        del self._streams[stream.test]
        if self.hub.foreground is stream.strand:
            self.hub.foreground = None
            self.hub.alone = False

    def _interrupt(self) -> None:
        """Ctrl-C: nothing new starts, what runs is cancelled, teardowns run."""
        self.interrupted = True
        self.core.stop()
        for stream in list(self._streams.values()):
            if not stream.ending:
                stream.cancel()

    def _open_loop(self, stream: Stream, loop: int) -> None:
        options = self.work.loop_options(stream, loop)
        how = self.hub, options.factory, options.debug, options.policy
        opened: OwnLoop | SharedLoop
        if loop == _core.OWN_LOOP:
            opened = stream.own_loop = OwnLoop(*how, puts_back=options.puts_back)
        else:
            opened = self.loops[loop] = SharedLoop(
                *how,
                puts_back=options.puts_back,
                turn_of=self._turn_of,
                context=self._context.copy(),
            )
        if not opened.switchable:
            if loop == _core.OWN_LOOP:
                self._blocking_own[stream.test] = type(opened.loop)
            else:
                self._blocking_shared[loop] = type(opened.loop)

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
