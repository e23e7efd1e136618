"""Tests of aiohttp's and trio's plugins have the outcomes these give them.

pytest-aiohttp and pytest-trio act on every run once they are installed, so they are not
among what development needs; their tables are run where somebody has installed them.
"""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table
from ._versions import installed

_SERVERS = """
        import asyncio, pytest
        from aiohttp import web
        from journal import note

        async def hello(request):
            await asyncio.sleep(0.001)
            return web.Response(text="hello " + request.match_info.get("name", "all"))

        async def breaks(request): raise OSError("in the handler")

        def make_app():
            app = web.Application()
            app.router.add_get("/", hello)
            app.router.add_get("/broken", breaks)
            app.router.add_get("/{name}", hello)
            return app
"""

_AIOHTTP = {
    "client": Feature(
        f"""{_SERVERS}
        @pytest.mark.parametrize("n", range(5))
        async def test_hello(aiohttp_client, n):
            client = await aiohttp_client(make_app())
            response = await client.get(f"/{{n}}")
            assert await response.text() == f"hello {{n}}"

        async def test_broken(aiohttp_client):
            client = await aiohttp_client(make_app())
            assert (await client.get("/broken")).status == 500

        async def test_wrong(aiohttp_client):
            client = await aiohttp_client(make_app())
            status = (await client.get("/")).status
            assert status == 404
        """,
        sees="passed failed",
    ),
    "server": Feature(
        f"""{_SERVERS}
        @pytest.fixture
        async def server(aiohttp_server, request):
            note(request.node.name, "up")
            yield await aiohttp_server(make_app())
            note(request.node.name, "down")

        @pytest.mark.parametrize("n", range(5))
        async def test_hello(aiohttp_client, server, n):
            client = await aiohttp_client(server)
            assert (await client.get(f"/{{n}}")).status == 200

        async def test_skips(server): pytest.skip("inside")

        async def test_raw(aiohttp_raw_server, aiohttp_client):
            async def raw(request): return web.Response(text="raw")
            client = await aiohttp_client(await aiohttp_raw_server(raw))
            assert await (await client.get("/")).text() == "raw"
        """,
        sees="passed skipped",
    ),
    "sync": Feature("def test_plain(): ..."),
}

_OWN = {
    **_AIOHTTP,
    "loop": Feature(
        """
        import asyncio, pytest

        def test_sync(loop):
            assert loop.run_until_complete(asyncio.sleep(0.001, 3)) == 3

        @pytest.fixture
        async def value(): return asyncio.get_running_loop()

        async def test_async(loop, value):
            assert loop is asyncio.get_running_loop() is value

        def test_port(aiohttp_unused_port): assert aiohttp_unused_port() > 0
        """
    ),
}

_OVERLAPS = {
    "gate": Feature(
        f"""{_SERVERS}
        import gate

        @pytest.mark.parametrize("n", range(20))
        async def test_together(aiohttp_client, n):
            client = await aiohttp_client(make_app())
            await gate.arrive("there")
            assert (await client.get("/")).status == 200
        """
    ),
}

_TRIO = {
    "marked": Feature(
        """
        import pytest, trio
        from journal import note

        @pytest.fixture
        async def server(nursery, request):
            note(request.node.name, "up")
            listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
            async def serve(stream): await stream.send_all(await stream.receive_some())
            nursery.start_soon(trio.serve_listeners, serve, listeners)
            yield trio.testing.open_stream_to_socket_listener
            note(request.node.name, "down")

        @pytest.mark.trio
        @pytest.mark.parametrize("n", range(3))
        async def test_sleeps(n, server): await trio.sleep(0.001)

        @pytest.mark.trio
        async def test_clock(autojump_clock):
            before = trio.current_time()
            await trio.sleep(100)
            assert trio.current_time() - before == 100

        @pytest.mark.trio
        async def test_fails():
            await trio.sleep(0)
            assert False

        @pytest.mark.trio
        async def test_skips(): pytest.skip("inside")

        @pytest.mark.trio
        async def test_group():
            async def fail(): raise ValueError
            async with trio.open_nursery() as nursery:
                nursery.start_soon(fail)
        """,
        sees="passed failed skipped",
    ),
    "wrong": Feature(
        """
        import pytest, trio

        @pytest.mark.trio
        def test_not_async(): ...

        @pytest.fixture(scope="module")
        async def wide(): ...

        @pytest.mark.trio
        async def test_wide(wide): ...

        @pytest.fixture
        async def broken(): raise OSError

        @pytest.mark.trio
        async def test_broken(broken): ...
        """,
        sees="failed error",
    ),
}

_MODE = {
    "unmarked": Feature(
        """
        import trio
        async def test_sleeps(): await trio.sleep(0.001)
        def test_sync(): ...
        """
    )
}

_ALONE = ("-p", "no:aiohttp", "-p", "aiohttp.pytest_plugin")
_BY_PLUGIN = {
    "aiohttp": Table("aiohttp", _OWN, steps=(_ALONE,)),
    "pytest-aiohttp": Table(
        "pytest-aiohttp", _AIOHTTP | _OVERLAPS, "asyncio_mode = auto"
    ),
    "pytest-trio": Table("pytest-trio", _TRIO | _MODE, "trio_mode = true"),
}
_TABLES = [table for name, table in _BY_PLUGIN.items() if installed(name)]


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_plugins_agree(runs: Runs, row: Row) -> None:
    """Through their own plugins, which pytest finds as ever."""
    runs.check(row)
