"""Which outcomes are reported, and in which order."""

from __future__ import annotations

import textwrap
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasttest.host import private
from fasttest.host.reports import Outcome, Reporter

pytest_plugins = ["pytester"]


class Reported:
    """A session, and what was reported to it.

    Attributes:
        calls: The hooks called, with the test's number and what came along.
        told: The tests whose reports are said to have gone out.
        stops_at: The failure that ends the session.
    """

    def __init__(self, stops_at: int = -1) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.shouldfail: str | bool = False
        self.shouldstop = False
        self.config = SimpleNamespace(
            hook=SimpleNamespace(
                pytest_warning_recorded=SimpleNamespace(
                    call_historic=lambda kwargs: self.calls.append(
                        ("warning", kwargs["nodeid"], kwargs["warning_message"])
                    )
                )
            )
        )
        self.told: list[int] = []
        self._stops_at = stops_at
        self._untold: list[Any] = []

    def item(self, test: int) -> Any:
        """An item whose hooks are this session's."""

        def calls(what: str) -> Any:
            return lambda **_: self.calls.append((what, str(test)))

        hooks = SimpleNamespace(
            pytest_runtest_logstart=calls("start"),
            pytest_runtest_logreport=lambda report: self._report(test, report),
            pytest_runtest_logfinish=calls("end"),
            pytest_exception_interact=calls("interact"),
        )
        return SimpleNamespace(nodeid=str(test), location=("", 0, ""), ihook=hooks)

    def outcome(self, test: int, *phases: str) -> Outcome:
        """An outcome with a report for each phase; "!" marks one that failed."""
        reports: list[Any] = []
        for phase in phases or ("call",):
            failed = phase.endswith("!")
            excinfo = SimpleNamespace(value=ValueError())
            call = SimpleNamespace(excinfo=excinfo if failed else None)
            reports.append((SimpleNamespace(when=phase, failed=failed), call))
        return Outcome(self.item(test), reports)

    def report(self, run: Any) -> None:
        """The short way's, which keeps it for a while."""
        self._untold.append(run)

    def tell(self) -> None:
        """The short way's."""
        self.calls += [("passed", run) for run in self._untold]
        self._untold.clear()

    @property
    def order(self) -> list[int]:
        """The tests that were reported."""
        return [int(nodeid) for what, nodeid, *_ in self.calls if what == "start"]

    def _report(self, test: int, report: Any) -> None:
        self.calls.append(("report", str(test), report.when))
        if test == self._stops_at:
            self.shouldfail = "stopping after 1 failures"


def reporter(reported: Reported, *, in_order: bool) -> Reporter:
    """A reporter to this session."""
    return Reporter(reported, reported, in_order, reported.told.append)  # type: ignore


ORDERS = st.permutations(range(6))


@given(ORDERS)
def test_reports_come_as_they_are_ready(order: list[int]) -> None:
    """Somebody watches the dots."""
    reported = Reported()
    reports = reporter(reported, in_order=False)
    for test in order:
        reports.emit(test, reported.outcome(test))
    assert reported.order == order


@given(ORDERS)
def test_with_a_limit_on_failures_they_come_in_order(order: list[int]) -> None:
    """What comes first in collection order is the failure that ends the run."""
    reported = Reported()
    reports = reporter(reported, in_order=True)
    for test in order:
        reports.emit(test, reported.outcome(test))
    assert reported.order == sorted(order)


@given(ORDERS, st.integers(min_value=0, max_value=5))
def test_nothing_is_reported_after_the_failure_that_ends_the_run(
    order: list[int], last: int
) -> None:
    """Alone it would not have run, also if it failed earlier by the clock."""
    reported = Reported(stops_at=last)
    reports = reporter(reported, in_order=True)
    for test in order:
        reports.emit(test, reported.outcome(test))
    reports.emit_held()
    assert reported.order == list(range(last + 1))


def test_after_an_interrupt_what_was_held_back_is_reported() -> None:
    """A test before it never ended, and nothing will fill the gap."""
    reported = Reported()
    reports = reporter(reported, in_order=True)
    for test in (3, 0, 2):
        reports.emit(test, reported.outcome(test))
    assert reported.order == [0]
    reports.emit_held()
    assert reported.order == [0, 2, 3]


@given(ORDERS, st.integers(min_value=0, max_value=5))
def test_a_test_that_ends_the_session_hides_those_after_it(
    order: list[int], last: int
) -> None:
    """After ``pytest.exit`` pytest runs none of them."""
    reported = Reported()
    reports = reporter(reported, in_order=False)
    reports.end_after(last)
    for test in order:
        reports.emit(test, reported.outcome(test))
    assert reported.order == [test for test in order if test <= last]


