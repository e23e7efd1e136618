"""The shop as its customers see it: one server, shared by all tests."""

import asyncio

import pytest
from bookshop.client import Client, RefusedError

# The server lives on the session's loop, and with pytest-asyncio only tests on the same
# loop let it answer.
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_stock_of_a_book_on_the_shelf(shop: Client) -> None:
    """Other tests buy Emma too, so only its being there is certain."""
    assert await shop.stock("Emma") > 0


async def test_stock_of_a_book_that_is_sold_out(shop: Client) -> None:
    """Nothing left is a number, not an error."""
    assert await shop.stock("Persuasion") == 0


@pytest.mark.parametrize("title", ["Sanditon", "", "emma", "Emma "])
async def test_stock_of_an_unknown_book(shop: Client, title: str) -> None:
    """Titles have to match to the letter."""
    with pytest.raises(RefusedError, match="unknown book"):
        await shop.stock(title)


async def test_an_order_takes_one_copy(shop: Client) -> None:
    """The answer says how many are left."""
    await shop.deliver("Lady Susan", 2)
    assert await shop.order("Ann", "Lady Susan") == 1
    assert await shop.stock("Lady Susan") == 1


async def test_the_last_copy_is_sold_once(shop: Client) -> None:
    """Of two customers who ask at the same time one goes without."""
    await shop.deliver("The Watsons", 1)
    answers = await asyncio.gather(
        shop.order("Bob", "The Watsons"),
        shop.order("Cid", "The Watsons"),
        return_exceptions=True,
    )
    assert sorted(map(str, answers)) == ["0", "sold out"]


async def test_a_sold_out_book_cannot_be_ordered(shop: Client) -> None:
    """A refusal is not tried again: that would not help."""
    with pytest.raises(RefusedError, match="sold out"):
        await shop.order("Dot", "Persuasion")


@pytest.mark.parametrize("customer", ["Eve", "Fay", "Gus", "Hal", "Ida"])
async def test_orders_are_kept_by_customer(shop: Client, customer: str) -> None:
    """Nobody sees the orders of others."""
    assert await shop.orders_of(customer) == []
    await shop.order(customer, "Emma")
    assert await shop.orders_of(customer) == ["Emma"]


async def test_a_bad_request_leaves_the_connection_usable(server: int) -> None:
    """After an error the next line is answered as if nothing had happened."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server)
    writer.write(b'{"ask": "the weather"}\n{"ask": "stock", "title": "Emma"}\n')
    assert await reader.readline() == b'{"error": "bad request"}\n'
    assert b"copies" in await reader.readline()
    writer.close()
    await writer.wait_closed()
