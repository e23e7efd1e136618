"""Items that are not plain functions, and other plugins' tests, run as ever."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

_OLD_WAYS = {
    "test_case": Feature(
        """
        import unittest
        from journal import note

        def setUpModule(): note("module", "up")
        def tearDownModule(): note("module", "down")

        class TestOld(unittest.TestCase):
            @classmethod
            def setUpClass(cls): note("class", "up")
            @classmethod
            def tearDownClass(cls): note("class", "down")
            def setUp(self):
                note(self.id().rpartition(".")[2], "up")
                self.addCleanup(note, self.id().rpartition(".")[2], "cleanup")
            def tearDown(self): note(self.id().rpartition(".")[2], "down")
            def test_a(self): self.assertTrue(True)
            @unittest.skip("later")
            def test_b(self): ...
            @unittest.expectedFailure
            def test_c(self): self.fail()
            def test_d(self): self.skipTest("inside")
            def test_e(self): self.assertRaises(ValueError, int, "x")
            def runTest(self): ...
        """,
        sees="passed skipped xfailed",
    ),
    "test_case_with_fixtures": Feature(
        """
        import pytest, unittest

        @pytest.fixture(scope="class")
        def attached(request):
            request.cls.value = 3

        @pytest.mark.usefixtures("attached")
        class TestOld(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def own(self, tmp_path):
                self.path = tmp_path
            def test_value(self):
                self.assertEqual(self.value, 3)
                self.assertTrue(self.path.exists())
            @pytest.mark.skip("by mark")
            def test_skipped(self): ...
            @pytest.mark.xfail
            def test_xfailed(self): self.fail()
        """,
        sees="passed skipped xfailed",
    ),
    "sub_tests": Feature(
        """
        import unittest

        class TestSub(unittest.TestCase):
            def test_sub(self):
                for n in range(3):
                    with self.subTest("message", n=n):
                        self.assertLess(n, 3)
        """
    ),
    "isolated": Feature(
        """
        import asyncio, contextvars, sys, unittest
        from journal import note

        var = contextvars.ContextVar("var", default=0)

        class TestIsolated(unittest.IsolatedAsyncioTestCase):
            def setUp(self): var.set(1)
            async def asyncSetUp(self):
                self.loop = asyncio.get_running_loop()
                # Python 3.10 copies the context before setUp; the next test would see
                # what it set, but a context of its own is promised to each.
                if sys.version_info >= (3, 11):
                    self.assertEqual(var.get(), 1)
                var.set(2)
                await asyncio.sleep(0.005)
            async def test_a(self):
                self.assertIs(asyncio.get_running_loop(), self.loop)
                self.assertEqual(var.get(), 2)
                await asyncio.sleep(0.005)
            async def test_b(self):
                self.addAsyncCleanup(asyncio.sleep, 0.001)
            async def test_skipped(self): self.skipTest("async")
            async def asyncTearDown(self):
                note(self.id().rpartition(".")[2], "down")
        """,
        sees="passed skipped",
    ),
    "async_in_test_case": Feature(
        """
        import pytest, unittest

        class TestForgotten(unittest.TestCase):
            @pytest.mark.filterwarnings("ignore")
            async def test_never_awaited(self): assert False
        """
    ),
    "own_loops": Feature(
        """
        import asyncio, pytest

        @pytest.mark.parametrize("n", range(10))
        def test_run(n):
            async def main():
                await asyncio.sleep(0.005)
                return asyncio.current_task().get_name(), n
            assert asyncio.run(main())[1] == n

        def test_new_event_loop():
            loop = asyncio.new_event_loop()
            try:
                assert loop.run_until_complete(asyncio.sleep(0.005, "x")) == "x"
            finally:
                loop.close()

        @pytest.fixture
        def prepared():
            return asyncio.run(asyncio.sleep(0.005, "prepared"))

        def test_fixture_runs(prepared): assert prepared == "prepared"

        async def test_between(prepared): await asyncio.sleep(0.005)

        def test_run_fails():
            async def main(): raise ValueError("inside")
            asyncio.run(main())
        """,
        sees="passed failed",
    ),
    "threads": Feature(
        """
        import asyncio, pytest, threading

        def test_loop_in_a_thread():
            results = []
            thread = threading.Thread(
                target=lambda: results.append(asyncio.run(asyncio.sleep(0.005, 1))))
            thread.start()
            thread.join()
            assert results == [1]

        @pytest.mark.parametrize("n", range(3))
        async def test_woken_by_a_thread(n):
            loop = asyncio.get_running_loop()
            future = loop.create_future()
            thread = threading.Thread(
                target=lambda: loop.call_soon_threadsafe(future.set_result, n))
            thread.start()
            assert await future == n
            thread.join()
        """
    ),
}

_PLUGINS = {
    "mocker": Feature(
        """
        import asyncio, os, pytest

        class Client:
            async def fetch(self): raise OSError("the network")

        @pytest.mark.parametrize("n", range(5))
        async def test_patched(mocker, n):
            fetch = mocker.patch.object(Client, "fetch", return_value=n)
            await asyncio.sleep(0.005)
            assert await Client().fetch() == n
            fetch.assert_awaited_once()

        async def test_not_patched():
            await asyncio.sleep(0.005)
            with pytest.raises(OSError):
                await Client().fetch()

        async def test_spy(mocker):
            spy = mocker.spy(os.path, "join")
            os.path.join("a", "b")
            assert spy.call_count >= 1
        """
    ),
    "given": Feature(
        """
        import asyncio, pytest
        from hypothesis import given, settings, strategies as st

        @settings(max_examples=5, derandomize=True, database=None, deadline=None)
        @given(st.integers())
        def test_sync(n): assert n == n

        @settings(max_examples=5, derandomize=True, database=None, deadline=None)
        @given(st.lists(st.integers()))
        async def test_async(numbers):
            await asyncio.sleep(0)
            assert sorted(sorted(numbers)) == sorted(numbers)
        """
    ),
    "timeouts": Feature(
        """
        import asyncio, pytest

        @pytest.mark.timeout(20)
        async def test_in_time(): await asyncio.sleep(0.005)

        @pytest.mark.timeout(20)
        def test_sync_in_time(): ...
        """
    ),
}

if tuple(map(int, pytest.__version__.split(".")[:1])) >= (9,):
    _PLUGINS["subtests"] = Feature(
        """
        import asyncio

        async def test_async(subtests):
            for n in range(3):
                with subtests.test("number", n=n):
                    await asyncio.sleep(0.002)
                    assert n != 1

        def test_sync(subtests):
            with subtests.test("fine"): ...
        """,
        sees="passed failed subfailed",
    )

_TABLES = (
    Table("old-ways", _OLD_WAYS, "asyncio_mode = auto"),
    Table("plugins", _PLUGINS, "asyncio_mode = auto"),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_guests_agree(runs: Runs, row: Row) -> None:
    """What the engine does not run itself ends as pytest says."""
    runs.check(row)
