"""Choices left to chance, so that a test meets all sorts of company."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable

    from fasttest.engine.strand import Strand

# Seconds for which somebody who could go on may be passed over.
_PATIENCE = 0.01


class Interleaving:
    """Makes a hostile choice wherever the engine might have gone on in another way.

    A test is still left only where it waits, and nothing runs that may not. What may
    happen is that somebody goes on later than he could, as if what he waits for had
    come later; that a loop is left which has callbacks to run, as if the task that
    suspends had to wait; and that further tests start meanwhile.

    The same seed makes the same choices. When sockets and timers are ready is up to the
    world, though, and what there is to choose from depends on it.

    Nobody is kept waiting for long: a test has time limits of its own, and to break
    them is not what others could do to it. After a hundredth of a second in which
    somebody could always go on, all do so in turn until nobody can.

    Args:
        seed: Where all choices come from; no test's generator is touched.
        in_order: Whether tests start in the plan's order.
        clock: Seconds since any moment.

    Attributes:
        start_order: The seed of the order in which tests start; None for the plan's.
    """

    def __init__(
        self,
        seed: int,
        *,
        in_order: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.start_order = None if in_order else seed
        self._random = random.Random(seed)
        self._clock = clock
        self._idle_at = clock()

    def is_idle(self) -> None:
        """Nobody can go on: whoever could has had his turn."""
        self._idle_at = self._clock()

    def steps(self, ready: int) -> int:
        """How many strands take a step before the hub looks at what has happened."""
        if not ready or self._is_late():
            return ready
        return self._random.randint(1, ready)

    def take(self, ready: deque[Strand]) -> Strand:
        """The strand which goes on next; it is ready no more.

        Those which have not begun do so in their order: it is that of admission.
        """
        place = 0 if self._is_late() else self._random.randrange(len(ready))
        if ready[place].greenlet is None:
            place = next(i for i, each in enumerate(ready) if each.greenlet is None)
        strand = ready[place]
        del ready[place]
        return strand

    def admits_early(self) -> bool:
        """Whether a further test starts although somebody could go on."""
        # Seldom, then, but never not at all: there may always be somebody who polls.
        return self._random.random() < (0.05 if self._is_late() else 0.5)

    def comes_back(self) -> bool:
        """Whether those who let others go first have done so for long enough."""
        return self._random.random() < 0.5

    def leaves(self) -> bool:
        """Whether a loop is left that has callbacks to run."""
        return not self._is_late() and self._random.random() < 0.5

    def _is_late(self) -> bool:
        return self._clock() - self._idle_at > _PATIENCE
