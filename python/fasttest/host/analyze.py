"""``fasttest analyze``: pytest collects, and the tests are read instead of run."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fasttest.host.run import Run, RunOptions
from fasttest.host.test_facts import FactsFinder
from fasttest.isolation.analysis.document import document
from fasttest.isolation.analysis.suite import SuiteFacts
from fasttest.isolation.analysis.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

# What the planner decides for any concurrency above one is the same.
_CONCURRENCY = 2


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand.

    Args:
        arguments: Those of the command line after its name: pytest's, and ``--json``.

    Returns:
        pytest's exit code for what it has collected.
    """
    # Not added to pytest's options, where a plugin may have one of this name.
    parser = argparse.ArgumentParser(
        prog="fasttest analyze", add_help=False, allow_abbrev=False
    )
    parser.add_argument("--json", metavar="FILE")
    options, others = parser.parse_known_args(arguments)
    return pytest.main(
        ["-p", "fasttest.host.plugin", *others], plugins=[_Analysis(options.json)]
    )


class _Analysis:
    """The plugin which reads the tests in place of running them.

    Args:
        file: Where the JSON document goes; None for nowhere.
    """

    def __init__(self, file: str | None) -> None:
        self._file = None if file is None else Path(file)

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> None:
        """Collect in this process, also where others are to run the tests."""
        if self._file is not None and self._file.is_dir():
            raise pytest.UsageError(
                f"argument --json: {str(self._file)!r} is a folder: name the file "
                "to write the document to"
            )
        if hasattr(config.option, "numprocesses"):
            config.option.numprocesses = None
            config.option.dist = "no"
            config.option.tx = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> object:
        """Report on the tests; errors of collection are left to others to report."""
        if (
            session.testsfailed
            and not session.config.option.continue_on_collection_errors
        ):
            return None
        run = Run(session, RunOptions(_CONCURRENCY, rescue=True))
        finder = FactsFinder(run)
        suite = SuiteFacts(map(finder.facts, range(len(session.items))))
        root = str(session.config.rootpath)
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            verbose = session.config.get_verbosity() > 0
            for title, lines in Text(suite, root, verbose=verbose).sections():
                reporter.section(title, "-")
                for line in lines:
                    reporter.write_line(line)
        if self._file is not None:
            text = json.dumps(document(suite, root), indent=1)
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._file.write_text(text + "\n", encoding="utf-8")
            except OSError as error:
                raise pytest.UsageError(f"argument --json: {error}") from error
        return True
