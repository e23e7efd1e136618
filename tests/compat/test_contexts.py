"""Context variables pass from fixtures to tests as under pytest-asyncio."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import DEFAULT, SERIAL, Feature, Table

_CONTEXTS = {
    "set_by_async_fixture": Feature(
        """
        import contextvars, pytest
        var = contextvars.ContextVar("var", default="unset")

        @pytest.fixture
        async def prepared():
            token = var.set("fixture")
            yield
            var.reset(token)

        async def test_async_sees_it(prepared):
            assert var.get() == "fixture"

        def test_sync_sees_it(prepared):
            assert var.get() == "fixture"

        async def test_gone_after():
            assert var.get() == "unset"
        """
    ),
    "set_by_async_return_fixture": Feature(
        """
        import contextvars, pytest
        var = contextvars.ContextVar("var", default="unset")

        @pytest.fixture
        async def prepared():
            var.set("fixture")

        @pytest.fixture
        async def deeper(prepared):
            assert var.get() == "fixture"
            var.set("deeper")
            yield
            assert var.get() == "deeper"

        async def test_sees_the_last(deeper):
            assert var.get() == "deeper"

        async def test_gone_after():
            assert var.get() == "unset"
        """
    ),
    "set_by_module_fixture": Feature(
        """
        import asyncio, contextvars, pytest
        var = contextvars.ContextVar("var", default="unset")

        @pytest.fixture(scope="module")
        async def prepared():
            var.set("module")
            yield
            assert var.get() == "module"

        async def test_a(prepared):
            await asyncio.sleep(0.005)
            assert var.get() == "module"

        async def test_b(prepared):
            assert var.get() == "module"
        """
    ),
    "set_by_tests": Feature(
        """
        import asyncio, contextvars, pytest
        var = contextvars.ContextVar("var", default="unset")

        @pytest.fixture
        async def around():
            yield
            assert var.get() == "unset"

        @pytest.mark.parametrize("n", range(20))
        async def test_own_copy(around, n):
            assert var.get() == "unset"
            var.set(n)
            await asyncio.sleep(0.005)
            assert var.get() == n
        """
    ),
    "set_by_sync_code": Feature(
        """
        import contextvars, pytest
        var = contextvars.ContextVar("var", default="unset")

        @pytest.fixture
        def prepared():
            var.set("sync fixture")

        async def test_async_sees_it(prepared):
            assert var.get() == "sync fixture"
        """
    ),
    "left_by_sync_tests": Feature(
        """
        import asyncio, contextvars, pytest
        var = contextvars.ContextVar("var", default="unset")

        async def test_begins():
            await asyncio.sleep(0.005)
            assert var.get() == "unset"
            var.set("an async test's")

        def test_sets_it():
            assert var.get() == "unset"
            var.set("first")

        async def test_async_sees_it():
            await asyncio.sleep(0.005)
            assert var.get() == "first"

        @pytest.fixture
        def undone():
            token = var.set("undone")
            yield
            var.reset(token)

        @pytest.fixture
        async def undone_by_itself():
            var.set("async fixture")

        def test_under_fixtures(undone, undone_by_itself):
            assert var.get() == "async fixture"

        def test_sets_it_again():
            assert var.get() == "first"
            var.set("second")

        class TestMethods:
            def setup_method(self):
                var.set(f"{var.get()}, set up")

            def test_method(self):
                assert var.get() == "second, set up"

            async def test_async_method(self):
                assert var.get() == "second, set up, set up"
        """
    ),
    "set_by_xunit": Feature(
        """
        import contextvars
        var = contextvars.ContextVar("var", default="unset")

        def setup_module():
            var.set("module")

        def test_sync():
            assert var.get() == "module"

        async def test_async():
            assert var.get() == "module"
        """
    ),
    "structured": Feature(
        """
        import asyncio, contextlib, pytest

        @contextlib.asynccontextmanager
        async def entered(log):
            log.append("in")
            yield
            log.append("out")

        @pytest.fixture
        async def stack():
            log = []
            async with contextlib.AsyncExitStack() as stack:
                await stack.enter_async_context(entered(log))
                yield log
            assert log == ["in", "out"]

        async def test_inside(stack):
            assert stack == ["in"]
        """
    ),
}

# What comes later in order is not seen, not even by a test that is run a second time.
_SECOND_RUN = {
    "later_tests": Feature(
        """
        import asyncio, contextvars, pytest
        var = contextvars.ContextVar("var", default="unset")
        inside = []

        @pytest.mark.parametrize("n", range(20))
        async def test_sees_nothing(n):
            assert var.get() == "unset"
            inside.append(n)
            try:
                await asyncio.sleep(0.005)
                assert inside == [n]
            finally:
                inside.remove(n)

        def test_sets_it():
            assert var.get() == "unset"
            var.set("later")

        async def test_sees_it():
            assert var.get() == "later"
        """
    ),
}

_TABLES = (
    Table("contexts", _CONTEXTS, "asyncio_mode = auto"),
    Table(
        "contexts-again",
        _SECOND_RUN,
        "asyncio_mode = auto",
        settings=(SERIAL, DEFAULT),
    ),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_contexts_agree(runs: Runs, row: Row) -> None:
    """A variable is seen by whom it is seen under pytest, and by nobody else."""
    runs.check(row)
