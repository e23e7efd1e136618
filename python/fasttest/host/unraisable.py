"""Errors in finalizers and threads, for pytest before 8.4."""

from __future__ import annotations

import sys
import threading
import traceback
import warnings
from collections import deque
from typing import Any

import pytest


class Unraisable:
    """Queues errors nobody can catch while it is entered, to be warned of later.

    What pytest does from 8.4 on; the texts are those of the earlier versions.
    """

    def __init__(self) -> None:
        self._queue: deque[Warning] = deque()
        self._former: tuple[Any, Any] = (None, None)

    def __enter__(self) -> Unraisable:
        self._former = sys.unraisablehook, threading.excepthook
        sys.unraisablehook, threading.excepthook = self._finalizer, self._thread
        return self

    def __exit__(self, *exc_info: object) -> None:
        sys.unraisablehook, threading.excepthook = self._former

    def collect(self) -> None:
        """Warn of what was queued; raises if the filters make it an error."""
        while self._queue:
            warnings.warn(self._queue.popleft(), stacklevel=2)

    def _finalizer(self, unraisable: Any) -> None:
        message = unraisable.err_msg or "Exception ignored in"
        self._add(
            pytest.PytestUnraisableExceptionWarning,
            f"{message}: {unraisable.object!r}\n\n",
            unraisable,
        )

    def _thread(self, args: Any) -> None:
        if args.exc_type is not SystemExit:
            name = "<unknown>" if args.thread is None else args.thread.name
            self._add(
                pytest.PytestUnhandledThreadExceptionWarning,
                f"Exception in thread {name}\n\n",
                args,
            )

    def _add(self, category: type[Warning], message: str, error: Any) -> None:
        lines = traceback.format_exception(
            error.exc_type, error.exc_value, error.exc_traceback
        )
        self._queue.append(category(message + "".join(lines)))
