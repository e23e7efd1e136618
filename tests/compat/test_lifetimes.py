"""Wide fixtures live exactly as long as under pytest."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

_EVERY_SCOPE = """
    import asyncio, pytest
    from journal import note

    def define(scope):
        @pytest.fixture(scope=scope)
        async def fixture(request):
            state = {{"alive": True}}
            lane = f"{{scope}} of {{request.node.nodeid}}"
            note(lane, "up")
            await asyncio.sleep(0.002)
            yield state
            await asyncio.sleep(0.002)
            note(lane, "down")
            state["alive"] = False
        return fixture

    of_session, of_package = define("session"), define("package")
    of_module, of_class = define("module"), define("class")
    of_function = define("function")

    @pytest.fixture
    def everything(of_session, of_package, of_module, of_class, of_function):
        return of_session, of_package, of_module, of_class, of_function

    async def alive(states):
        for _ in range(3):
            assert all(state["alive"] for state in states)
            await asyncio.sleep(0.002)

    {mark}
    class TestOne:
        async def test_a(self, everything):
            await alive(everything)

        async def test_b(self, everything):
            await alive(everything)

    {mark}
    class TestTwo:
        async def test_c(self, everything):
            await alive(everything)

        def test_d(self, everything):
            assert all(state["alive"] for state in everything)

    {mark}
    async def test_e(everything):
        await alive(everything)
"""

_LIVES = {
    "function_loops": Feature(_EVERY_SCOPE.format(mark="")),
    "class_loops": Feature(
        _EVERY_SCOPE.format(mark="@pytest.mark.asyncio(loop_scope='class')")
    ),
    "module_loops": Feature(
        _EVERY_SCOPE.format(mark="@pytest.mark.asyncio(loop_scope='module')")
    ),
    "session_loops": Feature(
        _EVERY_SCOPE.format(mark="@pytest.mark.asyncio(loop_scope='session')")
    ),
    "down_before_what_it_needs": Feature(
        """
        import asyncio, pytest
        from journal import note

        @pytest.fixture(scope="module")
        async def server():
            note("module", "server up")
            yield "server"
            note("module", "server down")

        @pytest.fixture(scope="module")
        def pool(server):
            note("module", "pool up")
            yield "pool"
            note("module", "pool down")

        @pytest.fixture(scope="module")
        async def schema(pool):
            note("module", "schema up")
            yield "schema"
            note("module", "schema down")

        @pytest.mark.parametrize("n", range(4))
        async def test_queries(schema, n):
            await asyncio.sleep(0.005)
        """
    ),
    "module_by_module": Feature(
        {
            "conftest.py": """
                import asyncio, pytest
                from journal import note

                @pytest.fixture(scope="module")
                async def database(request):
                    note(request.module.__name__, "up")
                    await asyncio.sleep(0.005)
                    yield request.module.__name__
                    note(request.module.__name__, "down")

                @pytest.fixture(scope="session")
                async def server():
                    note("session", "up")
                    yield
                    note("session", "down")
                """,
            "test_life_a.py": """
                import asyncio
                async def test_1(database, server): await asyncio.sleep(0.005)
                async def test_2(database): assert database == "test_life_a"
                """,
            "test_life_b.py": """
                import asyncio
                async def test_1(database): assert database == "test_life_b"
                async def test_2(database, server): await asyncio.sleep(0.005)
                """,
        }
    ),
    "package_by_package": Feature(
        {
            "__init__.py": "",
            "conftest.py": """
                import pytest
                from journal import note

                @pytest.fixture(scope="package")
                def stock(request):
                    note(request.node.nodeid, "up")
                    yield request.node.nodeid
                    note(request.node.nodeid, "down")
                """,
            "one/__init__.py": "",
            "one/test_one.py": "async def test_one(stock): assert stock",
            "one/test_more.py": "async def test_more(stock): assert stock",
            "two/__init__.py": "",
            "two/test_two.py": "async def test_two(stock): assert stock",
        }
    ),
    "parameter_by_parameter": Feature(
        """
        import asyncio, pytest
        from journal import note

        alive = set()

        @pytest.fixture(scope="module", params=["sqlite", "postgres"])
        async def engine(request):
            note("module", f"{request.param} up")
            alive.add(request.param)
            await asyncio.sleep(0.005)
            yield request.param
            alive.discard(request.param)
            note("module", f"{request.param} down")

        async def test_reads(engine):
            await asyncio.sleep(0.01)
            assert alive == {engine}

        def test_sync(engine):
            assert alive == {engine}

        async def test_without():
            await asyncio.sleep(0.01)

        async def test_writes(engine):
            await asyncio.sleep(0.01)
            assert alive == {engine}
        """
    ),
    "two_parameters": Feature(
        """
        import asyncio, pytest
        from journal import note

        @pytest.fixture(scope="session", params=[1, 2])
        def outer(request):
            note("session", f"outer {request.param} up")
            yield request.param
            note("session", f"outer {request.param} down")

        @pytest.fixture(scope="module", params=["x", "y"])
        async def inner(request, outer):
            note("session", f"inner {outer}{request.param} up")
            yield f"{outer}{request.param}"
            note("session", f"inner {outer}{request.param} down")

        async def test_product(inner, outer):
            await asyncio.sleep(0.002)
            assert inner.startswith(str(outer))

        async def test_outer_only(outer):
            await asyncio.sleep(0.002)
        """
    ),
    "dynamic_scope": Feature(
        """
        import pytest
        from journal import note

        def choose(fixture_name, config):
            return "module" if fixture_name.startswith("wide") else "function"

        @pytest.fixture(scope=choose)
        async def wide_one():
            note("module", "wide")
            return object()

        @pytest.fixture(scope=choose)
        async def narrow_one(request):
            note(request.node.name, "narrow")

        async def test_a(wide_one, narrow_one): ...
        async def test_b(wide_one, narrow_one): ...
        """
    ),
}

_TABLE = Table("lives", _LIVES, "asyncio_mode = auto")


@pytest.mark.parametrize("row", rows(_TABLE))
def test_lifetimes_agree(runs: Runs, row: Row) -> None:
    """Set-up and teardown come in pytest's order within each scope."""
    runs.check(row)
