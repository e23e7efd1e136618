"""The store alone: every test has a database file and an event loop of its own."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from bookshop.store import SoldOutError, Store, UnknownBookError


async def test_copies_add_up(store: Store) -> None:
    """A second delivery joins the first one."""
    await store.add("Emma", 2)
    assert await store.copies("Emma") == 5


async def test_an_unknown_book(store: Store) -> None:
    """A book the shop never had is something else than one that is sold out."""
    with pytest.raises(UnknownBookError):
        await store.copies("Sanditon")


async def test_orders_in_their_order(store: Store) -> None:
    """A customer's orders are listed first to last."""
    await store.add("Persuasion", 1)
    await store.order("Ann", "Persuasion")
    await store.order("Ann", "Emma")
    assert await store.orders_of("Ann") == ["Persuasion", "Emma"]


async def test_selling_out(store: Store) -> None:
    """Three copies make three orders, however many are placed at once."""
    orders = [store.order(f"customer {n}", "Emma") for n in range(5)]
    left = await asyncio.gather(*orders, return_exceptions=True)
    assert sum(isinstance(each, SoldOutError) for each in left) == 2
    assert await store.copies("Emma") == 0


async def test_a_failed_order_leaves_no_trace(store: Store) -> None:
    """What is refused is not in the books either."""
    with pytest.raises(SoldOutError):
        await store.order("Ann", "Persuasion")
    assert await store.orders_of("Ann") == []


async def test_it_is_all_there_after_reopening(tmp_path: Path) -> None:
    """The shop may close over night."""
    async with Store.open(tmp_path / "shop.db") as store:
        await store.add("Emma", 1)
    async with Store.open(tmp_path / "shop.db") as store:
        assert await store.copies("Emma") == 1


async def test_a_writer_waits_for_another(store: Store, tmp_path: Path) -> None:
    """A short lock by somebody else, such as a backup, delays an order."""
    with _locked(tmp_path / "shop.db") as other:
        order = asyncio.ensure_future(store.order("Ann", "Emma"))
        await asyncio.sleep(0.2)
        assert not order.done()
        other.rollback()
        assert await order == 2


async def test_a_writer_does_not_wait_for_ever(store: Store, tmp_path: Path) -> None:
    """A lock that stays is an error after the given time."""
    async with Store.open(tmp_path / "shop.db", patience=0.2) as hasty:
        with (
            _locked(tmp_path / "shop.db"),
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            await hasty.order("Ann", "Emma")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[sqlite3.Connection]:
    """Hold the database's write lock for as long as the block lasts."""
    connection = sqlite3.connect(path, isolation_level=None)
    with contextlib.closing(connection):
        connection.execute("BEGIN IMMEDIATE")
        yield connection
