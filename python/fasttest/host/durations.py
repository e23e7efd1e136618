"""How long tests took in earlier runs, so that the longest waits can start first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

_KEY = "fasttest/waits"

# Shorter waits are not worth remembering: they end while others start. In seconds.
_WORTH = 0.1


class Durations:
    """Remembers, in pytest's cache, the tests that waited long.

    Args:
        config: Whose cache it is; without one nothing is remembered.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._cache: Any = getattr(config, "cache", None)
        stored = self._cache.get(_KEY, {}) if self._cache is not None else {}
        # Whatever the file holds: anybody, and any version, may have written it.
        known = stored if isinstance(stored, dict) else {}
        self._known = {k: v for k, v in known.items() if isinstance(v, float)}
        self._seen: dict[str, float] = {}
        self._ran: list[pytest.Item] = []

    def expected(self, item: pytest.Item) -> float:
        """Seconds the item is expected to wait; 0 if nothing is known."""
        return self._known.get(item.nodeid, 0.0) if self._known else 0.0

    def known(self, item: pytest.Item) -> float | None:
        """What was noted of the item in an earlier run; None if nothing was."""
        return self._known.get(item.nodeid)

    def note(self, item: pytest.Item, seconds: float) -> None:
        """Take note of how long an item waited, or ran with nothing beside it."""
        self._ran.append(item)
        if seconds >= _WORTH:
            self._seen[item.nodeid] = round(seconds, 2)

    def save(self) -> None:
        """Write to the cache what was learned; tests that did not run are kept."""
        if self._cache is None:
            return
        kept = dict(self._known)
        if kept:
            for item in self._ran:
                kept.pop(item.nodeid, None)
        waits = dict(sorted({**kept, **self._seen}.items()))
        if waits != self._known:
            self._cache.set(_KEY, waits)
