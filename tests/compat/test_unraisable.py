"""Errors in finalizers and threads make the test red in which they happen."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

_BROKEN = """
    import asyncio, gate, pytest, pytest_asyncio, threading

    class Broken:
        def __del__(self):
            raise ValueError("in __del__")

    def fails():
        raise ValueError("in a thread")
"""

_ERRORS = {
    "finalizer_in_the_call": """
    async def test_before(): ...

    async def test_red():
        await asyncio.sleep(0.002)
        Broken()
        await asyncio.sleep(0.002)

    async def test_after(): await asyncio.sleep(0.005)
    """,
    "finalizer_beside_others": """
    @pytest.mark.parametrize("n", range(20))
    async def test_one_is_red(n):
        await gate.arrive("finalizers")
        if n == 7:
            Broken()
        await asyncio.sleep(0.002)
    """,
    "finalizer_in_a_fixture": """
    @pytest.fixture
    async def set_up():
        await asyncio.sleep(0.002)
        Broken()

    @pytest.fixture
    async def teardown():
        yield
        await asyncio.sleep(0.002)
        Broken()

    async def test_before(): await asyncio.sleep(0.005)
    async def test_in_its_set_up(set_up): ...
    async def test_in_its_teardown(teardown): ...
    async def test_after(): await asyncio.sleep(0.005)
    """,
    "finalizer_in_a_wide_fixture": """
    @pytest_asyncio.fixture(scope="module", loop_scope="module")
    async def wide():
        yield
        Broken()

    async def test_first(wide): await asyncio.sleep(0.005)
    async def test_last(wide): ...
    """,
}

_THREADS = """
    async def test_before(): await asyncio.sleep(0.005)

    async def test_red():
        thread = threading.Thread(target=fails, name="of test_red")
        thread.start()
        while thread.is_alive():
            await asyncio.sleep(0.001)

    def test_sync_and_red():
        thread = threading.Thread(target=fails, name="of test_sync_and_red")
        thread.start()
        thread.join()

    @pytest.mark.parametrize("n", range(20))
    async def test_one_of_many_is_red(n):
        await gate.arrive("threads")
        thread = threading.Thread(target=fails if n == 7 else str, name="of one")
        thread.start()
        while thread.is_alive():
            await asyncio.sleep(0.001)

    async def test_red_by_a_threads_thread():
        def start():
            inner = threading.Thread(target=fails, name="inner")
            inner.start()
            inner.join()

        await asyncio.to_thread(start)
        thread = threading.Thread(target=start)
        thread.start()
        while thread.is_alive():
            await asyncio.sleep(0.001)

    @pytest.fixture
    async def started():
        thread = threading.Thread(target=fails, name="of a fixture")
        thread.start()
        while thread.is_alive():
            await asyncio.sleep(0.001)

    async def test_of_its_set_up(started): ...

    async def test_after(): await asyncio.sleep(0.005)
"""

_FEATURES = {
    name: Feature(
        _BROKEN + source, "passed error" if "fixture" in name else "passed failed"
    )
    for name, source in _ERRORS.items()
}
_WARNED = {name: Feature(_BROKEN + source) for name, source in _ERRORS.items()}
_THREAD = {"thread": Feature(_BROKEN + _THREADS, "passed failed error")}

_STRICT = (("-W", "error"),)
_INI = """
    asyncio_mode = auto
    asyncio_default_fixture_loop_scope = function
"""
_TABLES = (
    Table("unraisable-as-errors", _FEATURES, _INI, steps=_STRICT),
    Table("unraisable-as-warnings", _WARNED, _INI),
    Table("threads-as-errors", _THREAD, _INI, _STRICT),
    Table("threads-as-warnings", {"thread": Feature(_BROKEN + _THREADS)}, _INI),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_unraisable_errors_agree(runs: Runs, row: Row) -> None:
    """No other test gets red, and none gets green by being run again."""
    runs.check(row)
