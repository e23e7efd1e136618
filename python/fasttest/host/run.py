"""The run loop: collected items in, the core's plan performed, reports out."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from fasttest import _core
from fasttest.engine.executor import Executor, Stream
from fasttest.engine.output import current_sink
from fasttest.host import asyncio_dialect as dialect
from fasttest.host import private
from fasttest.host.exclusive import Exclusive
from fasttest.host.hooks import Listeners
from fasttest.host.item_run import Instances, ItemRun, SetupState, current_run
from fasttest.host.reports import Outcome, Reporter
from fasttest.host.routing import Routing
from fasttest.host.suite import Suite

if TYPE_CHECKING:
    import asyncio


@dataclass(frozen=True, slots=True)
class LoopOptions:
    """How an event loop of a test or a fixture is made."""

    factory: Callable[[], asyncio.AbstractEventLoop] | None
    debug: bool | None
    policy: Any


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the command line asks of the run loop.

    Attributes:
        concurrency: Tests in flight at most; 1 is strictly serial.
        rescue: Whether a failure beside others is confirmed alone.
    """

    concurrency: int
    rescue: bool


class Run:
    """One run of a session's items; the executor's work.

    Args:
        session: The session, collected.
        options: The command line's.
    """

    def __init__(self, session: pytest.Session, options: RunOptions) -> None:
        self._session = session
        self._config = session.config
        self._options = options
        self._reraised = private.reraised(session.config)
        self._instances = Instances()
        self._listeners = Listeners(session)
        self._exclusive = Exclusive(session, self._listeners)
        self._suite = Suite(session)
        self._plan()
        stops_early = bool(session.config.getoption("maxfail"))
        self._reporter = Reporter(session, in_order=stops_early)
        self._state = SetupState()
        self._routing = Routing(session)
        self._outcomes: dict[int, Outcome] = {}
        self._first: dict[int, Outcome] = {}
        self.conflicts: list[pytest.Item] = []
        self.executor = Executor(self, self._suite.plan, options.concurrency)

    def _plan(self) -> None:
        serial = self._options.concurrency == 1
        for item in self._suite.items:
            closure, loop = self._suite.closure_of(item)
            reason = None if serial else self._exclusive.reason(item, closure)
            self._suite.add(
                item, closure, loop, exclusive=reason is not None, expected_wait=0.0
            )
        self._suite.plan.prepare()

    def perform(self) -> None:
        """Run all items.

        Raises:
            BaseException: What ends the session: KeyboardInterrupt, pytest's Exit.
        """
        former = private.set_setup_state(self._session, self._state)
        try:
            if self._options.concurrency == 1:
                self.executor.run()
            else:
                with self._routing:
                    self.executor.run()
        finally:
            self._reporter.emit_held()
            private.set_setup_state(self._session, former)

    # What the executor asks of its work.

    def run(self, stream: Stream) -> None:
        """Run one item in its strand and report it."""
        run = ItemRun(self._suite, self._instances, stream)
        stream.data = run
        current_run.set(run)
        try:
            if self._is_guest(stream.test):
                self._run_guest(run)
            else:
                self._run_item(run)
        except self._reraised as error:
            if not run.finished:
                run.tear_down()
            self.executor.stop(error)
        except BaseException:
            if not run.finished:
                run.tear_down()
            raise
        finally:
            private.drop_request(run.item)
        if self._session.shouldfail or self._session.shouldstop:
            self.executor.stop()

    def set_up(self, stream: Stream, entry: int, instance: int) -> None:
        """Create the value of a fixture."""
        stream.data.set_up_entry(entry, instance)

    def set_up_error(self, stream: Stream, entry: int, instance: int) -> BaseException:
        """The error of an earlier set-up, with the traceback it had then."""
        return self._instances.error(instance)

    def tear_down(self, stream: Stream | None, entry: int, instance: int) -> None:
        """Tear a fixture down."""
        if instance >= 0:
            self._instances.tear_down(instance)
        else:
            assert stream is not None
            stream.data.tear_down_entry(entry)

    def loop_options(self, stream: Stream, loop: int) -> LoopOptions:
        """How to make a loop for a test."""
        run: ItemRun = stream.data
        return LoopOptions(
            dialect.loop_factory(run.item),
            dialect.debug(self._config),
            run.event_loop_policy(),
        )

    def crashed(self, test: int, error: BaseException) -> None:
        """Report an exception that no phase of a test accounts for."""
        item = self._suite.items[test]
        outcome = Outcome(item)
        call = private.CallInfo.from_call(functools.partial(_raise, error), "teardown")
        outcome.reports.append((self._make_report(item, call), call))
        self._reporter.emit(test, outcome)

    # One item.

    def _run_item(self, run: ItemRun) -> None:
        """Run an item beside others: pytest's phases, with output and logs routed."""
        item, test = run.item, run.stream.test
        sink = run.sink
        current_sink.set(sink)
        outcome = self._outcomes[test] = Outcome(item)
        hooks = self._listeners.phases(item)
        private.set_current_test(item, "call")
        private.forget_shown_warnings()
        if self._phase(run, outcome, "setup", functools.partial(hooks.setup, item=item)):
            self._phase(run, outcome, "call", functools.partial(hooks.call, item=item))
        run.keep = functools.partial(self._keep, run, outcome)
        self._phase(
            run,
            outcome,
            "teardown",
            functools.partial(hooks.teardown, item=item, nextitem=None),
        )
        outcome.warnings = run.warnings
        if run.counts:
            self._finish(run, outcome)
        else:
            private.forget_sections(item)

    def _phase(
        self, run: ItemRun, outcome: Outcome, when: Any, call: Callable[[], Any]
    ) -> bool:
        item = run.item
        info = private.CallInfo.from_call(call, when=when, reraise=self._reraised)
        if when == "teardown":
            info.duration -= run.stream.lingered
        for name, text in self._routing.take(run):
            item.add_report_section(when, name, text)
        report = self._make_report(item, info)
        outcome.reports.append((report, info))
        return bool(report.passed)

    def _make_report(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> pytest.TestReport:
        report: pytest.TestReport = item.ihook.pytest_runtest_makereport(
            item=item, call=call
        )
        return report

    def _keep(self, run: ItemRun, outcome: Outcome) -> bool:
        """Whether an outcome counts that was reached beside others."""
        if not self._options.rescue or self.executor.interrupted:
            return True
        failed = outcome.failed or bool(run.stream.errors)
        if failed:
            self._first[run.stream.test] = outcome
        return not failed

    def _finish(self, run: ItemRun, outcome: Outcome) -> None:
        test = run.stream.test
        if test in self._first and not outcome.failed:
            self.conflicts.append(run.item)
        self._reporter.emit(test, outcome)

    def _is_guest(self, test: int) -> bool:
        return self._options.concurrency == 1 or self._suite.plan.is_exclusive(test)

    def _run_guest(self, run: ItemRun) -> None:
        """Run an item by pytest's own protocol, alone, with all that pytest redirects."""
        item, test = run.item, run.stream.test
        following = test + 1
        items = self._suite.items
        serial = self._options.concurrency == 1
        with contextlib.nullcontext() if serial else self._routing.suspended():
            item.ihook.pytest_runtest_protocol(
                item=item,
                nextitem=items[following] if following < len(items) else None,
            )
        self._reporter.emit(test, None)


def _raise(error: BaseException) -> None:
    raise error
