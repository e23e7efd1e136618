"""How event loops are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class LoopOptions(NamedTuple):
    """How an event loop of a test or a fixture is made."""

    factory: Callable[[], asyncio.AbstractEventLoop] | None
    debug: bool | None
    policy: Any
    puts_back: bool
