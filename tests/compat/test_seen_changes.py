"""What a test changes is seen by whoever works for it, as under pytest.

Most of these fail, or pass, only because somebody else's code saw the change: a thread,
a worker that another test started, a task in an empty context, the loop itself.
"""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import RESCUED, Feature, Table

_HEADER = """
import asyncio, contextvars, logging, pytest, threading, time, warnings
from unittest import mock

class Settings:
    mode = "plain"

def look_later():
    time.sleep(0.01)
    return Settings.mode

@pytest.mark.parametrize("n", range(5))
async def test_beside(n):
    for _ in range(5):
        await asyncio.sleep(0.004)
        assert Settings.mode == "plain"
"""


def _seen(source: str, sees: str = "passed failed") -> Feature:
    return Feature(_HEADER + source, sees)


_THREADS = {
    "patch": _seen(
        """
def in_thread(function, *args):
    return getattr(asyncio, "to_" + "thread")(function, *args)

async def test_sees():
    with mock.patch.object(Settings, "mode", "mine"):
        assert await in_thread(look_later) == "mine"

async def test_does_not_see():
    with mock.patch.object(Settings, "mode", "mine"):
        assert await in_thread(look_later) == "plain"

@pytest.mark.filterwarnings("error")
async def test_warns():
    await in_thread(warnings.warn, "an error")
"""
    ),
    "named": _seen(
        """
async def test_sees(monkeypatch):
    monkeypatch.setattr(Settings, "mode", "mine")
    assert await asyncio.to_thread(look_later) == "mine"

async def test_does_not_see(monkeypatch):
    monkeypatch.setattr(Settings, "mode", "mine")
    assert await asyncio.to_thread(look_later) == "plain"
"""
    ),
    "logs": _seen(
        """
def log():
    logging.getLogger("sample.thread").error("from a thread")

@pytest.mark.parametrize("count", [0, 1])
async def test_executor(caplog, count):
    await asyncio.get_running_loop().run_in_executor(None, log)
    assert len(caplog.records) == count

@pytest.mark.parametrize("count", [0, 1])
async def test_thread(caplog, count):
    thread = threading.Thread(target=log)
    thread.start()
    while thread.is_alive():
        await asyncio.sleep(0.001)
    assert len(caplog.records) == count

async def test_reports():
    await asyncio.get_running_loop().run_in_executor(None, log)
    thread = threading.Thread(target=print, args=("from a thread",))
    thread.start()
    thread.join()
    assert False
"""
    ),
}

_LOOP = {
    "errors_of_callbacks": _seen(
        """
@pytest.mark.parametrize("count", [0, 1])
async def test_logs(caplog, count):
    asyncio.get_running_loop().call_soon(lambda: 1 / 0)
    await asyncio.sleep(0.01)
    assert len(caplog.records) == count
"""
    ),
    "worker_of_another_test": _seen(
        """
queue = worker = None

async def serve():
    while True:
        future = await queue.get()
        future.set_result(Settings.mode)

async def ask():
    global queue, worker
    if worker is None:
        queue = asyncio.Queue()
        worker = asyncio.create_task(serve())
    future = asyncio.get_running_loop().create_future()
    queue.put_nowait(future)
    return await future

async def test_starts_it():
    assert await ask() == "plain"

@pytest.mark.parametrize("seen", ["plain", "mine"])
async def test_asks_it(seen):
    await asyncio.sleep(0.01)
    with mock.patch.object(Settings, "mode", "mine"):
        assert await ask() == seen
"""
    ),
    "empty_context": _seen(
        """
async def look():
    await asyncio.sleep(0.001)
    return Settings.mode

@pytest.mark.parametrize("seen", ["plain", "mine"])
async def test_asks_it(seen):
    with mock.patch.object(Settings, "mode", "mine"):
        task = contextvars.Context().run(asyncio.ensure_future, look())
        assert await task == seen
"""
    ),
    "from_a_thread": _seen(
        """
async def look():
    await asyncio.sleep(0.001)
    return Settings.mode

@pytest.mark.parametrize("seen", ["plain", "mine"])
async def test_asks_it(seen):
    loop = asyncio.get_running_loop()
    found = []

    def bridge():
        found.append(asyncio.run_coroutine_threadsafe(look(), loop).result())

    with mock.patch.object(Settings, "mode", "mine"):
        await getattr(loop, "run_in_" + "executor")(None, bridge)
    assert found == [seen]
"""
    ),
}

_OWN = "asyncio_mode = auto"
_SHARED = f"{_OWN}\nasyncio_default_test_loop_scope = session"

# Where it cannot be told beforehand, the second run tells.
_TABLES = (
    Table("seen_in_threads", _THREADS, _OWN),
    Table("seen_in_threads_on_one_loop", _THREADS, _SHARED, settings=RESCUED),
    Table("seen_on_one_loop", _LOOP, _SHARED, settings=RESCUED),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_seen_changes_agree(runs: Runs, row: Row) -> None:
    """Neither does a test fail for it nor, worse, pass."""
    runs.check(row)
