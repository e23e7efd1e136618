"""How long anyio's runners and async fixtures live, and who shares them."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

_HEAD = """
    import asyncio, contextvars, pytest
    from journal import note

    pytestmark = pytest.mark.anyio
    loops = {}

    @pytest.fixture(scope="session")
    def anyio_backend(): return "asyncio"
"""


def _of(body: str, sees: str = "passed") -> Feature:
    return Feature(_HEAD + body, sees)


_LIVES = {
    "a_runner_each": _of(
        """
    @pytest.fixture
    async def loop():
        yield asyncio.get_running_loop()

    @pytest.mark.parametrize("n", range(5))
    async def test_it(n, loop):
        assert loop not in loops.values()
        loops[n] = loop
        await asyncio.sleep(0.001)
        """
    ),
    "asked_while_it_runs": _of(
        """
    done = []

    @pytest.fixture(scope="module")
    async def server():
        yield

    async def test_first(server):
        print("first")

    async def test_finalizer(server, request):
        await asyncio.sleep(0)
        request.addfinalizer(lambda: done.append(1))

    async def test_getfixturevalue(server, request):
        await asyncio.sleep(0)
        assert request.getfixturevalue("tmp_path").is_dir()
        request.node.user_properties.append(("seen", 1))

    async def test_prints(server, request):
        print("printed by", request.node.name)
        assert done == [1]
        await asyncio.sleep(0)
        assert False
        """,
        "passed failed",
    ),
    "module": _of(
        """
    @pytest.fixture(scope="module")
    async def server():
        note("server", "up")
        yield asyncio.get_running_loop()
        note("server", "down")

    async def test_before():
        loops["before"] = asyncio.get_running_loop()

    @pytest.mark.parametrize("n", range(5))
    async def test_on_its_loop(n, server):
        await asyncio.sleep(0.001)
        assert asyncio.get_running_loop() is server
        assert server is not loops.get("before")
        loops["server"] = server

    async def test_without_it_but_on_its_loop():
        assert asyncio.get_running_loop() is loops["server"]

    def test_sync(server): assert not server.is_closed()

    def test_sync_without(): ...
        """
    ),
    "class_scope": _of(
        """
    @pytest.fixture(scope="class")
    async def server(request):
        note("server", f"up for {request.node.name}")
        yield asyncio.get_running_loop()
        note("server", f"down for {request.node.name}")

    class TestOne:
        async def test_a(self, server): loops["one"] = server
        async def test_b(self, server): assert loops["one"] is server

    async def test_between():
        assert asyncio.get_running_loop() is not loops.get("one")

    class TestTwo:
        async def test_a(self):
            assert asyncio.get_running_loop() is not loops.get("one")
        async def test_b(self, server): loops["two"] = server
        async def test_c(self): assert asyncio.get_running_loop() is loops["two"]
        """
    ),
    "returned_not_yielded": _of(
        """
    @pytest.fixture(scope="module")
    async def value(): return asyncio.get_running_loop()

    async def test_a(value): assert value is asyncio.get_running_loop()
    async def test_b(): loops["b"] = asyncio.get_running_loop()
    async def test_c(value): assert value is loops["b"]
        """
    ),
    "one_upon_another": _of(
        """
    @pytest.fixture(scope="module")
    async def inner():
        note("lives", "inner up")
        yield asyncio.get_running_loop()
        note("lives", "inner down")

    @pytest.fixture(scope="module")
    def sync_between(inner):
        note("lives", "between up")
        yield inner
        note("lives", "between down")

    @pytest.fixture(scope="class")
    async def outer(sync_between):
        note("lives", "outer up")
        yield sync_between
        note("lives", "outer down")

    class TestIn:
        async def test_a(self, outer): assert outer is asyncio.get_running_loop()
        async def test_b(self, outer): assert outer is asyncio.get_running_loop()

    async def test_c(inner): assert inner is asyncio.get_running_loop()
        """
    ),
    "the_narrower_first": _of(
        """
    @pytest.fixture(scope="class")
    async def narrow(): yield asyncio.get_running_loop()

    @pytest.fixture(scope="module")
    async def wide(): yield asyncio.get_running_loop()

    class TestIn:
        async def test_a(self, narrow): loops["a"] = narrow
        async def test_b(self, wide): assert wide is loops["a"]

    async def test_c(wide): assert wide is asyncio.get_running_loop()
        """
    ),
    "dynamic": _of(
        """
    @pytest.fixture(scope="module")
    async def server(): yield asyncio.get_running_loop()

    @pytest.fixture
    def asks(request): return request.getfixturevalue("server")

    @pytest.mark.parametrize("n", range(5))
    async def test_it(asks, n):
        await asyncio.sleep(0.001)
        assert asks is asyncio.get_running_loop()

    async def test_after(): loops["after"] = asyncio.get_running_loop()
    async def test_last(asks): assert asks is loops["after"]
        """
    ),
    "parameters": _of(
        """
    @pytest.fixture(scope="module", params=["a", "b"])
    async def server(request):
        note("server", f"up {request.param}")
        yield request.param
        note("server", f"down {request.param}")

    async def test_a(server): await asyncio.sleep(0.001)
    async def test_b(server): await asyncio.sleep(0.001)
        """
    ),
    "context": _of(
        """
    var = contextvars.ContextVar("var", default=0)

    @pytest.fixture(scope="module")
    async def sets(): var.set(1)

    async def test_sees_it(sets):
        assert var.get() == 1
        var.set(2)

    async def test_sees_that_too(sets): assert var.get() == 2
    async def test_sees_it_without(): assert var.get() == 2
    def test_sync(sets): assert var.get() == 0
        """
    ),
    "of_the_class": Feature(
        """
        import asyncio, pytest

        @pytest.mark.anyio
        class TestIn:
            @pytest.fixture(scope="class")
            def anyio_backend(self): return "asyncio"

            @pytest.fixture(scope="class")
            async def server(self): yield asyncio.get_running_loop()

            async def test_a(self, server): assert server is asyncio.get_running_loop()
            async def test_b(self): await asyncio.sleep(0.001)
        """
    ),
    "on_every_backend": Feature(
        """
        import anyio, pytest

        pytestmark = pytest.mark.anyio

        @pytest.fixture(scope="module", params=["asyncio", "trio"])
        def anyio_backend(request): return request.param

        @pytest.fixture(scope="module")
        async def server(anyio_backend, anyio_backend_name="x"):
            await anyio.sleep(0)
            yield anyio_backend
            await anyio.sleep(0)

        async def test_a(server, anyio_backend): assert server == anyio_backend
        async def test_b(server, anyio_backend):
            await anyio.sleep(0)
            assert server == anyio_backend
        """
    ),
    "not_beside_asyncio": Feature(
        """
        import asyncio, pytest, pytest_asyncio

        @pytest.fixture(scope="module")
        def anyio_backend(): return "asyncio"

        @pytest.fixture(scope="module")
        async def server(anyio_backend): yield asyncio.get_running_loop()

        @pytest_asyncio.fixture(scope="module", loop_scope="module")
        async def other(): return asyncio.get_running_loop()

        @pytest.mark.anyio
        async def test_a(server): assert server is asyncio.get_running_loop()

        @pytest.mark.asyncio(loop_scope="module")
        async def test_b(other):
            await asyncio.sleep(0.001)
            assert other is asyncio.get_running_loop()

        @pytest.mark.anyio
        async def test_c(server, other):
            assert server is asyncio.get_running_loop() is not other

        @pytest.mark.asyncio
        async def test_d(): await asyncio.sleep(0.001)
        """
    ),
}

# By itself, as a session's runner is shared by all that come after.
_SESSION = {
    "session": Feature(
        {
            "conftest.py": """
                import asyncio, pytest

                @pytest.fixture(scope="session")
                def anyio_backend(): return "asyncio"

                @pytest.fixture(scope="session")
                async def server(): yield asyncio.get_running_loop()
            """,
            "test_a.py": """
                import asyncio, gate, pytest
                pytestmark = pytest.mark.anyio

                @pytest.mark.parametrize("n", range(20))
                async def test_overlaps(n): await gate.arrive("here")
            """,
            "test_b.py": """
                import asyncio, pytest
                pytestmark = pytest.mark.anyio

                async def test_it(server): assert server is asyncio.get_running_loop()
            """,
            "test_c.py": """
                import asyncio, pytest
                pytestmark = pytest.mark.anyio
                loops = set()

                @pytest.mark.parametrize("n", range(5))
                async def test_on_one_loop(n):
                    loops.add(asyncio.get_running_loop())
                    assert len(loops) == 1
            """,
            "__init__.py": "",
        }
    ),
}

_WRONG = {
    "set_up": _of(
        """
    @pytest.fixture(scope="module")
    async def broken():
        await asyncio.sleep(0)
        raise OSError("set-up")

    async def test_a(broken): ...
    async def test_b(broken): ...
    async def test_c(): ...
        """,
        "passed error",
    ),
    "teardown": _of(
        """
    @pytest.fixture(scope="module")
    async def broken():
        yield
        raise OSError("teardown")

    async def test_a(broken): ...
    async def test_b(broken): ...
        """,
        "passed error",
    ),
    "scope_mismatch": Feature(
        """
        import pytest

        @pytest.fixture
        def anyio_backend(): return "asyncio"

        @pytest.fixture(scope="module")
        async def server(anyio_backend): yield

        @pytest.mark.anyio
        async def test_a(server): ...
        """,
        sees="error",
    ),
}

_TABLES = (
    Table("anyio-lives", _LIVES),
    Table("anyio-lives-session", _SESSION),
    Table("anyio-lives-wrong", _WRONG),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_lives_agree(runs: Runs, row: Row) -> None:
    """A runner lives as long as an async fixture does, and all who come share it."""
    runs.check(row)
