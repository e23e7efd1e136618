"""What goes wrong in anyio's tests is reported as under its plugin."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

_HEAD = """
    import anyio, asyncio, logging, pytest, sys, warnings
    from journal import note

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def anyio_backend(): return "asyncio"
"""


def _of(body: str, sees: str = "failed") -> Feature:
    return Feature(_HEAD + body, sees)


_RED = {
    "test_fails": _of(
        """
    @pytest.mark.parametrize("n", range(6))
    async def test_it(n):
        await anyio.sleep(0.001)
        assert n % 2 == 0, n

    async def test_raises(): raise LookupError("of the test")
    async def test_pytest_fail(): pytest.fail("by pytest")
        """,
        "passed failed",
    ),
    "outcomes": _of(
        """
    async def test_skips():
        await anyio.sleep(0)
        pytest.skip("inside")

    @pytest.mark.skip("by mark")
    async def test_skipped(): ...

    @pytest.mark.xfail(raises=ValueError)
    async def test_xfails(): raise ValueError

    @pytest.mark.xfail(strict=True)
    async def test_strict(): ...

    async def test_xfail_inside(): pytest.xfail("inside")
    async def test_imports(): pytest.importorskip("no_such_module_at_all")
        """,
        "skipped xfailed failed",
    ),
    "fixture_fails": _of(
        """
    @pytest.fixture
    async def broken():
        await anyio.sleep(0)
        raise OSError("set-up")

    @pytest.fixture
    async def broken_later():
        yield
        raise OSError("teardown")

    @pytest.fixture
    async def skips(): pytest.skip("in the fixture")

    async def test_set_up(broken): ...
    async def test_teardown(broken_later): ...
    async def test_both(broken_later): assert False
    async def test_skipped(skips): ...
        """,
        "passed failed error skipped",
    ),
    "yields_twice": _of(
        """
    @pytest.fixture
    async def twice():
        yield 1
        yield 2

    async def test_it(twice): ...
        """,
        "passed error",
    ),
    "groups": _of(
        """
    async def fail(n): raise ValueError(n)

    async def test_task_group():
        async with anyio.create_task_group() as group:
            group.start_soon(fail, 1)
            group.start_soon(fail, 2)

    @pytest.fixture
    async def group():
        async with anyio.create_task_group() as group:
            yield group

    async def test_in_the_fixtures_group(group):
        group.start_soon(fail, 3)
        await anyio.sleep(0.01)
        """,
        "failed error",
    ),
    "callbacks": _of(
        """
    def fail(n): raise ValueError(n)

    async def test_one():
        asyncio.get_running_loop().call_soon(fail, 1)
        await anyio.sleep(0.001)

    async def test_two():
        asyncio.get_running_loop().call_soon(fail, 1)
        asyncio.get_running_loop().call_soon(fail, 2)
        await anyio.sleep(0.001)

    async def test_none(): await anyio.sleep(0.002)

    @pytest.fixture
    async def later():
        yield
        asyncio.get_running_loop().call_soon(fail, 3)
        await anyio.sleep(0.001)

    async def test_in_the_teardown(later): ...
        """,
        "passed failed error",
    ),
    "left_over": _of(
        """
    async def forever(name):
        try:
            await asyncio.sleep(60)
        finally:
            note(name, "cancelled")

    kept = set()

    @pytest.mark.parametrize("n", range(3))
    async def test_task(n):
        kept.add(asyncio.create_task(forever(f"task{n}")))
        await anyio.sleep(0.001)

    async def test_never_retrieved():
        async def fail(): raise ValueError
        kept.add(asyncio.create_task(fail()))
        await anyio.sleep(0.001)

    async def test_generator():
        async def numbers():
            try:
                yield 1
            finally:
                note("generator", "closed")
        kept.add(numbers := numbers())
        await numbers.__anext__()

    async def test_only_its_own():
        await anyio.sleep(0.001)
        assert len(asyncio.all_tasks()) == 2
        """,
        "passed",
    ),
    "output": _of(
        """
    @pytest.fixture
    async def talks(request):
        print("set-up of", request.node.name)
        yield
        print("teardown of", request.node.name)

    async def talk(n):
        await anyio.sleep(0.001)
        print("task of", n)
        logging.getLogger().warning("logged by %s", n)

    @pytest.mark.parametrize("n", range(6))
    async def test_it(n, talks):
        print("test", n)
        async with anyio.create_task_group() as group:
            group.start_soon(talk, n)
        await anyio.to_thread.run_sync(print, f"thread of {n}")
        warnings.warn(UserWarning(f"warned by {n}"))
        assert n % 3
        """,
        "passed failed",
    ),
    "cancelled": _of(
        """
    async def test_by_itself(): asyncio.current_task().cancel(); await anyio.sleep(1)
    async def test_after(): await anyio.sleep(0.001)
    async def test_timeout():
        with anyio.fail_after(0.001):
            await anyio.sleep(5)
        """,
        "passed failed",
    ),
    "returns": _of("    async def test_it(): return 1\n", "passed"),
}

_EXIT = """
    async def test_a(): ...
    async def test_b():
        async with anyio.create_task_group() as group:
            pytest.exit("enough", 3)
    async def test_c(): ...
"""

_TABLES = (
    Table("anyio-red", _RED),
    Table("anyio-exit", {"exit": _of(_EXIT, "")}),
    Table("anyio-exitfirst", {"fails": _RED["test_fails"]}, steps=(("-x",),)),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_red_agrees(runs: Runs, row: Row) -> None:
    """The same tests are red, for the same reason, and with the same output."""
    runs.check(row)
