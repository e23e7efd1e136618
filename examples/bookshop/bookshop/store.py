"""The books and the orders, in a SQLite file."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_TABLES = """
CREATE TABLE IF NOT EXISTS books (title TEXT PRIMARY KEY, copies INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS orders (customer TEXT NOT NULL, title TEXT NOT NULL);
"""


class UnknownBookError(LookupError):
    """The shop has never had this book."""


class SoldOutError(Exception):
    """No copy of the book is left."""


class Store:
    """One connection to the shop's database; SQLite works on threads meanwhile.

    Args:
        connection: A connection without transactions of its own making.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = asyncio.Lock()

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, path: Path, patience: float = 5.0) -> AsyncIterator["Store"]:
        """Open the database, and make its tables if there are none.

        Args:
            path: Its file.
            patience: Seconds to wait for another connection's lock.
        """
        connection = await asyncio.to_thread(
            sqlite3.connect,
            path,
            timeout=patience,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            await asyncio.to_thread(connection.executescript, _TABLES)
            yield cls(connection)
        finally:
            connection.close()

    async def add(self, title: str, copies: int) -> None:
        """Put copies of a book on the shelf."""
        await self._run(
            lambda c: c.execute(
                "INSERT INTO books VALUES (:title, :copies) "
                "ON CONFLICT (title) DO UPDATE SET copies = copies + :copies",
                {"title": title, "copies": copies},
            )
        )

    async def copies(self, title: str) -> int:
        """How many copies are left.

        Raises:
            UnknownBookError: If the shop has never had the book.
        """
        return await self._run(lambda c: _copies(c, title))

    async def order(self, customer: str, title: str) -> int:
        """Sell a copy; returns how many are left.

        Raises:
            SoldOutError: If there is none.
            UnknownBookError: If the shop has never had the book.
        """

        def sell(connection: sqlite3.Connection) -> int:
            left = _copies(connection, title)
            if left == 0:
                raise SoldOutError(title)
            connection.execute(
                "UPDATE books SET copies = copies - 1 WHERE title = ?", (title,)
            )
            connection.execute("INSERT INTO orders VALUES (?, ?)", (customer, title))
            return left - 1

        return await self._run(sell)

    async def orders_of(self, customer: str) -> list[str]:
        """The titles a customer has ordered, first to last."""
        query = "SELECT title FROM orders WHERE customer = ? ORDER BY rowid"
        rows = await self._run(lambda c: c.execute(query, (customer,)).fetchall())
        return [title for (title,) in rows]

    async def _run(self, action: Callable[[sqlite3.Connection], T]) -> T:
        def in_transaction() -> T:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                result = action(self._connection)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
            return result

        async with self._lock:
            return await asyncio.to_thread(in_transaction)


def _copies(connection: sqlite3.Connection, title: str) -> int:
    query = "SELECT copies FROM books WHERE title = ?"
    row = connection.execute(query, (title,)).fetchone()
    if row is None:
        raise UnknownBookError(title)
    return int(row[0])
