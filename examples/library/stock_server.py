"""The program under test: a server that keeps the stock of a shop in sqlite."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator


class Stock:
    """How many pieces of each item there are.

    Args:
        path: The database's file.
    """

    def __init__(self, path: str) -> None:
        """Open the database."""
        self._database = sqlite3.connect(path)
        self._database.execute(
            "create table if not exists stock (item text primary key, pieces int)"
        )

    def add(self, item: str, pieces: int) -> int:
        """Add pieces, or take some if negative; returns how many there are now.

        Raises:
            ValueError: If there are not enough.
        """
        total = self.count(item) + pieces
        if total < 0:
            raise ValueError(f"not enough of {item}")
        with self._database:
            self._database.execute(
                "insert or replace into stock values (?, ?)", (item, total)
            )
        return total

    def count(self, item: str) -> int:
        """How many pieces there are."""
        query = "select pieces from stock where item = ?"
        row = self._database.execute(query, (item,)).fetchone()
        return row[0] if row else 0

    def close(self) -> None:
        """Close the database."""
        self._database.close()


@contextlib.asynccontextmanager
async def serve(stock: Stock) -> AsyncIterator[int]:
    """Answer lines ``<item> <pieces>`` while open; gives the port."""

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        item, pieces = (await reader.readline()).decode().split()
        await asyncio.sleep(0.05)  # Somebody walks to the shelf.
        try:
            reply = str(stock.add(item, int(pieces)))
        except ValueError as error:
            reply = f"error: {error}"
        writer.write(f"{reply}\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def ask(port: int, item: str, pieces: int) -> str:
    """What the server answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{item} {pieces}\n".encode())
    reply = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return reply.decode().strip()
