"""What tests beside others change in the process, made each test's own."""

from __future__ import annotations

import contextlib
import functools
import logging
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from fasttest.engine.output import current_sink
from fasttest.engine.private import is_asyncios_own
from fasttest.engine.strand import threads_inherit
from fasttest.host import hypothesis_state, private
from fasttest.host.current import current_run, running
from fasttest.host.monkeypatches import noticed_monkeypatches
from fasttest.isolation import cells
from fasttest.isolation.generators import generators
from fasttest.isolation.loggers import (
    disabled_levels,
    forget_levels,
    noticed_loggers,
)
from fasttest.isolation.patching import noticed_patches, replaced
from fasttest.isolation.process_state import Kind
from fasttest.isolation.virtual_state import VirtualState

if TYPE_CHECKING:
    import contextvars
    from collections.abc import Callable

    from fasttest.engine.hub import Hub
    from fasttest.engine.loops import Turn
    from fasttest.engine.strand import Strand
    from fasttest.host.exclusive import Verdict
    from fasttest.host.item_run import ItemRun
    from fasttest.isolation.threads import Threads

# pytest's own fixtures which change something, by the module of their functions.
_OF_FIXTURES = {
    "_pytest.capture": Kind.STREAMS,
    "_pytest.logging": Kind.LOGS,
    "_pytest.recwarn": Kind.WARNINGS,
}


class Virtual:
    """Gives each item in flight a virtual state of the process, once it needs one.

    While it is entered, patches are noticed as they are made.

    Args:
        config: The configuration.
        hub: The hub on which items run.
        threads: Knows which item started which thread, while this is entered.
    """

    def __init__(self, config: pytest.Config, hub: Hub, threads: Threads) -> None:
        self._capture: Any = private.capture_manager(config)
        self._hub = hub
        self._thread = threading.get_ident()
        self._threads = threads
        self._stack = contextlib.ExitStack()
        # Those on shared loops whose changes are put aside, and whose callback runs.
        self._on_shared_loops: set[ItemRun] = set()
        self._in_turn: ItemRun | None = None

    def __enter__(self) -> Virtual:
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._threads.noticed())
            stack.enter_context(threads_inherit(self._strand_of_thread))
            stack.enter_context(noticed_patches(self._current))
            stack.enter_context(noticed_monkeypatches(self._current))
            stack.enter_context(noticed_loggers(self._current))
            stack.enter_context(
                replaced(signal, "signal", _noting_signal(signal.signal, self._current))
            )
            for name in ("set_level", "at_level"):
                method = _noting_level(name, self._current)
                stack.enter_context(replaced(pytest.LogCaptureFixture, name, method))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stack.close()

    def perform(
        self, run: ItemRun, verdict: Verdict, phases: Callable[[ItemRun], None]
    ) -> None:
        """Have ``phases`` take an item through its phases with what it needs."""
        closure = run.closure
        shares = closure.shares_loop or run.suite.plan.loop_of(run.stream.test) >= 0
        if shares:
            run.turn = _Turn(self, run)
        try:
            if verdict.kinds or (shares and not closure.is_served):
                self._perform(run, verdict, phases)
            else:
                phases(run)
        finally:
            self._end(run)

    def _perform(
        self, run: ItemRun, verdict: Verdict, phases: Callable[[ItemRun], None]
    ) -> None:
        # From the beginning: it may change something while its strand is parked.
        self._state(run)
        if run.turn is not None:
            self._on_shared_loops.add(run)
        for kind in verdict.kinds:
            self.provide(run, kind)
        for owner, attribute in verdict.attributes:
            self._state(run).note(cells.Attribute(owner, attribute), pinned=True)
        if Kind.WARNINGS in verdict.kinds:
            with private.filters_of_marks(run.item):
                phases(run)
        else:
            phases(run)

    def provide_for(self, run: ItemRun, function: Callable[..., Any]) -> None:
        """Make ready for a fixture of pytest's own that is about to be set up."""
        kind = _OF_FIXTURES.get(function.__module__)
        if kind is not None:
            self.provide(run, kind)

    def provide(self, run: ItemRun, kind: Kind) -> None:
        """Have something of the process's state be the item's own."""
        if kind in run.own_kinds:
            return
        run.own_kinds.add(kind)
        state = self._state(run)
        if kind is Kind.STREAMS:
            for cell in cells.standard_streams():
                state.note(cell, stays=True)
            if self._capture is not None:
                # The fixture which captures for the running test.
                cell = cells.Attribute(self._capture, "_capture_fixture")
                state.note(cell, stays=True)
        elif kind is Kind.WARNINGS:
            for cell in cells.warning_state():
                state.note(cell, stays=True)
        elif kind is Kind.ENVIRONMENT:
            state.note(cells.Environment(), stays=True)
        elif kind is Kind.DIRECTORY:
            state.note(cells.WorkingDirectory(), stays=True)
        elif kind is Kind.EXAMPLES:
            for cell in hypothesis_state.begin():
                state.note(cell, stays=True)
        elif kind is Kind.IMPORT_PATH:
            state.note(cells.Contents(sys.path), stays=True)
        elif kind is Kind.LOGGERS:
            # Loggers themselves are noted as they are changed.
            state.note(disabled_levels(), stays=True)
        elif kind is Kind.LOCALE:
            state.note(cells.Locale(), stays=True)
        elif kind is Kind.RANDOM:
            for cell in generators():
                state.note(cell, pinned=True)
        elif kind is Kind.LOGS:
            run.caplog_handler = private.caplog_handler(run.item)
            private.begin_caplog_phase(run.item, "setup")

    def begin_phase(self, run: ItemRun, when: str) -> None:
        """A phase of an item begins: what pytest's own fixtures catch goes by phase."""
        if run.caplog_handler is not None:
            private.begin_caplog_phase(run.item, when)
        if self.captures(run):
            run.streams = sys.stdin, sys.stdout, sys.stderr
            self._capture.activate_fixture()

    def end_phase(self, run: ItemRun) -> None:
        """The phase ends; what it wrote and ``capsys`` did not read is shown."""
        if self.captures(run):
            self._capture.deactivate_fixture()
            if self._capture.is_globally_capturing() and run.streams is not None:
                # What the test has left in their place; pytest does so phase by phase.
                sys.stdin, sys.stdout, sys.stderr = run.streams

    def captures(self, run: ItemRun) -> bool:
        """Whether standard streams that pytest captures are the item's own."""
        return Kind.STREAMS in run.own_kinds and self._capture is not None

    def _end(self, run: ItemRun) -> None:
        run.virtual = run.turn = None
        self._on_shared_loops.discard(run)
        if run.state is not None:
            run.state.end()
            assert run.stream.strand is not None
            run.stream.strand.guard = run.state = None
        if run.caplog_handler is not None:
            run.caplog_handler = None
            private.end_caplog(run.item)

    def _state(self, run: ItemRun) -> VirtualState:
        if run.state is None:
            assert run.stream.strand is not None
            is_served = functools.partial(self._threads.may_serve, run)
            state = VirtualState(is_served, alone=self._hub.alone)
            run.stream.strand.guard = run.state = state
        return run.state

    def _strand_of_thread(self) -> Strand | None:
        """The strand of the item for which the current thread works."""
        run: ItemRun | None = self._threads.served_by_this()
        return None if run is None else run.stream.strand

    def _current(self) -> VirtualState | None:
        """The state of the item whose code runs, if what it changes is its own.

        What a fixture that outlives the item changes is not, and what is changed by a
        thread cannot be told apart.
        """
        run = running()
        if (
            run is None
            or run.virtual is None
            or run.serves_others
            or (self._hub.current is not run.stream.strand and self._in_turn is not run)
            or threading.get_ident() != self._thread
        ):
            return None
        return self._state(run)

    def turn_of(self, context: contextvars.Context, callback: object) -> Turn | None:
        """Whose turn it is when a callback runs on a shared loop; None if nobody's.

        What nobody in flight has begun, such as a worker that an earlier test started,
        may have to see what any of them has changed.
        """
        run = context.get(current_run)
        if run is not None and run.turn is not None:
            return run.turn
        if self._on_shared_loops and not is_asyncios_own(callback):
            for each in self._on_shared_loops:
                each.suspect |= each.state is not None and each.state.is_put_aside()
        return None

    def begin_turn(self, run: ItemRun) -> None:
        """A callback of an item is about to run on a loop which others use as well."""
        self._in_turn = run
        self._hub.turn[0] = run.stream.test
        if run.state is not None:
            run.state.resume()

    def end_turn(self, run: ItemRun) -> None:
        """The callback has run; the loop goes on with somebody else's."""
        self._in_turn = None
        self._hub.turn[0] = -1
        if run.state is not None:
            # A thread may be there to see the change, and the loop cannot wait for it.
            run.suspect |= not run.state.may_be_left()
            run.state.park()


