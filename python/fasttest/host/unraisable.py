"""Errors in finalizers and threads: those that nobody can catch."""

from __future__ import annotations

import sys
import threading
import traceback
import warnings
from collections import deque
from typing import TYPE_CHECKING, Any

import pytest

from fasttest.host import private
from fasttest.host.current import running

if TYPE_CHECKING:
    from collections.abc import Callable

    from fasttest.host.item_run import ItemRun
    from fasttest.isolation.threads import Threads


class Unraisable:
    """Books errors nobody can catch to the test in whose context they happened.

    pytest has one queue, and whichever phase ends next gets what is in it: with many
    tests in flight, mostly the wrong one. A thread's errors are those of the test that
    started it. What happened outside any test, in the thread of a wider fixture or one
    that outlived its test, goes to the next; so it may be with what happened while the
    garbage of another test was collected.
    Where such an error makes a test fail, it may be another's: then all that are in
    flight are run again, alone, and it shows whose it is.

    Args:
        config: The configuration.
        suspect_others: Has all tests in flight but one run again.
        threads: Knows which test started which thread.
    """

    def __init__(
        self,
        config: pytest.Config,
        suspect_others: Callable[[ItemRun], None],
        threads: Threads,
    ) -> None:
        self._config = config
        self._suspect_others = suspect_others
        self._threads = threads
        self._native = private.queues_unraisable()
        self._orphans = UnraisableQueue()
        self._former: tuple[Any, Any] = (None, None)

    def __enter__(self) -> Unraisable:
        self._former = sys.unraisablehook, threading.excepthook
        sys.unraisablehook, threading.excepthook = self._finalizer, self._thread
        return self

    def __exit__(self, *exc_info: object) -> None:
        sys.unraisablehook, threading.excepthook = self._former
        if self._native:
            rest = self._orphans
            private.hand_back_unraisable(self._config, rest.finalizers, rest.threads)

    def collect(self, run: ItemRun) -> None:
        """Warn of what was queued; raises if the filters make it an error."""
        for queue in (run.unraisable, self._orphans):
            if not queue:
                continue
            try:
                self._warn(queue)
            except BaseException:
                self._suspect_others(run)
                raise

    def _warn(self, queue: UnraisableQueue) -> None:
        if self._native:
            private.collect_unraisable(self._config, queue.finalizers, queue.threads)
            return
        # It then tells no more than the last of each kind in a phase.
        for each in (queue.finalizers, queue.threads):
            if each:
                last = each.pop()
                each.clear()
                warnings.warn(last, stacklevel=2)

    def _queue(self, run: ItemRun | None) -> UnraisableQueue:
        return self._orphans if run is None or run.over else run.unraisable

    def _finalizer(self, unraisable: Any) -> None:
        queue = self._queue(running()).finalizers
        if self._native:
            private.note_unraisable(unraisable, queue)
            return
        message = unraisable.err_msg or "Exception ignored in"
        text = f"{message}: {unraisable.object!r}\n\n{_lines(unraisable)}"
        queue.append(pytest.PytestUnraisableExceptionWarning(text))

    def _thread(self, args: Any) -> None:
        run = running() or self._threads.starter_of(args.thread)
        queue = self._queue(run).threads
        if self._native:
            private.note_thread_exception(args, queue)
        elif args.exc_type is not SystemExit:
            name = "<unknown>" if args.thread is None else args.thread.name
            text = f"Exception in thread {name}\n\n{_lines(args)}"
            queue.append(pytest.PytestUnhandledThreadExceptionWarning(text))


class UnraisableQueue:
    """Errors that are to be warned of at the end of a phase."""

    __slots__ = ("finalizers", "threads")

    def __init__(self) -> None:
        self.finalizers: deque[Any] = deque()
        self.threads: deque[Any] = deque()

    def __bool__(self) -> bool:
        return bool(self.finalizers or self.threads)


def _lines(error: Any) -> str:
    return "".join(
        traceback.format_exception(error.exc_type, error.exc_value, error.exc_traceback)
    )
