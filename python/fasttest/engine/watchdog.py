"""The watchdog: a thread that looks whether the strand which runs gives way."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import traceback
import weakref
from typing import TYPE_CHECKING, Any

from fasttest.engine.limits import Found, Limit, Notice
from fasttest.engine.private import get_signal_handler, set_signal_handler
from fasttest.engine.strand import Strand, getcurrent

if TYPE_CHECKING:
    from collections.abc import Callable
    from traceback import StackSummary
    from types import FrameType

    from fasttest.engine.deadlines import Deadlines, Kind
    from fasttest.engine.limits import Deadline

_SIGALRM: int | None = getattr(signal, "SIGALRM", None)

_PACKAGE = os.path.dirname(os.path.dirname(__file__)) + os.sep

# Seconds between two looks, and the part of the shortest limit which that is.
_SELDOM, _OFTEN, _PART = 1.0, 0.02, 0.1
_LEAST = 0.001

# Seconds after which a strand is named that holds on in spite of its exception.
_PATIENCE = 1.0


class Watchdog:
    """Interrupts the strand that runs when its limit is over, and gives up on it.

    A strand that computes or blocks never comes to the hub, so an exception is raised
    in the midst of it by a signal. If it holds on to the thread in spite of that, or
    the signal does not reach it, its stack is shown, and at last the run is given up.
    Without signals (off the main thread, on Windows) only these two are left.

    The thread is unknown to ``threading`` and started with the first limit: tests look
    at how many threads there are. It is not there while the process forks.

    Args:
        deadlines: The limits.

    Attributes:
        on_blocked: Called in the watchdog's thread with a limit and the stack of its
            strand, which holds on.
        on_stuck: Called in the watchdog's thread with a limit and the stack of its
            strand, which has not given way for all of the grace, or with a notice
            that ends the run. Should not return.
        handler: What handles the signal.
    """

    def __init__(self, deadlines: Deadlines) -> None:
        self.on_blocked: Callable[[Limit, StackSummary], object] | None = None
        self.on_stuck: Callable[[Deadline, StackSummary], object] | None = None
        # Kept as it is handed out: two bound methods are never identical.
        self.handler = self._handle
        self._deadlines = deadlines
        self._interval = _SELDOM
        self._thread = threading.get_ident()
        self._former: Any = None
        self._can_signal = False
        # Held while the thread is to look, and while it is alive.
        self._keep_on = _thread.allocate_lock()
        self._alive = _thread.allocate_lock()
        # Held while the run is given up, after which there is nothing more to be done.
        self._gives_up = threading.RLock()
        # The turn in which a signal was sent, and when.
        self._sent: tuple[int, float] | None = None
        self._named: Limit | None = None
        # On a shared loop: whose code has been met in this turn, and since when.
        self._met: tuple[int, Strand | None, float] | None = None

    def look_after(self, seconds: float) -> None:
        """There is one more limit or notice, of so many seconds."""
        self._interval = min(self._interval, max(_OFTEN, seconds * _PART))
        if not self._keep_on.locked():
            self._keep_on.acquire()
            self._alive.acquire()
            self._thread = threading.get_ident()
            _watching.add(self)
            _thread.start_new_thread(self._watch, ())
            self._can_signal = (
                _SIGALRM is not None
                and threading.current_thread() is threading.main_thread()
            )
        # Others put theirs in its place, and leave none: as pytest-timeout does.
        if self._can_signal and get_signal_handler(_SIGALRM) is not self.handler:
            assert _SIGALRM is not None
            self._former = set_signal_handler(_SIGALRM, self.handler)

    def stop(self) -> None:
        """There will be no limit any more: end the thread."""
        if self._can_signal and get_signal_handler(_SIGALRM) is self.handler:
            assert _SIGALRM is not None
            set_signal_handler(_SIGALRM, self._former)
        self.pause()

    def pause(self) -> None:
        """End the thread, until there is one more limit."""
        if self._keep_on.locked():
            _watching.discard(self)
            self._keep_on.release()
            if self._alive.acquire(timeout=_SELDOM):
                self._alive.release()

    def give_up(self, deadline: Deadline) -> None:
        """Have the run end here and now because of a strand."""
        if self.on_stuck is not None:
            with self._gives_up:
                self.on_stuck(deadline, self._stack())

    def give_way(self) -> None:
        """Let the hub's thread do nothing more while the run is being given up."""
        with self._gives_up:
            pass

    def _watch(self) -> None:
        try:
            wait = self._interval
            while not self._keep_on.acquire(timeout=wait):
                wait = min(self._interval, self._look_for_notices(), self._look())
                wait = max(_LEAST, wait)
            self._keep_on.release()
        finally:
            self._alive.release()

    def _look_for_notices(self) -> float:
        """As ``_look``. On a loop that strands share, one notice a turn is enough."""
        notice, exceeded = self._deadlines.running(Notice)
        if notice is None or notice.given:
            return self._interval
        if exceeded <= 0:
            return -exceeded
        if notice.strand is self._deadlines.current:
            notice.give(Found.RUNNING)
        elif self._ask():
            notice.give(Found.SERVED)
        return self._interval

    def _look(self) -> float:
        """Look once; returns the seconds after which to look again, at the latest."""
        deadlines = self._deadlines
        limit, exceeded = deadlines.running(Limit)
        if limit is None:
            return self._interval
        if limit.held_in == deadlines.turn:
            self._look_again(limit, exceeded)
        elif exceeded > 0 and self._ask():
            deadlines.renew(limit)
        return self._interval if exceeded > 0 else -exceeded

    def _look_again(self, limit: Limit, exceeded: float) -> None:
        """At a strand that does not give way though its limit is over."""
        if exceeded > 0:
            self.give_up(limit)
        elif self._named is not limit:
            left, grace = -exceeded, self._deadlines.grace
            if grace - left > min(_PATIENCE, grace / 2):
                self._named = limit
                if self.on_blocked is not None:
                    self.on_blocked(limit, self._stack())

    def _ask(self) -> bool:
        """Send the signal; returns whether one has not been handled for long.

        Then it is blocked, or C code runs.
        """
        turn, now = self._deadlines.turn, self._deadlines.clock()
        if self._sent is not None and self._sent[0] == turn:
            return now - self._sent[1] > _PATIENCE
        self._sent = turn, now
        if self._can_signal and get_signal_handler(_SIGALRM) is self.handler:
            assert _SIGALRM is not None
            signal.pthread_kill(self._thread, _SIGALRM)
        return False

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        """The signal, in the frames of the strand; which may be another by now."""
        __tracebackhide__ = True
        sent, self._sent = self._sent, None
        deadlines = self._deadlines
        strand = deadlines.current
        if sent is None or sent[0] != deadlines.turn or strand is None:
            return
        if getcurrent() is strand.hub.greenlet or _is_engines(frame):
            return  # for now: the next look is before long
        notice = self._over(Notice)
        if notice is not None:
            notice.give(Found.RUNNING)
        limit = self._over(Limit)
        if limit is None:
            return
        error = limit.make_error()
        if error is None:
            limit.end()
            return
        if limit.fatal:
            self.give_up(limit)
        deadlines.renew(limit)
        raise error

    def _over(self, kind: type[Kind]) -> Kind | None:
        """What is over of the strand whose code runs."""
        first, exceeded = self._deadlines.running(kind)
        if first is None or exceeded <= 0:
            return None
        if first.strand is self._deadlines.current:
            return first
        strand, seconds = self._meet()
        for deadline in () if strand is None else strand.deadlines:
            if isinstance(deadline, kind) and deadline.account is not None:
                return deadline if seconds >= deadline.left else None
        return None

    def _meet(self) -> tuple[Strand | None, float]:
        """Whose code is met on a shared loop, and for how long it has been."""
        deadlines = self._deadlines
        strand, now = deadlines.whose(), deadlines.clock()
        if self._met is None or self._met[:2] != (deadlines.turn, strand):
            self._met = deadlines.turn, strand, now
        return strand, now - self._met[2]

    def _stack(self) -> StackSummary:
        return traceback.extract_stack(sys._current_frames().get(self._thread))


def _is_engines(frame: FrameType | None) -> bool:
    """Whether a frame must not be left half done: the engine's, or a strand's leaving.

    The latter puts aside what the strand has changed, by code of any kind.
    """
    if frame is None or frame.f_code.co_filename.startswith(_PACKAGE):
        return True
    while frame is not None:
        if frame.f_code is Strand._switch_to_hub.__code__:
            return True
        frame = frame.f_back
    return False


_watching: weakref.WeakSet[Watchdog] = weakref.WeakSet()


def _before_fork() -> None:
    # Python warns of a fork beside threads. It is back with the next limit.
    for watchdog in tuple(_watching):
        watchdog.pause()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork)
