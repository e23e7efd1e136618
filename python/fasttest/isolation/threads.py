"""Which threads run, and whom they may serve."""

from __future__ import annotations

import concurrent.futures.thread
import contextlib
import functools
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any

from fasttest.isolation.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A thread of an executor is in this very function while it waits for work, and in those
# it calls while it works. Private to ``concurrent.futures``; without it all count.
_POOL_CODE = getattr(
    getattr(concurrent.futures.thread, "_worker", None), "__code__", None
)


class Threads:
    """Knows which test started which thread.

    Args:
        starter: Whoever runs; None if that is no test.
        is_in_flight: Whether a test has not ended.
    """

    def __init__(
        self, starter: Callable[[], Any], is_in_flight: Callable[[Any], bool]
    ) -> None:
        self._starter = starter
        self._is_in_flight = is_in_flight
        self._started_by: weakref.WeakKeyDictionary[threading.Thread, Any] = (
            weakref.WeakKeyDictionary()
        )

    @contextlib.contextmanager
    def noticed(self) -> Iterator[None]:
        """Have each start of a thread noted meanwhile."""
        start = threading.Thread.start

        @functools.wraps(start)
        def noting_start(thread: threading.Thread) -> None:
            self._started_by[thread] = self._starter()
            start(thread)

        with replaced(threading.Thread, "start", noting_start):
            yield

    def may_serve(self, test: Any) -> bool:
        """Whether a thread runs that may do something for a test.

        Not one that another test started, and not one of a pool that waits for work.
        """
        if threading.active_count() == 1:
            return False
        frames = sys._current_frames()
        frames.pop(threading.get_ident(), None)
        for thread in threading.enumerate():
            frame = frames.pop(thread.ident or 0, None)
            if frame is None or frame.f_code is _POOL_CODE:
                continue
            starter = self._started_by.get(thread)
            if starter is None or starter is test or not self._is_in_flight(starter):
                return True
        return bool(frames)  # started by other means than ``threading``
