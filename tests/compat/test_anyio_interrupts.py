"""KeyboardInterrupt in a test of anyio's or in its fixtures ends the run as ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ._agreement import RUNNER, Row, Runs, rows
from ._invocation import start
from ._table import PYTEST, SETTINGS, Feature, Setting, Table

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = """
import anyio, asyncio, pytest
from journal import note

pytestmark = pytest.mark.anyio

@pytest.fixture(scope="module")
def anyio_backend(): return "asyncio"

@pytest.fixture
def plain(request):
    note(request.node.name, "plain set up")
    yield
    note(request.node.name, "plain torn down")

@pytest.fixture
async def around(request):
    await anyio.sleep(0)
    yield
    await anyio.sleep(0)
    note(request.node.name, "torn down")

def test_before(): ...
"""
_TAIL = """
async def test_after(): await anyio.sleep(0.3)
"""

_SOURCES = {
    "test": """
async def test_it(plain): raise KeyboardInterrupt
""",
    "waiting_test": """
async def test_it(plain):
    await anyio.sleep(0.001)
    raise KeyboardInterrupt
""",
    "task": """
async def interrupt(): raise KeyboardInterrupt

async def test_it(plain):
    async with anyio.create_task_group() as group:
        group.start_soon(interrupt)
        await anyio.sleep(1)
""",
    "callback": """
def interrupt(): raise KeyboardInterrupt

async def test_it(plain, around):
    asyncio.get_running_loop().call_soon(interrupt)
    await anyio.sleep(0.001)
""",
    "set_up": """
@pytest.fixture
async def interrupts(plain):
    await anyio.sleep(0)
    raise KeyboardInterrupt
    yield

async def test_it(interrupts): ...
""",
    "module_fixture": """
@pytest.fixture(scope="module")
async def interrupts(anyio_backend):
    await anyio.sleep(0)
    raise KeyboardInterrupt

async def test_it(interrupts): ...
""",
    "teardown": """
@pytest.fixture
async def interrupts():
    yield
    await anyio.sleep(0)
    raise KeyboardInterrupt

async def test_it(interrupts): ...
""",
    "teardown_of_a_module_fixture": """
@pytest.fixture(scope="module")
async def interrupts(anyio_backend):
    yield
    await anyio.sleep(0)
    raise KeyboardInterrupt

async def test_it(interrupts, around): ...
""",
}

_TABLES = tuple(
    Table(
        f"anyio-interrupt-{name}",
        {
            name: Feature(
                _HEAD + source + _TAIL, "passed failed" if "task" in name else "passed"
            )
        },
    )
    for name, source in _SOURCES.items()
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_interrupts_of_anyio_agree(runs: Runs, row: Row) -> None:
    """The run ends with it, with pytest's exit code and after the same teardowns."""
    runs.check(row)


_BESIDE_A_FIXTURE = """
async def test_it(around):
    await anyio.sleep(0.001)
    raise KeyboardInterrupt
"""


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_interrupt_beside_a_fixture(tmp_path: Path, setting: Setting) -> None:
    """The run ends in order where pytest and anyio end with a traceback.

    The test's exception leaves anyio's runner a second time when the fixture is torn
    down, which pytest does at the end of the session, outside of any test.
    """
    source = _HEAD + _BESIDE_A_FIXTURE + _TAIL
    table = Table("anyio-interrupt-beside", {"it": Feature(source)})
    theirs = start("pytest", table, tmp_path / "theirs", PYTEST)
    assert (theirs.exit_code, theirs.counts) == (-2, {})
    ours = start(RUNNER, table, tmp_path / "ours", setting)
    assert (ours.exit_code, ours.counts) == (2, {"passed": 1})
    assert "test_it.py:" in ours.text.partition("! KeyboardInterrupt !")[2]
