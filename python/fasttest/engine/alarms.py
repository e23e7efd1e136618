"""SIGALRM, by which timeouts of tests are made, reaches the test that waits."""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from fasttest.engine.private import get_signal_handler, set_signal_handler

if TYPE_CHECKING:
    from types import FrameType

    from fasttest.engine.hub import Hub
    from fasttest.engine.strand import Strand

_SIGALRM: int | None = getattr(signal, "SIGALRM", None)


class Alarms:
    """Holds alarms back while the one test in progress has been left.

    The handler of a timeout raises an exception, which belongs into the frames of the
    test: neither into the hub's, nor into those of a server in the background. So the
    handler is replaced as long as the test's strand waits, and called there at the
    next occasion. With several tests in progress nobody could say whose alarm it is.

    Attributes:
        holder: The strand for which alarms are held back.
    """

    def __init__(self, hub: Hub) -> None:
        self.holder: Strand | None = None
        self._hub = hub
        self._handler: Any = None
        self._receiver: Strand | None = None
        # Handlers can be set in the main thread only, and run only there.
        self._possible = (
            _SIGALRM is not None
            and threading.current_thread() is threading.main_thread()
        )

    def hold(self, strand: Strand) -> None:
        """The strand is about to be left."""
        if not self._possible or self._hub.forked:
            return
        handler = get_signal_handler(_SIGALRM)
        if (
            callable(handler)
            # The engine's own limits need no alarm while a strand waits.
            and handler is not self._hub.deadlines.watchdog.handler
            and self._hub.lone_strand() is strand
        ):
            self.holder = strand
            self._handler = handler
            self._replace(self._note)

    def release(self, strand: Strand) -> None:
        """The strand has come back."""
        if self.holder is strand:
            self.holder = None
            if get_signal_handler(_SIGALRM) == self._note:
                self._replace(self._handler)

    def close(self) -> None:
        """The run has ended, perhaps with strands where they were."""
        if self.holder is not None:
            self.release(self.holder)

    def pause(self) -> None:
        """Somebody who serves the holder runs: alarms are as much for him."""
        self._replace(self._handler)

    def proceed(self) -> None:
        """Undo ``pause``, unless the handler was changed meanwhile."""
        if get_signal_handler(_SIGALRM) == self._handler:
            self._replace(self._note)

    def deliver(self, strand: Strand) -> None:
        """Call the handler, in the strand's frames, if an alarm has come for it."""
        if self._receiver is strand:
            self._receiver = None
            self._handler(_SIGALRM, sys._getframe(1))

    def _note(self, signum: int, frame: FrameType | None) -> None:
        self._receiver = self.holder
        self._hub.wake_up()

    def _replace(self, handler: Any) -> None:
        assert _SIGALRM is not None
        set_signal_handler(_SIGALRM, handler)
