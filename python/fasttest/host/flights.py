"""Which tests were in flight together, and for how long."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_clock = time.perf_counter

# So many seconds may always be spent; see ``Flights.spare``.
_SPARE = 10.0


class Flights:
    """Keeps, per test, when its first run began and ended.

    Args:
        tests: How many there are.

    Attributes:
        have_met: Whether any two were in flight together.
    """

    def __init__(self, tests: int) -> None:
        self.have_met = False
        self._in_flight = 0
        self._began = [0.0] * tests
        self._ended = [0.0] * tests

    def begin(self, test: int) -> None:
        """A test starts; a further run of it does not count."""
        if not self._began[test]:
            self._began[test] = _clock()
            self._in_flight += 1
            self.have_met |= self._in_flight > 1

    def end(self, test: int) -> None:
        """A test has ended."""
        if not self._ended[test]:
            self._ended[test] = _clock()
            self._in_flight -= 1

    def has_begun(self, test: int) -> bool:
        """Whether a test has started; False as well for one that there is not."""
        return test < len(self._began) and bool(self._began[test])

    def beside(self, test: int) -> list[int]:
        """The tests that were in flight while ``test`` was, in collection order.

        All of them have ended.
        """
        began, ended = self._began[test], self._ended[test]
        return [
            other
            for other, other_began in enumerate(self._began)
            if other != test and 0 < other_began < ended and self._ended[other] > began
        ]

    def span(self, test: int) -> tuple[float, float]:
        """When a test began and ended, by a clock of one's own; 0 for neither."""
        return self._began[test], self._ended[test]

    @property
    def elapsed(self) -> float:
        """Seconds from the first start to the last end."""
        began = [moment for moment in self._began if moment]
        return max(self._ended) - min(began) if began else 0.0

    @property
    def spare(self) -> float:
        """Seconds for something that nobody has asked for.

        As long as the run has taken, but ten seconds always.
        """
        return max(_SPARE, self.elapsed)

    def seconds(self, tests: Iterable[int]) -> float:
        """How long tests were in flight, added up."""
        return sum(self._ended[test] - self._began[test] for test in tests)
