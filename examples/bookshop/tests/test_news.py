"""News of deliveries, pushed to subscribers: the tests of the class share a server."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from bookshop.client import Client
from bookshop.server import Server
from bookshop.store import Store

from .conftest import LATENCY


@pytest_asyncio.fixture(scope="class", loop_scope="class")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Client]:
    """A client of a server that nobody outside the class knows."""
    path = tmp_path_factory.mktemp("news") / "shop.db"
    async with Store.open(path) as store, Server(store, LATENCY).serve() as port:
        yield Client(port)


@pytest.mark.asyncio(loop_scope="class")
class TestNews:
    """Deliveries are announced to everybody who has subscribed."""

    async def test_a_delivery_is_announced(self, client: Client) -> None:
        """The subscriber learns what came and how much of it."""
        async with client.news() as news:
            await client.deliver("Emma", 4)
            assert ("Emma", 4) in await _until(news, "Emma")

    async def test_all_subscribers_are_told(self, client: Client) -> None:
        """Nobody takes the news away from others."""
        async with client.news() as left, client.news() as right:
            await client.deliver("Persuasion", 1)
            heard = await asyncio.gather(
                _until(left, "Persuasion"), _until(right, "Persuasion")
            )
        assert all(each[-1] == ("Persuasion", 1) for each in heard)

    async def test_news_come_in_order(self, client: Client) -> None:
        """Two deliveries are announced as they came."""
        async with client.news() as news:
            await client.deliver("Sanditon", 1)
            await client.deliver("Lady Susan", 1)
            titles = [title for title, _ in await _until(news, "Lady Susan")]
        assert titles.index("Sanditon") < titles.index("Lady Susan")

    async def test_who_has_left_is_not_told(self, client: Client) -> None:
        """A delivery after a subscriber has gone reaches those who stayed."""
        async with client.news() as stays:
            async with client.news():
                await client.deliver("The Watsons", 1)
            assert await client.deliver("The Watsons", 1) == 2
            await _until(stays, "The Watsons")


async def _until(
    news: AsyncIterator[tuple[str, int]], title: str
) -> list[tuple[str, int]]:
    """What is announced up to a title; news of other tests may come before."""
    heard = []
    async for arrival in news:
        heard.append(arrival)
        if arrival[0] == title:
            break
    return heard
