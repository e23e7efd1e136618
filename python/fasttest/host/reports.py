"""The way of a test's reports to pytest's reporters."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fasttest.host import private
from fasttest.host.current import current_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from fasttest.host.item_run import ItemRun
    from fasttest.host.quick import QuickWay


@dataclass(slots=True)
class Outcome:
    """What one run of a test came to.

    Attributes:
        reports: Its phases' reports with the calls they were made of.
        warnings: The warnings it showed.
        passed: The run, if it passed and took the short way: there are no reports.
        told: Whether it goes out, or has gone.
    """

    item: pytest.Item
    reports: list[tuple[pytest.TestReport, pytest.CallInfo[Any] | None]] = field(
        default_factory=list
    )
    warnings: list[Any] = field(default_factory=list)
    passed: ItemRun | None = None
    told: bool = False

    @property
    def failed(self) -> bool:
        """Whether a phase failed."""
        return any(report.failed for report, _ in self.reports)

    @property
    def message(self) -> str:
        """The first line of the first error; empty if there is none."""
        failed = (first_line(report) for report, _ in self.reports if report.failed)
        return next(failed, "")

    @property
    def may_differ(self) -> bool:
        """Whether a phase ended, though not badly, by what it met when it ran."""
        return any(
            private.may_end_otherwise(self.item, report, call)
            for report, call in self.reports
        )


def first_line(report: pytest.TestReport) -> str:
    """What a phase that failed has failed with, in a line."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = report.longreprtext if crash is None else crash.message
    return next(iter(text.splitlines()), "").strip()


@contextlib.contextmanager
def held_reports(session: pytest.Session) -> Iterator[None]:
    """Keep what tests beside others report in their midst, as their sub-tests.

    It goes out with the reports of their phases, if their outcome counts.
    """
    look_up = session.gethookproxy
    session.gethookproxy = lambda fspath: _Relay(look_up(fspath))  # type: ignore
    try:
        yield
    finally:
        session.gethookproxy = look_up  # type: ignore[method-assign]


class _Relay:
    """The hooks for an item, of which those about its reports hold back."""

    def __init__(self, relay: Any) -> None:
        self._relay = relay

    def __getattr__(self, name: str) -> Any:
        return getattr(self._relay, name)

    def pytest_runtest_logstart(self, *, nodeid: str, location: Any) -> None:
        if _holder(nodeid) is None:
            self._relay.pytest_runtest_logstart(nodeid=nodeid, location=location)

    def pytest_runtest_logfinish(self, *, nodeid: str, location: Any) -> None:
        if _holder(nodeid) is None:
            self._relay.pytest_runtest_logfinish(nodeid=nodeid, location=location)

    def pytest_runtest_logreport(self, *, report: pytest.TestReport) -> None:
        run = _holder(report.nodeid)
        if run is None:
            self._relay.pytest_runtest_logreport(report=report)
        else:
            run.outcome.reports.append((report, None))


def _holder(nodeid: str) -> ItemRun | None:
    """The run of a test whose reports are held back, if it is one."""
    run = current_run.get()
    if run is None or run.keep is None or run.outcome.told:
        return None
    return run if nodeid == run.item.nodeid else None


class Reporter:
    """Hands outcomes to pytest's hooks, in the order in which they come.

    With ``-x`` or ``--maxfail`` the order is that of collection: what pytest would not
    have run any more after the failure that ends the run is not reported either.

    Args:
        session: The session.
        quick: Reports the tests that took the short way.
        in_order: Whether to keep to the order of collection.
        on_told: Called with each test whose reports have gone out here.

    Attributes:
        latest: The test that was reported last; None before the first.
    """

    def __init__(
        self,
        session: pytest.Session,
        quick: QuickWay,
        in_order: bool,
        on_told: Callable[[int], object],
    ) -> None:
        self._session = session
        self._quick = quick
        self._in_order = in_order
        self._on_told = on_told
        self._next = 0
        self._held: dict[int, Outcome | None] = {}
        self._closed = False
        self.latest: int | None = None
        self._last: int | None = None

    def emit(self, test: int, outcome: Outcome | None) -> None:
        """Report a test; ``None`` for one whose reports went out already."""
        if self._last is not None and test > self._last:
            return
        if not self._in_order:
            self._send(test, outcome)
            return
        self._held[test] = outcome
        while self._next in self._held and not self._closed:
            self._send(self._next, self._held.pop(self._next))
            self._next += 1
            self._closed = bool(self._session.shouldfail or self._session.shouldstop)

    def end_after(self, test: int) -> None:
        """A test ended the session: those which come after it would not have run."""
        self._last = test

    def emit_held(self) -> None:
        """Report what is still held back, after an interrupt."""
        self.catch_up()
        for test in sorted(self._held):
            if self._closed:
                break
            self._send(test, self._held.pop(test))

    def catch_up(self) -> None:
        """Have the terminal told of all that was reported so far.

        Of tests that passed one after the other it is told together.
        """
        self._quick.tell()

    def add(self, item: pytest.Item, call: pytest.CallInfo[Any]) -> None:
        """Report one more phase of an item which has been reported already."""
        self.catch_up()
        report = item.ihook.pytest_runtest_makereport(item=item, call=call)
        self._phase(item, report, call)

    def _send(self, test: int, outcome: Outcome | None) -> None:
        self.latest = test
        if outcome is None:
            return
        outcome.told = True
        item = outcome.item
        for message in outcome.warnings:
            private.record_warning(self._session, message, item.nodeid)
        if outcome.passed is not None:
            self._quick.report(outcome.passed)
            return
        self.catch_up()
        hook = item.ihook
        hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report, call in outcome.reports:
            self._phase(item, report, call)
        hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        self._on_told(test)

    def _phase(
        self,
        item: pytest.Item,
        report: pytest.TestReport,
        call: pytest.CallInfo[Any] | None,
    ) -> None:
        hook = item.ihook
        hook.pytest_runtest_logreport(report=report)
        if call is not None and private.is_interactive(call, report):
            hook.pytest_exception_interact(node=item, call=call, report=report)
