"""The item that runs, and the run of which it is one."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

import pytest

from fasttest.engine.strand import inherited

if TYPE_CHECKING:
    from fasttest.host.item_run import ItemRun
    from fasttest.host.run import Run

# A context variable: tasks and worker threads which an item starts run in copies of its
# context, and so belong to it.
current_run: ContextVar[ItemRun | None] = ContextVar("fasttest_run", default=None)

# The run of a session, from its beginning on.
run_of_session: pytest.StashKey[Run] = pytest.StashKey()


def running() -> ItemRun | None:
    """The item to which the running code belongs, also where its context is empty."""
    return inherited(current_run)
