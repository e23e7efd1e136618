"""Context variables pass from fixtures to tests as under pytest-asyncio."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

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

_TABLE = Table("contexts", _CONTEXTS, "asyncio_mode = auto")


@pytest.mark.parametrize("row", rows(_TABLE))
def test_contexts_agree(runs: Runs, row: Row) -> None:
    """A variable is seen by whom it is seen under pytest, and by nobody else."""
    runs.check(row)
