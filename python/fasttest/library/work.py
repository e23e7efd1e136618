"""A run of a suite: what the executor asks of its work."""

from __future__ import annotations

import contextlib
import contextvars
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from fasttest import _core
from fasttest.engine.concurrency import default_concurrency
from fasttest.engine.executor import Executor
from fasttest.engine.output import current_sink
from fasttest.library.capture import captured_output
from fasttest.library.options import LoopOptions, Options
from fasttest.library.report import Failure, Outcome, Phase, Report, Result
from fasttest.library.test_run import TestRun

if TYPE_CHECKING:
    from fasttest.engine.stream import Stream
    from fasttest.library.instances import Instance
    from fasttest.library.planned import PlannedSuite

MakeCore: TypeAlias = Callable[[_core.Plan, int], _core.Orchestrator]


class SuiteRun:
    """One run of a planned suite.

    Args:
        planned: The suite.
        options: How to run it.
        on_result: Called with each result as it comes, in the context of this call.
        make_core: Makes the orchestrator.

    Attributes:
        executor: Runs it.
    """

    def __init__(
        self,
        planned: PlannedSuite,
        options: Options,
        on_result: Callable[[Result], object] | None,
        make_core: MakeCore = _core.Orchestrator,
    ) -> None:
        self._planned = planned
        self._options = options
        self._on_result = on_result
        # What a test prints is captured by means of its context, so callbacks that
        # print must not run there.
        self._context = contextvars.copy_context()
        self._context.run(current_sink.set, current_sink.get())
        self._shared: dict[int, Instance] = {}
        self._results: dict[int, Result] = {}
        self._conflicts: set[int] = set()
        self._failures = 0
        self._errors: list[BaseException] = []
        concurrency = options.concurrency or default_concurrency()
        core = make_core(planned.plan, concurrency)
        self.executor = Executor(
            self, planned.plan, concurrency, core, periods=planned.periods
        )

    def perform(self) -> Report:
        """Run all tests.

        Raises:
            BaseException: What a callback raised, or KeyboardInterrupt; everything has
                been torn down by then.
        """
        capture = captured_output if self._options.capture else contextlib.nullcontext
        began = time.perf_counter()
        with capture():
            self.executor.run()
        seconds = time.perf_counter() - began
        order = self._planned.definition_order
        not_run = set(self.executor.core.dropped()) - self._results.keys()
        return Report(
            tuple(self._results[test] for test in order if test in self._results),
            tuple(self._planned.cases[test].name for test in order if test in not_run),
            tuple(self._errors),
            seconds,
        )

    # What the executor asks for.

    def run(self, stream: Stream) -> None:
        """Run one test in its strand."""
        run = TestRun(self._planned, self._shared, stream)
        stream.data = run
        current_sink.set(run.sink)

        def keep() -> bool:
            failed = bool(run.failures or stream.errors)
            return not failed or not self._options.rescue or self.executor.interrupted

        counts = run.perform(keep, self.executor.hub.interrupt)
        if not counts:
            self._conflicts.add(stream.test)
        elif not self.executor.interrupted:
            # A test that was cancelled has no outcome of its own.
            conflict = stream.test in self._conflicts
            self._report(stream.test, run.result(conflict=conflict))

    def set_up(self, stream: Stream, entry: int, instance: int) -> None:
        """Create the value of a fixture."""
        run: TestRun = stream.data
        run.fixtures.set_up(entry, instance)

    def set_up_error(self, stream: Stream, entry: int, instance: int) -> BaseException:
        """The error of an earlier set-up."""
        if instance < 0:
            name = self._planned.cases[stream.test].name
            return RuntimeError(
                f"{name} and other tests wait for fixtures of one another, which they "
                "asked for at run time; make them arguments"
            )
        return self._shared[instance].error

    def tear_down(self, stream: Stream | None, entry: int, instance: int) -> None:
        """Tear a fixture down."""
        run: TestRun | None = None if stream is None else stream.data
        if instance >= 0:
            sink = None if run is None else run.sink
            self._shared.pop(instance).tear_down(sink)
        elif run is not None:
            run.fixtures.tear_down_own(entry, run.sink)

    def loop_options(self, stream: Stream, loop: int) -> LoopOptions:
        """How to make a loop: as the options say, whichever it is."""
        return LoopOptions(self._options.loop_factory, self._options.debug)

    def crashed(self, test: int, error: BaseException) -> None:
        """Report an exception that no phase of a test accounts for."""
        if test < 0:
            self._errors.append(error)
            return
        failures = (Failure(Phase.TEARDOWN, error),)
        name = self._planned.cases[test].name
        self._report(test, Result(name, Outcome.ERROR, failures, "", {}, {}))

    def _report(self, test: int, result: Result) -> None:
        self._results[test] = result
        if result.failures:
            self._failures += 1
            if self._failures == self._options.max_failures:
                self.executor.stop()
        if self._on_result is not None:
            try:
                # A copy, because a callback that waits is still in its context when
                # the next one is called.
                self._context.copy().run(self._on_result, result)
            except Exception as error:
                self.executor.stop(error)