class _Turn:
    """The turns of an item on loops which others use as well."""

    def __init__(self, virtual: Virtual, run: ItemRun) -> None:
        self._virtual = virtual
        self._run = run

    def begin(self) -> None:
        # Not the callback's context, but what the loop does with its errors.
        self._whose = current_run.set(self._run)
        self._where = current_sink.set(self._run.sink)
        self._virtual.begin_turn(self._run)

    def end(self) -> None:
        self._virtual.end_turn(self._run)
        current_sink.reset(self._where)
        current_run.reset(self._whose)


def _noting_signal(
    function: Callable[..., Any], state: Callable[[], VirtualState | None]
) -> Callable[..., Any]:
    @functools.wraps(function)
    def noting_signal(signalnum: int, handler: Any) -> Any:
        mine = state()
        if mine is not None:
            mine.note_fixed(cells.SignalHandler(signalnum))
        return function(signalnum, handler)

    return noting_signal


def _noting_level(
    name: str, state: Callable[[], VirtualState | None]
) -> Callable[..., Any]:
    method = getattr(pytest.LogCaptureFixture, name)

    @functools.wraps(method)
    def noting_level(
        self: pytest.LogCaptureFixture, level: int | str, logger: str | None = None
    ) -> Any:
        mine = state()
        if mine is not None:
            changed = logging.getLogger(logger)
            mine.note(cells.Attribute(changed, "level", forget_levels), stays=True)
            mine.note(disabled_levels(), stays=True)
        return method(self, level, logger)

    return noting_level
