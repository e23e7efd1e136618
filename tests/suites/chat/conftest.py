"""One server for the whole run; a client factory for each test."""

import pytest_asyncio

from .server import ChatServer, Client


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def port():
    server = await ChatServer().serve()
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest_asyncio.fixture(loop_scope="session")
async def connect(port):
    clients = []

    async def make():
        clients.append(await Client.connect(port))
        return clients[-1]

    yield make
    for client in clients:
        await client.close()


@pytest_asyncio.fixture(loop_scope="session")
async def client(connect):
    return await connect()
