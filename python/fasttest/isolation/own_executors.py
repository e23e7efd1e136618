"""Executors with one worker for the whole process, given to each test as its own."""

from __future__ import annotations

import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class OwnExecutors:
    """Knows which test has which executor in place of one that all would share.

    Alone, a test finds the worker idle and has it to itself. Beside others it would
    wait for their work, maybe for longer than it is ready to. So whoever comes first
    has the executor until the end of the test, and others that come meanwhile have
    twins of it: all work of a test is done by one thread, as it would be alone. Once
    anything that outlives a test has used the executor, all share it: what was made in
    that thread may be needed there.

    Args:
        is_own: Whether an executor is one of those that tests may have twins of.
    """

    def __init__(self, is_own: Callable[[ThreadPoolExecutor], bool]) -> None:
        self._is_own = is_own
        self._shared: weakref.WeakSet[ThreadPoolExecutor] = weakref.WeakSet()
        self._by_test: weakref.WeakKeyDictionary[
            ThreadPoolExecutor, dict[Any, ThreadPoolExecutor]
        ] = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()  # worker threads submit work as well

    def of(
        self, executor: ThreadPoolExecutor, user: Callable[[], Any]
    ) -> ThreadPoolExecutor:
        """The executor that is to do the work submitted to another one.

        Args:
            executor: Where the work is submitted.
            user: Returns the test that submits it; None for what outlives tests.
        """
        if getattr(executor, "_max_workers", 0) != 1 or not self._is_own(executor):
            return executor
        test = user()
        with self._lock:
            if test is None:
                self._shared.add(executor)
                return executor
            users = self._by_test.setdefault(executor, {})
            if test not in users:
                is_taken = executor in users.values() and executor not in self._shared
                users[test] = _twin(executor) if is_taken else executor
            return users[test]

    def end(self, test: Any) -> None:
        """A test is over: what it had, the next one may have."""
        with self._lock:
            for executor, users in self._by_test.items():
                mine = users.pop(test, executor)
                if mine is not executor:
                    mine.shutdown(wait=False)


def _twin(executor: ThreadPoolExecutor) -> ThreadPoolExecutor:
    """An executor like another one; that one itself where there cannot be any."""
    # Private to ``concurrent.futures``, the same on Python 3.10 to 3.13.
    known: Any = vars(executor)
    names = ("_thread_name_prefix", "_initializer", "_initargs")
    if known.get("_shutdown", True) or not all(name in known for name in names):
        return executor
    return ThreadPoolExecutor(1, *(known[name] for name in names))
