"""Each intended difference from pytest-asyncio that its page in the docs lists.

A test sees what pytest-asyncio does and then what fasttest does; the former is there so
that a row goes when there is no difference any more.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from ._versions import needing

if TYPE_CHECKING:
    from pathlib import Path

_INI = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
"""

_TOGETHER = """
    import asyncio, pytest

    @pytest.mark.asyncio(loop_scope="module")
    @pytest.mark.parametrize("n", range(3))
    async def test_others(n):
        for _ in range(3):
            await asyncio.sleep(0.01)
            print(f"tasks: {len(asyncio.all_tasks())}")
"""

_SERVER = """
    import asyncio, pytest, pytest_asyncio

    @pytest_asyncio.fixture(scope="module", loop_scope="module")
    async def port():
        async def answer(reader, writer):
            writer.write(b"hello")
            writer.close()
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            yield server.sockets[0].getsockname()[1]

    async def test_on_a_loop_of_its_own(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            assert await asyncio.wait_for(reader.read(5), 0.5) == b"hello"
            print("the server answers")
        except asyncio.TimeoutError:  # another before Python 3.11
            print("the server stands still")
        finally:
            writer.close()
"""

_LEFT_TASK = """
    import asyncio, pytest

    ticks = []

    async def tick():
        while True:
            await asyncio.sleep(0.001)
            ticks.append(1)

    @pytest.mark.asyncio(loop_scope="module")
    async def test_leaves_a_task():
        asyncio.ensure_future(tick())

    async def test_meanwhile():
        before = len(ticks)
        await asyncio.sleep(0.05)
        print("the task goes on" if len(ticks) > before else "the task stands still")

    @pytest.mark.asyncio(loop_scope="module")
    async def test_last(): ...
"""

_FACTORIES = """
    import asyncio, pytest

    loops = []

    class LoopA(asyncio.SelectorEventLoop): ...
    class LoopB(asyncio.SelectorEventLoop): ...

    @pytest.mark.asyncio(loop_scope="module")
    async def test_it():
        loops.append(asyncio.get_running_loop())
        for _ in range(5):
            await asyncio.sleep(0.01)
        print(f"open: {sum(not loop.is_closed() for loop in loops)}")
"""

_FACTORIES_HOOK = """
    def pytest_asyncio_loop_factories(config, item):
        module = item.module
        return {"a": module.LoopA, "b": module.LoopB}
"""

_PRIVATE = """
    import pytest_asyncio.plugin

    def test_replaced(monkeypatch, unused_tcp_port_factory):
        monkeypatch.setattr(pytest_asyncio.plugin, "_unused_port", lambda kind: 1)
        print("replaced" if unused_tcp_port_factory() == 1 else "not replaced")
"""

_NAMES = """
    async def test_names(request):
        print("names:", "_function_scoped_runner" in request.fixturenames)
"""


@pytest.mark.parametrize(
    ("source", "upstream", "ours"),
    [
        pytest.param(_TOGETHER, "tasks: 1", "tasks: 3", id="tests of a wide loop"),
        pytest.param(
            _SERVER, "the server stands still", "the server answers", id="wide loops"
        ),
        pytest.param(
            _LEFT_TASK, "the task stands still", "the task goes on", id="left tasks"
        ),
        pytest.param(
            _FACTORIES,
            "open: 1",
            "open: 2",
            id="factories",
            marks=needing("pytest-asyncio>=1.4"),
        ),
        pytest.param(_PRIVATE, "replaced", "not replaced", id="private names"),
        pytest.param(_NAMES, "names: True", "names: False", id="internal fixtures"),
    ],
)
def test_what_differs(tmp_path: Path, source: str, upstream: str, ours: str) -> None:
    """The tests pass either way; what they see is what the table says."""
    (tmp_path / "pytest.ini").write_text(_INI)
    (tmp_path / "test_it.py").write_text(textwrap.dedent(source))
    if source is _FACTORIES:
        (tmp_path / "conftest.py").write_text(textwrap.dedent(_FACTORIES_HOOK))
    theirs, mine = _lines(tmp_path, "pytest"), _lines(tmp_path, "fasttest")
    assert upstream in theirs
    assert ours not in theirs
    assert ours in mine


def _lines(folder: Path, runner: str) -> list[str]:
    """What the tests of a folder print; they must all pass."""
    env = {name: text for name, text in os.environ.items() if "PYTEST" not in name}
    run = subprocess.run(
        [sys.executable, "-m", runner, "-rP", "-p", "no:cacheprovider"],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    return run.stdout.splitlines()
