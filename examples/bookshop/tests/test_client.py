"""The client against servers that fail: each test has a server of its own."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import pytest
from bookshop.client import Client, UnavailableError


class Failing:
    """A server that hangs up on the first clients, and answers those after them.

    Args:
        failures: How many clients it fails.
        silence: Seconds until it does anything.
    """

    def __init__(self, failures: int, silence: float = 0.0) -> None:
        self.seen = 0
        self._failures = failures
        self._silence = silence
        self._connections: list[asyncio.Task[None]] = []

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[int]:
        """Listen; gives the port."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.seen += 1
        fails = self.seen <= self._failures
        task = asyncio.ensure_future(self._answer(reader, writer, fails))
        self._connections.append(task)

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fails: bool
    ) -> None:
        try:
            await reader.readline()
            await asyncio.sleep(self._silence)
            if not fails:
                writer.write(b'{"copies": 7}\n')
        finally:
            writer.close()


@pytest.mark.parametrize("failures", [0, 1, 2])
async def test_it_tries_until_it_succeeds(failures: int) -> None:
    """One attempt more than there are failures is enough."""
    failing = Failing(failures)
    async with failing.serve() as port:
        assert await Client(port).stock("Emma") == 7
    assert failing.seen == failures + 1


@pytest.mark.parametrize("attempts", [1, 2, 3, 4])
async def test_it_gives_up(attempts: int) -> None:
    """The number of attempts is kept to, neither more nor less."""
    failing = Failing(100)
    async with failing.serve() as port:
        with pytest.raises(UnavailableError, match=f"in {attempts} attempts"):
            await Client(port, attempts).stock("Emma")
    assert failing.seen == attempts


async def test_nobody_listens(unused_tcp_port: int) -> None:
    """A refused connection is a failed attempt like any other."""
    with pytest.raises(UnavailableError):
        await Client(unused_tcp_port).stock("Emma")


async def test_pauses_grow() -> None:
    """Each pause is twice the one before: 0.05 + 0.1 + 0.2 seconds at least."""
    began = asyncio.get_running_loop().time()
    async with Failing(3).serve() as port:
        await Client(port, attempts=4).stock("Emma")
    assert asyncio.get_running_loop().time() - began >= 0.34


async def test_a_silent_server_is_left_in_time() -> None:
    """An answer that does not come in time counts as a failure."""
    async with Failing(0, silence=0.5).serve() as port:
        with pytest.raises(UnavailableError):
            await Client(port, attempts=2, timeout=0.1).stock("Emma")


async def test_a_slow_answer_in_time_is_an_answer() -> None:
    """Slow is not failed."""
    async with Failing(0, silence=0.2).serve() as port:
        assert await Client(port, attempts=1).stock("Emma") == 7


async def test_failed_attempts_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """One warning for each, so that somebody can find out why it took long."""
    caplog.set_level(logging.WARNING)
    async with Failing(2).serve() as port:
        await Client(port).stock("Emma")
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2


async def test_a_cancelled_request_hangs_up() -> None:
    """Whoever stops waiting leaves no connection behind."""
    failing = Failing(0, silence=5.0)
    async with failing.serve() as port:
        request = asyncio.ensure_future(Client(port).stock("Emma"))
        await asyncio.sleep(0.1)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
    assert failing.seen == 1
