"""Tests and fixtures run on the loops that pytest-asyncio gives them."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import IN_ORDER, Feature, Table, apart
from ._versions import UNHANDLED, installed

_LOOPS = """
    import asyncio, pytest, pytest_asyncio

    @pytest_asyncio.fixture(scope="{scope}", loop_scope="{scope}")
    async def wide():
        return asyncio.get_running_loop()

    @pytest_asyncio.fixture(loop_scope="function")
    async def narrow():
        return asyncio.get_running_loop()

    @pytest.mark.asyncio(loop_scope="{scope}")
    class TestWide:
        async def test_shares(self, wide):
            await asyncio.sleep(0.005)
            assert asyncio.get_running_loop() is wide

        async def test_shares_again(self, wide):
            assert asyncio.get_running_loop() is wide
            assert not wide.is_closed()

    @pytest.mark.asyncio
    async def test_own_loop(wide, narrow):
        await asyncio.sleep(0.005)
        assert asyncio.get_running_loop() is narrow
        assert asyncio.get_running_loop() is not wide

    @pytest.mark.asyncio(loop_scope="{scope}")
    @pytest.mark.parametrize("n", range(3))
    async def test_by_mark(wide, n):
        await asyncio.sleep(0.005)
        assert asyncio.get_running_loop() is wide

    def test_sync_between(wide):
        assert not wide.is_running()
