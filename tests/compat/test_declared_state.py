"""State that is declared to be each test's own: a library's, a plugin's, the project's.

Twenty tests at a time stand in the middle of what they do with it.
"""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

# A library with "the current one" of something, and with one thread for all that is not
# to be done by several.
_LIBRARY = """
import threading
from concurrent.futures import ThreadPoolExecutor

current = None

class Worker:
    single = ThreadPoolExecutor(1, thread_name_prefix="single")

def enter(name):
    global current
    before, current = current, name
    return before

def hold(began, go_on):
    began.set()
    assert go_on.wait(30)
    return threading.get_ident()
"""

_HEADER = """
import asyncio, contextvars, gate, pytest, threading
from {library} import library
"""


def _uses(library: str, test: str) -> Feature:
    header = _HEADER.format(library=library)
    return Feature({"library.py": _LIBRARY, f"test_{library}.py": header + test})


_BY_ASSIGNMENT = """
@pytest.mark.parametrize("n", range(20))
async def test_sees_its_own(n):
    assert library.enter(n) is None
    await gate.arrive("current")
    assert library.current == n
    await asyncio.sleep(0)
    assert library.enter(None) == n

async def test_sees_nobody():
    await asyncio.sleep(0.005)
    assert library.current is None

@pytest.fixture(scope="module")
async def entered():
    library.enter("for all")
    await asyncio.sleep(0.001)
    yield
    library.enter(None)

class TestWider:
    @pytest.mark.parametrize("n", range(5))
    async def test_sees_what_a_wider_fixture_did(self, entered, n):
        await asyncio.sleep(0.002)
        assert library.current == "for all"
"""

_WORKER = """
class Work:
    def __init__(self):
        self.began, self.go_on = threading.Event(), threading.Event()

    async def is_held(self):
        loop, single = asyncio.get_running_loop(), library.Worker.single
        self.result = loop.run_in_executor(single, library.hold, self.began, self.go_on)
        while not self.began.is_set():
            await asyncio.sleep(0.001)

    async def ends(self):
        self.go_on.set()
        return await self.result

@pytest.mark.parametrize("n", range(20))
async def test_waits_for_nobody(n):
    work = Work()
    await work.is_held()
    await gate.arrive("worker")
    mine = await work.ends()
    single = library.Worker.single
    loop = asyncio.get_running_loop()
    # The same thread does all of it, whoever submits it.
    assert await loop.run_in_executor(single, threading.get_ident) == mine
    again = single.submit(library.Worker.single.submit, threading.get_ident)
    assert (await asyncio.wrap_future(again)).result() == mine
    task = contextvars.Context().run(asyncio.ensure_future, _submitted(single))
    assert await task == mine
    name = await loop.run_in_executor(single, lambda: threading.current_thread().name)
    assert name == "single_0"

async def _submitted(single):
    return await asyncio.wrap_future(single.submit(threading.get_ident))
"""

_WORKER_OF_ALL = """
@pytest.fixture(scope="module")
def thread():
    return library.Worker.single.submit(threading.get_ident).result()

@pytest.mark.parametrize("n", range(5))
async def test_is_the_fixtures(thread, n):
    await asyncio.sleep(0.002)
    loop = asyncio.get_running_loop()
    single = library.Worker.single
    assert await loop.run_in_executor(single, threading.get_ident) == thread
    # Whoever has it waits for others as with any executor.
    event = threading.Event()
    assert await loop.run_in_executor(single, library.hold, event, event) == thread
"""

_AUTO = "asyncio_mode = auto"

_TABLES = (
    Table(
        "declared_by_conftest",
        {
            "state": _uses("state", _BY_ASSIGNMENT),
            "worker": _uses("worker", _WORKER),
            "common": _uses("common", _WORKER_OF_ALL),
        },
        _AUTO,
        conftest="""
        fasttest_own = [
            "state.library:current",
            "worker.library:Worker.single",
            "common.library:Worker.single",
        ]
        """,
    ),
    Table(
        "declared_by_project",
        {
            "state": _uses("state", _BY_ASSIGNMENT),
            "worker": _uses("worker", _WORKER),
        },
        _AUTO,
        pyproject="""
        [tool.fasttest]
        own = ["state.library:current", "worker.library:Worker.single"]
        """,
    ),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_declared_state_agrees(runs: Runs, row: Row) -> None:
    """Each test has its own, and what a wider fixture did is there for all."""
    runs.check(row)
