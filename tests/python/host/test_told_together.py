"""Tests that passed one after the other, told to the terminal together."""

from __future__ import annotations

import functools
import io
from types import SimpleNamespace
from typing import Any

import pytest
from _pytest.config import _prepareconfig
from _pytest.terminal import TerminalReporter
from hypothesis import given, settings
from hypothesis import strategies as st

from fasttest.host import private

STYLES = ("classic", "progress", "count")
VERBOSITIES = ("-qq", "-q", "-v")


class Terminal:
    """pytest's own, whose output is kept.

    Args:
        style: How progress is shown.
        verbosity: An option.
        width: Columns of the screen.
        tests: How many were collected.
    """

    def __init__(self, style: str, verbosity: str, width: int, tests: int) -> None:
        config = configuration(style, verbosity)
        self.file = io.StringIO()
        self.reporter: Any = TerminalReporter(config, self.file)
        self.reporter._tw.fullwidth = self.reporter._screen_width = width
        self.reporter._session = SimpleNamespace(testscollected=tests)
        self.status: Any = config.hook.pytest_report_teststatus(
            report=report_of("a.py::test", "passed"), config=config
        )

    def tell(self, report: pytest.TestReport) -> None:
        """Tell it of one test, as pytest does."""
        self.reporter.pytest_runtest_logstart(report.nodeid, report.location)
        self.reporter.pytest_runtest_logreport(report)

    @property
    def seen(self) -> tuple[str, dict[str, list[str]], Any]:
        """What it has written, counted, and how far it believes to be."""
        stats = {
            category: [report.nodeid for report in reports]
            for category, reports in self.reporter.stats.items()
        }
        return self.file.getvalue(), stats, self.reporter.reported_progress


@functools.cache
def configuration(style: str, verbosity: str) -> pytest.Config:
    """A configuration of pytest's, which is never changed."""
    own = ["-p", "no:subtests", "-c", "/dev/null", "--rootdir=/"]
    return _prepareconfig([*own, verbosity, "-o", f"console_output_style={style}"])


def report_of(nodeid: str, outcome: Any) -> pytest.TestReport:
    """The report of a call."""
    path, _, name = nodeid.partition("::")
    return pytest.TestReport(nodeid, (path, 0, name), {}, outcome, None, "call", [])


@settings(deadline=None)
@given(
    style=st.sampled_from(STYLES),
    verbosity=st.sampled_from(VERBOSITIES),
    width=st.integers(20, 90),
    files=st.lists(st.integers(1, 120), min_size=1, max_size=3),
    cuts=st.sets(st.integers(0, 200), max_size=6),
    failing=st.sets(st.integers(0, 200), max_size=2),
)
def test_it_shows_what_it_shows_told_one_by_one(
    style: str,
    verbosity: str,
    width: int,
    files: list[int],
    cuts: set[int],
    failing: set[int],
) -> None:
    """Letters and percentages, line by line; wherever it is told, or a test fails."""
    nodeids = [
        f"t{f}.py::test_{n}" for f, tests in enumerate(files) for n in range(tests)
    ]
    one_by_one = Terminal(style, verbosity, width, len(nodeids))
    together = Terminal(style, verbosity, width, len(nodeids))
    untold: list[pytest.TestReport] = []

    def catch_up() -> None:
        if untold:
            private.tell_passed(together.reporter, untold, together.status)
            untold.clear()

    for number, nodeid in enumerate(nodeids):
        report = report_of(nodeid, "failed" if number in failing else "passed")
        one_by_one.tell(report)
        if report.passed:
            untold.append(report)
        if report.failed or number in cuts:
            catch_up()
        if report.failed:
            together.tell(report)
    catch_up()
    assert together.seen == one_by_one.seen
    assert one_by_one.reporter.reported_progress == len(nodeids)
