"""Ten conflicts: pairs of tests that pass one after another, and not at once."""

import asyncio
import os
import sqlite3

import places
import pytest
from places import while_others_run

pytestmark = pytest.mark.asyncio


async def serve(port):
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", port)
    async with server:
        await while_others_run()


async def test_port_of_the_first():
    await serve(47113)


async def test_port_of_the_second():
    await serve(47113)


async def keep_in_file(text):
    path = places.folder / "shared.txt"
    path.write_text(text)
    await while_others_run()
    assert path.read_text() == text


async def test_file_of_the_first():
    await keep_in_file("first")


async def test_file_of_the_second():
    await keep_in_file("second")


async def keep_in_table(name):
    with sqlite3.connect(places.folder / "people.sqlite") as database:
        database.execute("create table if not exists people (name text)")
        database.execute("insert into people values (?)", (name,))
        database.commit()
        await while_others_run()
        rows = database.execute("select name from people").fetchall()
        database.execute("delete from people where name = ?", (name,))
    assert rows == [(name,)]


async def test_table_of_the_first():
    await keep_in_table("Ada")


async def test_table_of_the_second():
    await keep_in_table("Grace")


async def count():
    places.change(places, "counter", places.counter + 1)
    await while_others_run()
    seen = places.counter
    places.change(places, "counter", 0)
    assert seen == 1


async def test_counter_of_the_first():
    await count()


async def test_counter_of_the_second():
    await count()


async def test_patch_that_leaks():
    places.change(places.Settings, "limit", 0)
    await while_others_run()
    places.change(places.Settings, "limit", 10)


async def test_patch_that_is_seen():
    await asyncio.sleep(0.1)
    assert places.Settings.limit == 10


async def test_directory_that_is_left(tmp_path):
    before = os.getcwd()
    places.enter(tmp_path)
    await while_others_run()
    places.enter(before)


async def test_directory_that_is_used():
    await asyncio.sleep(0.1)
    assert os.path.exists("places.py")


async def test_variable_that_is_set():
    places.variables()["PLACE"] = "elsewhere"
    await while_others_run()
    del places.variables()["PLACE"]


async def test_variable_that_is_read():
    await asyncio.sleep(0.1)
    assert "PLACE" not in places.variables()


async def test_order_that_prepares():
    await while_others_run()
    places.change(places, "prepared", True)


async def test_order_that_relies_on_it():
    await asyncio.sleep(0.1)
    assert places.prepared


async def send_as(name):
    places.change(places.Mailer, "sender", name)
    await while_others_run()
    assert places.Mailer.sender == name


async def test_class_of_the_first():
    await send_as("first")


async def test_class_of_the_second():
    await send_as("second")


async def log_in(name):
    places.users[name] = True
    await while_others_run()
    assert list(places.users) == [name]
    places.users.clear()


async def test_cache_of_the_first():
    await log_in("first")


async def test_cache_of_the_second():
    await log_in("second")
