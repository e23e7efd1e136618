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

from fasttest.isolation.own_executors import OwnExecutors
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


class _Work(functools.partial[Any]):
    """A function that is submitted, which knows the test that submits it.

    Attributes:
        whose: The test.
    """

    __slots__ = ("whose",)


class Threads:
    """Knows for which test a thread works.

    A thread of an executor works for who submitted its work, any other for the test
    that started it, also when that has ended: what it left behind is nothing to others.

    Args:
        current: The test that runs; None if none does, or if it does something for
            others as well.
        is_own: Whether an executor is one of which each test has its own.
    """

    def __init__(
        self,
        current: Callable[[], Any],
        is_own: Callable[[ThreadPoolExecutor], bool],
    ) -> None:
        self._current = current
        self._executors = OwnExecutors(is_own)
        self._started_by: weakref.WeakKeyDictionary[threading.Thread, Any] = (
            weakref.WeakKeyDictionary()
        )
        # Work that is not done yet: the queue it was put into, and whose it is.
        self._pending: dict[Future[Any], tuple[object, Any]] = {}

    @contextlib.contextmanager
    def noticed(self) -> Iterator[None]:
        """Have each start of a thread, and each submission of work, noted meanwhile."""
        start: Any = threading.Thread.start
        submit: Any = ThreadPoolExecutor.submit

        @functools.wraps(start)
        def noting_start(thread: threading.Thread) -> None:
            self._started_by[thread] = self._user()
            start(thread)

        @functools.wraps(submit)
        def noting_submit(
            executor: ThreadPoolExecutor, fn: Any, /, *args: Any, **kwargs: Any
        ) -> Future[Any]:
            executor = self._executors.of(executor, self._user)
            whose = self._current()
            if callable(fn):
                fn = _Work(fn)
                fn.whose = whose
            future: Future[Any] = submit(executor, fn, *args, **kwargs)
            self._pending[future] = getattr(executor, "_work_queue", None), whose
            future.add_done_callback(self._done)
            return future

        with (
            replaced(threading.Thread, "start", noting_start),
            replaced(ThreadPoolExecutor, "submit", noting_submit),
        ):
            yield

    def served_by_this(self) -> Any:
        """The test for which the current thread works; None in the main thread."""
        thread = threading.current_thread()
        if thread is threading.main_thread():
            return None
        return self._works_for(thread, sys._getframe())

    def end(self, test: Any) -> None:
        """A test is over."""
        self._executors.end(test)

    def starter_of(self, thread: threading.Thread | None) -> Any:
        """The test which started a thread, or the thread that did; None if unknown."""
        return None if thread is None else self._started_by.get(thread)

    def starter_here(self) -> Any:
        """The test which started the current thread; None if unknown.

        A thread that has only begun is unknown: to ask ``threading`` would stop it.
        """
        known: Any = getattr(threading, "_active", {}).get(threading.get_ident())
        return self.starter_of(known)

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
            return queue is None or self._has_work_for(test, queue)
        whose = self._works_for(thread, frame)
        return whose is None or whose is test

    def _has_work_for(self, test: Any, queue: Any) -> bool:
        """Whether some work in a queue may be a test's."""
        work = queue.qsize()
        if not work:
            return False
        known = [w for into, w in list(self._pending.values()) if into is queue]
        return work > len(known) or any(whose in (None, test) for whose in known)

    def _done(self, future: Future[Any]) -> None:
        self._pending.pop(future, None)

    def _user(self) -> Any:
        """The test for which the running code works; None if for several."""
        whose = self._current()
        return self.served_by_this() if whose is None else whose

    def _works_for(self, thread: threading.Thread, frame: types.FrameType) -> Any:
        whose = self._started_by.get(thread)
        below: types.FrameType | None = frame
        while below is not None:
            if below.f_code is _WORK_CODE:
                work = below.f_locals.get("self")  # None for a moment at its end
                whose = getattr(_function_of(work), "whose", None)
            below = below.f_back
        return whose


def _function_of(work: Any) -> Any:
    """The function of an executor's work item; until Python 3.13 it is ``fn``."""
    task = getattr(work, "task", None)
    return task[0] if task else getattr(work, "fn", None)
