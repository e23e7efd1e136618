"""blockbuster, which fails a test that blocks its event loop."""

from __future__ import annotations

import pytest

from .._agreement import Row, Runs, rows
from .._table import IN_ORDER, Feature, Table

_AUTO = "asyncio_mode = auto\nasyncio_default_fixture_loop_scope = function"

_EACH_ITS_OWN = {
    "checked": Feature(
        """
        import asyncio, os, pytest, threading, time
        from blockbuster import BlockBuster, BlockingError, blockbuster_ctx
        from gate import arrive

        @pytest.fixture
        def checked():
            with blockbuster_ctx() as checks:
                yield checks

        @pytest.fixture
        def unchecked(checked):
            checked.deactivate()
            yield
            checked.activate()

        @pytest.mark.parametrize("n", range(8))
        async def test_checked(checked, n):
            await arrive("checked", 20)
            for _ in range(3):
                await asyncio.sleep(0.001 * n)
                with pytest.raises(BlockingError):
                    time.sleep(0.001)
                with pytest.raises(BlockingError):
                    os.getcwd()

        @pytest.mark.parametrize("n", range(6))
        async def test_unchecked(unchecked, n):
            await arrive("checked", 20)
            for _ in range(3):
                await asyncio.sleep(0.001 * n)
                time.sleep(0.001)

        @pytest.mark.parametrize("n", range(6))
        async def test_without(n):
            await arrive("checked", 20)
            for _ in range(3):
                await asyncio.sleep(0.001 * n)
                time.sleep(0.001)
                os.getcwd()

        async def test_allowed(checked):
            checked.functions["time.sleep"].can_block_in("test_checked.py", "waits")
            def waits():
                time.sleep(0.001)
            await asyncio.sleep(0.01)
            waits()
            await asyncio.to_thread(time.sleep, 0.001)

        async def test_twice(checked):
            with blockbuster_ctx():
                await asyncio.sleep(0.005)
                with pytest.raises(BlockingError):
                    time.sleep(0.001)
            with pytest.raises(BlockingError):
                time.sleep(0.001)

        async def app():
            await asyncio.sleep(0.01)
            with pytest.raises(BlockingError):
                time.sleep(0.001)

        async def test_loop_in_a_thread(checked):
            failed = []
            def run():
                try:
                    asyncio.run(app())
                except BaseException as error:
                    failed.append(error)
            thread = threading.Thread(target=run)
            thread.start()
            while thread.is_alive():
                await asyncio.sleep(0.001)
            assert not failed

        async def test_one_function(monkeypatch):
            checks = BlockBuster()
            checks.functions["os.getcwd"].activate()
            await asyncio.sleep(0.01)
            time.sleep(0.001)
            with pytest.raises(BlockingError):
                os.getcwd()
            checks.functions["os.getcwd"].deactivate()
            os.getcwd()

        async def test_blocks(checked):
            await asyncio.sleep(0.005)
            time.sleep(0.001)

        def test_sync(checked):
            time.sleep(0.001)

        async def test_afterwards():
            await asyncio.sleep(0.02)
            assert time.sleep.__module__ == "time" or time.sleep.__name__ == "sleep"
            time.sleep(0.001)
        """,
        sees="passed failed",
    ),
    "autouse": Feature(
        """
        import asyncio, pytest, threading, time

        @pytest.fixture(autouse=True)
        def checked():
            from blockbuster import blockbuster_ctx
            with blockbuster_ctx():
                yield

        @pytest.mark.parametrize("n", range(10))
        async def test_blocks(n):
            await asyncio.sleep(0.002 * n)
            if n % 3 == 0:
                time.sleep(0.001)

        async def test_threads(tmp_path):
            await asyncio.to_thread((tmp_path / "a").write_text, "a")
            thread = threading.Thread(target=time.sleep, args=(0.001,))
            await asyncio.to_thread(thread.start)

        async def test_process():
            process = await asyncio.create_subprocess_shell("exit 3")
            assert await process.wait() == 3

        def test_runs_a_loop():
            asyncio.run(asyncio.sleep(0.001))
        """,
        sees="passed failed",
    ),
}

_COMMON = {
    "wide": Feature(
        """
        import asyncio, os, pytest, time
        from blockbuster import BlockBuster, BlockingError, blockbuster_ctx

        @pytest.fixture(scope="module", autouse=True)
        def checked_by_all():
            with blockbuster_ctx() as checks:
                yield checks

        @pytest.fixture
        def checked_twice():
            with blockbuster_ctx():
                yield

        @pytest.mark.parametrize("n", range(10))
        async def test_blocks(n, monkeypatch, tmp_path, capsys):
            monkeypatch.setenv("N", str(n))
            print(n)
            await asyncio.sleep(0.001 * n)
            assert os.environ["N"] == str(n)
            assert capsys.readouterr().out == f"{n}\\n"
            if n % 3 == 0:
                time.sleep(0.001)

        @pytest.mark.parametrize("n", range(5))
        async def test_unchecked(n, checked_by_all):
            checked_by_all.functions["time.sleep"].deactivate()
            await asyncio.sleep(0.001 * n)
            time.sleep(0.001)
            checked_by_all.functions["time.sleep"].activate()
            await asyncio.sleep(0.001 * n)
            with pytest.raises(BlockingError):
                time.sleep(0.001)

        @pytest.mark.parametrize("n", range(5))
        async def test_twice(n, checked_twice):
            await asyncio.sleep(0.001 * n)
            with pytest.raises(BlockingError):
                time.sleep(0.001)

        async def test_after_that():
            await asyncio.sleep(0.01)
            with pytest.raises(BlockingError):
                time.sleep(0.001)
        """,
        sees="passed failed",
    ),
}

_LEFT = {
    "left": Feature(
        """
        import asyncio, pytest, time
        from blockbuster import BlockBuster, BlockingError

        CHECKS = BlockBuster()

        def test_activates():
            CHECKS.activate()

        async def test_is_checked():
            with pytest.raises(BlockingError):
                time.sleep(0.001)

        def test_deactivates():
            CHECKS.deactivate()

        async def test_is_not():
            time.sleep(0.001)
        """
    ),
}

_TABLES = (
    Table("blocking-left", _LEFT, _AUTO, plugins=("blockbuster",), settings=IN_ORDER),
    Table("blocking-own", _EACH_ITS_OWN, _AUTO, plugins=("blockbuster",)),
    Table("blocking-common", _COMMON, _AUTO, plugins=("blockbuster",)),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_blocking_checks_agree(runs: Runs, row: Row) -> None:
    """A test meets the checks that it has asked for, and no other's."""
    runs.check(row)
