"""Comparisons are left out where the plugins are not installed."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .._agreement import Row

# Plugins by the name by which pytest knows them, and libraries that are none.
_INSTALLED = {
    *(plugin.name for plugin in importlib.metadata.entry_points(group="pytest11")),
    *(each.metadata["Name"] for each in importlib.metadata.distributions()),
}


@pytest.fixture(autouse=True)
def plugins(row: Row) -> None:
    """Skip the rows whose plugins are missing: the group ``plugins`` installs them."""
    missing = [name for name in row.table.plugins if name not in _INSTALLED]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
