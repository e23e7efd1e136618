"""A client that tries again when the network fails."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

_log = logging.getLogger(__name__)


class UnavailableError(Exception):
    """The server could not be reached, however often it was tried."""


class RefusedError(Exception):
    """The server understood and refused; trying again would not help."""


class Client:
    """Talks to the shop, over a connection for each request.

    Args:
        port: The server's.
        attempts: How often to try in all.
        pause: Seconds before the second attempt; doubled before each further one.
        timeout: Seconds to wait for an answer.
    """

    def __init__(
        self, port: int, attempts: int = 3, pause: float = 0.05, timeout: float = 5.0
    ) -> None:
        self._port = port
        self._attempts = attempts
        self._pause = pause
        self._timeout = timeout

    async def stock(self, title: str) -> int:
        """How many copies of a book are left."""
        return int((await self._ask(ask="stock", title=title))["copies"])

    async def order(self, customer: str, title: str) -> int:
        """Buy a copy; returns how many are left."""
        answer = await self._ask(ask="order", customer=customer, title=title)
        return int(answer["left"])

    async def orders_of(self, customer: str) -> list[str]:
        """The titles a customer has ordered, first to last."""
        titles: list[str] = (await self._ask(ask="orders", customer=customer))["titles"]
        return titles

    async def deliver(self, title: str, copies: int) -> int:
        """Bring copies to the shop; returns how many it has now."""
        answer = await self._ask(ask="deliver", title=title, copies=copies)
        return int(answer["copies"])

    @contextlib.asynccontextmanager
    async def news(self) -> AsyncIterator[AsyncIterator[tuple[str, int]]]:
        """Subscribe to deliveries: an iterator over titles and numbers of copies."""
        async with self._connection() as (reader, writer):
            _send(writer, {"ask": "news"})
            await reader.readline()
            yield _arrivals(reader)

    async def _ask(self, **request: object) -> dict[str, Any]:
        pause = self._pause
        for attempt in range(1, self._attempts + 1):
            answer = await self._attempt(attempt, request)
            if answer is not None:
                if "error" in answer:
                    raise RefusedError(answer["error"])
                return answer
            if attempt < self._attempts:
                await asyncio.sleep(pause)
                pause *= 2
        raise UnavailableError(f"no answer in {self._attempts} attempts")

    async def _attempt(
        self, number: int, request: dict[str, object]
    ) -> dict[str, Any] | None:
        try:
            return await asyncio.wait_for(self._try(request), self._timeout)
        except (OSError, asyncio.TimeoutError) as error:
            _log.warning("attempt %d failed: %r", number, error)
            return None

    async def _try(self, request: dict[str, object]) -> dict[str, Any]:
        async with self._connection() as (reader, writer):
            _send(writer, request)
            line = await reader.readline()
        if not line:
            raise ConnectionResetError("the server hung up")
        answer: dict[str, Any] = json.loads(line)
        return answer

    @contextlib.asynccontextmanager
    async def _connection(
        self,
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def _send(writer: asyncio.StreamWriter, message: dict[str, object]) -> None:
    writer.write(json.dumps(message).encode() + b"\n")


async def _arrivals(reader: asyncio.StreamReader) -> AsyncIterator[tuple[str, int]]:
    while line := await reader.readline():
        message = json.loads(line)
        yield message["arrived"], message["copies"]
