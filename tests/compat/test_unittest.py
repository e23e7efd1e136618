"""unittest's cases overlap where they wait, and live and end as under pytest."""

from __future__ import annotations

import sys

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

_TOGETHER = {
    "one_class": Feature(
        """
        import asyncio, gate, unittest

        class TestTogether(unittest.IsolatedAsyncioTestCase):
            async def arrive(self):
                # The gate is polled, which takes much longer in debug mode.
                asyncio.get_running_loop().set_debug(False)
                await gate.arrive("class", 8)

        def arriving(n):
            async def test(self): await self.arrive()
            return test

        for n in range(8):
            setattr(TestTogether, f"test_{n}", arriving(n))
        """
    ),
    "with_functions": Feature(
        """
        import asyncio, gate, pytest, unittest

        class TestOne(unittest.IsolatedAsyncioTestCase):
            async def test_it(self): await gate.arrive("all", 4)

        class TestOther(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self): await gate.arrive("all", 4)
            async def test_it(self): ...

        async def test_function(): await gate.arrive("all", 4)

        class TestSync(unittest.TestCase):
            def test_it(self): asyncio.run(gate.arrive("all", 4))
        """
    ),
    "set_up_of_classes": Feature(
        """
        import asyncio, gate, unittest

        class TestOne(unittest.TestCase):
            @classmethod
            def setUpClass(cls): asyncio.run(gate.arrive("classes", 2))
            def test_a(self): ...
            def test_b(self): ...

        class TestOther(unittest.TestCase):
            @classmethod
            def setUpClass(cls): asyncio.run(gate.arrive("classes", 2))
            def test_a(self): ...
        """
    ),
    "wider_fixtures_are_one": Feature(
        """
        import asyncio, gate, pytest, unittest
        from journal import note

        @pytest.fixture(scope="module")
        async def server():
            note("module", "server up")
            await asyncio.sleep(0.005)
            yield object()
            note("module", "server down")

        servers = set()

        @pytest.fixture(scope="class")
        def on_class(request, server):
            request.cls.server = server

        @pytest.mark.usefixtures("on_class")
        class TestCase(unittest.IsolatedAsyncioTestCase):
            async def test_a(self):
                servers.add(self.server)
                await gate.arrive("served", 3)
            async def test_b(self):
                servers.add(self.server)
                await gate.arrive("served", 3)

        async def test_function(server):
            servers.add(server)
            await gate.arrive("served", 3)

        def test_one(server): assert server in servers | {server}
        """
    ),
}

