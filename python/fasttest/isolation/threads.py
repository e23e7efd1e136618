"""Which threads run, and whom they may serve."""

from __future__ import annotations

import concurrent.futures.thread
import contextlib
import functools
import sys
import threading
import weakref
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from fasttest.isolation.patching import replaced

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterator

# A thread of an executor is in the first function while it waits for work, and above it
# in the second while it works. Private to ``concurrent.futures``; without them every
# such thread counts as one of who started it.
_thread: Any = concurrent.futures.thread
_POOL_CODE = getattr(getattr(_thread, "_worker", None), "__code__", None)
_WORK_CODE = getattr(
    getattr(getattr(_thread, "_WorkItem", None), "run", None), "__code__", None
)


class Threads:
    """Knows for which test a thread works.

    A thread of an executor works for who submitted its work, any other for the test
    that started it, also when that has ended: what it left behind is nothing to others.

    Args:
        current: The test that runs; None if none does, or if it does something for
            others as well.
    """

    def __init__(self, current: Callable[[], Any]) -> None:
        self._current = current
        self._started_by: weakref.WeakKeyDictionary[threading.Thread, Any] = (
            weakref.WeakKeyDictionary()
        )
        self._submitted_by: weakref.WeakKeyDictionary[Future[Any], Any] = (
            weakref.WeakKeyDictionary()
        )

    @contextlib.contextmanager
    def noticed(self) -> Iterator[None]:
        """Have each start of a thread, and each submission of work, noted meanwhile."""
        start: Any = threading.Thread.start
        submit: Any = ThreadPoolExecutor.submit

        @functools.wraps(start)
        def noting_start(thread: threading.Thread) -> None:
            whose = self._current()
            if whose is None:
                whose = self.starter_of(threading.current_thread())
            self._started_by[thread] = whose
            start(thread)

        @functools.wraps(submit)
        def noting_submit(*args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = submit(*args, **kwargs)
            self._submitted_by[future] = self._current()
            return future

        with (
            replaced(threading.Thread, "start", noting_start),
            replaced(ThreadPoolExecutor, "submit", noting_submit),
        ):
            yield

    def starter_of(self, thread: threading.Thread | None) -> Any:
        """The test which started a thread, or the thread that did; None if unknown."""
        return None if thread is None else self._started_by.get(thread)

    def may_serve(self, test: Any) -> bool:
        """Whether a thread runs that may do something for a test."""
        if threading.active_count() == 1:
            return False
        frames = sys._current_frames()
        frames.pop(threading.get_ident(), None)
        for thread in threading.enumerate():
            frame = frames.pop(thread.ident or 0, None)
            if frame is not None and self._may_work_for(test, thread, frame):
                return True
        return bool(frames)  # started by other means than ``threading``

    def _may_work_for(
        self, test: Any, thread: threading.Thread, frame: types.FrameType
    ) -> bool:
        if frame.f_code is _POOL_CODE:
            # It waits, unless it has not noticed yet that there is work.
            queue = frame.f_locals.get("work_queue")
            return queue is None or not queue.empty()
        whose = self._started_by.get(thread)
        below: types.FrameType | None = frame
        while below is not None:
            if below.f_code is _WORK_CODE:
                work = below.f_locals.get("self")  # None for a moment at its end
                whose = work and self._submitted_by.get(work.future)
            below = below.f_back
        return whose is None or whose is test
