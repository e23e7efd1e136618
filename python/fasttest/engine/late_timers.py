"""Timers of a loop that others have kept from going on.

A loop whose timer is due while another test computes goes on late, when further ones
have come due that alone would have come later: a timeout of half a second, say, before
what takes three steps of a tenth. So those wait for as long as the loop has.
"""

from __future__ import annotations

import asyncio
import os
import stat
import time
from typing import TYPE_CHECKING

from fasttest.engine import private

if TYPE_CHECKING:
    from collections.abc import Iterable

# Seconds by which a loop on a busy machine is late anyhow. Timers that come together
# are run together then.
TOLERANCE = 0.01

_loop_time = asyncio.BaseEventLoop.time
_monotonic = time.monotonic


def postpone(loop: asyncio.AbstractEventLoop, late: float) -> None:
    """Have a loop's timers wait that were not due when it could have gone on.

    Nothing is done to a loop whose time is not that of the machine.

    Args:
        loop: The loop, which is about to go on.
        late: For how many seconds it could have done so.
    """
    if type(loop).time is _loop_time and time.monotonic is _monotonic:
        private.postpone_timers(loop, loop.time() - late, late)


def are_sockets(descriptors: Iterable[int]) -> bool:
    """Whether a loop waits for sockets only: not for processes, nor for their pipes.

    What comes from those does not wait for the loop.
    """
    try:
        return all(stat.S_ISSOCK(os.fstat(each).st_mode) for each in descriptors)
    except OSError:
        return False
