"""A test's stream of actions, performed in its strand."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeAlias

from fasttest import _core
from fasttest.engine.strand import State, Strand

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from fasttest.engine.executor import Executor
    from fasttest.engine.loops import OwnLoop, SharedLoop

# Kind, test, entry, instance; see the core's ``Action``.
Action: TypeAlias = tuple[int, int, int, int]

# Actions which begin something: not to be performed any more after Ctrl-C.
_STARTING = (_core.SET_UP, _core.CALL)

# Taken at import, so that a test which patches ``time`` never reaches the engine.
_clock = time.perf_counter


class Stream:
    """The actions of one test, performed in its strand.

    Attributes:
        test: The test's id in the plan.
        errors: What teardowns raised, in their order, both the test's own and those
            of wider scopes which ended with it.
        cancelled: Whether it was in flight at Ctrl-C, and so has no outcome.
        ending: Whether it has interrupted the run itself, and is being torn down.
        ended_badly: Whether a teardown failed that was to make room for this test's
            parameter. A second run would not meet it again.
        lingered: Seconds spent in waiting for other tests during teardown.
        held: The scope instance before which its teardown halts; -1 for none.
        data: A slot for the work.
    """

    __slots__ = (
        "_action",
        "_executor",
        "cancelled",
        "data",
        "ended_badly",
        "ending",
        "errors",
        "held",
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
        self.held = -1
        self.cancelled = False
        self.ended_badly = False
        self.ending = False
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
                # Without an instance: the end of a former parameter's group failed.
                failed = failed or executor.work.set_up_error(self, entry, instance)
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
                self.ended_badly |= kind == _core.TEAR_DOWN and failed is not None
                if kind == _core.OPEN_LOOP and error_or_none is not None:
                    self._action = executor.done(test, False)
                    break
                action = executor.done(test, error_or_none is None)
        if failed is not None:
            raise failed

    @property
    def is_about_to_run(self) -> bool:
        """Whether the strand can go on, or that of the loop on which the test runs."""
        strand = self.strand
        assert strand is not None
        server = strand.served_by
        return strand.state is State.READY or (
            server is not None and server.state is State.READY
        )

    def hold(self, scope_instance: int) -> None:
        """Have the teardown halt before it leaves a scope instance; -1: nowhere."""
        self.held = scope_instance
        self._executor.core.hold(self.test, scope_instance)

    def tear_down(
        self,
        ended: Callable[[], None] | None = None,
        keep: Callable[[], bool] | None = None,
        stay: int = -1,
    ) -> bool:
        """Tear down all that ends with this test; what was raised is in ``errors``.

        Args:
            ended: Called once when all that is the test's own is torn down, before it
                leaves the scopes it shares with others.
            keep: Asked once, after the test's own teardown, if others were in flight
                beside it: whether its outcome counts. If not, the test is run again,
                alone, at the end of the run.
            stay: For a test that was told to halt: the scope instance it is not to
                leave, up to another call; -1 to leave them all.

        Returns:
            Whether the outcome counts.
        """
        executor, test = self._executor, self.test
        action = self._action
        if executor.rates is not None:
            if action[0] == _core.START:
                executor.rates.spare(self)
            else:
                executor.rates.begin(self)
        if action[0] in (_core.CALL, _core.START):
            action = executor.done(test, action[0] == _core.CALL)
        while True:
            kind, _, entry, instance = action
            if ended is not None and not _is_own(kind, instance):
                ended()
                ended = None
            if kind == _core.FINISHED:
                return True
            if kind == _core.HOLD and stay == self.held:
                self._action = action
                return True
            if kind == _core.HOLD:
                self.hold(stay)
                action = executor.done(test, True)
            elif kind == _core.WAIT:
                began = _clock()
                action = executor.wait(self)
                self.lingered += _clock() - began
            elif kind == _core.DECIDE:
                counts = keep is None or keep()
                action = executor.done(test, counts)
                if not counts:
                    executor.runs_again(test)
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
        renew: bool = False,
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
            renew: Whether one whose set-up failed is replaced.

        Returns:
            The entry and the instance.

        Raises:
            BaseException: What the set-up raised, now or earlier.
        """
        executor, test = self._executor, self.test
        action = executor.core.request(
            test, fixture, scope_instance, param, loop, dependencies, requester, renew
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
                action = executor.wait_for_request(self)
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

    def interrupt(self, error: BaseException) -> bool:
        """Raise an error where the test waits for events; returns whether it does."""
        strand = self.strand
        assert strand is not None
        if any(loop.throw(strand, error) for loop in self._executor.loops.values()):
            return True
        if strand.state is not State.WAITING:
            return False
        strand.throw(error)
        return True

    def awaited(self) -> asyncio.Future[Any] | None:
        """What the test waits for on a loop which it shares with others, if it does."""
        strand = self.strand
        assert strand is not None
        found = (loop.awaited(strand) for loop in self._executor.loops.values())
        return next((future for future in found if future is not None), None)

    def instance_of(self, entry: int) -> int:
        """The living instance of an entry which outlives the test."""
        return self._executor.core.instance_of(self.test, entry)

    def shared_loop(self, loop: int) -> SharedLoop | None:
        """The loop with this id if it is open."""
        return self._executor.loops.get(loop)

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
