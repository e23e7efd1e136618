"""Comparisons are left out where the plugins are not installed."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .._agreement import Row

_INSTALLED = {
    entry_point.name
    for entry_point in importlib.metadata.entry_points(group="pytest11")
}


@pytest.fixture(autouse=True)
def plugins(row: Row) -> None:
    """Skip the rows whose plugins are missing: the group ``plugins`` installs them."""
    missing = [
        name
        for name in row.table.plugins
        if name not in _INSTALLED and importlib.util.find_spec(name) is None
    ]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
