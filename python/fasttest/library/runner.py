"""The ways to run a suite: on this thread, or beside a running event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fasttest.library.background import BackgroundRun
from fasttest.library.options import Options, RunOptions
from fasttest.library.planned import PlannedSuite
from fasttest.library.work import SuiteRun

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from typing_extensions import Self, Unpack

    from fasttest.library.report import Report, Result
    from fasttest.library.suite import Suite


def run(
    suite: Suite,
    on_result: Callable[[Result], object] | None,
    **options: Unpack[RunOptions],
) -> Report:
    """Run a suite on this thread; see ``Suite.run``."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        # No loop is running, so none is kept waiting.
        return SuiteRun(PlannedSuite(suite), Options(**options), on_result).perform()
    raise RuntimeError(
        "Suite.run() would block the event loop that is running: "
        "await Suite.run_async() instead"
    )


class ResultStream:
    """A run beside the running event loop, and its results as they come.

    The tests run on a thread of their own: one that blocks or computes does not block
    the caller's loop. As on any thread but the main one, they cannot set signal
    handlers; Ctrl-C is the caller's matter, and reaches the run as a cancellation.

    The run starts with the iteration, of which there is one. Whoever leaves it early
    stops the run: the tests in flight are cancelled and everything is torn down. An
    abandoned ``async for`` does so when the event loop collects it; with ``async with
    suite.stream() as results:`` it has been done when the block is left.

    Raises:
        PlanError: If fixtures or resources cannot be resolved.
    """

    def __init__(self, suite: Suite, options: RunOptions) -> None:
        self._planned = PlannedSuite(suite)
        self._options = Options(**options)
        self._run: BackgroundRun | None = None

    @property
    def report(self) -> Report:
        """The summary of the run.

        Raises:
            RuntimeError: If not all results have been taken.
        """
        if self._run is None:
            raise RuntimeError("there is no report: the run has not started")
        return self._run.report

    async def __aenter__(self) -> Self:
        """The stream itself."""
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Stop the run if it still goes on, and wait for its end."""
        if self._run is not None:
            await self._run.stop()

    async def __aiter__(self) -> AsyncIterator[Result]:
        """Yield the results in the order in which tests end.

        Raises:
            RuntimeError: If it is not the first iteration.
            BaseException: What ended the run; everything is torn down by then.
        """
        if self._run is not None:
            raise RuntimeError("a stream of results can be iterated over once")
        self._run = run = BackgroundRun(self._planned, self._options)
        try:
            while True:
                result = await run.results.get()
                if result is None:
                    break
                yield result
        finally:
            await run.stop()
        # Raises what ended the run, if it did not end by itself.
        _ = run.report
