"""Time limits of strands, by a clock that does not count others' turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from fasttest.engine.limits import Limit, Notice
from fasttest.engine.strand import State
from fasttest.engine.time_accounts import Account, Queue
from fasttest.engine.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Callable

    from fasttest.engine.limits import Deadline, Found, MakeError
    from fasttest.engine.strand import Strand

# Seconds that a strand has after its limit to come to an end. What holds on to the
# thread for so long in spite of an exception holds on for ever.
GRACE = 60.0

# Seconds after which a strand is asked again that could not be thrown at.
_AGAIN = 0.05


Kind = TypeVar("Kind", bound="Deadline")


class Deadlines:
    """The limits of a hub's strands, and the notices of them.

    Strands that wait are thrown at by the hub; a strand that does not give way is the
    matter of the watchdog, which interrupts it by a signal.

    Args:
        clock: The hub's, in seconds.

    Attributes:
        active: How many there are; without any, nothing is measured.
        grace: Seconds between one exception and the next.
        current: The strand whose turn it is.
        turn: Counts the turns of strands that were measured.
        whose: The strand of the code that runs; asked in its context, on a loop that
            strands share.
        watchdog: Looks after the strand that runs.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.active = 0
        self.grace = GRACE
        self.turn = 0
        self.whose: Callable[[], Strand | None] = _nobodys
        self.watchdog = Watchdog(self)
        self.current: Strand | None = None
        self._began = 0.0
        # When it was last looked for events, and whether that is being waited for.
        self._polled = 0.0
        self._waits = False
        self._accounts: Queue[Account] = Queue()

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
        self._begin(strand, limit)
        self.watchdog.look_after(seconds)
        return limit

    def notice(
        self,
        strand: Strand,
        seconds: float,
        tell: Callable[[Found], object],
        *,
        fatal: bool = False,
    ) -> Notice:
        """Have somebody told if the running strand takes longer; see ``Notice``."""
        notice = Notice(self, strand, seconds, tell, fatal)
        self._begin(strand, notice)
        self.watchdog.look_after(seconds)
        return notice

    def close(self) -> None:
        """The run is over, perhaps with strands where they were."""
        self.watchdog.stop()
        self._accounts = Queue()
        self.active = 0
        self.current = None

    # What follows is between limits, hub and watchdog.

    def begin_turn(self, strand: Strand) -> None:
        """A strand is switched to, while there are limits."""
        if strand.state is not State.RUNNING:
            return  # it waits, in the hub's place
        for deadline in strand.deadlines:
            if deadline.account not in (None, strand.account):
                deadline.enter(self.account(strand))
        self.turn += 1
        self._began = self.clock()
        self.current = strand

    def reclaimed(self, strand: Strand) -> None:
        """A strand runs whose wait was broken off by an exception from a handler."""
        self.ready(strand)
        if self.current is None:
            self.begin_turn(strand)

    def end_turn(self, strand: Strand) -> None:
        """The strand has come back to the hub."""
        self.watchdog.give_way()
        account, now = strand.account, self.clock()
        if account is not None:
            if self.current is strand:
                # Nobody can say for whom of its clients the strand has run.
                account.time += (now - self._began) / (len(strand.clients) or 1)
            if strand.state is State.WAITING and account.since is None:
                account.since = now
        self.current = None
        server = strand.served_by
        if server is not None:
            for deadline in strand.deadlines:
                if deadline.account is not None:
                    deadline.enter(self.account(server))
        if account is not None:
            self._enter(account, now)

    def begin_poll(self, *, wait: bool) -> float | None:
        """Events are looked for; returns the seconds up to the first deadline."""
        self._waits = wait
        if not wait:
            return None
        first = self._accounts.first()
        return None if first is None else max(0.0, first - self.clock())

    def ready(self, strand: Strand) -> None:
        """A strand that waited has been found to be ready."""
        account, now = strand.account, self.clock()
        assert account is not None
        if account.since is not None:
            if strand.due is not None and strand.due <= now:
                until = strand.due
            else:
                # Its event came while another strand had its turn, or just now.
                until = now if self._waits else self._polled
            account.time += max(0.0, until - account.since)
            account.since = None

    def end_poll(self) -> None:
        """All that is ready has been found: throw at those whose time is over."""
        self._polled = now = self.clock()
        self._waits = False
        while (account := self._accounts.take(now)) is not None:
            untold: list[Deadline] = []
            while (deadline := account.queue.take(account.at(now))) is not None:
                if not deadline.fire(account.at(now) - deadline.due):
                    untold.append(deadline)
            for deadline in untold:
                account.queue.add(deadline.due, deadline)
            if untold:
                self._accounts.add(now + _AGAIN, account)
            else:
                self._enter(account, now)

    def ended(self) -> None:
        """A limit or a notice has gone."""
        self.active -= 1
        if not self.active:
            self.current = None

    def account(self, strand: Strand) -> Account:
        """The account of a strand, which it has from now on."""
        if strand.account is None:
            strand.account = Account()
        return strand.account

    def ran(self, strand: Strand) -> float:
        """For how long a strand has run, if it is its turn."""
        return self.clock() - self._began if strand is self.current else 0.0

    def running(self, kind: type[Kind]) -> tuple[Kind | None, float]:
        """The limit of the strand whose turn it is, and how far it is exceeded.

        On a loop that strands share it is the first that may be.

        Args:
            kind: Limits or notices.
        """
        current = self.current
        if current is None:
            return None, 0.0
        ran = self.clock() - self._began
        strands = [current, *current.clients]
        return min(
            (
                (deadline, ran - deadline.left)
                for each in strands
                for deadline in each.deadlines
                if isinstance(deadline, kind) and deadline.account is not None
            ),
            key=lambda pair: -pair[1],
            default=(None, 0.0),
        )

    def renew(self, limit: Limit) -> None:
        """A limit is exceeded in this turn: what follows has the grace."""
        limit.fired = True
        limit.held_in = self.turn
        limit.extend(self.grace + self.clock() - self._began - limit.left)

    def _begin(self, strand: Strand, deadline: Deadline) -> None:
        strand.deadlines = (*strand.deadlines, deadline)
        self.active += 1
        if self.current is None:
            self.begin_turn(strand)
        deadline.resume()

    def _enter(self, account: Account, now: float) -> None:
        first = account.queue.first()
        if first is not None and (account.since is not None or first <= account.time):
            self._accounts.add(now + first - account.at(now), account)


def _nobodys() -> None:
    return None
