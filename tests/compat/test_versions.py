"""What changed between versions of pytest-asyncio follows the installed one.

``tests/upstream/older-versions.sh`` runs this file with some of them installed.
"""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import IN_ORDER, Feature, Table
from ._versions import UNHANDLED, installed


def _since(version: str, now: str, before: str) -> str:
    return now if installed(f"pytest-asyncio>={version}") else before


_VERSIONS = {
    "session_event_loop": Feature(
        """
        import asyncio, pytest

        made = []

        @pytest.fixture(scope="session")
        def event_loop():
            made.append(asyncio.new_event_loop())
            yield made[0]
            made[0].close()

        @pytest.mark.asyncio
        @pytest.mark.parametrize("n", range(5))
        async def test_one_loop_for_all(n):
            await asyncio.sleep(0.002)
            assert len(made) == 1
            assert made[0] is asyncio.get_running_loop()
        """,
        _since("1.0", "failed", "passed"),
    ),
    "event_loop_argument": Feature(
        """
        import asyncio, pytest, pytest_asyncio

        @pytest_asyncio.fixture
        async def loop(event_loop):
            return asyncio.get_running_loop()

        @pytest.mark.asyncio
        async def test_async(event_loop, loop):
            await asyncio.sleep(0.002)
            assert loop is asyncio.get_running_loop() is event_loop
        """,
        _since("1.0", "error", "passed"),
    ),
    "loop_left_behind": Feature(
        """
        import asyncio, pytest

        @pytest.mark.asyncio
        async def test_async():
            await asyncio.sleep(0.002)

        def test_there_is_a_loop():
            assert not asyncio.get_event_loop().is_closed()
            asyncio.get_event_loop().run_until_complete(asyncio.sleep(0))
        """,
        _since("1.4", "passed failed", "passed"),
    ),
    "overridden_policy": Feature(
        """
        import asyncio, pytest

        pytestmark = pytest.mark.filterwarnings("error")

        class Policy(asyncio.DefaultEventLoopPolicy): ...

        @pytest.fixture
        def event_loop_policy():
            return Policy()

        @pytest.mark.asyncio
        async def test_it():
            await asyncio.sleep(0.002)
        """,
        _since("1.4", "error", "passed"),
    ),
    "contexts_of_fixtures": Feature(
        """
        import contextvars, pytest, pytest_asyncio
        var = contextvars.ContextVar("var", default="unset")

        @pytest_asyncio.fixture
        async def prepared():
            var.set("fixture")

        @pytest.mark.asyncio
        async def test_it(prepared):
            assert var.get() == "fixture"
        """,
        _since("0.25", "passed", "failed"),
    ),
    "plain": Feature(
        """
        import asyncio, gate, pytest, pytest_asyncio
        from journal import note

        @pytest_asyncio.fixture
        async def value(request):
            note(request.node.name, "up")
            yield asyncio.get_running_loop()
            note(request.node.name, "down")

        @pytest.mark.asyncio
        @pytest.mark.parametrize("n", range(3))
        async def test_async(value, n):
            await asyncio.sleep(0.002)
            assert value is asyncio.get_running_loop()

        @pytest.mark.asyncio
        async def test_fails(value):
            assert value is None

        async def test_unmarked(): ...

        def test_sync(value):
            assert not value.is_running()
        """,
        f"passed failed {UNHANDLED}",
    ),
    "scope_of_the_mark": Feature(
        """
        import asyncio, pytest

        loops = set()

        @pytest.mark.asyncio(scope="module")
        @pytest.mark.parametrize("n", range(3))
        async def test_it(n):
            loops.add(asyncio.get_running_loop())
            await asyncio.sleep(0.002)
            assert len(loops) == 1
        """,
        needs="pytest-asyncio>=0.23",
    ),
}

# Before 0.23 that is the only loop, for fixtures of all scopes as well.
_ONE_LOOP = {
    "session_fixtures": Feature(
        """
        import asyncio, pytest, pytest_asyncio

        @pytest.fixture(scope="session")
        def event_loop():
            loop = asyncio.new_event_loop()
            yield loop
            loop.close()

        @pytest_asyncio.fixture(scope="session")
        async def queue():
            return asyncio.Queue()

        @pytest.mark.asyncio
        @pytest.mark.parametrize("n", range(5))
        async def test_shares_it(queue, n):
            getter = asyncio.ensure_future(queue.get())
            await asyncio.sleep(0.002)
            await queue.put(n)
            assert await getter == n
        """
    )
}

_AUTO = {
    "auto": Feature(
        """
        import asyncio, pytest

        @pytest.fixture
        async def value():
            await asyncio.sleep(0)
            return 1

        async def test_async(value):
            assert value == 1

        class TestIn:
            async def test_method(self, value):
                assert value == 1
        """
    )
}

# A loop that is left behind is found only by who comes after.
_TABLES = (
    Table("versions", _VERSIONS, settings=IN_ORDER),
    Table("versions-auto", _AUTO, "asyncio_mode = auto"),
    Table("versions-one-loop", _ONE_LOOP, needs="pytest-asyncio<0.23"),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_versions_agree(runs: Runs, row: Row) -> None:
    """A suite is run as by the version it was written for."""
    runs.check(row)
