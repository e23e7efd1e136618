"""What a test leaves on its loop is ended with the loop."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import IN_ORDER, Feature, Table, apart

_LEFT = {
    "task_is_cancelled": Feature(
        """
        import asyncio
        from journal import note

        async def forever():
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                note("task", "cancelled")
                await asyncio.sleep(0)
                note("task", "ended")
                raise

        async def test_leaves_a_task():
            asyncio.ensure_future(forever())
            await asyncio.sleep(0)

        async def test_sees_none_of_it():
            assert len(asyncio.all_tasks()) == 1
        """
    ),
    "task_that_failed": Feature(
        """
        import asyncio

        async def fails():
            raise RuntimeError("in the background")

        async def test_does_not_notice():
            asyncio.ensure_future(fails())
            await asyncio.sleep(0.002)
        """
    ),
    "only_own_tasks": Feature(
        """
        import asyncio, gate, pytest

        @pytest.mark.parametrize("n", range(20))
        async def test_sees_itself_alone(n):
            await gate.arrive("own tasks")
            assert asyncio.all_tasks() == {asyncio.current_task()}
        """
    ),
    "task_that_never_waits": Feature(
        """
        import asyncio, pytest

        async def poll():
            while True:
                await asyncio.sleep(0)

        @pytest.mark.asyncio(loop_scope="module")
        async def test_leaves_it_on_a_wide_loop():
            asyncio.ensure_future(poll())

        async def test_waits_beside_it():
            await asyncio.sleep(0.005)

        def test_sync(): ...

        @pytest.mark.asyncio(loop_scope="module")
        async def test_comes_last():
            await asyncio.sleep(0.005)
        """
    ),
    "async_generator_is_closed": Feature(
        """
        import asyncio
        from journal import note

        async def numbers():
            try:
                yield 1
                yield 2
            finally:
                await asyncio.sleep(0)
                note("generator", "closed")

        left = []

        async def test_leaves_it_open():
            left.append(numbers())
            assert await left[0].__anext__() == 1
        """
    ),
    "executor_is_shut_down": Feature(
        """
        import asyncio, time
        from journal import note

        def work():
            time.sleep(0.02)
            note("thread", "done")

        async def test_leaves_a_thread():
            asyncio.get_running_loop().run_in_executor(None, work)
        """
    ),
    "closes_its_loop": Feature(
        """
        import asyncio

        loops = []

        async def test_keeps_the_loop():
            loops.append(asyncio.get_running_loop())

        def test_it_was_closed():
            assert loops[0].is_closed()
        """
    ),
    "closed_by_a_test": Feature(
        """
        import asyncio, pytest

        @pytest.fixture(scope="module")
        async def wide():
            return asyncio.get_running_loop()

        def test_closes_a_wide_one(wide):
            wide.close()

        @pytest.mark.asyncio(loop_scope="module")
        async def test_comes_too_late(): ...
        """,
        sees="passed failed",
    ),
    "generator_that_cannot_close": Feature(
        """
        left = []

        async def numbers():
            try:
                yield 1
            finally:
                raise RuntimeError("from the generator")

        async def test_leaves_it():
            left.append(numbers())
            await left[0].__anext__()
        """
    ),
    "exception_handler": Feature(
        """
        import asyncio, pytest

        @pytest.mark.parametrize("n", range(5))
        async def test_has_its_own(n):
            loop = asyncio.get_running_loop()
            assert loop.get_exception_handler() is None
            seen = []
            loop.set_exception_handler(lambda loop, context: seen.append(context))
            loop.call_soon(lambda: 1 / 0)
            await asyncio.sleep(0.005)
            assert len(seen) == 1
        """
    ),
    "subprocess": Feature(
        """
        import asyncio, pytest, sys

        @pytest.mark.parametrize("n", range(3))
        async def test_reads_its_output(n):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", f"print({n})", stdout=asyncio.subprocess.PIPE)
            out, _ = await process.communicate()
            assert out == b"%d\\n" % n
        """
    ),
}

_ANY_ORDER, _ORDERED = apart(_LEFT, "closed_by_a_test")
_TABLES = (
    Table("left-over", _ANY_ORDER, "asyncio_mode = auto"),
    Table("left-over-in-order", _ORDERED, "asyncio_mode = auto", settings=IN_ORDER),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_left_over_work_agrees(runs: Runs, row: Row) -> None:
    """Tasks, generators and threads end with their loop; no other test sees them."""
    runs.check(row)
