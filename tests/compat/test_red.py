"""Whatever is red under pytest is red under fasttest, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ._agreement import Row, Runs, rows
from ._table import PYTEST, SETTINGS, Feature, Setting, Table
from ._versions import installed

if TYPE_CHECKING:
    from ._invocation import Run

_IN_THE_CALL = {
    "assertion": Feature("async def test_it(): assert 1 == 2", "failed"),
    "assertion_after_waiting": Feature(
        """
        import asyncio
        async def test_it():
            await asyncio.sleep(0.01)
            assert {"a": 1} == {"a": 2}
        """,
        "failed",
    ),
    "assertion_in_sync": Feature("def test_it(): assert not True", "failed"),
    "exception": Feature(
        """
        async def test_it(): raise RuntimeError("no")
        """,
        "failed",
    ),
    "base_exception": Feature(
        """
        class Stop(BaseException): ...
        async def test_it(): raise Stop("not an Exception")
        def test_sync(): raise Stop("not an Exception")
        """,
        "failed",
    ),
    "system_exit": Feature(
        """
        import sys
        async def test_it(): sys.exit(0)
        def test_sync(): sys.exit(0)
        """,
        "failed",
    ),
    "cancelled": Feature(
        """
        import asyncio
        async def test_raises(): raise asyncio.CancelledError
        async def test_cancels_itself():
            asyncio.current_task().cancel()
            await asyncio.sleep(0)
        """,
        "failed",
    ),
    # Before, the runner which pytest-asyncio brings warns of a coroutine of its own.
    "stop_iteration": Feature(
        "async def test_it(): raise StopIteration", "failed", needs="python>=3.11"
    ),
    "generator_exit": Feature("async def test_it(): raise GeneratorExit", "failed"),
    "timeout": Feature(
        """
        import asyncio
        async def test_it(): await asyncio.wait_for(asyncio.Event().wait(), 0.01)
        """,
        "failed",
    ),
    "fail": Feature(
        """
        import pytest
        async def test_it(): pytest.fail("on purpose")
        async def test_bare(): pytest.fail("without a trace", pytrace=False)
        """,
        "failed",
    ),
    "raises_nothing": Feature(
        """
        import pytest
        async def test_it():
            with pytest.raises(ValueError): ...
        """,
        "failed",
    ),
    "in_a_task": Feature(
        """
        import asyncio
        async def fails(): raise LookupError("in a task")
        async def test_it(): await asyncio.gather(fails(), asyncio.sleep(0.01))
        """,
        "failed",
    ),
    "in_a_class": Feature(
        """
        class TestIt:
            async def test_async(self): assert False
            def test_sync(self): assert False
            @staticmethod
            async def test_static(): assert False
        """,
        "failed",
    ),
    "in_a_parameter": Feature(
        """
        import asyncio, pytest
        @pytest.mark.parametrize("n", range(4))
        async def test_it(n):
            await asyncio.sleep(0.005)
            assert n != 2
        """,
        "failed passed",
    ),
    "nested_run": Feature(
        """
        import asyncio
        async def test_it(): asyncio.run(asyncio.sleep(0))
        """,
        "failed",
    ),
    "stops_its_loop": Feature(
        """
        import asyncio
        async def test_it():
            asyncio.get_running_loop().stop()
            await asyncio.sleep(0.05)
        """,
        "failed",
    ),
    "forgotten_await": Feature(
        """
        async def forgotten(): ...
        async def test_it():
            value = forgotten()
            value.close()
            assert value is None
        """,
        "failed",
    ),
    "deep_recursion": Feature(
        """
        def down(n): return down(n + 1)
        async def test_it(): down(0)
        """,
        "failed",
    ),
}

_AROUND_THE_CALL = {
    "set_up": Feature(
        """
        import pytest
        @pytest.fixture
        async def broken(): raise OSError("set-up")
        async def test_it(broken): ...
        """,
        "error",
    ),
    "tear_down": Feature(
        """
        import pytest
        @pytest.fixture
        async def broken():
            yield
            raise OSError("teardown")
        async def test_it(broken): ...
        """,
        "passed error",
    ),
    "finalizer": Feature(
        """
        async def test_it(request): request.addfinalizer(lambda: 1 / 0)
        """,
        "passed error",
    ),
    "assertion_in_a_fixture": Feature(
        """
        import pytest
        @pytest.fixture(autouse=True)
        async def strict():
            yield
            assert False, "checked after the test"
        async def test_it(): ...
        """,
        "passed error",
    ),
    "strict_xfail": Feature(
        """
        import pytest
        @pytest.mark.xfail(strict=True)
        async def test_it(): ...
        """,
        "failed",
    ),
    "xfail_of_another_kind": Feature(
        """
        import pytest
        @pytest.mark.xfail(raises=KeyError)
        async def test_it(): raise ValueError
        """,
        "failed",
    ),
    "import_error": Feature("import no_such_module\nasync def test_it(): ...", "error"),
    "syntax_error": Feature("async def test_it(:\n    ...", "error"),
    "module_body": Feature("raise RuntimeError('at import')", "error"),
    "conftest_body": Feature(
        {
            "conftest.py": """
                import pytest
                @pytest.fixture(autouse=True)
                def broken(): raise OSError("conftest")
                """,
            "test_under_conftest.py": "async def test_it(): ...",
        },
        "error",
    ),
    "unittest": Feature(
        """
        import unittest
        class TestOld(unittest.TestCase):
            def test_fails(self): self.assertEqual(1, 2)
            def test_error(self): raise OSError
            def test_sub(self):
                for n in range(3):
                    with self.subTest(n=n): self.assertNotEqual(n, 1)
            @unittest.expectedFailure
            def test_unexpected_success(self): ...
        """,
        "failed subfailed passed" if installed("pytest>=9") else "failed",
    ),
    "unittest_set_up": Feature(
        """
        import unittest
        class TestOld(unittest.TestCase):
            def setUp(self): raise OSError("setUp")
            def test_it(self): ...
        class TestClass(unittest.TestCase):
            @classmethod
            def setUpClass(cls): raise OSError("setUpClass")
            def test_it(self): ...
        class TestAfter(unittest.TestCase):
            def tearDown(self): raise OSError("tearDown")
            def test_it(self): ...
        """,
        "failed error",
    ),
    "isolated_asyncio": Feature(
        """
        import asyncio, unittest
        class TestIsolated(unittest.IsolatedAsyncioTestCase):
            async def test_it(self):
                await asyncio.sleep(0.005)
                self.fail("on purpose")
        class TestCleanup(unittest.IsolatedAsyncioTestCase):
            async def asyncTearDown(self): raise OSError("teardown")
            async def test_it(self): ...
        """,
        "failed",
    ),
    "unknown_fixture": Feature("async def test_it(nothing): ...", "error"),
    "bad_parametrization": Feature(
        """
        import pytest
        @pytest.mark.parametrize("a, b", [(1,)])
        async def test_it(a, b): ...
        """,
        "error",
    ),
}

_NEVER_AWAITED = {
    "never_awaited": Feature(
        """
        import asyncio, gc
        async def forgotten(): ...
        async def test_it():
            forgotten()
            gc.collect()
        """,
        "failed",
    ),
    "warning": Feature(
        """
        import warnings
        async def test_it(): warnings.warn("an error here")
        """,
        "failed",
    ),
    "unraisable": Feature(
        """
        import gc
        class Bad:
            def __del__(self): raise ValueError("in __del__")
        async def test_it():
            Bad()
            gc.collect()
        """,
        "failed",
    ),
    "thread": Feature(
        """
        import threading
        def fail(): raise ValueError("in a thread")
        async def test_it():
            thread = threading.Thread(target=fail)
            thread.start()
            thread.join()
        """,
        "failed",
    ),
    "returned": Feature("def test_it(): return 3", "failed"),
}

_NEVER_ENDS = {
    "never_ends": Feature(
        """
        import asyncio
        async def test_waits_for_ever(): await asyncio.Event().wait()
        async def test_ends(): await asyncio.sleep(0.01)
        """,
        "failed passed",
    ),
    "never_ends_in_sync": Feature(
        """
        import threading
        def test_waits_for_ever(): threading.Event().wait()
        """,
        "failed",
    ),
    "never_ends_by_mark": Feature(
        """
        import asyncio, pytest
        @pytest.mark.timeout(0.3)
        async def test_marked():
            while True:
                await asyncio.sleep(0.01)
        """,
        "failed",
    ),
    "never_ends_in_a_fixture": Feature(
        """
        import asyncio, pytest
        @pytest.fixture
        async def endless(): await asyncio.Event().wait()
        async def test_it(endless): ...
        """,
        "error",
    ),
}

# The error belongs to the last test of the whole run.
_AT_THE_END = {
    "session_tear_down": Feature(
        """
        import pytest
        @pytest.fixture(scope="session")
        async def broken():
            yield
            raise OSError("session teardown")
        async def test_it(broken): ...
        """,
        "passed error",
    ),
}

_AUTO = "asyncio_mode = auto\nasyncio_default_fixture_loop_scope = function"
_TABLES = (
    Table("red-calls", _IN_THE_CALL, _AUTO),
    Table(
        "red-around",
        _AROUND_THE_CALL,
        "asyncio_mode = auto",
        (("--continue-on-collection-errors",),),
    ),
    Table("red-at-the-end", _AT_THE_END, "asyncio_mode = auto"),
    Table("red-warnings", _NEVER_AWAITED, _AUTO, (("-W", "error"),)),
    Table("red-timeouts", _NEVER_ENDS, f"{_AUTO}\ntimeout = 1"),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_red_agrees(runs: Runs, row: Row) -> None:
    """A failing test fails in the same phase, with the same message."""
    runs.check(row)


def _red(run: Run) -> set[tuple[str, str]]:
    return {
        (line.word, line.nodeid)
        for line in run.lines
        if line.word.startswith(("FAILED", "ERROR", "SUBFAILED"))
    }


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
@pytest.mark.parametrize("table", _TABLES, ids=lambda table: table.name)
def test_red_stays_red(runs: Runs, table: Table, setting: Setting) -> None:
    """The run as a whole is red, and names every test that pytest names."""
    expected, actual = runs.of(table, PYTEST), runs.of(table, setting)
    assert expected.exit_code == 1
    assert actual.exit_code == 1
    assert _red(expected) <= _red(actual)
    assert len(_red(expected)) >= len(table.features)