"""

_SCOPES = {
    f"{scope}_loop": Feature(_LOOPS.format(scope=scope))
    for scope in ("module", "package", "session")
} | {
    "class_loop": Feature(
        """
        import asyncio, pytest, pytest_asyncio

        @pytest.mark.asyncio(loop_scope="class")
        class TestShared:
            @pytest_asyncio.fixture(scope="class", loop_scope="class")
            async def loop(self):
                return asyncio.get_running_loop()

            async def test_a(self, loop):
                assert asyncio.get_running_loop() is loop

            async def test_b(self, loop):
                assert asyncio.get_running_loop() is loop

        @pytest_asyncio.fixture(loop_scope="class")
        async def loop():
            return asyncio.get_running_loop()

        @pytest.mark.asyncio(loop_scope="class")
        async def test_outside_a_class(loop):
            assert asyncio.get_running_loop() is loop
        """
    ),
    "by_pytestmark": Feature(
        """
        import asyncio, pytest, pytest_asyncio

        pytestmark = pytest.mark.asyncio(loop_scope="module")

        @pytest_asyncio.fixture(loop_scope="module", scope="module")
        async def queue():
            return asyncio.Queue()

        @pytest.mark.parametrize("n", range(4))
        async def test_queue_is_of_this_loop(queue, n):
            getter = asyncio.ensure_future(queue.get())
            await asyncio.sleep(0)
            await queue.put(n)
            await asyncio.wait_for(getter, 5)

        @pytest.mark.asyncio
        async def test_closest_mark_wins(queue):
            with pytest.raises(RuntimeError, match="different event loop"):
                await queue.get()
        """
    ),
    "by_folder": Feature(
        {
            "conftest.py": """
                import asyncio, pytest, pytest_asyncio

                @pytest_asyncio.fixture(scope="session", loop_scope="session")
                async def shared_loop():
                    return asyncio.get_running_loop()
                """,
            "test_folder_a.py": """
                import asyncio, pytest
                pytestmark = pytest.mark.asyncio(loop_scope="session")
                async def test_a(shared_loop):
                    assert asyncio.get_running_loop() is shared_loop
                """,
            "test_folder_b.py": """
                import asyncio, pytest
                pytestmark = pytest.mark.asyncio(loop_scope="session")
                async def test_b(shared_loop):
                    await asyncio.sleep(0.005)
                    assert asyncio.get_running_loop() is shared_loop
                """,
        }
    ),
    "session_server": Feature(
        """
        import asyncio, pytest, pytest_asyncio

        @pytest_asyncio.fixture(scope="session", loop_scope="session")
        async def port():
            async def echo(reader, writer):
                writer.write(await reader.readline())
                await writer.drain()
                writer.close()
            server = await asyncio.start_server(echo, "127.0.0.1", 0)
            async with server:
                yield server.sockets[0].getsockname()[1]

        @pytest.mark.asyncio(loop_scope="session")
        @pytest.mark.parametrize("n", range(20))
        async def test_echo(port, n):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"%d\\n" % n)
            assert await reader.readline() == b"%d\\n" % n
            writer.close()
            await writer.wait_closed()
        """
    ),
    "objects_of_another_loop": Feature(
        """
        import asyncio, pytest, pytest_asyncio

        @pytest_asyncio.fixture(scope="module", loop_scope="module")
        async def foreign_loop():
            return asyncio.get_running_loop()

        @pytest.mark.asyncio
        async def test_awaits_a_foreign_future(foreign_loop):
            await foreign_loop.create_future()
        """,
        sees="failed",
    ),
    "narrow_loop_for_wide_fixture": Feature(
        """
        import pytest, pytest_asyncio

        @pytest_asyncio.fixture(scope="module", loop_scope="function")
        async def impossible(): ...

        @pytest.mark.asyncio
        async def test_it(impossible): ...
        """,
        sees="error",
    ),
    "current_loop": Feature(
        """
        import asyncio, pytest, pytest_asyncio

        @pytest_asyncio.fixture(loop_scope="module")
        def sync_on_a_loop():
            loop = asyncio.get_event_loop()
            yield loop
            assert asyncio.get_event_loop() is loop

        def test_loop_is_current(sync_on_a_loop):
            assert not sync_on_a_loop.is_running()
            assert sync_on_a_loop.run_until_complete(asyncio.sleep(0, "x")) == "x"

        @pytest.mark.asyncio
        async def test_running():
            assert asyncio.get_event_loop() is asyncio.get_running_loop()

        def test_none_after_it():
            with pytest.raises(RuntimeError, match="no current event loop"):
                asyncio.get_event_loop()
        """,
        "passed" if installed("pytest-asyncio>=1.4") else "passed failed",
    ),
    "wrong_marks_scope": Feature(
        """
        import pytest

        @pytest.mark.asyncio(loop_scope="bogus")
        async def test_it(): ...

        async def test_other(): ...
        """,
        "error" if installed("pytest-asyncio>=1.4") else f"error {UNHANDLED}",
    ),
    "wrong_marks_arguments": Feature(
        """
        import pytest

        @pytest.mark.asyncio("module")
        async def test_it(): ...
        """,
        sees="error",
    ),
    "old_scope_argument": Feature(
        """
        import asyncio, pytest

        seen = set()

        @pytest.mark.asyncio(scope="module")
        @pytest.mark.parametrize("n", range(2))
        async def test_it(n):
            seen.add(asyncio.get_running_loop())
            assert len(seen) == 1
        """
    ),
}

_DEFAULTS = {
    "default_of_tests": Feature(
        """
        import asyncio, pytest

        loops = set()

        @pytest.mark.parametrize("n", range(5))
        async def test_one_loop_for_all(n):
            loops.add(asyncio.get_running_loop())
            await asyncio.sleep(0.005)
            assert len(loops) == 1

        @pytest.mark.asyncio(loop_scope="function")
        async def test_but_this():
            assert asyncio.get_running_loop() not in loops

        @pytest.fixture
        async def loop():
            return asyncio.get_running_loop()

        async def test_fixture_shares_it(loop):
            assert asyncio.get_running_loop() is loop
        """
    ),
    "default_with_sync": Feature(
        """
        import asyncio, pytest

        @pytest.fixture(scope="module")
        async def loop():
            return asyncio.get_running_loop()

        def test_sync(loop):
            assert not loop.is_running()

        async def test_async(loop):
            assert asyncio.get_running_loop() is loop

        def test_sync_after(loop):
            assert not loop.is_closed()
        """
    ),
}

_ONE_SCOPE = """
    asyncio_mode = auto
    asyncio_default_test_loop_scope = {0}
    asyncio_default_fixture_loop_scope = {0}
"""

# One looks for what the test before has left, the other shares a queue with it.
_ANY_ORDER, _ORDERED = apart(_SCOPES, "current_loop", "by_pytestmark")

_TABLES = (
    Table("loops", _ANY_ORDER, steps=(("--continue-on-collection-errors",),)),
    Table("loops-in-order", _ORDERED, settings=IN_ORDER),
    Table("loops-module", _DEFAULTS, _ONE_SCOPE.format("module")),
    Table("loops-session", _DEFAULTS, _ONE_SCOPE.format("session")),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_loop_scopes_agree(runs: Runs, row: Row) -> None:
    """Who shares a loop with whom is seen by the tests themselves."""
    runs.check(row)
