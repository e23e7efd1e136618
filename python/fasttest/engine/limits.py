"""What is due for a strand after some time: an exception in it, or a notice of it."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from fasttest.engine.deadlines import Deadlines
    from fasttest.engine.strand import Strand
    from fasttest.engine.time_accounts import Account

    # Makes the exception to be raised; None if there is to be none, ever.
    MakeError: TypeAlias = Callable[[], BaseException | None]


class Deadline:
    """A time after which something is due for one strand.

    What counts is the time in which the strand runs and in which it waits for events;
    not that in which it could go on and others have their turn.

    Args:
        deadlines: All deadlines of the hub.
        strand: Whose it is.
        seconds: What the strand has.
        fatal: Whether the run ends with it.

    Attributes:
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
        "strand",
        "ticket",
    )

    def __init__(
        self, deadlines: Deadlines, strand: Strand, seconds: float, fatal: bool
    ) -> None:
        self._deadlines = deadlines
        self.strand = strand
        self.fatal = fatal
        self.account: Account | None = None
        self.due = 0.0
        self.ticket = 0
        self._left = seconds

    @property
    def left(self) -> float:
        """The seconds that are left, without the turn that is not over."""
        return self._left if self.account is None else self.due - self.account.time

    @property
    def ended(self) -> bool:
        """Whether it is the strand's no more."""
        return self not in self.strand.deadlines

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
        """Count the time from now on, unless it has ended."""
        if self.account is None and not self.ended:
            self._left += self._deadlines.ran(self.strand)
            self.enter(self._deadlines.account(self.strand))

    def pause(self) -> None:
        """Do not count the time: the strand waits for what other strands do."""
        self._deadlines.watchdog.give_way()
        if self.account is not None:
            self._left = self.left - self._deadlines.ran(self.strand)
            self.account = None
            self.ticket = 0

    def end(self) -> None:
        """The strand has done in time what it was for, or has nothing due any more."""
        self.pause()
        if not self.ended:
            others = (each for each in self.strand.deadlines if each is not self)
            self.strand.deadlines = tuple(others)
            self._deadlines.ended()

    def fire(self, exceeded: float) -> bool:
        """Do what is due while the strand waits; returns whether that was possible.

        If not it runs before long, or waits where it must not be disturbed.

        Args:
            exceeded: For how many seconds it has been over.
        """
        raise NotImplementedError


class Limit(Deadline):
    """A time limit of one strand. Made by ``Deadlines.limit``.

    When it is over, an exception is raised in the strand, and again whenever the grace
    is over that follows.

    Args:
        deadlines: All deadlines of the hub.
        strand: Whose limit it is.
        seconds: What the strand has.
        make_error: Makes the exception.
        throw: Raises it in the strand if that waits; returns whether it could.
        fatal: Whether there is no exception: the run ends with the limit.

    Attributes:
        fired: Whether the limit has been exceeded.
        held_in: The turn of a strand in which it was to see the exception, until it
            makes progress; None if there is none.
    """

    __slots__ = ("_throw", "fired", "held_in", "make_error")

    def __init__(
        self,
        deadlines: Deadlines,
        strand: Strand,
        seconds: float,
        make_error: MakeError,
        throw: Callable[[BaseException], bool],
        fatal: bool,
    ) -> None:
        super().__init__(deadlines, strand, seconds, fatal)
        self.make_error = make_error
        self.fired = False
        self.held_in: int | None = None
        self._throw = throw

    def check(self) -> None:
        """Raise the exception if time is over and the strand has not been told yet.

        What others had their turns for may have kept anybody from telling it.
        """
        if self.fired or self.ended:
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

    def fire(self, exceeded: float) -> bool:
        """Tell a strand that its time is over."""
        error = self.make_error()
        if error is None:
            self.end()
            return True
        if self.fatal:
            self._deadlines.watchdog.give_up(self)
        if not self._throw(error):
            return False
        self.fired = True
        self.extend(exceeded + self._deadlines.grace)
        return True


class Found(enum.Enum):
    """How a strand is found that takes long."""

    WAITING = "waiting"
    RUNNING = "running"
    SERVED = "served"  # by a loop that runs: for it, or for another strand


class Notice(Deadline):
    """Has somebody told, once, that a strand takes long. Made by ``Deadlines.notice``.

    The strand itself does not notice.

    Args:
        deadlines: All deadlines of the hub.
        strand: Whose it is.
        seconds: After how long.
        tell: Tells; called with how the strand was found.
        fatal: Whether the run ends then.

    Attributes:
        given: Whether somebody has been told.
    """

    __slots__ = ("_tell", "given")

    def __init__(
        self,
        deadlines: Deadlines,
        strand: Strand,
        seconds: float,
        tell: Callable[[Found], object],
        fatal: bool,
    ) -> None:
        super().__init__(deadlines, strand, seconds, fatal)
        self.given = False
        self._tell = tell

    def give(self, found: Found) -> None:
        """Tell, unless that has been done."""
        if not self.given:
            self.given = True
            self._tell(found)
            if self.fatal:
                self._deadlines.watchdog.give_up(self)

    def fire(self, exceeded: float) -> bool:
        """Tell of a strand that waits."""
        self.give(Found.WAITING)
        self.end()
        return True
