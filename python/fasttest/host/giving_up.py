"""The end of a run whose thread a test holds for ever: what is known is reported."""

from __future__ import annotations

import contextlib
import contextvars
import os
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from fasttest.host import private
from fasttest.host.reports import Outcome
from fasttest.host.stack_dumps import trimmed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from traceback import StackSummary

    from _pytest.terminal import TerminalReporter

    from fasttest.engine.limits import Deadline, Limit
    from fasttest.host.item_run import ItemRun
    from fasttest.host.run import Run

# Seconds that reporters have, which may wait for what the test holds.
_LAST_WORDS = 30.0

_PHASES = ("setup", "call", "teardown")


class GivingUp:
    """Says who holds up a run, and ends the process if nothing else helps.

    Called in the watchdog's thread: the main one is not to be had back.

    Args:
        run: The run.
        session: Its session.
    """

    def __init__(self, run: Run, session: pytest.Session) -> None:
        self._run = run
        self._session = session
        self._terminal: TerminalReporter | None = (
            session.config.pluginmanager.get_plugin("terminalreporter")
        )

    def name(self, limit: Limit, stack: StackSummary) -> None:
        """Show which test does not heed its limit, and where it is."""
        run = self._run_of(limit)
        if run is not None:
            # But a message: failing, it must not end the watchdog.
            with contextlib.suppress(Exception), self._uncaptured():
                self._write(f"fasttest: {run.item.nodeid} holds up the run, at")
                self._write(trimmed(stack))

    def end(self, limit: Deadline, stack: StackSummary) -> None:
        """Report all that has ended and this test as failed; end the process."""
        # Whatever the reporters do, the process ends.
        timer = threading.Timer(_LAST_WORDS, os._exit, (pytest.ExitCode.TESTS_FAILED,))
        timer.daemon = True
        timer.start()
        try:
            with self._uncaptured():
                # In nobody's context: what is reported here is no test's output.
                contextvars.Context().run(self._report, limit, stack)
        except BaseException:
            # There is nobody else to tell.
            traceback.print_exc(file=sys.__stderr__)
        finally:
            for stream in (sys.__stdout__, sys.__stderr__):
                with contextlib.suppress(Exception):
                    stream.flush()  # type: ignore[union-attr]
            os._exit(pytest.ExitCode.TESTS_FAILED)

    def _report(self, limit: Deadline, stack: StackSummary) -> None:
        session, run = self._session, self._run_of(limit)
        unfinished = self._run.unfinished()
        who = "a test" if run is None else run.item.nodeid
        if run is not None:
            self._run.report_unended(run, self._outcome(run, stack))
        self._run.report_unconfirmed()
        private.sort_summaries(session)
        session.shouldfail = f"{who} did not end, and the run with it"
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        session.config.hook.pytest_sessionfinish(
            session=session, exitstatus=session.exitstatus
        )
        others = (each.item.nodeid for each in unfinished if each is not run)
        self._list("No outcome of", others)
        self._list("Not torn down", self._left(unfinished))
        self._run.recorder.close()

    def _outcome(self, run: ItemRun, stack: StackSummary) -> Outcome:
        """What the test came to, with a failure in the phase which it is in."""
        reports = run.outcome.reports
        when: Any = "call"
        if run.keep is not None and not run.began:  # which keeps its reports so far
            when = _PHASES[min(len(reports), 2)]
        item = run.item
        text = f"The test did not end after its time limit. It was at\n{trimmed(stack)}"
        report = pytest.TestReport(item.nodeid, item.location, {}, "failed", text, when)
        with contextlib.suppress(Exception):
            report.sections += self._run.output_of(run)
        return Outcome(item, [*reports, (report, None)], run.outcome.warnings)

    def _left(self, unfinished: list[ItemRun]) -> Iterator[str]:
        """Which fixtures with a teardown are still there."""
        for run in unfinished:
            for definition in reversed(run.living()):
                if private.has_teardown(definition):
                    yield f"{definition.argname} of {run.item.nodeid}"
        for definition in self._run.living():
            if private.has_teardown(definition):
                yield f"{definition.argname} ({definition.scope})"

    def _run_of(self, limit: Deadline) -> ItemRun | None:
        strand = limit.strand
        for run in self._run.unfinished():
            if run.stream.strand is strand:
                return run
        return None

    def _list(self, title: str, lines: Iterable[str]) -> None:
        for number, line in enumerate(dict.fromkeys(lines)):
            if not number:
                self._write(f"{title}:")
            self._write(f"  {line}")

    def _uncaptured(self) -> contextlib.AbstractContextManager[object]:
        """Have the terminal reached, which a test that runs alone captures."""
        capture = self._session.config.pluginmanager.get_plugin("capturemanager")
        if capture is None or self._run.routes:
            return contextlib.nullcontext()
        uncaptured: contextlib.AbstractContextManager[object]
        uncaptured = capture.global_and_fixture_disabled()
        return uncaptured

    def _write(self, text: str) -> None:
        if self._terminal is not None:
            self._terminal.ensure_newline()
            self._terminal.write_line(text.rstrip())
            self._terminal.flush()
