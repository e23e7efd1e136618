"""A failing set-up fails all who need it; a failing teardown, its last test."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

_FAILURES = {
    "module_set_up_fails": Feature(
        """
        import asyncio, pytest
        from journal import note

        @pytest.fixture(scope="module")
        async def broken():
            note("module", "tried")
            await asyncio.sleep(0.005)
            raise RuntimeError("no server")

        @pytest.fixture(scope="module")
        def upon(broken): ...

        async def test_a(broken): ...
        def test_b(broken): ...
        class TestC:
            async def test_c(self, upon): ...
        async def test_without(): ...
        """,
        sees="error passed",
    ),
    "session_set_up_fails": Feature(
        {
            "conftest.py": """
                import pytest
                from journal import note

                @pytest.fixture(scope="session")
                async def broken():
                    note("session", "tried")
                    yield 1 / 0
                """,
            "test_broken_a.py": "async def test_a(broken): ...",
            "test_broken_b.py": "async def test_b(broken): ...",
        },
        sees="error",
    ),
    "class_set_up_skips": Feature(
        """
        import pytest

        @pytest.fixture(scope="class")
        async def absent():
            pytest.skip("nothing here")

        class TestA:
            async def test_1(self, absent): ...
            async def test_2(self, absent): ...

        async def test_3(absent): ...
        """,
        sees="skipped",
    ),
    "set_up_undone": Feature(
        """
        import pytest
        from journal import note

        @pytest.fixture
        async def first(request):
            note(request.node.name, "first up")
            yield
            note(request.node.name, "first down")

        @pytest.fixture
        async def second(first):
            raise OSError("second")

        async def test_it(second): ...
        """,
        sees="error",
    ),
    "tear_down_fails": Feature(
        """
        import asyncio, pytest
        from journal import note

        @pytest.fixture
        async def outer(request):
            yield
            note(request.node.name, "outer down")

        @pytest.fixture
        async def inner(outer, request):
            yield
            await asyncio.sleep(0.002)
            raise ValueError(request.node.name)

        @pytest.mark.parametrize("n", range(3))
        async def test_each_has_its_error(inner, n):
            await asyncio.sleep(0.002)

        async def test_fails_twice(inner):
            assert not "body"
        """,
        sees="passed error failed",
    ),
    "many_tear_downs_fail": Feature(
        """
        import pytest

        @pytest.fixture
        def a():
            yield
            raise ValueError("a")

        @pytest.fixture
        async def b(a):
            yield
            raise KeyError("b")

        async def test_both(b): ...
        """,
        sees="passed error",
    ),
    "module_tear_down_fails": Feature(
        """
        import asyncio, pytest

        @pytest.fixture(scope="module")
        async def fragile():
            yield
            raise ValueError("late")

        async def test_slow(fragile):
            await asyncio.sleep(0.02)

        async def test_last_to_use_it(fragile): ...

        async def test_last_of_the_module(): ...
        """,
        sees="passed error",
    ),
    "class_tear_down_fails": Feature(
        """
        import asyncio, pytest

        @pytest.fixture(scope="class")
        async def fragile():
            yield
            raise ValueError("late")

        class TestA:
            async def test_slow(self, fragile):
                await asyncio.sleep(0.02)
            async def test_quick(self, fragile): ...

        async def test_after(): ...
        """,
        sees="passed error",
    ),
    "end_of_a_parameters_group": Feature(
        """
        import asyncio, pytest
        from journal import note

        @pytest.fixture(scope="module", params=["a", "b", "c"])
        def fragile(request):
            note("fragile", f"{request.param} up")
            yield request.param
            note("fragile", f"{request.param} down")
            if request.param != "b":
                raise ValueError(request.param)

        async def test_one(fragile): await asyncio.sleep(0.005)
        async def test_other(fragile): ...
        async def test_without(): await asyncio.sleep(0.005)
        """,
        sees="passed error",
    ),
    "end_after_a_second_run": Feature(
        """
        import asyncio, pytest

        @pytest.fixture(scope="module", params=[1, 2])
        async def fragile(request):
            yield request.param
            raise ValueError(request.param)

        @pytest.mark.xfail(strict=True)
        async def test_passes_after_all(fragile): await asyncio.sleep(0.005)

        async def test_beside(fragile): await asyncio.sleep(0.01)
        async def test_without(): await asyncio.sleep(0.02)
        """,
        sees="passed xfailed failed error",
    ),
    "end_of_a_marks_parameter": Feature(
        """
        import asyncio, pytest

        @pytest.fixture(scope="module")
        async def fragile(request):
            yield request.param
            raise ValueError(request.param)

        @pytest.mark.parametrize("fragile", [1, 2], indirect=True, scope="module")
        class TestEach:
            async def test_one(self, fragile): await asyncio.sleep(0.005)
            async def test_other(self, fragile): ...
        """,
        sees="passed error",
    ),
}

_TABLE = Table("failing-lives", _FAILURES, "asyncio_mode = auto")


@pytest.mark.parametrize("row", rows(_TABLE))
def test_failing_lives_agree(runs: Runs, row: Row) -> None:
    """Each error is reported for the tests for which pytest reports it."""
    runs.check(row)