def test_a_test_is_reported_between_its_start_and_its_end() -> None:
    """Reporters keep what they are told in the start."""
    reported = Reported()
    reporter(reported, in_order=False).emit(
        1, reported.outcome(1, "setup", "call!", "teardown")
    )
    assert reported.calls == [
        ("start", "1"),
        ("report", "1", "setup"),
        ("report", "1", "call!"),
        ("interact", "1"),
        ("report", "1", "teardown"),
        ("end", "1"),
    ]
    assert reported.told == [1]


def test_a_guest_has_been_reported_by_pytest_itself() -> None:
    """It only holds back those after it, where the order counts."""
    reported = Reported()
    reports = reporter(reported, in_order=True)
    reports.emit(1, reported.outcome(1))
    assert reported.order == []
    reports.emit(0, None)
    assert reported.order == [1]


def test_a_test_that_took_the_short_way_is_told_to_the_terminal_only() -> None:
    """There are no reports, as nobody reads them."""
    reported = Reported()
    outcome = Outcome(reported.item(0), passed="run 0")  # type: ignore[arg-type]
    reports = reporter(reported, in_order=False)
    reports.emit(0, outcome)
    reports.catch_up()
    assert reported.calls == [("passed", "run 0")]


@pytest.mark.parametrize("way", ["emit", "add", "emit_held"])
def test_what_has_passed_before_is_told_before(way: str) -> None:
    """It may be kept for a while, but nothing overtakes it."""
    reported = Reported()
    reports = reporter(reported, in_order=False)
    reports.emit(0, Outcome(reported.item(0), passed="run 0"))  # type: ignore[arg-type]
    if way == "emit":
        reports.emit(1, reported.outcome(1))
    elif way == "add":
        report, call = reported.outcome(1).reports[0]
        item = reported.item(1)
        item.ihook.pytest_runtest_makereport = lambda **_: report
        assert call is not None
        reports.add(item, call)
    else:
        reports.emit_held()
    assert reported.calls[0] == ("passed", "run 0")


def test_warnings_are_recorded_for_the_test_that_showed_them() -> None:
    """Before its reports, as pytest has it."""
    reported = Reported()
    outcome = reported.outcome(7)
    outcome.warnings.append("a warning")
    reporter(reported, in_order=False).emit(7, outcome)
    assert reported.calls[0] == ("warning", "7", "a warning")


@pytest.mark.parametrize(
    ("phases", "failed"),
    [((), False), (("setup", "call", "teardown"), False), (("setup!",), True)],
)
def test_an_outcome_has_failed_if_a_phase_has(
    phases: tuple[str, ...], failed: bool
) -> None:
    """It decides whether the test is run again."""
    assert Reported().outcome(0, *phases).failed is failed


def test_summaries_are_in_the_order_of_collection() -> None:
    """Whatever ended first; what is only counted stays as it came."""
    stats = {
        word: [SimpleNamespace(nodeid=name) for name in "cab"]
        for word in ("failed", "", "warnings")
    }
    manager = SimpleNamespace(get_plugin=lambda name: SimpleNamespace(stats=stats))
    items = [SimpleNamespace(nodeid=name) for name in "abc"]
    session: Any = SimpleNamespace(
        config=SimpleNamespace(pluginmanager=manager), items=items
    )
    private.sort_summaries(session)
    order = {w: "".join(report.nodeid for report in r) for w, r in stats.items()}
    assert order == {"failed": "abc", "": "cab", "warnings": "abc"}


_PARSING_FINALIZERS = """
    import ast, asyncio, gc, pytest

    gc.set_threshold(150)
    in_flight = 0

    class Garbage:
        def __init__(self):
            self.me = self

        def __del__(self):
            ast.parse("a + b.c(d)[e]", mode="eval")
            Garbage()

    @pytest.mark.parametrize("n", range(20))
    async def test_alone_only(n):
        global in_flight
        Garbage()
        in_flight += 1
        await asyncio.sleep(0.02)
        assert in_flight == 1

    {lines}
"""


def test_finalizers_that_parse_do_not_disturb_a_report(
    pytester: pytest.Pytester,
) -> None:
    """Python 3.11's parser fails where it is used in the midst of itself."""
    lines = "\n    ".join(f"def f{n}(a, b): return a + b.c({n})[a]" for n in range(300))
    source = textwrap.dedent(_PARSING_FINALIZERS.replace("{lines}", lines))
    pytester.makepyfile(test_it=source)
    run = pytester.runpytest_subprocess(
        *("-p", "fasttest.host.plugin", "--asyncio-mode=auto", "--no-rescue")
    )
    run.assert_outcomes(failed=20)
