"""A warehouse whose shelves are rows of a database."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)


class OutOfStock(Exception):
    """More was taken than there is."""


class Warehouse:
    """Keeps amounts of goods; each statement runs in a thread."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def open(self) -> Warehouse:
        """Create the table."""
        await self._run("create table goods (name text primary key, amount integer)")
        return self

    async def add(self, name: str, amount: int) -> None:
        """Put goods on the shelf."""
        await self._run(
            "insert into goods values (?, ?)"
            " on conflict (name) do update set amount = amount + excluded.amount",
            name,
            amount,
        )
        log.info("added %s %s", amount, name)

    async def take(self, name: str, amount: int) -> None:
        """Take goods off the shelf."""
        there = await self.amount(name)
        if there < amount:
            log.warning("only %s %s", there, name)
            raise OutOfStock(name)
        await self._run(
            "update goods set amount = amount - ? where name = ?", amount, name
        )

    async def amount(self, name: str) -> int:
        """Return how much there is."""
        rows = await self._run("select amount from goods where name = ?", name)
        return rows[0][0] if rows else 0

    async def _run(self, statement: str, *values: object) -> list[tuple[int, ...]]:
        return await asyncio.to_thread(self._execute, statement, values)

    def _execute(
        self, statement: str, values: tuple[object, ...]
    ) -> list[tuple[int, ...]]:
        connection = sqlite3.connect(self._path)
        try:
            with connection:
                return connection.execute(statement, values).fetchall()
        finally:
            connection.close()


def currency() -> str:
    """Return the currency of the prices, from the environment."""
    return os.environ.get("STOCK_CURRENCY", "EUR")
