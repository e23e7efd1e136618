"""Time limits of strands, by a clock that does not count others' turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fasttest.engine.strand import State
from fasttest.engine.time_accounts import Account, Queue
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

# Seconds after which a strand is asked again that could not be thrown at.
_AGAIN = 0.05


class Limit:
    """A time limit of one strand. Made by ``Deadlines.limit``.

    What counts is the time in which the strand runs and in which it waits for events;
    not that in which it could go on and others have their turn. When it is over, an
    exception is raised in the strand, and again whenever the grace is over that
    follows.

    Args:
        deadlines: All limits of the hub.
        strand: Whose limit it is.
        seconds: What the strand has.
        make_error: Makes the exception.
        throw: Raises it in the strand if that waits; returns whether it could.
        fatal: Whether there is no exception: the run ends with the limit.

    Attributes:
        fired: Whether the limit has been exceeded.
        held_in: The turn of a strand in which it was to see the exception, until it
            makes progress; None if there is none.
        account: Whose time counts; None while none does.
        due: When it is over, in the time of the account.
        ticket: Of its entry in a queue; others are void.
    """

    __slots__ = (
        "_deadlines",
        "_left",
        "account",
        "due",
        "fatal",
        "fired",
        "held_in",
        "make_error",
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
        self.make_error = make_error
        self.throw = throw
        self.fatal = fatal
        self.fired = False
        self.held_in: int | None = None
        self.account: Account | None = None
        self.due = 0.0
        self.ticket = 0
        self._left = seconds

    @property
    def left(self) -> float:
        """The seconds that are left, without the turn that is not over."""
        return self._left if self.account is None else self.due - self.account.time

    def enter(self, account: Account) -> None:
        """Let the time of an account count from now on, and no other."""
        self.due = account.time + self.left
        self.account = account
        account.queue.add(self.due, self)

    def extend(self, seconds: float) -> None:
        """Let it be over so many seconds later."""
        assert self.account is not None
        self.due += seconds
        self.account.queue.add(self.due, self)

    def resume(self) -> None:
        """Count the time from now on, unless the limit has ended."""
        if self.account is None and self.strand.limit is self:
            self._left += self._deadlines.ran(self.strand)
            self.enter(self._deadlines.account(self.strand))

    def pause(self) -> None:
        """Do not count the time: the strand waits for what other strands do."""
        if self.account is not None:
            self._left = self.left - self._deadlines.ran(self.strand)
            self.account = None
            self.ticket = 0

    def check(self) -> None:
        """Raise the exception if time is over and the strand has not been told yet.

        What others had their turns for may have kept anybody from telling it.
        """
        if self.fired or self.strand.limit is not self:
            return
        if self.left >= self._deadlines.ran(self.strand):
            return
        error = self.make_error()
        if error is not None:
            self.fired = True
            raise error

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

    Strands that wait are thrown at by the hub; a strand that does not give way is the
    matter of the watchdog, which interrupts it by a signal.

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
        # The strand whose turn it is, and since when.
        self._current: Strand | None = None
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
        self._accounts = Queue()
        self.active = 0
        self._current = None

    # What follows is between limits, hub and watchdog.

    def begin_turn(self, strand: Strand) -> None:
        """A strand is switched to, while there are limits."""
        if strand.state is not State.RUNNING:
            return  # it waits, in the hub's place
        limit = strand.limit
        if limit is not None and limit.account not in (None, strand.account):
            limit.enter(self.account(strand))
        self.turn += 1
        self._began = self.clock()
        self._current = strand

    def reclaimed(self, strand: Strand) -> None:
        """A strand runs whose wait was broken off by an exception from a handler."""
        self.ready(strand)
        if self._current is None:
            self.begin_turn(strand)

    def end_turn(self, strand: Strand) -> None:
        """The strand has come back to the hub."""
        account, limit, now = strand.account, strand.limit, self.clock()
        if account is not None:
            if self._current is strand:
                # Nobody can say for whom of its clients the strand has run.
                account.time += (now - self._began) / (len(strand.clients) or 1)
            if strand.state is State.WAITING and account.since is None:
                account.since = now
        self._current = None
        server = strand.served_by
        if server is not None and limit is not None and limit.account is not None:
            limit.enter(self.account(server))
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
            untold = []
            while (limit := account.queue.take(account.at(now))) is not None:
                if not self._fire(limit, account.at(now) - limit.due):
                    untold.append(limit)
            for limit in untold:
                account.queue.add(limit.due, limit)
            if untold:
                self._accounts.add(now + _AGAIN, account)
            else:
                self._enter(account, now)

    def ended(self) -> None:
        """A limit has gone."""
        self.active -= 1
        if not self.active:
            self._current = None

    def account(self, strand: Strand) -> Account:
        """The account of a strand, which it has from now on."""
        if strand.account is None:
            strand.account = Account()
        return strand.account

    def ran(self, strand: Strand) -> float:
        """For how long a strand has run, if it is its turn."""
        return self.clock() - self._began if strand is self._current else 0.0

    def running(self) -> tuple[Limit | None, float]:
        """The limit of the strand whose turn it is, and how far it is exceeded.

        On a loop that strands share it is the first that may be.
        """
        strand = self._current
        if strand is None:
            return None, 0.0
        ran = self.clock() - self._began
        return min(
            (
                (limit, ran - limit.left)
                for each in (strand, *strand.clients)
                if (limit := each.limit) is not None and limit.account is not None
            ),
            key=lambda pair: -pair[1],
            default=(None, 0.0),
        )

    def renew(self, limit: Limit) -> None:
        """A limit is exceeded in this turn: what follows has the grace."""
        limit.fired = True
        limit.held_in = self.turn
        limit.extend(self.grace + self.clock() - self._began - limit.left)

    def _fire(self, limit: Limit, exceeded: float) -> bool:
        """Tell a strand that its time is over; returns whether that was possible.

        If not it runs before long, or waits where it must not be disturbed.
        """
        error = limit.make_error()
        if error is None:
            limit.end()
            return True
        if limit.fatal:
            self.watchdog.give_up(limit)
        if not limit.throw(error):
            return False
        limit.fired = True
        limit.extend(exceeded + self.grace)
        return True

    def _enter(self, account: Account, now: float) -> None:
        first = account.queue.first()
        if first is not None and (account.since is not None or first <= account.time):
            self._accounts.add(now + first - account.at(now), account)


def _nobodys() -> None:
    return None
