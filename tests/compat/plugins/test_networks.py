"""Plugins that stand between a test and the network."""

from __future__ import annotations

import pytest

from .._agreement import Row, Runs, rows
from .._table import Feature, Table

_AUTO = "asyncio_mode = auto"

# Tests beside those that use the plugin. None of them must get anything of its answers.
_BESIDE = """
    import asyncio, pytest

    @pytest.mark.parametrize("n", range(5))
    async def test_beside(n):
        for _ in range(5):
            await asyncio.sleep(0.003)
"""

_HTTPX = {
    "answers": Feature(
        """
        import asyncio, httpx, pytest

        @pytest.mark.parametrize("n", range(4))
        async def test_each_its_own(httpx_mock, n):
            httpx_mock.add_response(json={"n": n})
            await asyncio.sleep(0.003)
            async with httpx.AsyncClient() as client:
                response = await client.get("https://example.test/")
            assert response.json() == {"n": n}

        def test_sync(httpx_mock):
            httpx_mock.add_response(status_code=404)
            assert httpx.get("https://example.test/").status_code == 404
        """
    ),
    "unexpected": Feature(
        """
        import asyncio, httpx

        async def test_unexpected(httpx_mock):
            async with httpx.AsyncClient() as client:
                await client.get("https://example.test/unknown")

        async def test_not_requested(httpx_mock):
            httpx_mock.add_response(url="https://example.test/never")
            await asyncio.sleep(0.003)
        """,
        sees="passed failed error",
    ),
    "optional": Feature(
        """
        import pytest

        @pytest.mark.httpx_mock(assert_all_responses_were_requested=False)
        async def test_not_requested(httpx_mock):
            httpx_mock.add_response(url="https://example.test/never")
        """
    ),
    "beside": Feature(_BESIDE),
}

_RESPX = {
    "fixture": Feature(
        """
        import asyncio, httpx, pytest

        @pytest.mark.parametrize("n", range(4))
        async def test_each_its_own(respx_mock, n):
            route = respx_mock.get("https://example.test/").respond(json=n)
            await asyncio.sleep(0.003)
            async with httpx.AsyncClient() as client:
                assert (await client.get("https://example.test/")).json() == n
            assert route.called
        """
    ),
    "mark": Feature(
        """
        import httpx, pytest

        @pytest.mark.respx(base_url="https://example.test")
        async def test_base(respx_mock):
            respx_mock.get("/items").respond(204)
            async with httpx.AsyncClient() as client:
                response = await client.get("https://example.test/items")
            assert response.status_code == 204
        """
    ),
    "decorators": Feature(
        """
        import asyncio, httpx, pytest, respx

        async def fetch():
            await asyncio.sleep(0.003)
            async with httpx.AsyncClient() as client:
                response = await client.get("https://example.test/")
            await asyncio.sleep(0.003)
            return response.json()

        @respx.mock
        async def test_decorated():
            respx.get("https://example.test/").respond(json=1)
            assert await fetch() == 1

        @respx.mock(assert_all_called=False)
        async def test_with_arguments(respx_mock):
            respx_mock.get("https://example.test/").respond(json=2)
            assert await fetch() == 2

        async def test_block():
            with respx.mock:
                respx.get("https://example.test/").respond(json=3)
                assert await fetch() == 3

        async def test_router():
            async with respx.MockRouter(base_url="https://example.test") as router:
                router.get("/").respond(json=4)
                assert await fetch() == 4

        @pytest.fixture
        def api():
            with respx.mock(base_url="https://example.test") as router:
                yield router

        @pytest.mark.parametrize("n", range(3))
        async def test_own_fixture(api, n):
            api.get("/").respond(json=n)
            assert await fetch() == n
        """
    ),
    "wrong": Feature(
        """
        import asyncio, httpx

        async def test_not_mocked(respx_mock):
            async with httpx.AsyncClient() as client:
                await client.get("https://example.test/unknown")

        async def test_not_called(respx_mock):
            respx_mock.get("https://example.test/never")
            await asyncio.sleep(0.003)
        """,
        sees="passed failed",
    ),
    "beside": Feature(_BESIDE),
}

_AIORESPONSES = {
    "mocked": Feature(
        """
        import aiohttp, asyncio, pytest
        from aioresponses import aioresponses

        class Answer(Exception): ...

        async def fetch():
            await asyncio.sleep(0.003)
            async with aiohttp.ClientSession() as session:
                await session.get("http://example.test/")

        @pytest.mark.parametrize("n", range(3))
        async def test_block(n):
            with aioresponses() as mocked:
                mocked.get("http://example.test/", exception=Answer(n))
                with pytest.raises(Answer, match=str(n)):
                    await fetch()
                await asyncio.sleep(0.003)

        @pytest.fixture
        def mocked():
            with aioresponses() as mocked:
                yield mocked

        @pytest.mark.parametrize("n", range(3))
        async def test_fixture(mocked, n):
            mocked.get("http://example.test/", exception=Answer(n))
            with pytest.raises(Answer, match=str(n)):
                await fetch()

        async def test_unknown(mocked):
            await fetch()

        def test_nothing_is_left():
            assert aiohttp.ClientSession._request.__module__.startswith("aiohttp.")
        """,
        sees="passed failed",
    ),
    "beside": Feature(_BESIDE),
}

