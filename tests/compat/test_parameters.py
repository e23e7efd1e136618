"""Parameters make the same tests, with the same ids, as under pytest."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

_PARAMETERS = {
    "parameters": Feature(
        """
        import asyncio, pytest

        @pytest.mark.parametrize("a", [1, 2.5, "x", None, True, b"y", (1, 2), int])
        async def test_ids(a): ...

        @pytest.mark.parametrize("a", [1, 2])
        @pytest.mark.parametrize("b", "xy")
        async def test_product(a, b):
            await asyncio.sleep(0.001)

        @pytest.mark.parametrize("a, b", [(1, 2), pytest.param(3, 4, id="named")])
        async def test_pairs(a, b): assert a < b

        @pytest.mark.parametrize("a", [])
        async def test_empty(a): ...

        @pytest.mark.parametrize("a", ["same", "same"])
        async def test_duplicates(a): ...

        @pytest.mark.parametrize("a", [1, 2], ids=["one", None])
        async def test_some_ids(a): ...

        @pytest.mark.parametrize("a", [1, 2])
        class TestClass:
            async def test_first(self, a): ...
            async def test_second(self, a): ...
        """,
        sees="passed skipped",
    ),
    "parameters_by_scope": Feature(
        """
        import asyncio, pytest
        from journal import note

        @pytest.mark.parametrize("n", [1, 2], scope="module")
        class TestGrouped:
            async def test_first(self, n): note("module", f"parameter {n}")
            async def test_second(self, n): note("module", f"parameter {n}")
        """
    ),
    "generated": Feature(
        """
        import pytest

        def pytest_generate_tests(metafunc):
            if "made" in metafunc.fixturenames:
                metafunc.parametrize("made", ["a", "b"])

        async def test_generated(made):
            assert made in "ab"

        class TestGenerated:
            def pytest_generate_tests(self, metafunc):
                metafunc.parametrize("own", [1])
            async def test_own(self, own): assert own == 1
        """
    ),
    "wrong_parameter": Feature(
        """
        import pytest

        @pytest.mark.parametrize("absent", [1])
        async def test_it(): ...
        """,
        sees="error",
    ),
    "wrong_length": Feature(
        """
        import pytest

        @pytest.mark.parametrize("a, b", [(1, 2, 3)])
        async def test_it(a, b): ...
        """,
        sees="error",
    ),
    "unknown_mark": Feature(
        """
        import pytest

        @pytest.mark.never_registered
        async def test_it(): ...
        """
    ),
}

_TABLE = Table(
    "parameters",
    _PARAMETERS,
    "asyncio_mode = auto",
    (("--continue-on-collection-errors",),),
)


@pytest.mark.parametrize("row", rows(_TABLE))
def test_parameters_agree(runs: Runs, row: Row) -> None:
    """Each set of parameters is a test of its own."""
    runs.check(row)
