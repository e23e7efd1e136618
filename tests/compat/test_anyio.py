"""Tests and fixtures of anyio's plugin run as it runs them, and overlap on asyncio."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table
from ._versions import UNHANDLED, installed

# What anyio's page "Testing" says, in its order.
_CREATING = {
    "marks": Feature(
        """
        import anyio, pytest

        @pytest.mark.anyio
        async def test_function(): await anyio.sleep(0)

        @pytest.mark.anyio
        class TestMarked:
            async def test_method(self): await anyio.sleep(0)
            def test_sync(self): ...

        @pytest.mark.anyio
        def test_sync(): ...

        class TestByFixture:
            async def test_asks(self, anyio_backend): await anyio.sleep(0)

            @pytest.mark.usefixtures("anyio_backend")
            async def test_uses(self): await anyio.sleep(0)

        async def test_by_another_fixture(anyio_backend_name): await anyio.sleep(0)
        """
    ),
    "without_mark": Feature("async def test_bare(): ...", sees=UNHANDLED),
    "overlap": Feature(
        """
        import asyncio, gate, pytest

        pytestmark = pytest.mark.anyio

        @pytest.fixture(scope="session")
        def anyio_backend(): return "asyncio"

        @pytest.fixture
        async def loop():
            await gate.arrive("set-up")
            yield asyncio.get_running_loop()
            await gate.arrive("teardown")

        @pytest.mark.parametrize("n", range(20))
        async def test_waits(n, loop):
            await gate.arrive("call")
            assert loop is asyncio.get_running_loop()
            assert len(asyncio.all_tasks()) == 2

        @pytest.mark.parametrize("n", range(20))
        def test_sync(n, loop, anyio_backend): assert not loop.is_closed()
        """
    ),
}

_BACKENDS = {
    "default": Feature(
        """
        import anyio, pytest

        @pytest.mark.anyio
        async def test_it(anyio_backend_name, anyio_backend_options):
            assert anyio_backend_name in ("asyncio", "trio")
            assert anyio_backend_options == {}
            assert anyio.get_current_task().name
        """
    ),
    "one_by_fixture": Feature(
        """
        import gate, pytest

        @pytest.fixture
        def anyio_backend(): return "asyncio"

        @pytest.mark.anyio
        @pytest.mark.parametrize("n", range(20))
        async def test_it(n, anyio_backend_name):
            assert anyio_backend_name == "asyncio"
            await gate.arrive("it")
        """
    ),
    "options": Feature(
        """
        import asyncio, gate, pytest

        @pytest.fixture(params=[("asyncio", {"debug": True})] * 20)
        def anyio_backend(request): return request.param

        @pytest.mark.anyio
        async def test_it(anyio_backend_options):
            assert anyio_backend_options == {"debug": True}
            assert asyncio.get_running_loop().get_debug()
            await gate.arrive("it")
        """
    ),
    "several": Feature(
        """
        import asyncio, pytest

        @pytest.fixture(
            params=[
                pytest.param(("asyncio", {"use_uvloop": True}), id="asyncio+uvloop"),
                pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio"),
                pytest.param(
                    ("trio", {"restrict_keyboard_interrupt_to_checkpoints": True}),
                    id="trio",
                ),
            ]
        )
        def anyio_backend(request):
            if isinstance(request.param, tuple) and request.param[1].get("use_uvloop"):
                pytest.importorskip("uvloop")
            return request.param

        @pytest.mark.anyio
        @pytest.mark.parametrize("n", range(3))
        async def test_it(n, anyio_backend, anyio_backend_name):
            if anyio_backend_name == "trio":
                import trio
                await trio.sleep(0.001)
            else:
                loop = asyncio.get_running_loop()
                await asyncio.sleep(0.001)
                uv = type(loop).__module__.startswith("uvloop")
                assert uv == anyio_backend[1]["use_uvloop"]
        """
    ),
    "for_a_single_test": Feature(
        """
        import gate, pytest

        pytestmark = pytest.mark.anyio

        @pytest.mark.parametrize("n", range(20))
        @pytest.mark.parametrize("anyio_backend", ["asyncio"])
        async def test_on_asyncio_only(n, anyio_backend):
            assert anyio_backend == "asyncio"
            await gate.arrive("it")

        @pytest.mark.parametrize("anyio_backend", ["trio"])
        async def test_on_trio_only(anyio_backend):
            import trio
            await trio.sleep(0)
        """
    ),
    "not_to_be_foreseen": Feature(
        """
        import anyio, os, pytest

        @pytest.fixture(scope="module")
        def anyio_backend(): return os.environ.get("NO_SUCH_BACKEND", "asyncio")

        @pytest.mark.anyio
        @pytest.mark.parametrize("n", range(5))
        async def test_it(n, anyio_backend_name):
            await anyio.sleep(0.001)
            assert anyio_backend_name == "asyncio"
        """
    ),
    "loop_factory": Feature(
        """
        import asyncio, pytest

        class Loop(asyncio.SelectorEventLoop): ...

        @pytest.fixture
        def anyio_backend(): return "asyncio", {"loop_factory": Loop}

        @pytest.mark.anyio
        @pytest.mark.parametrize("n", range(3))
        async def test_it(n):
            await asyncio.sleep(0.001)
            assert type(asyncio.get_running_loop()) is Loop
        """
    ),
    "unknown": Feature(
        """
        import pytest

        pytestmark = pytest.mark.anyio

        @pytest.mark.parametrize("anyio_backend", ["curio", 3])
        async def test_it(anyio_backend): ...
        """,
        sees="failed",
    ),
}

_FIXTURES = {
    "kinds": Feature(
        """
        import asyncio, pytest
        from journal import note

        pytestmark = pytest.mark.anyio

        @pytest.fixture
        def anyio_backend(): return "asyncio"

        @pytest.fixture
        async def returned():
            await asyncio.sleep(0.001)
            return asyncio.get_running_loop()

        @pytest.fixture
        async def yielded(returned, request):
            note(request.node.name, "up")
            yield returned
            await asyncio.sleep(0.001)
            note(request.node.name, "down")

        @pytest.fixture
        def sync_upon(yielded): return yielded

        @pytest.fixture(params=[1, 2])
        async def parametrized(request): return request.param

        async def test_async(sync_upon, parametrized):
            assert sync_upon is asyncio.get_running_loop()
            assert parametrized in (1, 2)

        def test_sync(yielded, anyio_backend): assert not yielded.is_running()

        class TestIn:
            @pytest.fixture
            async def me(self): return self
            async def test_method(self, me): assert me is self
        """
    ),
    "autouse": Feature(
        """
        import asyncio, pytest

        started = []

        @pytest.fixture(params=["asyncio"])
        def anyio_backend(request): return request.param

        @pytest.fixture(autouse=True)
        async def server(anyio_backend):
            started.append(asyncio.get_running_loop())
            yield
            assert not asyncio.get_running_loop().is_closed()

        async def test_on_its_loop(): assert asyncio.get_running_loop() in started

        def test_sync(): assert started
        """
    ),
    "not_for_others": Feature(
        """
        import pytest

        @pytest.fixture
        async def of_anyio(): return 1

        def test_gets_no_value(of_anyio): ...
        """,
        sees="error" if installed("pytest>=9") else "passed",
    ),
    "one_task": Feature(
        """
        import anyio, asyncio, contextvars, pytest

        pytestmark = pytest.mark.anyio
        var = contextvars.ContextVar("var", default=0)

        @pytest.fixture
        def anyio_backend(): return "asyncio"

        @pytest.fixture
        async def group():
            var.set(1)
            async with anyio.create_task_group() as group:
                yield group, asyncio.current_task()
                assert var.get() == 2
                group.cancel_scope.cancel()

        @pytest.fixture
        def sync_between(group): return var.get()

        @pytest.mark.parametrize("n", range(5))
        async def test_it(group, sync_between, n):
            await anyio.sleep(0.001)
            assert asyncio.current_task() is group[1]
            assert (var.get(), sync_between) == (1, 0)
            var.set(2)
            group[0].start_soon(anyio.sleep_forever)

        def test_nothing_is_left(): assert var.get() == 0
        """
    ),
    "ports": Feature(
        """
        import anyio, pytest, socket

        pytestmark = pytest.mark.anyio
        seen = []

        @pytest.fixture
        def anyio_backend(): return "asyncio"

        @pytest.mark.parametrize("n", range(10))
        async def test_tcp(n, free_tcp_port):
            async with await anyio.create_tcp_listener(
                local_host="127.0.0.1", local_port=free_tcp_port
            ):
                await anyio.sleep(0.001)
            assert free_tcp_port not in seen
            seen.append(free_tcp_port)

        async def test_others(
            free_udp_port, free_tcp_port_factory, free_udp_port_factory
        ):
            assert free_udp_port != free_udp_port_factory()
            assert free_tcp_port_factory(socket.AF_INET) not in seen
        """
    ),
    "dynamic": Feature(
        """
        import asyncio, pytest

        pytestmark = pytest.mark.anyio

        @pytest.fixture
        def anyio_backend(): return "asyncio"

        @pytest.fixture
        async def asked_for(): return asyncio.get_running_loop()

        @pytest.fixture
        def asks(request): return request.getfixturevalue("asked_for")

        @pytest.mark.parametrize("n", range(3))
        async def test_it(asks, n): assert asks is asyncio.get_running_loop()

        async def test_inside(request):
            with pytest.raises(RuntimeError, match="is already running|Cannot sched"):
                request.getfixturevalue("asked_for")
        """
    ),
    "to_thread": Feature(
        """
        import anyio, anyio.from_thread, anyio.to_thread, pytest, threading

        pytestmark = pytest.mark.anyio

        @pytest.fixture
        def anyio_backend(): return "asyncio"

        @pytest.mark.parametrize("n", range(5))
        async def test_there_and_back(n):
            def work(): return anyio.from_thread.run(here), threading.get_ident()
            async def here(): return n
            answer, thread = await anyio.to_thread.run_sync(work)
            assert answer == n and thread != threading.get_ident()

        @pytest.mark.parametrize("n", range(5))
        def test_portal(n):
            with anyio.from_thread.start_blocking_portal() as portal:
                assert portal.call(anyio.sleep, 0.001) is None
        """
    ),
    "run_in_sync_test": Feature(
        """
        import anyio, gate, pytest

        @pytest.mark.parametrize("n", range(20))
        def test_run(n): anyio.run(gate.arrive, "run")
        """
    ),
}

_LATER = """
    import pytest

    def pytest_collection_modifyitems(items):
        for item in items:
            if item.path.name == "test_later.py":
                item.add_marker(pytest.mark.anyio)
