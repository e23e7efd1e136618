"""The item that runs."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from fasttest.engine.strand import inherited

if TYPE_CHECKING:
    from fasttest.host.item_run import ItemRun

# A context variable: tasks and worker threads which an item starts run in copies of its
# context, and so belong to it.
current_run: ContextVar[ItemRun | None] = ContextVar("fasttest_run", default=None)


def running() -> ItemRun | None:
    """The item to which the running code belongs, also where its context is empty."""
    return inherited(current_run)
