"""Questions to a laboratory: who fails in which company?"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, TypeAlias

from fasttest.host.laboratory import LaboratoryError, patience

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    import pytest

    from fasttest.host.flights import Flights
    from fasttest.host.laboratory import Laboratory

_clock = time.monotonic

# It may depend on timing: so often a set of tests is tried before it is cleared.
ATTEMPTS = 2

# By the test that has failed, the first line of its error.
Failures: TypeAlias = "dict[int, str]"


class Experiments:
    """Has sets of tests run, and keeps in mind what came of each.

    Args:
        laboratory: Makes the experiments.
        items: All tests, in the order of collection.
        flights: How long each took in the run.
        seconds: For how long there may be experiments.
    """

    def __init__(
        self,
        laboratory: Laboratory,
        items: Sequence[pytest.Item],
        flights: Flights,
        seconds: float = math.inf,
    ) -> None:
        self._laboratory = laboratory
        self._items = items
        self._flights = flights
        self._ends = _clock() + seconds
        # What came of the attempts with each set, at each concurrency; None: nothing.
        self._made: dict[tuple[frozenset[int], int], list[Failures | None]] = {}

    @property
    def is_over(self) -> bool:
        """Whether there is no time left."""
        return _clock() >= self._ends

    def attempts(self, tests: Iterable[int], concurrency: int) -> Iterator[Failures]:
        """Try some tests several times; what was tried before counts.

        Args:
            tests: Their indexes.
            concurrency: Tests in flight at most; 1 runs one after another as pytest.

        Yields:
            Those that have failed, of each attempt: these are made as they are asked
            for. A test that did not come to its end is not among them.

        Raises:
            LaboratoryError: The tests ended their process, or did not end, or there
                is no time left.
        """
        together = frozenset(tests)
        made = self._made.setdefault((together, concurrency), [])
        for attempt in range(ATTEMPTS):
            if attempt == len(made):
                made.append(None)
                made[attempt] = self.once(together, concurrency)
            failures = made[attempt]
            if failures is None:
                raise LaboratoryError("this set of tests did not end before")
            yield failures

    def once(self, tests: Collection[int], concurrency: int) -> Failures:
        """Try some tests, whatever was tried before; see ``attempts``."""
        if self.is_over:
            raise LaboratoryError("there is no time left")
        seconds = min(patience(self._flights.seconds(tests)), self._ends - _clock())
        seen = self._laboratory.observe(self.nodeids(tests), concurrency, seconds)
        failures: Failures = {}
        for test in tests:
            observation = seen.get(self._items[test].nodeid)
            if observation is not None and observation.failed:
                failures[test] = observation.message
        return failures

    def nodeids(self, tests: Iterable[int]) -> tuple[str, ...]:
        """The node ids of some tests, in the order of collection."""
        return tuple(self._items[test].nodeid for test in sorted(set(tests)))
