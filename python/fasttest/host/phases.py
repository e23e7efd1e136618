"""An item's run beside others: pytest's phases, with what they emit routed."""

from __future__ import annotations

import functools
import gc
from typing import TYPE_CHECKING, Any

import pytest

from fasttest.engine.output import current_sink
from fasttest.host import private, time_limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from fasttest.host.hooks import Listeners, PhaseHooks
    from fasttest.host.item_run import ItemRun
    from fasttest.host.quick import QuickWay
    from fasttest.host.routing import Routing
    from fasttest.host.time_limits import TimeLimits
    from fasttest.host.virtual import Virtual

_PARSER_FAILED = "AST constructor recursion depth mismatch"


def reraised(config: pytest.Config) -> tuple[type[BaseException], ...]:
    """Exceptions which end the session instead of being a test's outcome."""
    if config.getoption("usepdb", False):
        return (pytest.exit.Exception,)
    return (pytest.exit.Exception, KeyboardInterrupt)


class Phases:
    """Takes items through set-up, call and teardown, and makes their reports.

    The hooks of the phases are called as pytest calls them, on an ordinary stack, less
    those of the plugins whose redirections ``Routing`` replaces.

    Args:
        listeners: Whose hooks are called.
        routing: Where output and logs are found after a phase.
        virtual: Gives items what they need of the process for themselves.
        quick: The short way for items at which nobody looks.
        limits: How long items may take.
        reraised: Exceptions which end the session instead of being an outcome.
    """

    def __init__(
        self,
        listeners: Listeners,
        routing: Routing,
        virtual: Virtual,
        quick: QuickWay,
        limits: TimeLimits,
        reraised: tuple[type[BaseException], ...],
    ) -> None:
        self._listeners = listeners
        self._routing = routing
        self._virtual = virtual
        self._quick = quick
        self._limits = limits
        self._reraised = reraised

    def run(self, run: ItemRun) -> None:
        """Run an item; its reports are in ``run.outcome``."""
        item = run.item
        current_sink.set(run.sink)
        private.set_current_test(item, "call")
        hooks = self._listeners.phases(item)
        if hooks.protocol is None:
            self._run(run, hooks)
            return
        run.protocol = functools.partial(self._run, run, hooks)
        hooks.protocol(item=item, nextitem=None)

    def _run(self, run: ItemRun, hooks: PhaseHooks) -> None:
        quick = self._quick.may_take(run.item, run.closure)
        quick = quick and not self._virtual.captures(run)
        # A mark is nothing for the short way.
        if quick and not self._limits.for_all:
            self._perform(run, hooks, quick)
            return
        self._limits.begin(run)
        try:
            self._perform(run, hooks, quick and run.call_limit is None)
        finally:
            self._limits.end(run)

    def _perform(self, run: ItemRun, hooks: PhaseHooks, quick: bool) -> None:
        item = run.item
        if quick:
            failed = self._quick.run(run, self._routing)
            if failed is None:
                self._end_quickly(run)
                return
            time_limits.pause(run)
            if failed.when == "call":
                self._book_passed(run, "setup")
            self._book(run, failed)
        elif self._phase(run, "setup", functools.partial(hooks.setup, item=item)):
            self._phase(run, "call", functools.partial(hooks.call, item=item))
        teardown = functools.partial(hooks.teardown, item=item, nextitem=None)
        self._phase(run, "teardown", teardown)

    def _end_quickly(self, run: ItemRun) -> None:
        try:
            run.tear_down()
        except self._reraised:
            raise
        except BaseException as error:
            time_limits.pause(run)
            call = private.ended_call("teardown", run.began_at, 0.0, error)
            self._book_passed(run, "setup", "call")
            self._book(run, call)
        else:
            self._routing.drop(run)
            run.outcome.passed = run

    def _phase(self, run: ItemRun, when: Any, hook: Callable[[], Any]) -> bool:
        def phase() -> None:
            # The time in which reports are made is not the test's.
            time_limits.resume(run)
            try:
                self._virtual.begin_phase(run, when)
                try:
                    hook()
                finally:
                    self._virtual.end_phase(run)
                self._routing.collect_unraisable(run)
                if run.limit is not None:
                    run.limit.check()
            finally:
                time_limits.pause(run)

        call = private.CallInfo.from_call(phase, when=when, reraise=self._reraised)
        if when == "teardown":
            call.duration -= run.stream.lingered
        return self._book(run, call)

    def _book_passed(self, run: ItemRun, *phases: Any) -> None:
        """Make the reports which the short way has left out so far.

        Plugins expect them in order, though they do nothing while a test passes.
        """
        for when in phases:
            duration = run.ended - run.began if when == "call" else 0.0
            self._report(run, private.ended_call(when, run.began_at, duration))

    def _book(self, run: ItemRun, call: pytest.CallInfo[Any]) -> bool:
        """Make the report of a phase; returns whether it passed."""
        for name, text in self._routing.take(run):
            run.item.add_report_section(call.when, name, text)
        return bool(self._report(run, call).passed)

    def _report(self, run: ItemRun, call: pytest.CallInfo[Any]) -> pytest.TestReport:
        try:
            report = self._made_report(run, call)
        except SystemError as error:
            # Python 3.11's parser, which shows the source of a failure, fails where a
            # finalizer uses it in its midst (CPython's issue 106905).
            if not str(error).startswith(_PARSER_FAILED) or not gc.isenabled():
                raise
            gc.disable()
            try:
                report = self._made_report(run, call)
            finally:
                gc.enable()
        run.outcome.reports.append((report, call))
        return report

    def _made_report(
        self, run: ItemRun, call: pytest.CallInfo[Any]
    ) -> pytest.TestReport:
        with self._routing.outside():
            report: pytest.TestReport = run.item.ihook.pytest_runtest_makereport(
                item=run.item, call=call
            )
        return report
