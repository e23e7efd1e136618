"""Rates: how often tests that need something may start, by the engine's clock."""

from __future__ import annotations

import heapq
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fasttest import _core
    from fasttest.engine.stream import Stream

_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}
# Compiled when it is needed: most suites have no rate.
_FORM = r"([1-9][0-9]*)/(s|min|h)"

# The core counts in 32 bits.
_MOST = 2**31 - 1


class Rate(NamedTuple):
    """So many tests start within any window of a period, at most.

    Attributes:
        starts: How many.
        unit: The period: "s", "min" or "h".
    """

    starts: int
    unit: str

    @classmethod
    def parse(cls, text: object) -> Rate:
        """The rate which is written as "10/s", "10/min" or "10/h".

        Raises:
            ValueError: It is not; says how to write one.
        """
        match = re.fullmatch(_FORM, text) if isinstance(text, str) else None
        if match is None:
            raise ValueError(
                'give a whole number of tests, from 1 on, and a period, as in "10/s", '
                '"10/min" or "10/h"'
            )
        return cls(min(int(match[1]), _MOST), match[2])

    @property
    def period(self) -> float:
        """The length of the window, in seconds."""
        return _SECONDS[self.unit]

    def __str__(self) -> str:
        """As it is written."""
        return f"{self.starts}/{self.unit}"


class Rates:
    """Gives the starts back which tests have taken of rates, when the time has come.

    A period counts from the first moment in which the engine sees that the test is past
    the beginning of its call, or that its set-up has failed. So neither set-ups nor
    calls begin more often than a rate allows, even if many tests wait in their set-up
    for one that takes long. A test that was skipped before its set-up has not started.

    Args:
        plan: The plan with the rates.
        periods: Of each rate, in seconds.
        give_back: Tells the core of a rate of which a start is there again.
        clock: The hub's, in seconds.
    """

    def __init__(
        self,
        plan: _core.Plan,
        periods: Mapping[int, float],
        give_back: Callable[[int], object],
        clock: Callable[[], float],
    ) -> None:
        self._plan = plan
        self._periods = periods
        self._give_back = give_back
        self._clock = clock
        # By tests that have not come to their call.
        self._taken: dict[int, list[int]] = {}
        # What was taken by those that have, until somebody looks.
        self._begun: list[tuple[Stream, list[int]]] = []
        self._periods_end: list[tuple[float, int]] = []  # a heap

    @property
    def due(self) -> float | None:
        """When the next start comes back, by the clock; None if none is out."""
        return self._periods_end[0][0] if self._periods_end else None

    def take(self, test: int) -> None:
        """A test has been admitted."""
        claims = self._plan.claims_of(test)
        taken = [resource for resource, _ in claims if resource in self._periods]
        if taken:
            self._taken[test] = taken

    def begin(self, stream: Stream) -> None:
        """A test is about to be called, or will not be because its set-up failed."""
        taken = self._taken.pop(stream.test, None)
        if taken is not None:
            self._begun.append((stream, taken))

    def spare(self, stream: Stream) -> None:
        """A test leaves without having been set up."""
        for rate in self._taken.pop(stream.test, ()):
            self._give_back(rate)

    def look(self) -> None:
        """Nobody runs: begin the periods of those that have begun, end what is over."""
        now = self._clock()
        if self._begun:
            not_yet = []
            for stream, taken in self._begun:
                if stream.is_about_to_run:
                    not_yet.append((stream, taken))
                    continue
                for rate in taken:
                    heapq.heappush(self._periods_end, (now + self._periods[rate], rate))
            self._begun = not_yet
        while self._periods_end and self._periods_end[0][0] <= now:
            self._give_back(heapq.heappop(self._periods_end)[1])
