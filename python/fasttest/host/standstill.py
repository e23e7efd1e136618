"""Tests that keep all others from running, for nothing: noticed, and run again alone.

A test that waits for something else than its event loop, such as a lock which another
test holds, stops the one thread there is. If that takes long while others are in
flight, the other process there is, the laboratory, sends a signal, and the test ends
with an error as if it had failed beside them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING, Any

from fasttest.engine.private import get_signal_handler, set_signal_handler
from fasttest.host.current import running
from fasttest.host.time_limits import is_debugging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fasttest.engine.executor import Executor
    from fasttest.host.flight_recorder import FlightRecorder

# How long nothing may happen, in seconds, and how often that is looked at meanwhile.
_SECONDS = 30.0
_LOOKS = 10

# Ignored by default, and sent by nobody unless a socket is set up to.
_SIGNAL: int | None = getattr(signal, "SIGURG", None)


class HeldUpError(BaseException):
    """Raised in a test that keeps others from running while it does nothing."""


class Watch:
    """Looks at a run from another process.

    Args:
        recorder: What the run notes.
        process: The id of the run's process.
        clock: The time in seconds, of a clock that never goes back.
        computed_by: What the threads of a process have computed, as a text that differs
            if they have; None where nobody tells.
    """

    def __init__(
        self,
        recorder: FlightRecorder,
        process: int,
        clock: Callable[[], float] = time.monotonic,
        computed_by: Callable[[int], str | None] | None = None,
    ) -> None:
        self._recorder = recorder
        self._process = process
        self._clock = clock
        self._computed_by = computed_by or _computed_by
        self._computed: str | None = None
        self._since = 0.0

    @property
    def interval(self) -> float | None:
        """Seconds from one look to the next; None if there is nothing to be seen."""
        seen = _SIGNAL is not None and self._computed_by(self._process) is not None
        return _SECONDS / _LOOKS if seen else None

    def look(self) -> None:
        """End what has stood still for too long."""
        recorder = self._recorder
        computed = None
        if not recorder.waits and recorder.in_flight() > 1:
            computed = self._computed_by(self._process)
        if computed is None or computed != self._computed:
            self._computed, self._since = computed, self._clock()
        elif self._clock() - self._since >= _SECONDS:
            self._computed = None
            assert _SIGNAL is not None
            with contextlib.suppress(OSError):
                os.kill(self._process, _SIGNAL)


def _computed_by(process: int) -> str | None:
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return " ".join(fields[11:13])  # for itself and for it in the kernel


@contextlib.contextmanager
def ended(executor: Executor) -> Iterator[None]:
    """End the test that runs, meanwhile, when the watch says that it holds up others.

    Args:
        executor: Of the run.
    """
    former = None if _SIGNAL is None else get_signal_handler(_SIGNAL)
    if _SIGNAL is None or former != signal.SIG_DFL:
        yield
        return

    def end(_: int, __: Any) -> None:
        others = len(executor.in_flight()) - 1
        run = running()
        if (
            executor.hub.current is None
            or run is None
            # Cut off, neither would be made good by another run.
            or run.serves_others
            or run.finished
            or others < 1
            or is_debugging()
        ):
            return
        raise HeldUpError(
            f"It has waited for {_SECONDS:g} s with nothing computing, and kept "
            f"{others} other test{'s' if others > 1 else ''} in flight from going on: "
            "perhaps one of them holds a lock. It is run again alone."
        )

    set_signal_handler(_SIGNAL, end)
    try:
        yield
    finally:
        if get_signal_handler(_SIGNAL) is end:
            set_signal_handler(_SIGNAL, former)
