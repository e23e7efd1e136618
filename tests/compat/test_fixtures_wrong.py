"""Mistakes in fixtures are reported in the words of pytest."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

_WRONG = {
    "missing": Feature(
        """
        async def test_asks_for_nothing_known(nowhere):
            pass

        def test_too(nowhere):
            pass
        """,
        sees="error",
    ),
    "cycle": Feature(
        """
        import pytest

        @pytest.fixture
        def a(b): ...

        @pytest.fixture
        def b(a): ...

        async def test_cycle(a):
            pass
        """,
        sees="error",
    ),
    "scope_mismatch": Feature(
        """
        import pytest

        @pytest.fixture
        def narrow(): ...

        @pytest.fixture(scope="module")
        async def wide(narrow): ...

        async def test_mismatch(wide):
            pass

        async def test_fine(narrow):
            pass
        """,
        sees="error passed",
    ),
    "second_yield": Feature(
        """
        import pytest

        @pytest.fixture
        def sync_twice():
            yield 1
            yield 2

        @pytest.fixture
        async def async_twice():
            yield 1
            yield 2

        def test_sync(sync_twice): ...

        async def test_async(async_twice): ...
        """,
        sees="passed error",
    ),
    "no_yield": Feature(
        """
        import pytest

        @pytest.fixture
        def sync_none():
            if False:
                yield

        @pytest.fixture
        async def async_none():
            if False:
                yield

        def test_sync(sync_none): ...

        async def test_async(async_none): ...
        """,
        sees="error",
    ),
    "called_directly": Feature(
        """
        import pytest

        @pytest.fixture
        async def value():
            return 1

        async def test_calls_it():
            value()
        """,
        sees="failed",
    ),
    "bad_scope": Feature(
        """
        import pytest

        @pytest.fixture(scope="galaxy")
        async def value():
            return 1

        async def test_it(value): ...
        """,
        sees="error",
    ),
}

_TABLE = Table(
    "fixtures-wrong",
    _WRONG,
    "asyncio_mode = auto",
    (("--continue-on-collection-errors",),),
)


@pytest.mark.parametrize("row", rows(_TABLE))
def test_wrong_fixtures_agree(runs: Runs, row: Row) -> None:
    """A wrong fixture is an error of its tests, and of no other."""
    runs.check(row)
