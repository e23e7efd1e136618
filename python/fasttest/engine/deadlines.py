"""Time limits of strands, by a clock that does not count what others compute."""

from __future__ import annotations

import heapq
import itertools
from typing import TYPE_CHECKING

from fasttest.engine.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from fasttest.engine.strand import Strand

    # Makes the exception to be raised; None if there is to be none, ever.
    MakeError: TypeAlias = Callable[[], BaseException | None]

# Seconds that a strand has after its limit to come to an end. What holds on to the
# thread for so long in spite of an exception holds on for ever.
GRACE = 60.0

# Seconds of work on a shared loop that are divided among its tests together.
_SHARE = 0.05


class Limit:
    """A time limit of one strand. Made by ``Deadlines.limit``.

    What counts is the time in which the strand ran and in which all strands waited: it
    would have passed as well with nobody else there. When it is over, an exception is
    raised in the strand, and again whenever the grace is over that follows.

    Args:
        deadlines: All limits of the hub.
        strand: Whose limit it is.
        seconds: What the strand has.
        make_error: Makes the exception.
        throw: Raises it in the strand if that waits; returns whether it could.
        fatal: Whether there is no exception: the run ends with the limit.

    Attributes:
        fired: Whether the limit has been exceeded.
        counting: Whether the time counts at present.
        held_in: The turn of the strand in which it was to see the exception, until it
            gives way or makes progress; None if there is none.
    """

    __slots__ = (
        "_deadlines",
        "counting",
        "fatal",
        "fired",
        "held_in",
        "idle_at",
        "left",
        "make_error",
        "seconds",
        "strand",
        "throw",
        "ticket",
    )

    def __init__(
        self,
        deadlines: Deadlines,
        strand: Strand,
        seconds: float,
        make_error: MakeError,
        throw: Callable[[BaseException], bool],
        fatal: bool,
    ) -> None:
        self._deadlines = deadlines
        self.strand = strand
        self.seconds = seconds
        self.make_error = make_error
        self.throw = throw
        self.fatal = fatal
        self.fired = False
        self.counting = False
        self.held_in: int | None = None
        # Seconds left when all had waited for ``idle_at`` seconds, without those of the
        # strand's present turn.
        self.left = seconds
        self.idle_at = 0.0
        # Of its entry among the deadlines; others are void.
        self.ticket = 0

    def resume(self) -> None:
        """Count the time from now on."""
        if not self.counting:
            self.counting = True
            self._deadlines.resumed(self)

    def pause(self) -> None:
        """Do not count the time: the strand waits for what other strands do."""
        if self.counting:
            self._deadlines.paused(self)
            self.counting = False

    def progress(self) -> None:
        """The strand has heeded the exception: it is at something new."""
        self.held_in = None

    def end(self) -> None:
        """The strand has done in time what the limit was for, or is not to be told."""
        self.pause()
        if self.strand.limit is self:
            self.strand.limit = None
            self._deadlines.ended()