"""
_MARKED_LATER = {
    "later": Feature(
        """
        import anyio
        async def test_it(): await anyio.sleep(0.001)
        def test_sync(): ...
        """
    )
}

_MODES = {
    "any": Feature(
        """
        import asyncio, pytest

        @pytest.fixture
        def anyio_backend(): return "asyncio"

        @pytest.fixture
        async def loop(): return asyncio.get_running_loop()

        async def test_it(loop): assert loop is asyncio.get_running_loop()

        @pytest.mark.parametrize("n", range(3))
        class TestIn:
            async def test_it(self, loop, n):
                await asyncio.sleep(0.001)
                assert loop is asyncio.get_running_loop()

        def test_sync(): ...
        """
    ),
}

# Which plugin runs what, where both are there.
_MIXED = {
    "one_file": Feature(
        """
        import asyncio, gate, pytest, pytest_asyncio

        @pytest.fixture
        def anyio_backend(): return "asyncio"

        def driver(): return asyncio.current_task().get_coro().__qualname__

        @pytest.mark.anyio
        @pytest.mark.parametrize("n", range(10))
        async def test_of_anyio(n):
            assert driver().startswith("TestRunner.")
            await gate.arrive("both")

        @pytest.mark.asyncio
        @pytest.mark.parametrize("n", range(10))
        async def test_of_asyncio(n):
            assert driver().startswith("test_of_asyncio")
            await gate.arrive("both")

        @pytest.mark.asyncio(loop_scope="module")
        @pytest.mark.parametrize("n", range(3))
        async def test_on_a_shared_loop(n): await asyncio.sleep(0.001)

        @pytest_asyncio.fixture
        async def value():
            await asyncio.sleep(0)
            return 1

        @pytest.mark.asyncio
        async def test_its_fixture(value): assert value == 1
        """
    ),
    "one_test": Feature(
        """
        import asyncio, pytest

        @pytest.mark.anyio
        @pytest.mark.asyncio
        async def test_of_both(anyio_backend_name):
            task = asyncio.current_task()
            assert task.get_coro().__qualname__.startswith("test_of_both")
        """
    ),
}

_BY_ASYNCIO = {"one_test": _MIXED["one_test"]}

_HYPOTHESIS = {
    "given": Feature(
        """
        import anyio, pytest
        from hypothesis import given, settings, strategies as st

        @settings(max_examples=5, database=None, deadline=None)
        @given(x=st.integers())
        @pytest.mark.anyio
        async def test_it(x):
            await anyio.sleep(0)
            assert isinstance(x, int)
        """
    ),
}

_TABLES = (
    Table("anyio-creating", _CREATING),
    Table("anyio-backends", _BACKENDS),
    Table("anyio-fixtures", _FIXTURES),
    Table("anyio-marked-later", _MARKED_LATER, conftest=_LATER),
    Table("anyio-auto", _MODES, "anyio_mode = auto"),
    Table("anyio-auto-by-option", _MODES, steps=(("--anyio-mode=auto",),)),
    Table("anyio-mixed", _MIXED),
    Table("anyio-mixed-auto", _BY_ASYNCIO, "asyncio_mode = auto"),
    Table("anyio-hypothesis", _HYPOTHESIS, plugins=("hypothesispytest",)),
    Table(
        "anyio-blocked",
        {"mark": Feature("async def test_it(): ...", sees=UNHANDLED)},
        steps=(("-p", "no:anyio"),),
    ),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_anyio_agrees(runs: Runs, row: Row) -> None:
    """On the runner, with the fixtures and the context that anyio's plugin gives it."""
    runs.check(row)
