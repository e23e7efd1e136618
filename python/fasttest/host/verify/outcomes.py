"""A plugin for the runs that are compared: it writes down how each phase ended.

One JSON object per line and report, as pytest-reportlog writes them, with the little of
a report that is compared. It is loaded in those runs only.
"""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from typing import TextIO

LOG_OPTION = "--outcomes-log"

# It looks at nothing but the reports it is given.
fasttest_overlaps = True


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the file."""
    parser.addoption(LOG_OPTION, dest="outcomes_log", help=argparse.SUPPRESS)


def pytest_configure(config: pytest.Config) -> None:
    """Open the file for the time of the run."""
    path = config.getoption("outcomes_log")
    if path is not None:
        log = open(path, "w", encoding="utf-8")  # noqa: SIM115
        config.add_cleanup(log.close)
        config.pluginmanager.register(_Writer(config, log))


class _Writer:
    fasttest_overlaps = True

    def __init__(self, config: pytest.Config, log: TextIO) -> None:
        self._config = config
        self._log = log

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        status = self._config.hook.pytest_report_teststatus(
            report=report, config=self._config
        )
        crash = getattr(report.longrepr, "reprcrash", None)
        line = {
            "$report_type": "TestReport",
            "nodeid": report.nodeid,
            "when": report.when,
            "category": status[0],
            "message": crash.message if crash is not None else "",
        }
        # Line by line: whatever ends the process, what has been reported is there.
        print(json.dumps(line), file=self._log, flush=True)
