"""The shop's server: one JSON object a line, each answered by one."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from bookshop.store import SoldOutError, Store, UnknownBookError


class Server:
    """Answers requests for the stock, orders, and news of deliveries.

    Args:
        store: What it sells.
        latency: Seconds until an answer, as a network and a busy machine would add.
    """

    def __init__(self, store: Store, latency: float) -> None:
        self._store = store
        self._latency = latency
        self._subscribers: set[asyncio.StreamWriter] = set()
        self._connections: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator[int]:
        """Listen on the local machine; gives the port, and ends with the block."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            await server.wait_closed()

    def _accept(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.ensure_future(self._converse(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while line := await reader.readline():
                await asyncio.sleep(self._latency)
                _send(writer, await self._answer(json.loads(line), writer))
                await writer.drain()
        finally:
            self._subscribers.discard(writer)
            writer.close()

    async def _answer(
        self, request: dict[str, Any], writer: asyncio.StreamWriter
    ) -> dict[str, Any]:
        store = self._store
        try:
            match request:
                case {"ask": "stock", "title": title}:
                    return {"copies": await store.copies(title)}
                case {"ask": "order", "customer": customer, "title": title}:
                    return {"left": await store.order(customer, title)}
                case {"ask": "orders", "customer": customer}:
                    return {"titles": await store.orders_of(customer)}
                case {"ask": "deliver", "title": title, "copies": int(copies)}:
                    await store.add(title, copies)
                    self._announce(title, copies)
                    return {"copies": await store.copies(title)}
                case {"ask": "news"}:
                    self._subscribers.add(writer)
                    return {"subscribed": True}
        except UnknownBookError:
            return {"error": "unknown book"}
        except SoldOutError:
            return {"error": "sold out"}
        return {"error": "bad request"}

    def _announce(self, title: str, copies: int) -> None:
        for subscriber in self._subscribers:
            _send(subscriber, {"arrived": title, "copies": copies})


def _send(writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
    writer.write(json.dumps(message).encode() + b"\n")
