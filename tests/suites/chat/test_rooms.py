"""Rooms keep conversations apart."""

import asyncio

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def room(request):
    return request.node.name.replace(" ", "-")


@pytest.mark.parametrize("guests", [1, 2, 5])
async def test_everybody_hears(connect, room, guests):
    clients = [await connect() for _ in range(guests)]
    for number, guest in enumerate(clients, 1):
        assert await guest.ask(f"join {room}") == f"joined {room} {number}"
    await clients[0].send("say hello")
    assert await asyncio.gather(*(c.hear() for c in clients)) == ["hello"] * guests


async def test_other_rooms_do_not_hear(connect, room):
    near, far = await connect(), await connect()
    await near.ask(f"join {room}")
    await far.ask(f"join {room}-elsewhere")
    assert await near.ask("say psst") == "psst"
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(far.hear(), 0.02)


class TestWithoutRoom:
    async def test_nobody_to_talk_to(self, client):
        assert await client.ask("say hello") == "error"

    async def test_room_needs_a_name(self, client):
        assert await client.ask("join") == "error"

    @pytest.mark.xfail(reason="the server knows no list of rooms", strict=True)
    async def test_rooms_are_listed(self, client):
        assert await client.ask("rooms") == "none"
