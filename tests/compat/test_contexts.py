"""Context variables, left-over tasks, policies and ports behave as under pytest."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

_CONTEXTS = {
    "set_by_async_fixture": Feature(
        """
        import contextvars, pytest
        var = contextvars.ContextVar("var", default="unset")

        @pytest.fixture
        async def prepared():
            token = var.set("fixture")
            yield
            var.reset(token)

        async def test_async_sees_it(prepared):
            assert var.get() == "fixture"

        def test_sync_sees_it(prepared):
            assert var.get() == "fixture"

        async def test_gone_after():
            assert var.get() == "unset"
        """
    ),
    "set_by_async_return_fixture": Feature(
        """
        import contextvars, pytest
        var = contextvars.ContextVar("var", default="unset")

        @pytest.fixture
        async def prepared():
            var.set("fixture")

        @pytest.fixture
        async def deeper(prepared):
            assert var.get() == "fixture"
            var.set("deeper")
            yield
            assert var.get() == "deeper"

        async def test_sees_the_last(deeper):
            assert var.get() == "deeper"

        async def test_gone_after():
            assert var.get() == "unset"
        """
    ),
    "set_by_module_fixture": Feature(
        """
        import asyncio, contextvars, pytest
        var = contextvars.ContextVar("var", default="unset")

        @pytest.fixture(scope="module")
        async def prepared():
            var.set("module")
            yield
            assert var.get() == "module"

        async def test_a(prepared):
            await asyncio.sleep(0.005)
            assert var.get() == "module"

        async def test_b(prepared):
            assert var.get() == "module"
        """
    ),
    "set_by_tests": Feature(
        """
        import asyncio, contextvars, pytest
        var = contextvars.ContextVar("var", default="unset")

        @pytest.fixture
        async def around():
            yield
            assert var.get() == "unset"

        @pytest.mark.parametrize("n", range(20))
        async def test_own_copy(around, n):
            assert var.get() == "unset"
            var.set(n)
            await asyncio.sleep(0.005)
            assert var.get() == n
        """
    ),
    "set_by_sync_code": Feature(
        """
        import contextvars, pytest
        var = contextvars.ContextVar("var", default="unset")

        @pytest.fixture
        def prepared():
            var.set("sync fixture")

        async def test_async_sees_it(prepared):
            assert var.get() == "sync fixture"
        """
    ),
    "structured": Feature(
        """
        import asyncio, contextlib, pytest

        @contextlib.asynccontextmanager
        async def entered(log):
            log.append("in")
            yield
            log.append("out")

        @pytest.fixture
        async def stack():
            log = []
            async with contextlib.AsyncExitStack() as stack:
                await stack.enter_async_context(entered(log))
                yield log
            assert log == ["in", "out"]

        async def test_inside(stack):
            assert stack == ["in"]
        """
    ),
}

_LEFT = {
    "task_is_cancelled": Feature(
        """
        import asyncio
        from journal import note

        async def forever():
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                note("task", "cancelled")
                await asyncio.sleep(0)
                note("task", "ended")
                raise

        async def test_leaves_a_task():
            asyncio.ensure_future(forever())
            await asyncio.sleep(0)

        async def test_sees_none_of_it():
            assert len(asyncio.all_tasks()) == 1
        """
    ),
    "task_that_failed": Feature(
        """
        import asyncio

        async def fails():
            raise RuntimeError("in the background")

        async def test_does_not_notice():
            asyncio.ensure_future(fails())
            await asyncio.sleep(0.002)
        """
    ),
    "only_own_tasks": Feature(
        """
        import asyncio, gate, pytest

        @pytest.mark.parametrize("n", range(20))
        async def test_sees_itself_alone(n):
            await gate.arrive("own tasks")
            assert asyncio.all_tasks() == {asyncio.current_task()}
        """
    ),
    "async_generator_is_closed": Feature(
        """
        import asyncio
        from journal import note

        async def numbers():
            try:
                yield 1
                yield 2
            finally:
                await asyncio.sleep(0)
                note("generator", "closed")

        left = []

        async def test_leaves_it_open():
            left.append(numbers())
            assert await left[0].__anext__() == 1
        """
    ),
    "executor_is_shut_down": Feature(
        """
        import asyncio, time
        from journal import note

        def work():
            time.sleep(0.02)
            note("thread", "done")

        async def test_leaves_a_thread():
            asyncio.get_running_loop().run_in_executor(None, work)
        """
    ),
    "closes_its_loop": Feature(
        """
        import asyncio

        loops = []

        async def test_keeps_the_loop():
            loops.append(asyncio.get_running_loop())

        def test_it_was_closed():
            assert loops[0].is_closed()
        """
    ),
    "exception_handler": Feature(
        """
        import asyncio, pytest

        @pytest.mark.parametrize("n", range(5))
        async def test_has_its_own(n):
            loop = asyncio.get_running_loop()
            assert loop.get_exception_handler() is None
            seen = []
            loop.set_exception_handler(lambda loop, context: seen.append(context))
            loop.call_soon(lambda: 1 / 0)
            await asyncio.sleep(0.005)
            assert len(seen) == 1
        """
    ),
    "subprocess": Feature(
        """
        import asyncio, pytest, sys

        @pytest.mark.parametrize("n", range(3))
        async def test_reads_its_output(n):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", f"print({n})", stdout=asyncio.subprocess.PIPE)
            out, _ = await process.communicate()
            assert out == b"%d\\n" % n
        """
    ),
}

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

_TABLES = (
    Table("contexts", _CONTEXTS, "asyncio_mode = auto"),
    Table("left-over", _LEFT, "asyncio_mode = auto"),
    Table("shipped", _SHIPPED, "asyncio_mode = auto"),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_contexts_agree(runs: Runs, row: Row) -> None:
    """What a test leaves behind, and what it finds, is its own as under pytest."""
    runs.check(row)
