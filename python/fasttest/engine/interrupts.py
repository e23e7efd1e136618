"""Ctrl-C while a hub runs: once ends the run in order, twice at once."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

from fasttest.engine.private import get_signal_handler, set_signal_handler
from fasttest.engine.strand import getcurrent

if TYPE_CHECKING:
    from types import FrameType

    from fasttest.engine.hub import Hub


class Interrupts:
    """Counts interrupts, and handles SIGINT in the main thread.

    A handler which is not Python's default is somebody's decision: it is left alone.
    So is this one by ``asyncio.Runner``, for the same reason.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._installed = False
        # An interrupt counts when it met the hub or ended a strand: one that a test
        # raised and caught itself is none.
        self.count = 0
        # Counted and not yet told to the owner of the hub.
        self.pending = False

    def install(self) -> None:
        """Handle SIGINT from now on."""
        if (
            threading.current_thread() is threading.main_thread()
            and get_signal_handler(signal.SIGINT) is signal.default_int_handler
        ):
            set_signal_handler(signal.SIGINT, self._handle)
            self._installed = True

    def remove(self) -> None:
        """Restore the handler that was there, unless it was replaced since."""
        if self._installed:
            self._installed = False
            # Two bound methods of one object are equal, but never identical.
            if get_signal_handler(signal.SIGINT) == self._handle:
                set_signal_handler(signal.SIGINT, signal.default_int_handler)

    def note(self) -> None:
        """Count the first interrupt; further ones from strands change nothing."""
        if not self.count:
            self.count = 1
            self.pending = True
            self._hub.wake_up()

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        hub = self._hub
        if hub.forked:
            raise KeyboardInterrupt
        if self.count:
            if hub.greenlet is not getcurrent():
                # A test could catch an exception raised here, or take its time over
                # its finally blocks: leave its strand where it is.
                hub.greenlet.throw(KeyboardInterrupt)
            raise KeyboardInterrupt
        if hub.greenlet is not getcurrent():
            raise KeyboardInterrupt
        self.note()
