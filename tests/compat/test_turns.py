"""Tests that take one port, or write one file: in turns, as the code says which.

Without a second chance: who met another at the port would be red.
"""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

_HEADER = """
import asyncio, gate, os, pytest, socket

# Constants once the module is there, and free.
with socket.socket() as found:
    found.bind(("127.0.0.1", 0))
    PORT = found.getsockname()[1]
HERE = os.path.dirname(os.path.abspath(__file__))

async def serve():
    async def answer(reader, writer):
        writer.write(await reader.readline())
        writer.close()
    return await asyncio.start_server(answer, "127.0.0.1", PORT)

async def ask(line):
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    writer.write(line)
    answer = await reader.read()
    writer.close()
    return answer
"""

_TWENTY = '@pytest.mark.parametrize("n", range(20))'

_TABLE = Table(
    "turns",
    {
        "ports": Feature(
            f"""{_HEADER}
@pytest.fixture
async def served():
    server = await serve()
    yield
    server.close()
    await server.wait_closed()

@pytest.mark.parametrize("n", range(5))
async def test_fixture(served, n):
    assert await ask(b"hello\\n") == b"hello\\n"

async def test_itself():
    server = await asyncio.start_server(print, "127.0.0.1", port=PORT)
    await asyncio.sleep(0.01)
    server.close()
    await server.wait_closed()

def test_sync():
    async def run():
        server = await serve()
        assert await ask(b"sync\\n") == b"sync\\n"
        server.close()
        await server.wait_closed()
    asyncio.run(run())
"""
        ),
        "files": Feature(
            f"""{_HEADER}
@pytest.mark.parametrize("n", range(5))
async def test_writes(n):
    path = os.path.join(HERE, "turns.txt")
    with open(path, "w") as file:
        file.write(str(n))
    await asyncio.sleep(0.01)
    with open(path) as file:
        assert file.read() == str(n)
    os.remove(path)
"""
        ),
        "beside": Feature(
            f"""{_HEADER}
def log(n):
    with open(os.path.join(HERE, "turns.log"), "w") as file:
        file.write(str(n))

{_TWENTY}
async def test_log(n):
    log(n)
    await gate.arrive("log")

{_TWENTY}
async def test_connects(n):
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", PORT)
    await gate.arrive("connects")

{_TWENTY}
async def test_free_port(n):
    server = await asyncio.start_server(print, "127.0.0.1", 0)
    await gate.arrive("free")
    server.close()
    await server.wait_closed()

@pytest.fixture(scope="module")
def shared():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", PORT))
        yield

{_TWENTY}
async def test_one_instance(shared, n):
    await gate.arrive("shared")
"""
        ),
    },
    "asyncio_mode = auto",
)


@pytest.mark.parametrize("row", rows(_TABLE))
def test_tests_take_turns(row: Row, runs: Runs) -> None:
    """Where it is certain what they take, and nowhere else."""
    runs.check(row)
