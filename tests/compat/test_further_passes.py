"""Protocols that run a test several times share what is still set up."""

from __future__ import annotations

import re

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

_LIVES = {
    "session_server": Feature(
        """
        import asyncio, pytest, pytest_asyncio, socket
        from journal import note

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            PORT = free.getsockname()[1]
        tries = []

        @pytest_asyncio.fixture(scope="session", loop_scope="session")
        async def server():
            async def answer(reader, writer):
                writer.write(await reader.readline())
                await writer.drain()
                writer.close()

            server = await asyncio.start_server(answer, "127.0.0.1", PORT)
            note("server", "up")
            yield server
            server.close()
            note("server", "down")

        async def ask():
            reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
            writer.write(b"hello\\n")
            assert await reader.readline() == b"hello\\n"
            writer.close()

        @pytest.mark.flaky(reruns=2)
        @pytest.mark.asyncio(loop_scope="session")
        async def test_third_time(server):
            await ask()
            tries.append(1)
            assert len(tries) == 3

        @pytest.mark.asyncio(loop_scope="session")
        async def test_still_there(server):
            await ask()
        """,
        sees="passed",
    ),
    "counted": Feature(
        """
        import pytest, pytest_asyncio
        from journal import note

        made = []
        tries = []

        @pytest.fixture(scope="module")
        def sync_one():
            made.append("sync")
            note("sync", "up")
            yield len(made)
            note("sync", "down")

        @pytest_asyncio.fixture(scope="module", loop_scope="module")
        async def one(sync_one):
            made.append("async")
            note("async", "up")
            yield len(made)
            note("async", "down")

        @pytest_asyncio.fixture
        async def own(one):
            note("own", "up")
            yield one
            note("own", "down")

        @pytest.mark.flaky(reruns=2)
        @pytest.mark.asyncio(loop_scope="module")
        async def test_second_time(own, one):
            tries.append(1)
            assert (own, len(tries)) == (2, 2)

        async def test_shares_it(one):
            assert one == 2

        @pytest.mark.flaky(reruns=2)
        async def test_last_of_the_module(own):
            tries.append(1)
            assert (own, len(tries)) == (2, 5)
        """,
        sees="passed",
    ),
    "in_a_class": Feature(
        """
        import pytest
        from journal import note

        tries = []

        class TestClass:
            @pytest.fixture(scope="class", autouse=True)
            def room(self, request):
                note("room", "up")
                yield
                note("room", "down")

            @classmethod
            def setup_class(cls): note("class", "up")

            @classmethod
            def teardown_class(cls): note("class", "down")

            def setup_method(self): note("method", "up")

            async def test_first(self): ...

            @pytest.mark.flaky(reruns=3)
            async def test_last(self):
                tries.append(1)
                assert len(tries) == 3

        async def test_outside(): ...
        """,
        sees="passed",
    ),
    "failing_wide_fixture": Feature(
        """
        import pytest
        from journal import note

        made = []

        @pytest.fixture(scope="module")
        def base():
            note("base", "up")
            yield
            note("base", "down")

        @pytest.fixture(scope="module")
        def shaky(base):
            made.append(1)
            note("shaky", f"up {len(made)}")
            assert len(made) > 2
            yield len(made)
            note("shaky", "down")

        @pytest.mark.flaky(reruns=3)
        async def test_in_the_end(shaky): assert shaky == 3

        @pytest.mark.flaky(reruns=3)
        async def test_has_it_at_once(shaky): assert shaky == 3
        """,
        sees="passed",
    ),
    "failing_for_good": Feature(
        """
        import pytest

        @pytest.fixture(scope="module")
        def broken(): raise ValueError("for good")

        @pytest.mark.flaky(reruns=1)
        async def test_first(broken): ...

        @pytest.mark.flaky(reruns=1)
        async def test_last(broken): ...
        """,
        sees="error",
    ),
    "failing_end": Feature(
        """
        import pytest

        tries = []

        @pytest.fixture(scope="module")
        def ends_badly():
            yield
            raise ValueError("at the end")

        @pytest.mark.flaky(reruns=2)
        async def test_passes_at_last(ends_badly):
            tries.append(1)
            assert len(tries) > 1
        """,
        sees="passed error",
    ),
    "asked_for_by_name": Feature(
        """
        import pytest
        from journal import note

        tries = []

        @pytest.fixture(scope="module")
        def late():
            note("late", "up")
            yield object()
            note("late", "down")

        @pytest.mark.flaky(reruns=2)
        async def test_by_name(request):
            tries.append(request.getfixturevalue("late"))
            assert len(tries) == 3
            assert len(set(tries)) == 1

        def test_after(late):
            assert late is tries[0]
        """,
        sees="passed",
    ),
    "parametrized": Feature(
        """
        import pytest
        from journal import note

        tries = []

        @pytest.fixture(scope="module", params=["a", "b"])
        def wide(request):
            note("wide", f"{request.param} up")
            yield request.param
            note("wide", f"{request.param} down")

        @pytest.mark.flaky(reruns=2)
        async def test_each(wide):
            tries.append(wide)
            assert tries.count(wide) == 2

        async def test_beside(wide): ...
        """,
        sees="passed",
    ),
    "never_passes": Feature(
        """
        import pytest
        from journal import note

        @pytest.fixture(scope="module")
        def wide():
            note("wide", "up")
            yield
            note("wide", "down")

        @pytest.mark.flaky(reruns=2)
        async def test_fails(wide): assert False
        """,
        sees="failed",
    ),
}

_LOOP = """
    from _pytest.runner import runtestprotocol

    def pytest_configure(config):
        config.addinivalue_line("markers", "repeat: run it three times at most")

    def pytest_runtest_protocol(item, nextitem):
        if "repeat" not in item.keywords:
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for _ in range(3):
            reports = runtestprotocol(item, nextitem=nextitem, log=False)
            if all(report.passed for report in reports):
                break
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True
"""


def _repeated(feature: Feature, sees: str) -> Feature:
    assert isinstance(feature.source, str)
    mark = re.compile(r"mark\.flaky\(reruns=\d\)")
    return Feature(mark.sub("mark.repeat", feature.source), sees)


_REPEATED = {
    name: _repeated(_LIVES[name], sees)
    for name, sees in {
        "session_server": "passed",
        "in_a_class": "passed",
        "failing_wide_fixture": "passed error",
        "failing_for_good": "error",
        "failing_end": "passed error",
        "parametrized": "passed",
        "never_passes": "failed",
    }.items()
}

_INI = "asyncio_mode = auto"
_TABLES = (
    Table("further-passes", _LIVES, _INI, plugins=("rerunfailures",)),
    Table("repeated", _REPEATED, _INI, conftest=_LOOP),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_further_passes_agree(runs: Runs, row: Row) -> None:
    """What outlives a test is set up once for all of its passes."""
    runs.check(row)