_LIVES = {
    "set_up_and_tear_down": Feature(
        """
        import asyncio, unittest
        from journal import note

        def setUpModule(): note("module", "up")
        def tearDownModule(): note("module", "down")

        class TestLife(unittest.IsolatedAsyncioTestCase):
            @classmethod
            def setUpClass(cls):
                note("class", "up")
                cls.addClassCleanup(note, "class", "cleanup")
            @classmethod
            def tearDownClass(cls): note("class", "down")
            def note(self, text): note(self._testMethodName, text)
            def setUp(self):
                self.note("setUp")
                self.addCleanup(self.note, "cleanup 1")
            async def asyncSetUp(self):
                await asyncio.sleep(0.002)
                self.note("asyncSetUp")
                self.addAsyncCleanup(self.later, "cleanup 2")
            async def later(self, text):
                await asyncio.sleep(0.002)
                self.note(text)
            async def asyncTearDown(self): await self.later("asyncTearDown")
            def tearDown(self): self.note("tearDown")
            async def test_a(self): await self.later("test")
            async def test_b(self): await self.later("test")
            def test_sync(self): self.note("test")
        """
    ),
    "fixtures_round_it": Feature(
        """
        import asyncio, pytest, unittest
        from journal import note

        class TestRound(unittest.IsolatedAsyncioTestCase):
            @pytest.fixture(autouse=True)
            def round(self, tmp_path, request):
                self.path, self.request = tmp_path, request
                note(request.node.name, "fixture up")
                yield
                note(request.node.name, "fixture down")
            @pytest.fixture(autouse=True)
            async def awaited(self):
                await asyncio.sleep(0.002)
                self.awaited = True
                yield
            def setup_method(self, method): note(method.__name__, "setup_method")
            def teardown_method(self, method): note(method.__name__, "teardown_method")
            async def asyncSetUp(self): note(self._testMethodName, "asyncSetUp")
            async def asyncTearDown(self): note(self._testMethodName, "asyncTearDown")
            async def test_a(self):
                await asyncio.sleep(0.005)
                self.assertTrue(self.path.exists() and self.awaited)
                note("test_a", "test")
            async def test_b(self):
                await asyncio.sleep(0.005)
                self.assertEqual(self.path.name[:6], "test_b")
        """
    ),
    "fixtures_asked_for": Feature(
        """
        import asyncio, pytest, unittest
        from journal import note

        @pytest.fixture
        def lazy(request):
            yield request.node.name
            note(request.node.name, "lazy down")

        @pytest.fixture(scope="module")
        def wide():
            note("module", "wide up")
            yield 7
            note("module", "wide down")

        class TestAsking(unittest.IsolatedAsyncioTestCase):
            @pytest.fixture(autouse=True)
            def keep(self, request): self.request = request
            async def test_a(self):
                await asyncio.sleep(0.005)
                self.assertEqual(self.request.getfixturevalue("lazy"), "test_a")
                self.assertEqual(self.request.getfixturevalue("wide"), 7)
            async def test_b(self):
                await asyncio.sleep(0.005)
                self.assertEqual(self.request.getfixturevalue("wide"), 7)
                self.request.addfinalizer(lambda: note("test_b", "finalizer"))
        """
    ),
    "own_loop_each": Feature(
        """
        import asyncio, sys, unittest

        loops = set()

        class TestLoops(unittest.IsolatedAsyncioTestCase):
            async def check(self):
                loop = asyncio.get_running_loop()
                self.assertNotIn(loop, loops)
                loops.add(loop)
                self.assertTrue(loop.get_debug())
                self.assertEqual(sys.get_coroutine_origin_tracking_depth(), 10)
                await asyncio.sleep(0.005)
                self.assertEqual(sys.get_coroutine_origin_tracking_depth(), 10)
                # unittest's own task, before Python 3.11, is one more.
                self.assertLessEqual(len(asyncio.all_tasks()), 2)
            async def test_a(self): await self.check()
            async def test_b(self): await self.check()
            async def test_c(self): await self.check()

        def test_after():
            assert sys.get_coroutine_origin_tracking_depth() == 0

        async def test_function():
            await asyncio.sleep(0.003)
            assert sys.get_coroutine_origin_tracking_depth() == 0
            await asyncio.sleep(0.01)
            assert sys.get_coroutine_origin_tracking_depth() == 0
        """
    ),
    "left_over_tasks": Feature(
        """
        import asyncio, unittest
        from journal import note

        class TestLeft(unittest.IsolatedAsyncioTestCase):
            async def forever(self):
                try:
                    await asyncio.sleep(100)
                finally:
                    note(self._testMethodName, "cancelled")
            async def test_a(self):
                self.task = asyncio.create_task(self.forever())
                await asyncio.sleep(0.002)
            async def test_b(self):
                self.task = asyncio.create_task(self.forever())
                await asyncio.sleep(0.002)
        """
    ),
    "context_variables": Feature(
        """
        import asyncio, contextvars, pytest, sys, unittest

        var = contextvars.ContextVar("var", default="none")

        class TestVariables(unittest.IsolatedAsyncioTestCase):
            @pytest.fixture(autouse=True)
            def by_fixture(self): var.set("fixture")
            async def asyncSetUp(self):
                self.before = var.get()
                var.set("asyncSetUp")
            async def test_seen(self):
                await asyncio.sleep(0.005)
                self.assertEqual(var.get(), "asyncSetUp")
            # Before Python 3.11 the context is copied later: there it is seen.
            async def test_fixture_is_not_seen(self):
                self.assertEqual(self.before, "none")
            async def test_fixture_is_seen(self):
                self.assertEqual(self.before, "fixture")
        """,
        sees="passed failed",
    ),
    "inherited": Feature(
        """
        import asyncio, unittest
        from journal import note

        class Checks:
            async def asyncSetUp(self):
                await super().asyncSetUp()
                note(self.id(), "mixin")
            async def test_inherited(self): await asyncio.sleep(0.002)

        class Base(Checks, unittest.IsolatedAsyncioTestCase):
            __test__ = False
            async def test_base(self): await asyncio.sleep(0.002)

        class TestDerived(Base):
            __test__ = True
            def __init__(self, *args):
                super().__init__(*args)
                self.made = True
            async def test_derived(self): self.assertTrue(self.made)

        class TestRunTest(unittest.TestCase):
            def runTest(self): note("runTest", "run")
        """
    ),
    "own_run": Feature(
        """
        import asyncio, unittest
        from journal import note

        class TestOwnRun(unittest.IsolatedAsyncioTestCase):
            def run(self, result=None):
                note(self._testMethodName, "before")
                try:
                    return super().run(result)
                finally:
                    note(self._testMethodName, "after")
            async def test_a(self): await asyncio.sleep(0.005)
            async def test_b(self):
                await asyncio.sleep(0.005)
                self.fail("seen")
        """,
        sees="passed failed",
    ),
    "threads_and_tasks": Feature(
        """
        import asyncio, logging, pytest, unittest

        class TestEmits(unittest.IsolatedAsyncioTestCase):
            async def emit(self, text):
                await asyncio.sleep(0.002)
                print(text)
                logging.getLogger("sample").warning(text)
            async def test_a(self):
                await asyncio.gather(self.emit("a 1"), self.emit("a 2"))
                await asyncio.to_thread(print, "a thread")
                self.fail("see the output")
            async def test_b(self):
                await asyncio.create_task(self.emit("b"))
                self.fail("see the output")
        """,
        sees="failed",
    ),
    "warnings_are_its_own": Feature(
        """
        import asyncio, unittest, warnings

        class TestWarns(unittest.IsolatedAsyncioTestCase):
            async def test_a(self):
                await asyncio.sleep(0.005)
                warnings.warn("from a")
            async def test_b(self):
                await asyncio.sleep(0.005)
                warnings.warn("from b", DeprecationWarning)
            async def test_returns(self):
                return 3
        """
    ),
    "comparisons": Feature(
        """
        import asyncio, unittest

        class TestCompares(unittest.IsolatedAsyncioTestCase):
            maxDiff = None
            async def test_plain_assert(self):
                await asyncio.sleep(0.005)
                assert {"a": 1, "b": [1, 2]} == {"a": 1, "b": [1, 3]}
            async def test_method(self):
                await asyncio.sleep(0.005)
                self.assertEqual([1, 2, 3], [1, 2, 4], "as said")
        """,
        sees="failed",
    ),
}