_SERVER = {
    "server": Feature(
        """
        import asyncio, pytest

        async def fetch(server, path):
            reader, writer = await asyncio.open_connection(server.host, server.port)
            writer.write(f"GET {path} HTTP/1.0\\r\\n\\r\\n".encode())
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            return answer

        @pytest.mark.parametrize("n", range(5))
        async def test_each_its_own(httpserver, n):
            httpserver.expect_request("/").respond_with_data(f"n is {n}")
            await asyncio.sleep(0.003)
            assert f"n is {n}".encode() in await fetch(httpserver, "/")
            httpserver.check_assertions()

        async def test_unexpected(httpserver):
            assert b"200" in (await fetch(httpserver, "/unknown")).splitlines()[0]

        async def test_only_one_request(httpserver):
            httpserver.expect_ordered_request("/a").respond_with_data("a")
            await asyncio.sleep(0.003)
            await fetch(httpserver, "/a")
            assert len(httpserver.log) == 1
        """,
        sees="passed failed",
    ),
    "beside": Feature(_BESIDE),
}

_SOCKETS = {
    "marks": Feature(
        """
        import asyncio, pytest, socket

        @pytest.mark.disable_socket
        def test_disabled():
            with pytest.raises(RuntimeError, match="socket"):
                socket.socket(socket.AF_INET)

        def test_fixture(socket_disabled):
            socket.socket(socket.AF_INET)

        @pytest.mark.allow_hosts(["127.0.0.1"])
        async def test_allowed():
            server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
            host, port = server.sockets[0].getsockname()
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            await writer.wait_closed()
            server.close()

        @pytest.mark.allow_hosts(["127.0.0.2"])
        def test_not_allowed():
            with socket.socket() as one:
                one.connect(("127.0.0.1", 9))

        @pytest.mark.parametrize("n", range(5))
        async def test_beside(n):
            await asyncio.sleep(0.005)
            server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
            await asyncio.sleep(0.005)
            server.close()
        """,
        sees="passed failed",
    ),
}

_NO_SOCKETS = {
    "disabled": Feature(
        """
        import asyncio, pytest, socket

        def test_sync():
            socket.socket(socket.AF_INET)

        async def test_async():
            await asyncio.sleep(0.003)
            socket.socket(socket.AF_INET)

        @pytest.mark.enable_socket
        async def test_enabled():
            await asyncio.sleep(0.003)
            socket.socket(socket.AF_INET).close()

        async def test_no_network():
            await asyncio.sleep(0.003)
        """,
        sees="passed failed",
    )
}

_RECORDED = {
    "recorded": Feature(
        {
            "test_recorded.py": """
                import asyncio, httpx, pytest

                @pytest.mark.vcr
                async def test_played():
                    await asyncio.sleep(0.003)
                    async with httpx.AsyncClient() as client:
                        response = await client.get("http://example.test/item")
                    assert response.text == "recorded"

                @pytest.mark.vcr
                async def test_not_recorded():
                    async with httpx.AsyncClient() as client:
                        await client.get("http://example.test/item")

                @pytest.mark.block_network
                async def test_blocked():
                    await asyncio.sleep(0.003)
                    await asyncio.open_connection("127.0.0.1", 9)
                """,
            "cassettes/test_recorded/test_played.yaml": """
                interactions:
                - request:
                    body: ''
                    headers:
                      host: [example.test]
                    method: GET
                    uri: http://example.test/item
                  response:
                    body: {string: recorded}
                    headers:
                      Content-Type: [text/plain]
                    status: {code: 200, message: OK}
                version: 1
                """,
        },
        sees="passed failed",
    ),
    "beside": Feature(_BESIDE),
}

_BLOCKED = {
    "blocked": Feature(
        """
        import asyncio, pytest

        @pytest.mark.parametrize("n", range(3))
        async def test_blocked(n):
            await asyncio.sleep(0.003)
            with pytest.raises(RuntimeError, match="disabled"):
                await asyncio.open_connection("127.0.0.1", 9)
            await asyncio.sleep(0.003)
            with pytest.raises(RuntimeError, match="disabled"):
                await asyncio.open_connection("127.0.0.1", 9)
        """
    )
}

_TABLES = (
    Table("httpx", _HTTPX, _AUTO, plugins=("pytest_httpx",)),
    Table("respx", _RESPX, _AUTO, plugins=("respx",)),
    Table("httpserver", _SERVER, _AUTO, plugins=("pytest_httpserver",)),
    Table("socket", _SOCKETS, _AUTO, plugins=("socket",)),
    Table(
        "no-sockets",
        _NO_SOCKETS,
        _AUTO,
        steps=(("--disable-socket", "--allow-unix-socket"),),
        plugins=("socket",),
    ),
    Table("recording", _RECORDED, _AUTO, plugins=("recording",)),
    Table(
        "no-network",
        _BLOCKED,
        _AUTO,
        steps=(("--block-network",),),
        plugins=("recording",),
    ),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_networks_agree(runs: Runs, row: Row) -> None:
    """Each test sees the answers that it has prepared, and nobody else does."""
    runs.check(row)


_TABLE_AIORESPONSES = Table("aioresponses", _AIORESPONSES, _AUTO)


@pytest.mark.parametrize("row", rows(_TABLE_AIORESPONSES))
def test_aioresponses_agrees(runs: Runs, row: Row) -> None:
    """It is no plugin, and patches aiohttp wherever it is used."""
    pytest.importorskip("aioresponses")
    runs.check(row)
