"""Failures that would not have happened under pytest, found after the run.

A test that failed beside others and failed again alone may have met what those others
have left behind. So its file is run once more as pytest would have run it: in a process
in which no test has run before, one test after another, up to the test in question.
What passes there may still fail under pytest, for what earlier files leave behind: it
has passed if it does so after all tests that come before it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fasttest.host.laboratory import LaboratoryError, Observation, patience

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pytest

    from fasttest.host.flights import Flights
    from fasttest.host.laboratory import Laboratory

_clock = time.monotonic


class Confirmation:
    """Asks a laboratory whether failures happen under pytest, too.

    Args:
        laboratory: Where tests are run as pytest runs them.
        items: All tests, in the order of collection.
        flights: How long each took in the run.

    Attributes:
        left_out: How many failures it had no time for.
    """

    def __init__(
        self, laboratory: Laboratory, items: Sequence[pytest.Item], flights: Flights
    ) -> None:
        self._laboratory = laboratory
        self._items = items
        self._flights = flights
        self.left_out = 0

    def passed(self, failed: Iterable[int]) -> dict[int, Observation]:
        """Those of the tests that failed which do not fail under pytest.

        Args:
            failed: The indexes of those that failed.

        Returns:
            By the test's index, how it went instead.
        """
        items = self._items
        ends = _clock() + self._flights.spare
        passed: dict[int, Observation] = {}
        alone: dict[int, Observation] = {}  # those that pass in their file alone
        for tests in _by_file(items, sorted(failed)):
            if _clock() > ends:
                self.left_out += len(tests)
                continue
            path = items[tests[0]].path
            before = [i for i in range(tests[-1] + 1) if items[i].path == path]
            found = self._passed(before, tests)
            if len(before) == tests[-1] + 1:  # there is no earlier file
                passed |= found
            else:
                alone |= found
        if alone:
            passed |= self._passed(range(max(alone) + 1), alone)
        return passed

    def _passed(
        self, tests: Sequence[int], failed: Iterable[int]
    ) -> dict[int, Observation]:
        """Those that pass if ``tests`` are run one after another."""
        nodeids = [self._items[test].nodeid for test in tests]
        seconds = patience(self._flights.seconds(tests))
        try:
            seen = self._laboratory.observe(nodeids, 1, seconds)
        except LaboratoryError:
            return {}
        found = {test: seen.get(self._items[test].nodeid) for test in failed}
        return {
            test: observation
            for test, observation in found.items()
            if observation is not None and not observation.failed
        }


def _by_file(items: Sequence[pytest.Item], tests: Iterable[int]) -> list[list[int]]:
    files: dict[object, list[int]] = {}
    for test in tests:
        files.setdefault(items[test].path, []).append(test)
    return list(files.values())
