"""Skips count, and give their reasons, as under pytest."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import RESCUED, Feature, Table

_SKIPS = {
    "skip": Feature(
        """
        import pytest

        @pytest.mark.skip
        async def test_bare(): assert False

        @pytest.mark.skip(reason="later")
        def test_sync(): assert False

        @pytest.mark.skip("positional")
        class TestSkipped:
            async def test_method(self): assert False

        two = pytest.param(2, marks=pytest.mark.skip("two"))

        @pytest.mark.parametrize("n", [1, two])
        async def test_one_parameter(n):
            assert n == 1
        """,
        sees="passed skipped",
    ),
    "skipif": Feature(
        """
        import sys, pytest

        @pytest.mark.skipif(True, reason="always")
        async def test_true(): assert False

        @pytest.mark.skipif(False, reason="never")
        async def test_false(): ...

        @pytest.mark.skipif("sys.version_info > (3,)", reason="by text")
        async def test_text(): assert False

        @pytest.mark.skipif(True)
        async def test_without_reason(): ...

        @pytest.mark.skipif("1 +", reason="syntax")
        async def test_bad_text(): ...
        """,
        sees="passed skipped error",
    ),
    "skip_inside": Feature(
        """
        import asyncio, pytest, unittest

        async def test_in_async():
            await asyncio.sleep(0.002)
            pytest.skip("seen enough")

        def test_in_sync():
            pytest.skip("seen enough")

        @pytest.fixture
        async def skipping():
            pytest.skip("from a fixture")

        async def test_in_fixture(skipping): ...

        @pytest.fixture
        async def late():
            yield
            pytest.skip("from a teardown")

        async def test_in_teardown(late): ...

        async def test_unittest_way():
            raise unittest.SkipTest("old way")

        async def test_importorskip():
            pytest.importorskip("no_such_module_at_all")
        """,
        sees="skipped passed",
    ),
    "skip_module": Feature(
        """
        import pytest
        pytest.skip("whole module", allow_module_level=True)

        async def test_never(): assert False
        """,
        sees="skipped",
    ),
    "skip_module_by_mark": Feature(
        """
        import pytest
        pytestmark = [pytest.mark.skip("all of them")]

        async def test_never(): assert False
        """,
        sees="skipped",
    ),
}

_IN_COMPANY = Feature(
    """
    import asyncio, pytest

    busy = []

    @pytest.mark.parametrize("n", range(3))
    async def test_skips_if_busy(n):
        if busy:
            pytest.skip("others are at it")
        busy.append(n)
        await asyncio.sleep(0.01)
        busy.remove(n)

    @pytest.fixture
    def lonely():
        if busy:
            pytest.xfail("others are at it")

    @pytest.mark.parametrize("n", range(3))
    async def test_expects_to_be_alone(lonely, n):
        busy.append(n)
        await asyncio.sleep(0.01)
        busy.remove(n)

    @pytest.mark.xfail(strict=True)
    @pytest.mark.parametrize("n", range(3))
    async def test_has_to_fail(n):
        assert not busy
        busy.append(n)
        await asyncio.sleep(0.01)
        busy.remove(n)
    """,
    sees="passed failed",
)

_TABLES = (
    Table("skips", _SKIPS, "asyncio_mode = auto"),
    Table(
        "skips-in-company",
        {"in_company": _IN_COMPANY},
        "asyncio_mode = auto",
        settings=RESCUED,
    ),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_skips_agree(runs: Runs, row: Row) -> None:
    """A test is skipped for the reason that pytest reports."""
    runs.check(row)
