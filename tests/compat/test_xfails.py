"""Expected failures count as under pytest."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

_XFAILS = {
    "xfail": Feature(
        """
        import asyncio, pytest

        @pytest.mark.xfail
        async def test_fails():
            await asyncio.sleep(0.002)
            assert False

        @pytest.mark.xfail(reason="passes after all")
        async def test_passes(): ...

        @pytest.mark.xfail(False, reason="not here")
        async def test_condition(): ...

        @pytest.mark.xfail("True", reason="by text")
        async def test_text(): assert False

        @pytest.mark.xfail
        class TestAll:
            async def test_method(self): assert False
            def test_sync(self): assert False
        """,
        sees="xfailed xpassed passed",
    ),
    "xfail_strict": Feature(
        """
        import pytest

        @pytest.mark.xfail(strict=True, reason="must fail")
        async def test_passes(): ...

        @pytest.mark.xfail(strict=True)
        async def test_fails(): assert False

        @pytest.mark.xfail(strict=True)
        def test_sync_passes(): ...
        """,
        sees="failed xfailed",
    ),
    "xfail_raises": Feature(
        """
        import pytest

        @pytest.mark.xfail(raises=ValueError)
        async def test_as_told(): raise ValueError

        @pytest.mark.xfail(raises=(KeyError, IndexError))
        async def test_one_of(): raise IndexError

        @pytest.mark.xfail(raises=ValueError)
        async def test_another(): raise TypeError("not a ValueError")
        """,
        sees="xfailed failed",
    ),
    "xfail_not_run": Feature(
        """
        import pytest
        from journal import note

        @pytest.fixture
        async def prepared():
            note("prepared", "up")

        @pytest.mark.xfail(run=False, reason="would hang")
        async def test_not_run(prepared):
            note("test", "ran")
        """,
        sees="xfailed",
    ),
    "xfail_inside": Feature(
        """
        import asyncio, pytest

        async def test_gives_up():
            await asyncio.sleep(0.002)
            pytest.xfail("known")

        @pytest.fixture
        async def known():
            pytest.xfail("known in a fixture")

        async def test_fixture(known): ...

        @pytest.fixture
        def marking(request):
            request.applymarker(pytest.mark.xfail(reason="marked by a fixture"))

        async def test_marked_by_fixture(marking): assert False

        async def test_marks_itself(request):
            request.node.add_marker(pytest.mark.xfail(reason="marked by itself"))
            assert False
        """,
        sees="xfailed",
    ),
    "xfail_fixture": Feature(
        """
        import pytest

        @pytest.fixture
        async def broken(): raise OSError

        @pytest.fixture
        async def fragile():
            yield
            raise OSError("late")

        @pytest.mark.xfail
        async def test_set_up(broken): ...

        @pytest.mark.xfail
        async def test_tear_down(fragile): assert False
        """,
        sees="xfailed",
    ),
    "xfail_parameter": Feature(
        """
        import pytest

        @pytest.mark.parametrize("n", [
            1, pytest.param(2, marks=pytest.mark.xfail(reason="two")),
            pytest.param(3, marks=pytest.mark.xfail(reason="three", strict=True)),
        ])
        async def test_n(n):
            assert n in (1, 3)
        """,
        sees="passed xfailed failed",
    ),
}

_STRICT_BY_INI = {
    "ini": Feature(
        """
        import pytest

        @pytest.mark.xfail
        async def test_passes(): ...

        @pytest.mark.xfail(strict=False)
        async def test_lenient(): ...
        """,
        sees="failed xpassed",
    )
}

_IGNORED = {
    "ignored": Feature(
        """
        import pytest

        @pytest.mark.xfail(strict=True)
        async def test_passes(): ...

        @pytest.mark.xfail(run=False)
        async def test_fails(): assert False

        async def test_inside(): pytest.xfail("goes on")
        """,
        sees="passed failed",
    )
}

_TABLES = (
    Table("xfails", _XFAILS, "asyncio_mode = auto"),
    Table("xfails-strict", _STRICT_BY_INI, "asyncio_mode = auto\nxfail_strict = true"),
    Table("xfails-ignored", _IGNORED, "asyncio_mode = auto", (("--runxfail",),)),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_xfails_agree(runs: Runs, row: Row) -> None:
    """Strictness, kinds of error and conditions decide as under pytest."""
    runs.check(row)
