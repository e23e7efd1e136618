"""Checks of the stock server, built from plain callables."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from stock_server import Stock, ask, serve

import fasttest

suite = fasttest.Suite()
# The fork lift carries two parcels at a time.
suite.resource("fork lift", capacity=2)


@suite.fixture(scope="session", params=["memory", "file"])
def stock(request: fasttest.Request) -> Iterator[Stock]:
    """The stock; all checks are run with each kind of database."""
    with tempfile.TemporaryDirectory() as directory:
        path = ":memory:"
        if request.param == "file":
            path = str(Path(directory) / "stock.sqlite")
        opened = Stock(path)
        yield opened
        opened.close()


@suite.fixture(scope="session")
async def port(stock: Stock) -> AsyncIterator[int]:
    """One server for all checks of a stock; it answers while they wait."""
    async with serve(stock) as listening:
        yield listening


@suite.fixture
def item(request: fasttest.Request) -> str:
    """An item of the check's own, so that checks do not get in each other's way."""
    return "".join(filter(str.isalnum, request.test_name))


orders = suite.module("orders")


@orders.fixture
async def ten_pieces(port: int, item: str) -> str:
    """An item of which there are ten pieces."""
    assert await ask(port, item, 10) == "10"
    return item


@orders.test(params={"pieces": [1, 2, 10]})
async def can_be_delivered(port: int, ten_pieces: str, pieces: int) -> None:
    """What is there can be had."""
    assert await ask(port, ten_pieces, -pieces) == str(10 - pieces)


@orders.test
async def cannot_exceed_the_stock(port: int, ten_pieces: str) -> None:
    """What is not there cannot."""
    assert await ask(port, ten_pieces, -11) == f"error: not enough of {ten_pieces}"


@orders.test
def are_kept(stock: Stock, item: str) -> None:
    """Checks need not be async."""
    stock.add(item, 3)
    assert stock.count(item) == 3


deliveries = suite.module("deliveries")


@deliveries.test(params={"parcel": range(6)}, resources=["fork lift"])
async def arrive(port: int, item: str, parcel: int) -> None:
    """At most two of these are in flight at once."""
    assert await ask(port, item, parcel) == str(parcel)
