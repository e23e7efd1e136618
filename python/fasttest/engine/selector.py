"""The selector whose ``select`` leaves the strand for the hub instead of blocking."""

from __future__ import annotations

import selectors
import threading
from typing import TYPE_CHECKING, Any, cast

from fasttest.engine import private
from fasttest.engine.late_timers import TOLERANCE, are_sockets, postpone
from fasttest.engine.reentry import must_block
from fasttest.engine.strand import running_strand

if TYPE_CHECKING:
    from fasttest.engine.hub import Hub
    from fasttest.engine.interleaving import Interleaving
    from fasttest.engine.strand import Strand

# Rounds of a shared loop that never waits before others have their turn.
_TURN = 100

_PlatformSelector = selectors.DefaultSelector


class HubSelector(_PlatformSelector):
    """The platform's selector; where it would block, the strand goes to the hub.

    Outside a running hub's strand it is nothing but the platform's selector, and so
    it is where the platform's has no descriptor to wait for (Windows).

    Attributes:
        trusted: Set for loops which the engine opened itself: they only ever wait
            where a strand may be left, so the check for the places where that is not
            so can be spared.
    """

    trusted = False
    # The hub that knows this selector's descriptor; none before the first wait.
    _hub: Hub | None = None
    # How often in a row its loop had no need to wait.
    _busy = 0

    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for events, as ``selectors.BaseSelector.select`` says.

        It may return early and with nothing if the hub was told to wake the loop.
        """
        strand = running_strand()
        if timeout is not None and timeout <= 0:
            if strand is not None:
                if strand.background:
                    self._let_others_go_on(strand)
                if strand.hub.interleaving is not None:
                    self._leave_by_chance(strand, strand.hub.interleaving)
            return super().select(timeout)
        self._busy = 0
        if (
            strand is None
            or not CAN_SWITCH
            or not strand.hub.may_wait(strand)
            or not (self.trusted or not must_block())
        ):
            return super().select(timeout)
        ready = super().select(0)
        if ready:
            return ready
        self._hub = strand.hub
        loop = private.loop_of(self)
        strand.callbacks = None if loop is None else private.callbacks_of(loop)
        self._is_late(strand, strand.hub.wait_for(self.fileno(), timeout))
        return super().select(0)

    def _let_others_go_on(self, strand: Strand) -> None:
        # A task that polls with ``sleep(0)``, left on a shared loop, never waits. All
        # others would have to wait for its end, which may be that of the loop.
        self._busy += 1
        if self._busy >= _TURN and strand.hub.may_wait(strand):
            self._busy = 0
            strand.hub.give_way()

    def _leave_by_chance(self, strand: Strand, chance: Interleaving) -> None:
        # Only where a loop looks for events: its tasks have suspended.
        if (
            private.loop_of(self) is not None
            and chance.leaves()
            and strand.hub.may_wait(strand)
            and (self.trusted or not must_block())
        ):
            self._is_late(strand, strand.hub.give_way())

    def _is_late(self, strand: Strand, seconds: float) -> None:
        # On a loop of several tests, one may well have been late by itself.
        if (
            seconds > TOLERANCE
            and not strand.background
            and (loop := private.loop_of(self)) is not None
            and not strand.hub.is_served(strand)
            and are_sockets(key.fd for key in self.get_map().values())
        ):
            postpone(loop, seconds)

    def close(self) -> None:
        """Close the selector; a strand that waits with it is woken and sees that."""
        if self._hub is not None:
            self._hub.forget(self.fileno())
            self._hub = None
        super().close()


CAN_SWITCH = hasattr(_PlatformSelector, "fileno")

_lock = threading.Lock()
_hubs = 0


def install() -> None:
    """Have every selector made by default be a ``HubSelector``; counts its calls."""
    global _hubs
    with _lock:
        _hubs += 1
        # The class is a name that asyncio and others look up when they need one.
        cast("Any", selectors).DefaultSelector = HubSelector


def uninstall() -> None:
    """Undo one ``install``."""
    global _hubs
    with _lock:
        _hubs -= 1
        if not _hubs and selectors.DefaultSelector is HubSelector:
            cast("Any", selectors).DefaultSelector = _PlatformSelector
