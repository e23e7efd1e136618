"""The session's runs, which the comparisons share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ._agreement import Row, Runs

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def runs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runs]:
    """Keep every run of the session, so that each is made once."""
    parameters = (getattr(item, "callspec", None) for item in request.session.items)
    rows = (each.params.get("row") for each in parameters if each is not None)
    tables = [row.table for row in rows if isinstance(row, Row)]
    runs = Runs(tmp_path_factory.mktemp("runs"), tables)
    yield runs
    runs.close()
