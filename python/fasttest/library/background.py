"""A run on a thread of its own, beside a running event loop."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from typing import TYPE_CHECKING

from fasttest.library.work import SuiteRun

if TYPE_CHECKING:
    from fasttest.library.options import Options
    from fasttest.library.planned import PlannedSuite
    from fasttest.library.report import Report, Result


class BackgroundRun:
    """A run, as seen from the event loop that is running when it is made.

    Args:
        planned: The suite.
        options: How to run it.

    Attributes:
        results: The results as they come; None is the end.
    """

    def __init__(self, planned: PlannedSuite, options: Options) -> None:
        self.results: asyncio.Queue[Result | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._stopping = False
        self._report: Report | None = None
        self._error: BaseException | None = None
        self._run = SuiteRun(planned, options, self._hand_over)
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._perform,), name="fasttest"
        )
        self._thread.start()

    @property
    def report(self) -> Report:
        """The summary of the run, after its end.

        Raises:
            RuntimeError: If the run has been stopped or has not ended.
            BaseException: What ended the run.
        """
        if self._error is not None:
            raise self._error
        if self._report is None:
            raise RuntimeError("there is no report: the run did not come to its end")
        return self._report

    async def stop(self) -> None:
        """Cancel what is in flight, have all torn down, and wait for that.

        If the waiting task is cancelled it waits on, so that the thread is never left
        behind, and is cancelled then.
        """
        if not self._ended.is_set() and not self._stopping:
            self._stopping = True
            hub = self._run.executor.hub
            hub.call_threadsafe(hub.interrupt)
        cancelled: asyncio.CancelledError | None = None
        while not self._ended.is_set():
            try:
                await self._ended.wait()
            except asyncio.CancelledError as error:
                cancelled = error
        # The end is the last thing that the thread tells.
        self._thread.join()
        if cancelled is not None:
            raise cancelled

    def _perform(self) -> None:
        try:
            self._report = self._run.perform()
        except BaseException as error:
            if not (self._stopping and isinstance(error, KeyboardInterrupt)):
                self._error = error
        finally:
            # A loop that has been closed meanwhile has nobody left to be told.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._end)

    def _hand_over(self, result: Result) -> None:
        self._loop.call_soon_threadsafe(self.results.put_nowait, result)

    def _end(self) -> None:
        self._ended.set()
        self.results.put_nowait(None)
