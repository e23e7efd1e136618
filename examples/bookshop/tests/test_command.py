"""The command line, against a server in a process of its own.

These tests are not async: the command starts an event loop itself.
"""

import asyncio
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from bookshop.__main__ import main
from bookshop.settings import Settings
from bookshop.store import Store

_FOLDER = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Where the server of this module listens; its process ends with the module."""
    database = tmp_path_factory.mktemp("command") / "shop.db"
    asyncio.run(_fill(database))
    command = [sys.executable, "-m", "bookshop", "serve", str(database)]
    with subprocess.Popen(
        [*command, "--latency", "0.1"], cwd=_FOLDER, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield Settings(port=int(server.stdout.readline()), attempts=2)
        finally:
            server.terminate()


async def _fill(database: Path) -> None:
    async with Store.open(database) as store:
        await store.add("Emma", 9)
        await store.add("Persuasion", 0)


@pytest.mark.parametrize(
    ("arguments", "says", "exit_code"),
    [
        (["stock", "Emma"], "9\n", 0),
        (["stock", "Persuasion"], "0\n", 0),
        (["stock", "Sanditon"], "unknown book\n", 1),
        (["order", "Ann", "Persuasion"], "sold out\n", 1),
    ],
)
def test_what_it_says(
    settings: Settings, arguments: list[str], says: str, exit_code: int
) -> None:
    """Answers and refusals are words, and the exit code tells them apart."""
    out = io.StringIO()
    assert main(arguments, settings, out) == exit_code
    assert out.getvalue() == says


def test_without_a_server(unused_tcp_port: int) -> None:
    """A shop that is closed is not an exception on the screen."""
    out = io.StringIO()
    assert main(["stock", "Emma"], Settings(unused_tcp_port, 2), out) == 1
    assert out.getvalue() == "no answer in 2 attempts\n"
