"""The time that passes for strands with a limit, and what is due in it."""

from __future__ import annotations

import heapq
import itertools
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from fasttest.engine.limits import Deadline

_tickets = itertools.count(1)


class Due(Protocol):
    """What may be in a queue.

    Attributes:
        ticket: Of its entry; others are void.
    """

    ticket: int


Entry = TypeVar("Entry", bound=Due)


class Queue(Generic[Entry]):
    """What is due, and when; adding something again moves it."""

    __slots__ = ("_heap", "_size")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Entry]] = []
        self._size = 64

    def add(self, when: float, entry: Entry) -> None:
        """Have something be due at a time, and at no other."""
        entry.ticket = next(_tickets)
        heapq.heappush(self._heap, (when, entry.ticket, entry))
        if len(self._heap) > self._size:
            # Drop the void ones together.
            self._heap = [each for each in self._heap if each[2].ticket == each[1]]
            heapq.heapify(self._heap)
            self._size = 64 + 2 * len(self._heap)

    def first(self) -> float | None:
        """When the next is due."""
        heap = self._heap
        while heap and heap[0][2].ticket != heap[0][1]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def take(self, now: float) -> Entry | None:
        """Take one out that is due, if there is any."""
        when = self.first()
        if when is None or when > now:
            return None
        entry = heapq.heappop(self._heap)[2]
        entry.ticket = 0
        return entry


class Account:
    """The time that passes for a strand, or for those that a strand serves.

    Attributes:
        time: Seconds up to its last turn.
        since: When the strand began to wait, by the clock; None if it does not.
        queue: The limits which are over some time.
        ticket: Of its entry among the accounts; others are void.
    """

    __slots__ = ("queue", "since", "ticket", "time")

    def __init__(self) -> None:
        self.time = 0.0
        self.since: float | None = None
        self.queue: Queue[Deadline] = Queue()
        self.ticket = 0

    def at(self, now: float) -> float:
        """Its time, if the strand has not been ready up to ``now``."""
        return self.time if self.since is None else self.time + now - self.since