class Deadlines:
    """The limits of a hub's strands.

    Strands that wait are thrown at by the hub, as soon as it has waited long enough;
    a strand that does not give way is the matter of the watchdog, which interrupts it
    by a signal.

    Args:
        clock: The hub's, in seconds.

    Attributes:
        active: How many strands have a limit; without any, nothing is measured.
        grace: Seconds between one exception and the next.
        turn: Counts the turns of strands that were measured.
        whose: The limit of the code that runs; asked in its context, on a loop that
            strands share.
        watchdog: Looks after the strand that runs.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.active = 0
        self.grace = GRACE
        self.turn = 0
        self.whose: Callable[[], Limit | None] = _nobodys
        self.watchdog = Watchdog(self)
        # For how long all strands have waited, and since when if they do now.
        self.idle = 0.0
        self.idle_since: float | None = None
        # The strand whose turn it is, since when, and for how long it has waited in
        # the hub's place meanwhile.
        self._current: Strand | None = None
        self._began = 0.0
        self._waited = 0.0
        self._queue: list[tuple[float, int, Limit]] = []
        self._tickets = itertools.count(1)
        self._unshared: dict[Strand, float] = {}

    def limit(
        self,
        strand: Strand,
        seconds: float,
        make_error: MakeError,
        throw: Callable[[BaseException], bool],
        *,
        fatal: bool = False,
    ) -> Limit:
        """Give the running strand a limit, which counts from now on; see ``Limit``."""
        limit = Limit(self, strand, seconds, make_error, throw, fatal)
        strand.limit = limit
        self.active += 1
        if self._current is None:
            self.begin_turn(strand)
        limit.resume()
        self.watchdog.look_after(seconds)
        return limit

    def close(self) -> None:
        """The run is over, perhaps with strands where they were."""
        self.watchdog.stop()
        self._queue.clear()
        self._unshared.clear()
        self.active = 0
        self._current = None

    # What follows is between limits, hub and watchdog.

    def begin_turn(self, strand: Strand) -> None:
        """A strand is switched to, while there are limits."""
        self.turn += 1
        self._waited = 0.0
        self._began = self.clock()
        self._current = strand

    def end_turn(self, strand: Strand) -> None:
        """The strand has come back to the hub."""
        ran = self._ran()
        self._current = None
        if strand.limit is not None:
            self._charge(strand.limit, ran)
        elif strand.clients:
            self._share(strand, ran)

    def begin_wait(self) -> float | None:
        """All strands wait; returns the seconds up to the first deadline, if any."""
        self.idle_since = self.clock()
        queue = self._queue
        while queue and queue[0][2].ticket != queue[0][1]:
            heapq.heappop(queue)
        return max(0.0, queue[0][0] - self.idle) if queue else None

    def end_wait(self) -> None:
        """The wait is over."""
        assert self.idle_since is not None
        waited = self.clock() - self.idle_since
        self.idle_since = None
        self.idle += waited
        self._waited += waited

    def throw_at_due(self) -> None:
        """Throw at the strands that wait and whose time is over."""
        queue = self._queue
        while queue and queue[0][0] <= self.idle:
            _, ticket, limit = heapq.heappop(queue)
            if limit.ticket == ticket:
                self._fire(limit)

    def resumed(self, limit: Limit) -> None:
        """A limit counts from now on."""
        limit.idle_at = self.idle
        if self._current is limit.strand:
            limit.left += self._ran()
        else:
            self._enter(limit)

    def paused(self, limit: Limit) -> None:
        """A limit does not count any more."""
        limit.left = self.left(limit)
        limit.ticket = 0

    def ended(self) -> None:
        """A limit has gone."""
        self.active -= 1
        if not self.active:
            self._current = None
            self.watchdog.rest()

    def running(self) -> tuple[Limit | None, float]:
        """The limit of the strand whose turn it is, and how far it is exceeded.

        On a loop that strands share it is the first that may be.
        """
        strand = self._current
        if strand is None or self.idle_since is not None:
            return None, 0.0
        serves = (strand, *strand.clients)
        left, limit = min(
            (
                (self._left_in_turn(limit), limit)
                for each in serves
                if (limit := each.limit) is not None and limit.counting
            ),
            key=lambda pair: pair[0],
            default=(0.0, None),
        )
        return limit, -left

    def renew(self, limit: Limit) -> None:
        """A limit is exceeded in this turn: what follows has the grace."""
        limit.fired = True
        limit.held_in = self.turn
        limit.left += self.grace - self._left_in_turn(limit)

    def left(self, limit: Limit) -> float:
        """The seconds that are left of a limit."""
        left = limit.left - (self.idle - limit.idle_at)
        return left - self._ran() if self._current is limit.strand else left

    def _fire(self, limit: Limit) -> None:
        if limit.fatal:
            self.watchdog.give_up(limit)
        error = limit.make_error()
        if error is None:
            limit.end()
        elif limit.throw(error):
            limit.fired = True
            limit.left += self.grace
            self._enter(limit)
        else:
            # It runs before long, or waits where it must not be disturbed.
            limit.left += _SHARE
            self._enter(limit)

    def _ran(self) -> float:
        """For how long the current strand has run in this turn."""
        return self.clock() - self._began - self._waited

    def _left_in_turn(self, limit: Limit) -> float:
        """As ``left``, if the strand that serves others does so for this one."""
        left = self.left(limit)
        return left if self._current is limit.strand else left - self._ran()

    def _charge(self, limit: Limit, seconds: float) -> None:
        if limit.counting:
            limit.left -= seconds
            self._enter(limit)

    def _share(self, strand: Strand, seconds: float) -> None:
        # Nobody can say for whom of its clients the strand has run.
        seconds += self._unshared.pop(strand, 0.0)
        if seconds < _SHARE:
            self._unshared[strand] = seconds
            return
        for client in strand.clients:
            if client.limit is not None:
                self._charge(client.limit, seconds / len(strand.clients))

    def _enter(self, limit: Limit) -> None:
        limit.ticket = next(self._tickets)
        due = limit.idle_at + limit.left
        heapq.heappush(self._queue, (due, limit.ticket, limit))
        if len(self._queue) > 64 + 4 * self.active:
            # Void entries of strands that ran since; drop them together.
            self._queue[:] = [each for each in self._queue if each[2].ticket == each[1]]
            heapq.heapify(self._queue)


def _nobodys() -> None:
    return None
