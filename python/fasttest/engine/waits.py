"""What strands wait for: descriptors and timers."""

from __future__ import annotations

import heapq
import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fasttest.engine.poller import Poller
    from fasttest.engine.strand import Strand


class Waits:
    """The strands that wait, and the wait for all of them.

    It is open while a hub runs; strands may stay in it from one run to the next.

    Args:
        clock: Seconds since any moment, never going back.
        make_poller: Makes what is waited with, at each opening.

    Attributes:
        sleeping: Whether a wait is in progress, so that a signal handler which makes
            a strand ready has to end it.
    """

    def __init__(
        self, clock: Callable[[], float], make_poller: Callable[[], Poller]
    ) -> None:
        self.sleeping = False
        self._clock = clock
        self._make_poller = make_poller
        self._poller: Poller | None = None
        self._by_descriptor: dict[int, Strand] = {}
        # A timer is void if its ticket is not its strand's: it was woken otherwise.
        self._timers: list[tuple[float, int, Strand]] = []
        self._tickets = itertools.count(1)

    def __len__(self) -> int:
        """The number of strands that wait; each does for one descriptor."""
        return len(self._by_descriptor)

    def __iter__(self) -> Iterator[Strand]:
        """The strands that wait."""
        return iter(self._by_descriptor.values())

    def open(self) -> None:
        """Make ready to wait."""
        self._poller = self._make_poller()
        for descriptor in self._by_descriptor:
            self._poller.arm(descriptor)

    def close(self) -> None:
        """Release what ``open`` made."""
        poller, self._poller = self._poller, None
        if poller is not None:
            poller.close()

    def wake_up(self) -> None:
        """End the wait in progress, if any; from any thread or signal handler."""
        poller = self._poller
        if poller is not None:
            poller.wake()

    def add(self, strand: Strand, descriptor: int, timeout: float | None) -> None:
        """Let a strand wait for a descriptor and, unless None, so many seconds."""
        assert self._poller is not None
        self._poller.arm(descriptor)
        self._by_descriptor[descriptor] = strand
        strand.descriptor = descriptor
        strand.due = None
        if timeout is not None:
            strand.ticket = next(self._tickets)
            strand.due = self._clock() + timeout
            heapq.heappush(self._timers, (strand.due, strand.ticket, strand))

    def end(self, strand: Strand) -> None:
        """The strand does not wait any more, if it did."""
        strand.ticket = 0
        descriptor = strand.descriptor
        if descriptor is not None:
            strand.descriptor = None
            del self._by_descriptor[descriptor]
            if self._poller is not None:
                self._poller.disarm(descriptor)

    def find(self, descriptor: int) -> Strand | None:
        """The strand that waits for a descriptor."""
        return self._by_descriptor.get(descriptor)

    def forget(self, descriptor: int) -> None:
        """A descriptor is about to be closed."""
        if self._poller is not None:
            self._poller.forget(descriptor)

    def collect(self, *, block: bool, at_most: float | None = None) -> list[Strand]:
        """End the waits whose descriptor is ready or whose time is up.

        Args:
            block: Whether to wait until there are any, or ``wake_up`` is called.
            at_most: For how many seconds; None: for ever.

        Returns:
            The strands, those with descriptors first, then by their timers.
        """
        if not block and not self._by_descriptor:
            return []
        poller = self._poller
        assert poller is not None
        timeout = self._next_timer() if block else 0.0
        if at_most is not None and (timeout is None or timeout > at_most):
            timeout = at_most
        self.sleeping = block
        try:
            descriptors = poller.poll(timeout)
        finally:
            self.sleeping = False
        found = []
        for descriptor in descriptors:
            # None if it was woken by other means after its descriptor was armed.
            strand = self._by_descriptor.get(descriptor)
            if strand is not None:
                self.end(strand)
                found.append(strand)
        if self._timers:
            self._collect_due(found)
        return found

    def _next_timer(self) -> float | None:
        timers = self._timers
        while timers and timers[0][2].ticket != timers[0][1]:
            heapq.heappop(timers)
        return max(0.0, timers[0][0] - self._clock()) if timers else None

    def _collect_due(self, found: list[Strand]) -> None:
        timers, now = self._timers, self._clock()
        while timers and timers[0][0] <= now:
            _, ticket, strand = heapq.heappop(timers)
            if strand.ticket == ticket:
                self.end(strand)
                found.append(strand)
        if len(timers) > 64 + 4 * len(self._by_descriptor):
            # Void timers of strands which events keep waking; drop them together.
            timers[:] = [timer for timer in timers if timer[2].ticket == timer[1]]
            heapq.heapify(timers)