if sys.version_info >= (3, 11):
    _LIVES["contexts"] = Feature(
        """
        import asyncio, contextlib, unittest
        from journal import note

        @contextlib.asynccontextmanager
        async def opened(name):
            await asyncio.sleep(0.002)
            note(name, "open")
            try:
                yield name
            finally:
                await asyncio.sleep(0.002)
                note(name, "closed")

        @contextlib.contextmanager
        def held(name):
            note(name, "held")
            yield name
            note(name, "let go")

        class TestContexts(unittest.IsolatedAsyncioTestCase):
            @classmethod
            def setUpClass(cls): cls.held = cls.enterClassContext(held("class"))
            async def asyncSetUp(self):
                self.name = await self.enterAsyncContext(opened(self.id()))
            async def test_a(self):
                self.assertEqual(self.enterContext(held("a")), "a")
                await asyncio.sleep(0.005)
            async def test_b(self):
                self.assertEqual(self.held, "class")
                with self.assertRaises(TypeError):
                    await self.enterAsyncContext(object())
        """
    )

_STATES = {
    "patched_by_decorator": Feature(
        """
        import asyncio, unittest
        from unittest import mock

        class Settings:
            mode = "plain"

        @mock.patch.object(Settings, "mode", "class")
        class TestClass(unittest.IsolatedAsyncioTestCase):
            async def test_a(self):
                await asyncio.sleep(0.01)
                self.assertEqual(Settings.mode, "class")

        class TestMethod(unittest.IsolatedAsyncioTestCase):
            @mock.patch.object(Settings, "mode", "method")
            async def test_a(self):
                await asyncio.sleep(0.01)
                self.assertEqual(Settings.mode, "method")
            async def test_b(self):
                await asyncio.sleep(0.01)
                self.assertEqual(Settings.mode, "plain")

        class TestPlain(unittest.IsolatedAsyncioTestCase):
            async def test_a(self):
                await asyncio.sleep(0.02)
                self.assertEqual(Settings.mode, "plain")
        """
    ),
    "patched_in_set_up": Feature(
        """
        import asyncio, unittest
        from unittest import mock

        class Settings:
            mode = "plain"

        class Patching(unittest.IsolatedAsyncioTestCase):
            def start(self):
                patcher = mock.patch.object(Settings, "mode", self._testMethodName)
                patcher.start()
                self.addCleanup(patcher.stop)

        class TestSetUp(Patching):
            async def asyncSetUp(self): self.start()
            async def test_a(self):
                await asyncio.sleep(0.01)
                self.assertEqual(Settings.mode, "test_a")
            async def test_b(self):
                await asyncio.sleep(0.01)
                self.assertEqual(Settings.mode, "test_b")

        class TestHelper(Patching):
            async def test_a(self):
                await asyncio.sleep(0.01)
                self.assertEqual(Settings.mode, "plain")
            async def test_c(self):
                self.start()
                await asyncio.sleep(0.01)
                self.assertEqual(Settings.mode, "test_c")

        async def test_beside():
            await asyncio.sleep(0.02)
            assert Settings.mode == "plain"
        """
    ),
    "patched_for_the_class": Feature(
        """
        import asyncio, os, unittest

        class TestEnvironment(unittest.IsolatedAsyncioTestCase):
            @classmethod
            def setUpClass(cls): os.environ["SAMPLE_CASE"] = "set"
            @classmethod
            def tearDownClass(cls): del os.environ["SAMPLE_CASE"]
            async def test_a(self):
                await asyncio.sleep(0.01)
                self.assertEqual(os.environ.get("SAMPLE_CASE"), "set")
            async def test_b(self):
                await asyncio.sleep(0.01)
                self.assertEqual(os.environ.get("SAMPLE_CASE"), "set")

        class TestWithout(unittest.IsolatedAsyncioTestCase):
            async def test_a(self):
                await asyncio.sleep(0.01)
                self.assertNotIn("SAMPLE_CASE", os.environ)
        """
    ),
    "patched_for_the_module": Feature(
        {
            "test_patched.py": """
                import asyncio, os, unittest

                def setUpModule(): os.environ["SAMPLE_MODULE"] = "set"
                def tearDownModule(): del os.environ["SAMPLE_MODULE"]

                class TestEnvironment(unittest.IsolatedAsyncioTestCase):
                    async def test_a(self):
                        await asyncio.sleep(0.01)
                        self.assertEqual(os.environ.get("SAMPLE_MODULE"), "set")
                """,
            "test_plain.py": """
                import asyncio, os

                async def test_a():
                    await asyncio.sleep(0.01)
                    assert "SAMPLE_MODULE" not in os.environ
                """,
        }
    ),
    "watching_logs": Feature(
        """
        import asyncio, logging, unittest, warnings

        log = logging.getLogger("sample.watched")

        class TestWatching(unittest.IsolatedAsyncioTestCase):
            async def test_logs(self):
                with self.assertLogs("sample.watched") as watched:
                    await asyncio.sleep(0.01)
                    log.warning("mine")
                self.assertEqual(len(watched.output), 1)
            async def test_warns(self):
                with self.assertWarns(UserWarning):
                    await asyncio.sleep(0.01)
                    warnings.warn("mine")
            async def test_no_warning_seen(self):
                with self.assertRaises(AssertionError), self.assertWarns(UserWarning):
                    await asyncio.sleep(0.02)

        class TestBeside(unittest.IsolatedAsyncioTestCase):
            async def test_logs_too(self):
                await asyncio.sleep(0.005)
                log.warning("another's")
                await asyncio.sleep(0.005)
                warnings.warn("another's")
        """
    ),
}

_AUTO = "asyncio_mode = auto"
_TABLES = (
    Table("cases-together", _TOGETHER, _AUTO),
    Table("cases-live", _LIVES, _AUTO),
    Table("cases-state", _STATES, _AUTO),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_cases_agree(runs: Runs, row: Row) -> None:
    """A case of unittest's ends as pytest says, also beside others."""
    runs.check(row)
