"""Batches: the tests which share an event loop, gathered on it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from fasttest import _core
    from fasttest.engine.loops import SharedLoop


class Batches:
    """Joins the tests of each batch in one ``gather(..., return_exceptions=True)``.

    A test is one entry of the gather of its loop: a future that ends with the test's
    strand. An exception that reaches the gather is one that the test's own reporting
    did not expect; it becomes that test's error and touches no other entry. A test on
    a loop of its own, or on none, is a batch of one: it is its own entry, and a gather
    round it would only show up in the test's ``asyncio.all_tasks()``.

    Args:
        plan: The prepared plan.
        crashed: Told of each test whose entry ended with an exception.
        wake: Makes a loop look at its callbacks, when they were added from outside.
    """

    def __init__(
        self,
        plan: _core.Plan,
        crashed: Callable[[int, BaseException], None],
        wake: Callable[[asyncio.AbstractEventLoop], None],
    ) -> None:
        self._plan = plan
        self._batches = plan.batches()
        self._crashed = crashed
        self._wake = wake
        self._entries: dict[int, asyncio.Future[None]] = {}
        self._gathered: set[int] = set()
        self._by_loop: dict[int, list[int]] = {}

    def begin(self, test: int, loop_id: int, loop: SharedLoop) -> None:
        """Gather the batch of ``test`` on its open loop, unless that has been done."""
        batch = self._plan.batch_of(test)
        if batch in self._gathered:
            return
        self._gathered.add(batch)
        tests = self._batches[batch]
        entries = [loop.loop.create_future() for _ in tests]
        self._entries.update(zip(tests, entries, strict=True))
        self._by_loop.setdefault(loop_id, []).extend(tests)
        gathered = asyncio.gather(*entries, return_exceptions=True)
        gathered.add_done_callback(partial(self._check, tests, entries))

    def ended(self, test: int, error: BaseException | None) -> None:
        """A test's strand has ended, with an exception or without."""
        entry = self._entries.pop(test, None)
        if entry is None or entry.done() or entry.get_loop().is_closed():
            if error is not None:
                self._crashed(test, error)
            return
        if error is not None:
            entry.set_exception(error)
        else:
            entry.set_result(None)
        self._wake(entry.get_loop())

    def closing(self, loop_id: int) -> None:
        """A loop is about to close: entries of tests that never ran are dropped."""
        for test in self._by_loop.pop(loop_id, ()):
            entry = self._entries.pop(test, None)
            if entry is not None and not entry.get_loop().is_closed():
                entry.cancel()

    def _check(
        self,
        tests: list[int],
        entries: list[asyncio.Future[None]],
        gathered: asyncio.Future[list[BaseException | None]],
    ) -> None:
        if gathered.cancelled():
            return
        for test, entry, result in zip(tests, entries, gathered.result(), strict=True):
            # The gather has a CancelledError for an entry that was dropped, which is
            # no test's: one that a test raised left its entry uncancelled.
            if result is not None and not entry.cancelled():
                self._crashed(test, result)
