"""The session's runs, which the comparisons share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ._agreement import Runs

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """Keep every run of the session, so that each is made once."""
    runs = Runs(tmp_path_factory.mktemp("runs"))
    yield runs
    runs.close()
