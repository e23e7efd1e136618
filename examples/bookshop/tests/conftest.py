"""What several of the shop's test files need."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from bookshop.client import Client
from bookshop.server import Server
from bookshop.store import Store

LATENCY = 0.05


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """A database of the test's own, with a few books."""
    async with Store.open(tmp_path / "shop.db") as store:
        await store.add("Emma", 3)
        await store.add("Persuasion", 0)
        yield store


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[int]:
    """The port of a server that all tests of the session share."""
    folder = tmp_path_factory.mktemp("shop")
    async with Store.open(folder / "shop.db") as store:
        await store.add("Emma", 1000)
        await store.add("Persuasion", 0)
        async with Server(store, LATENCY).serve() as port:
            yield port


@pytest.fixture
def shop(server: int) -> Client:
    """A client of the shared server."""
    return Client(server)
