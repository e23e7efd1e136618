"""unittest's cases that fail, are skipped or expected to fail, as pytest says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ._agreement import Row, Runs, rows
from ._table import CROWDED, DEFAULT, SERIAL, Feature, Table
from ._versions import installed

_RED = {
    "failures_and_errors": Feature(
        """
        import asyncio, unittest

        class TestRed(unittest.IsolatedAsyncioTestCase):
            async def test_fails(self):
                await asyncio.sleep(0.005)
                self.assertEqual(1, 2, "one is not two")
            async def test_raises(self):
                await asyncio.sleep(0.005)
                raise KeyError("raised")
            async def test_cancelled(self):
                raise asyncio.CancelledError("by itself")
            async def test_green(self): await asyncio.sleep(0.005)

        class TestSyncRed(unittest.TestCase):
            def test_fails(self): self.fail("sync")
            def test_raises(self): raise ValueError("sync")
        """,
        sees="passed failed",
    ),
    "set_up_fails": Feature(
        """
        import asyncio, unittest
        from journal import note

        class TestSetUp(unittest.TestCase):
            def setUp(self):
                self.addCleanup(note, self.id(), "cleanup")
                raise ValueError("in setUp")
            def tearDown(self): note(self.id(), "never")
            def test_a(self): note(self.id(), "never")

        class TestAsyncSetUp(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self):
                self.addAsyncCleanup(self.later)
                await asyncio.sleep(0.005)
                raise ValueError("in asyncSetUp")
            async def later(self):
                await asyncio.sleep(0.002)
                note(self.id(), "cleanup")
            async def asyncTearDown(self): note(self.id(), "never")
            async def test_a(self): note(self.id(), "never")
            async def test_b(self): note(self.id(), "never")
        """,
        sees="failed",
    ),
    "tear_down_fails": Feature(
        """
        import asyncio, unittest

        class TestTearDown(unittest.IsolatedAsyncioTestCase):
            async def asyncTearDown(self):
                await asyncio.sleep(0.005)
                raise ValueError("in asyncTearDown")
            async def test_green(self): ...
            async def test_red(self): self.fail("and then in the teardown")

        class TestThrice(unittest.IsolatedAsyncioTestCase):
            def tearDown(self): raise ValueError("second")
            async def later(self): raise ValueError("third")
            async def test_red(self):
                self.addAsyncCleanup(self.later)
                self.fail("first")
        """,
        sees="failed error",
    ),
    "cleanups_fail": Feature(
        """
        import asyncio, unittest
        from journal import note

        class TestCleanups(unittest.IsolatedAsyncioTestCase):
            async def broken(self):
                await asyncio.sleep(0.002)
                raise ValueError("in the cleanup")
            async def test_a(self):
                self.addCleanup(note, "cleanup", "still called")
                self.addAsyncCleanup(self.broken)
            async def test_b(self): await asyncio.sleep(0.002)
        """,
        sees="passed failed",
    ),
    "class_set_up_fails": Feature(
        """
        import asyncio, unittest
        from journal import note

        class TestSetUpClass(unittest.IsolatedAsyncioTestCase):
            @classmethod
            def setUpClass(cls):
                cls.addClassCleanup(note, "class", "cleanup")
                raise ValueError("in setUpClass")
            @classmethod
            def tearDownClass(cls): note("class", "never")
            async def test_a(self): note("class", "never")
            async def test_b(self): note("class", "never")
        """,
        sees="error",
    ),
    "class_tear_down_fails": Feature(
        """
        import unittest
        from journal import note

        class TestTearDownClass(unittest.IsolatedAsyncioTestCase):
            @classmethod
            def setUpClass(cls): cls.addClassCleanup(note, "class", "cleanup")
            @classmethod
            def tearDownClass(cls): raise ValueError("in tearDownClass")
            async def test_a(self): ...

        class TestClassCleanups(unittest.TestCase):
            @classmethod
            def broken(cls, text): raise ValueError(text)
            @classmethod
            def setUpClass(cls):
                cls.addClassCleanup(cls.broken, "first")
                cls.addClassCleanup(cls.broken, "second")
            def test_a(self): ...
        """,
        sees="passed error",
    ),
    "module_set_up_fails": Feature(
        """
        import unittest
        from journal import note

        def setUpModule(): raise ValueError("in setUpModule")
        def tearDownModule(): note("module", "never")

        class TestA(unittest.IsolatedAsyncioTestCase):
            async def test_a(self): note("module", "never")
        class TestB(unittest.TestCase):
            def test_b(self): note("module", "never")
        """,
        sees="error",
    ),
    "module_tear_down_fails": Feature(
        """
        import unittest

        def tearDownModule(): raise ValueError("in tearDownModule")

        class TestA(unittest.IsolatedAsyncioTestCase):
            async def test_a(self): ...
        """,
        sees="passed error",
    ),
    "fixture_fails": Feature(
        """
        import asyncio, pytest, unittest
        from journal import note

        class TestFixture(unittest.IsolatedAsyncioTestCase):
            @pytest.fixture(autouse=True)
            async def broken(self):
                await asyncio.sleep(0.002)
                raise ValueError("in the fixture")
            def setUp(self): note("fixture", "never")
            async def test_a(self): note("fixture", "never")
            async def test_b(self): note("fixture", "never")

        class TestFixtureEnd(unittest.IsolatedAsyncioTestCase):
            @pytest.fixture(autouse=True)
            async def broken(self):
                yield
                raise ValueError("after the yield")
            async def test_a(self): await asyncio.sleep(0.005)
        """,
        sees="passed error",
    ),
    "context_fails": Feature(
        """
        import contextlib, sys, unittest

        @contextlib.asynccontextmanager
        async def broken():
            yield
            raise ValueError("at its end")

        class TestContext(unittest.IsolatedAsyncioTestCase):
            async def test_a(self):
                if sys.version_info < (3, 11):
                    self.fail("no enterAsyncContext")
                await self.enterAsyncContext(broken())
        """,
        sees="failed",
    ),
    "arguments_are_refused": Feature(
        """
        import pytest, unittest

        class TestArguments(unittest.IsolatedAsyncioTestCase):
            async def test_fixture(self, tmp_path): ...
            @pytest.mark.parametrize("n", [1, 2])
            async def test_parameter(self, n): ...
        """,
        sees="failed",
    ),
}

_SUBTESTS = {
    "sub_tests_fail": Feature(
        """
        import asyncio, unittest

        class TestSub(unittest.IsolatedAsyncioTestCase):
            async def test_one_red(self):
                for n in range(4):
                    with self.subTest("number", n=n):
                        await asyncio.sleep(0.003)
                        self.assertNotEqual(n, 2)
            async def test_red_and_red(self):
                with self.subTest(part="first"):
                    await asyncio.sleep(0.003)
                    self.fail("inside")
                self.fail("after")
            async def test_nested(self):
                with self.subTest(outer=1):
                    with self.subTest(inner=2):
                        await asyncio.sleep(0.003)
                        raise ValueError("nested")
            async def test_green(self):
                with self.subTest("fine"): await asyncio.sleep(0.003)
        """,
        sees="passed failed subfailed" if installed("pytest>=9") else "passed failed",
    ),
    "sub_tests_skip": Feature(
        """
        import asyncio, unittest

        class TestSub(unittest.IsolatedAsyncioTestCase):
            async def test_one_skipped(self):
                for n in range(3):
                    with self.subTest(n=n):
                        await asyncio.sleep(0.003)
                        if n == 1: self.skipTest("not one")
        """,
        sees="passed" if installed("pytest>=9") else "skipped",
    ),
}

_SKIPPED = {
    "skips": Feature(
        """
        import asyncio, pytest, unittest
        from journal import note

        class TestSkips(unittest.IsolatedAsyncioTestCase):
            async def asyncTearDown(self): note(self._testMethodName, "down")
            @unittest.skip("by decorator")
            async def test_decorator(self): ...
            @unittest.skipIf(True, "by condition")
            async def test_condition(self): ...
            @unittest.skipUnless(True, "not skipped")
            async def test_not_skipped(self): await asyncio.sleep(0.002)
            async def test_inside(self):
                await asyncio.sleep(0.002)
                self.skipTest("inside")
            async def test_raised(self): raise unittest.SkipTest("raised")
            async def test_pytest_skip(self): pytest.skip("by pytest")
            @pytest.mark.skip("by mark")
            async def test_mark(self): ...
            @pytest.mark.skipif("True", reason="by marked condition")
            async def test_mark_condition(self): ...
        """,
        sees="passed skipped",
    ),
    "skipped_classes": Feature(
        """
        import asyncio, unittest
        from journal import note

        @unittest.skip("the class")
        class TestSkippedClass(unittest.IsolatedAsyncioTestCase):
            @classmethod
            def setUpClass(cls): note("class", "never")
            async def test_a(self): ...
            async def test_b(self): ...

        class TestInSetUpClass(unittest.IsolatedAsyncioTestCase):
            @classmethod
            def setUpClass(cls): raise unittest.SkipTest("in setUpClass")
            async def test_a(self): ...
            async def test_b(self): ...

        class TestInSetUp(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self):
                await asyncio.sleep(0.002)
                self.skipTest("in asyncSetUp")
            async def test_a(self): ...

        class TestInTearDown(unittest.TestCase):
            def tearDown(self): self.skipTest("in tearDown")
            def test_a(self): ...
        """,
        sees="skipped",
    ),
    "skipped_module": Feature(
        """
        import unittest

        def setUpModule(): raise unittest.SkipTest("in setUpModule")

        class TestA(unittest.IsolatedAsyncioTestCase):
            async def test_a(self): ...
        """,
        sees="skipped",
    ),
    "expected_failures": Feature(
        """
        import asyncio, pytest, unittest

        class TestExpected(unittest.IsolatedAsyncioTestCase):
            @unittest.expectedFailure
            async def test_fails(self):
                await asyncio.sleep(0.005)
                self.fail("as expected")
            @unittest.expectedFailure
            async def test_passes(self): await asyncio.sleep(0.005)
            @pytest.mark.xfail
            async def test_xfails(self):
                await asyncio.sleep(0.005)
                self.fail("as marked")
            @pytest.mark.xfail
            async def test_xpasses(self): await asyncio.sleep(0.005)
            @pytest.mark.xfail(strict=True)
            async def test_strict(self): await asyncio.sleep(0.005)
            @pytest.mark.xfail(raises=KeyError)
            async def test_other_error(self): raise ValueError("unexpected")
            async def test_inside(self): pytest.xfail("inside")

        @unittest.expectedFailure
        class TestAllExpected(unittest.IsolatedAsyncioTestCase):
            async def test_fails(self): self.fail("as expected")
        """,
        sees="failed xfailed xpassed",
    ),
    "expected_in_sub_test": Feature(
        """
        import asyncio, unittest

        class TestExpected(unittest.IsolatedAsyncioTestCase):
            @unittest.expectedFailure
            async def test_fails(self):
                for n in range(3):
                    with self.subTest(n=n):
                        await asyncio.sleep(0.003)
                        self.assertEqual(n, 0)
        """,
        sees="xfailed",
    ),
}

_FIRST_RED = {
    "stops_early": Feature(
        """
        import asyncio, unittest

        class TestFirst(unittest.IsolatedAsyncioTestCase):
            async def test_a(self): await asyncio.sleep(0.003)
            async def test_b(self):
                for n in range(3):
                    with self.subTest(n=n):
                        await asyncio.sleep(0.003)
                        self.assertEqual(n, 0)
            async def test_c(self): await asyncio.sleep(0.003)
            async def test_d(self): self.fail("never told")
        """,
        sees="passed subfailed" if installed("pytest>=9") else "passed failed",
    )
}

# What goes wrong in company only: the second run is like a first one.
_RESCUED = {
    "shared_state": Feature(
        """
        import asyncio, gate, unittest

        state = {}

        class TestOwner(unittest.IsolatedAsyncioTestCase):
            async def own(self):
                state["owner"] = self._testMethodName
                await gate.arrive("owned", 2)
                self.assertEqual(state["owner"], self._testMethodName)
            async def test_a(self): await self.own()
            async def test_b(self): await self.own()
        """
    ),
    "three_errors_at_first": Feature(
        """
        import asyncio, gate, unittest

        state = {}

        class TestOnce(unittest.IsolatedAsyncioTestCase):
            def check(self): self.assertEqual(state["owner"], self._testMethodName)
            def setUp(self): self.addCleanup(self.check)
            def tearDown(self): self.check()
            async def own(self):
                state["owner"] = self._testMethodName
                await gate.arrive("thrice", 2)
                with self.subTest("first"): self.check()
                self.check()
            async def test_a(self): await self.own()
            async def test_b(self): await self.own()
        """
    ),
    "own_attributes": Feature(
        """
        import asyncio, gate, unittest

        class TestInstance(unittest.IsolatedAsyncioTestCase):
            calls = 0
            async def test_red(self):
                self.calls += 1
                await gate.arrive("instance", 2)
                self.assertEqual(self.calls, 2, "each run has an instance of its own")
            async def test_beside(self): await gate.arrive("instance", 2)
        """,
        sees="passed failed",
    ),
}

_TWO = (SERIAL, DEFAULT)
_AUTO = "asyncio_mode = auto"
_TABLES = (
    Table("cases-red", _RED, _AUTO),
    Table("cases-sub-tests", _SUBTESTS, _AUTO),
    Table("cases-skipped", _SKIPPED, _AUTO),
    Table(
        "cases-rescued",
        _RESCUED,
        _AUTO,
        settings=(
            SERIAL,
            DEFAULT,
            replace(CROWDED, name="rescued", args=("--concurrency", "64")),
        ),
    ),
    Table("cases-first-red", _FIRST_RED, _AUTO, (("-x",),), settings=_TWO),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_red_cases_agree(runs: Runs, row: Row) -> None:
    """Whatever goes wrong in a case is reported as by pytest, and no green is lost."""
    runs.check(row)
