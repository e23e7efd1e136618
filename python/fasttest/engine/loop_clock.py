"""The time of a loop, without that in which others kept it from going on.

A loop whose timer is due while another test computes goes on late. By its own clock it
does not: a test that sets one of its timers against another, or expects something of
its own before a timeout, sees them in the order in which they come when it is alone.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from typing import Any

# Seconds by which a loop on a busy machine is late anyhow. Timers that come together
# are run together then.
TOLERANCE = 0.01

_loop_time = asyncio.BaseEventLoop.time
_monotonic = time.monotonic


class LoopClock:
    """Stands in for ``loop.time`` of a loop that has been held up.

    Args:
        loop: A loop that keeps time as asyncio's own do.

    Attributes:
        lost: The seconds in which it could have gone on and others did.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.lost = 0.0
        self._loop = weakref.ref(loop)

    def __call__(self) -> float:
        """Seconds since any moment; what a test puts in place of the time is exact."""
        loop: Any = self._loop()
        now: float = type(loop).time(loop)
        return now - self.lost if _is_genuine(loop) else now


def hold_back(loop: asyncio.AbstractEventLoop, seconds: float) -> None:
    """Have a loop's clock leave out that it was held up for so many seconds.

    Nothing is done to a loop with a time of its own, such as a virtual one.
    """
    if not _is_genuine(loop):
        return
    clock = vars(loop).get("time")
    if clock is None:
        clock = LoopClock(loop)
        loop.time = clock  # type: ignore[method-assign]
    if isinstance(clock, LoopClock):
        clock.lost += seconds


def _is_genuine(loop: asyncio.AbstractEventLoop) -> bool:
    return type(loop).time is _loop_time and time.monotonic is _monotonic
