"""A plugin for the runs that are compared: it writes down how each phase ended.

One JSON object per line and report, as pytest-reportlog writes them, with the little of
a report that is compared. It is loaded in those runs only. It can also have a run
consist of chosen tests, whatever its arguments say, and then tells who met whom.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fasttest.host import learning
from fasttest.host.current import run_of_session

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

# It looks at nothing but the reports it is given.
fasttest_overlaps = True


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that name the files."""
    parser.addoption("--outcomes-log", help=argparse.SUPPRESS)
    parser.addoption("--outcomes-of", help=argparse.SUPPRESS)


def pytest_configure(config: pytest.Config) -> None:
    """Open the file for the time of the run."""
    path = config.getoption("outcomes_log")
    if path is None:
        return
    log = open(path, "w", encoding="utf-8")  # noqa: SIM115
    config.add_cleanup(log.close)
    config.pluginmanager.register(_Writer(config, log))
    chosen = config.getoption("outcomes_of")
    if chosen is not None:
        tests = json.loads(Path(chosen).read_text(encoding="utf-8"))
        config.pluginmanager.register(_Choice(config, tests, log))


class _Writer:
    fasttest_overlaps = True

    def __init__(self, config: pytest.Config, log: TextIO) -> None:
        self._config = config
        self._log = log

    def pytest_sessionstart(self) -> None:
        """Write down where the run takes place."""
        path = learning.file_of(self._config)
        _write(
            self._log,
            "SessionStart",
            rootpath=str(self._config.rootpath),
            conflicts=None if path is None else str(path),
        )

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write down how a phase ended."""
        status = self._config.hook.pytest_report_teststatus(
            report=report, config=self._config
        )
        crash = getattr(report.longrepr, "reprcrash", None)
        _write(
            self._log,
            "TestReport",
            nodeid=report.nodeid,
            when=report.when,
            category=status[0],
            message=crash.message if crash is not None else "",
        )


class _Choice:
    """Has a run consist of some tests, and writes down which ones there are.

    Only their files are collected. What the arguments deselect stays deselected.

    Args:
        config: The configuration.
        tests: Their node ids.
        log: Where it is written down.
    """

    fasttest_overlaps = True

    def __init__(
        self, config: pytest.Config, tests: Iterable[str], log: TextIO
    ) -> None:
        self._config = config
        self._tests = frozenset(tests)
        self._log = log

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Look into the files of the tests, if that is what their node ids begin by."""
        names = {test.partition("::")[0] for test in self._tests}
        files = sorted(self._config.rootpath / name for name in names)
        if all(file.is_file() for file in files):
            self._config.args[:] = map(str, files)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Write down how a collector ended."""
        _write(self._log, "CollectReport", nodeid=report.nodeid, outcome=report.outcome)

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Write down that there is such a test."""
        if item.nodeid in self._tests:
            _write(self._log, "Item", nodeid=item.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out all others."""
        others = [item for item in items if item.nodeid not in self._tests]
        if others:
            self._config.hook.pytest_deselected(items=others)
            items[:] = [item for item in items if item.nodeid in self._tests]

    def pytest_sessionfinish(self) -> None:
        """Write down when the tests were in flight."""
        run = self._config.stash.get(run_of_session, None)
        if run is None:
            return
        serial = "one test after another" if run.concurrency == 1 else None
        for test, item in enumerate(run.items):
            began, ended = run.flights.span(test)
            _write(
                self._log,
                "Flight",
                nodeid=item.nodeid,
                began=began,
                ended=ended,
                alone=serial or run.alone.get(test),
            )


def _write(log: TextIO, kind: str, **values: object) -> None:
    # Line by line: whatever ends the process, what has been reported is there.
    print(json.dumps({"$report_type": kind, **values}), file=log, flush=True)
