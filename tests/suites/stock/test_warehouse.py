"""Goods come and go."""

import asyncio
import logging

import pytest

from . import warehouse as subject
from .warehouse import OutOfStock, Warehouse


@pytest.fixture(scope="module", params=["wal", "delete"])
async def shared(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("stock") / f"{request.param}.db"
    return await Warehouse(path).open()


@pytest.fixture
async def empty(tmp_path):
    return await Warehouse(tmp_path / "own.db").open()


@pytest.mark.parametrize("name", ["nut", "bolt"])
async def test_shared_shelf(shared, name):
    await shared.add(name, 2)
    await shared.add(name, 3)
    assert await shared.amount(name) == 5


@pytest.mark.parametrize(("put", "taken", "left"), [(3, 1, 2), (3, 3, 0)])
async def test_take(empty, put, taken, left):
    await empty.add("nut", put)
    await empty.take("nut", taken)
    assert await empty.amount("nut") == left


async def test_out_of_stock(empty, caplog):
    with pytest.raises(OutOfStock, match="nut"):
        await empty.take("nut", 1)
    assert caplog.messages == ["only 0 nut"]


async def test_added_is_logged(empty, caplog):
    with caplog.at_level(logging.INFO, logger=subject.__name__):
        await asyncio.gather(*(empty.add("nut", n) for n in (1, 2)))
    assert sorted(caplog.messages) == ["added 1 nut", "added 2 nut"]


class TestCurrency:
    def test_default(self):
        assert subject.currency() == "EUR"

    async def test_set(self, monkeypatch):
        monkeypatch.setenv("STOCK_CURRENCY", "CHF")
        await asyncio.sleep(0.005)
        assert subject.currency() == "CHF"

    async def test_default_again(self):
        await asyncio.sleep(0.005)
        assert subject.currency() == "EUR"


async def test_broken_database(empty, mocker):
    mocker.patch.object(Warehouse, "_execute", side_effect=OSError("disk"))
    with pytest.raises(OSError, match="disk"):
        await empty.amount("nut")


async def test_off_by_one(empty):
    await empty.add("nut", 1)
    print("a note for the report")
    assert await empty.amount("nut") == 2
