"""The fixtures and functions that pytest-asyncio ships."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

_SHIPPED = {
    "ports": Feature(
        """
        import asyncio, pytest

        async def test_tcp(unused_tcp_port):
            server = await asyncio.start_server(lambda r, w: None, "127.0.0.1",
                                                unused_tcp_port)
            server.close()
            await server.wait_closed()

        def test_factory(unused_tcp_port_factory, unused_udp_port_factory):
            ports = {unused_tcp_port_factory() for _ in range(10)}
            assert len(ports) == 10
            assert len({unused_udp_port_factory() for _ in range(10)}) == 10

        def test_udp(unused_udp_port):
            assert 1024 <= unused_udp_port <= 65535

        async def test_no_event_loop_fixture(event_loop): ...
        """,
        sees="passed error",
    ),
    "policy": Feature(
        """
        import asyncio, pytest

        class Policy(asyncio.DefaultEventLoopPolicy):
            def new_event_loop(self):
                loop = super().new_event_loop()
                loop.mine = True
                return loop

        @pytest.fixture(scope="module")
        def event_loop_policy():
            return Policy()

        async def test_loop_of_the_policy():
            assert asyncio.get_running_loop().mine

        @pytest.mark.asyncio(loop_scope="module")
        async def test_wide_loop_too():
            assert asyncio.get_running_loop().mine
        """
    ),
    "policy_parameters": Feature(
        """
        import asyncio, pytest

        class First(asyncio.DefaultEventLoopPolicy): ...
        class Second(asyncio.DefaultEventLoopPolicy): ...

        @pytest.fixture(params=[First(), Second()], ids=["first", "second"])
        def event_loop_policy(request):
            return request.param

        async def test_async():
            assert type(asyncio.get_event_loop_policy()) in (First, Second)

        def test_sync(): ...
        """
    ),
    "is_async_test": Feature(
        {
            "conftest.py": """
                from pytest_asyncio import is_async_test
                from journal import note

                def pytest_collection_modifyitems(items):
                    for item in items:
                        if item.path.name == "test_asked.py":
                            note(item.name, str(is_async_test(item)))
                """,
            "test_asked.py": """
                import pytest
                async def test_async(): ...
                def test_sync(): ...
                """,
        }
    ),
}

_TABLE = Table("shipped", _SHIPPED, "asyncio_mode = auto")


@pytest.mark.parametrize("row", rows(_TABLE))
def test_shipped_fixtures_agree(runs: Runs, row: Row) -> None:
    """Ports, policies and questions about items are served as by the plugin."""
    runs.check(row)
