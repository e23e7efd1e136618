"""One run of one test: set-up, call, teardown, result."""

from __future__ import annotations

import contextvars
import inspect
import time
from typing import TYPE_CHECKING

from fasttest.engine.output import Sink
from fasttest.engine.strand import GreenletExit
from fasttest.library.fixtures import TestFixtures
from fasttest.library.report import Failure, Outcome, Phase, Result, Skipped
from fasttest.library.tracebacks import hide_callers

if TYPE_CHECKING:
    from collections.abc import Callable

    from fasttest.engine.stream import Stream
    from fasttest.library.instances import Instance
    from fasttest.library.planned import PlannedSuite

# Taken at import, so that a test which patches ``time`` never reaches it.
_clock = time.perf_counter


class TestRun:
    """Performs a test's phases by means of its stream.

    Args:
        planned: The suite.
        shared: As of ``TestFixtures``.
        stream: The test's actions.

    Attributes:
        fixtures: The test's fixtures.
        sink: Gets what the test writes.
        failures: What was raised so far, other than by teardowns in progress.
    """

    def __init__(
        self, planned: PlannedSuite, shared: dict[int, Instance], stream: Stream
    ) -> None:
        self.fixtures = TestFixtures(planned, shared, stream)
        self.sink = Sink()
        self.failures: list[Failure] = []
        self._case = planned.cases[stream.test]
        self._loop = planned.loops[stream.test]
        self._stream = stream
        self._reason: str | None = None
        self._durations: dict[Phase, float] = {}

    def perform(
        self, keep: Callable[[], bool], interrupt: Callable[[], object]
    ) -> bool:
        """Set up, call and tear down.

        Args:
            keep: As of ``Stream.tear_down``.
            interrupt: Called when the test was interrupted, before its teardown.

        Returns:
            Whether the result counts.

        Raises:
            KeyboardInterrupt: When everything is torn down.
        """
        try:
            if self._attempt(Phase.SETUP, self._stream.set_up):
                self._attempt(Phase.CALL, self._call)
        except KeyboardInterrupt:
            # The teardown may have to wait for tests which only end if cancelled.
            interrupt()
            self._stream.tear_down()
            raise
        began = _clock()
        counts = self._stream.tear_down(keep=keep)
        self._durations[Phase.TEARDOWN] = _clock() - began - self._stream.lingered
        for error in self._stream.errors:
            self._failed(Phase.TEARDOWN, error)
        return counts

    def result(self, *, conflict: bool) -> Result:
        """What became of the test."""
        if any(failure.phase is Phase.CALL for failure in self.failures):
            outcome = Outcome.FAILED
        elif self.failures:
            outcome = Outcome.ERROR
        else:
            outcome = Outcome.PASSED if self._reason is None else Outcome.SKIPPED
        return Result(
            self._case.name,
            outcome,
            tuple(self.failures),
            self._reason or "",
            self._durations,
            self.sink.take(),
            conflict,
        )

    def _attempt(self, phase: Phase, act: Callable[[], object]) -> bool:
        began = _clock()
        try:
            act()
        except (KeyboardInterrupt, GreenletExit):
            # Meant for the run, not for the test.
            raise
        except Skipped as skipped:
            self._reason = str(skipped)
            return False
        except BaseException as error:
            self._failed(phase, error)
            return False
        finally:
            self._durations[phase] = _clock() - began
        return True

    def _failed(self, phase: Phase, error: BaseException) -> None:
        self.failures.append(Failure(phase, hide_callers(error)))

    def _call(self) -> None:
        test = self._case.test
        arguments = self.fixtures.arguments()
        if test.kind.is_async:
            loop = self._stream.loop(self._loop)
            loop.run(test.function(**arguments), contextvars.copy_context())
            return
        returned = test.function(**arguments)
        if inspect.isawaitable(returned):
            if inspect.iscoroutine(returned):
                returned.close()
            raise TypeError(
                f"{self._case.name} is not async but returned something to be awaited, "
                "which nobody does: declare it with 'async def'"
            )
