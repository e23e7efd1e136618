"""The client by itself, each test on a loop of its own."""

import asyncio

import pytest

from .server import ChatServer, Client


@pytest.mark.asyncio
@pytest.mark.parametrize("n", range(5))
async def test_private_server(n):
    server = await ChatServer().serve()
    async with server:
        client = await Client.connect(server.sockets[0].getsockname()[1])
        assert await client.ask(f"join {n}") == f"joined {n} 1"
        await client.close()


@pytest.mark.asyncio
async def test_refused(unused_tcp_port):
    with pytest.raises(OSError):
        await Client.connect(unused_tcp_port)


@pytest.mark.skip(reason="needs a server that never answers")
@pytest.mark.asyncio
async def test_never_answered():
    raise AssertionError


def test_from_sync_code():
    async def talk():
        async with await ChatServer().serve() as server:
            client = await Client.connect(server.sockets[0].getsockname()[1])
            answer = await client.ask("join sync")
            await client.close()
            return answer

    assert asyncio.run(talk()) == "joined sync 1"
