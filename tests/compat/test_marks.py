"""Skips, expected failures and parameters count as under pytest."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

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

        @pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.skip("two"))])
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
            async def test_first(self, n): note("module", f"first {n}")
            async def test_second(self, n): note("module", f"second {n}")
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

_AUTO = "asyncio_mode = auto"
_TABLES = (
    Table("skips", _SKIPS, _AUTO),
    Table("xfails", _XFAILS, _AUTO),
    Table("xfails-strict-by-ini", _STRICT_BY_INI, f"{_AUTO}\nxfail_strict = true"),
    Table("xfails-ignored", _IGNORED, _AUTO, (("--runxfail",),)),
    Table("parameters", _PARAMETERS, _AUTO, (("--continue-on-collection-errors",),)),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_marks_agree(runs: Runs, row: Row) -> None:
    """A mark has the outcome and the reason that pytest reports."""
    runs.check(row)
