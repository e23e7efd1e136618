"""A failure that was run again shows what its first run set up for others as well."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ._agreement import Row, Runs, rows
from ._invocation import section
from ._table import DEFAULT, PYTEST, Feature, Table

_SET_UP = {
    "all_kinds": Feature(
        """
        import asyncio, logging, pytest, sys, warnings

        log = logging.getLogger("sample")

        def emit(text):
            print(text)
            print(text, "to stderr", file=sys.stderr)
            log.warning("%s to the log", text)
            warnings.warn(text)

        @pytest.fixture(scope="session")
        def session_wide():
            emit("session up")
            yield
            emit("session down")

        @pytest.fixture(scope="module")
        async def module_wide(session_wide):
            emit("module up")
            await asyncio.sleep(0.001)
            emit("module goes on")
            yield
            emit("module down")

        @pytest.fixture
        async def own(module_wide):
            emit("own up")
            yield
            emit("own down")

        async def test_first(own):
            await asyncio.sleep(0.01)
            emit("first")
            assert False

        async def test_second(own):
            await asyncio.sleep(0.01)
            assert False

        async def test_third(module_wide):
            await asyncio.sleep(0.01)

        async def test_last(own):
            await asyncio.sleep(0.01)
            emit("last")
            assert False
        """,
        sees="passed failed",
    ),
    "first_of_all_fails": Feature(
        """
        import asyncio, pytest

        @pytest.fixture(scope="module")
        def wide():
            print("up")
            yield
            print("down")

        async def test_first(wide):
            await asyncio.sleep(0.01)
            assert False

        async def test_last(wide):
            await asyncio.sleep(0.001)
        """,
        sees="passed failed",
    ),
    "asked_for_by_name": Feature(
        """
        import asyncio, pytest

        @pytest.fixture(scope="module")
        def deep():
            print("deep up")

        @pytest.fixture(scope="module")
        def wide(request):
            print("wide begins")
            request.getfixturevalue("deep")
            print("wide is up")

        @pytest.fixture(scope="module")
        def late():
            print("late up")

        @pytest.fixture
        def own(request):
            print("own begins")
            request.getfixturevalue("wide")
            print("own is up")

        async def test_first(own, request):
            await asyncio.sleep(0.01)
            print("first begins")
            request.getfixturevalue("late")
            request.getfixturevalue("deep")
            assert False

        async def test_second(own, request):
            await asyncio.sleep(0.01)
            request.getfixturevalue("late")
            assert False
        """,
        sees="failed",
    ),
    "xunit": Feature(
        """
        import asyncio, pytest

        def setup_module():
            print("module up")

        def teardown_module():
            print("module down")

        class TestIt:
            @classmethod
            def setup_class(cls):
                print("class up")

            @classmethod
            def teardown_class(cls):
                print("class down")

            def setup_method(self):
                print("method up")

            async def test_first(self):
                await asyncio.sleep(0.01)
                assert False

            async def test_second(self):
                await asyncio.sleep(0.01)
                assert False
        """,
        sees="failed",
    ),
    "collector": Feature(
        {
            "conftest.py": """
            import pytest

            class Module(pytest.Module):
                def setup(self):
                    print("collector up")

                def teardown(self):
                    print("collector down")

            def pytest_pycollect_makemodule(module_path, parent):
                return Module.from_parent(parent, path=module_path)
            """,
            "test_collector.py": """
            import asyncio

            async def test_first():
                await asyncio.sleep(0.01)
                assert False

            async def test_second():
                await asyncio.sleep(0.01)
                assert False
            """,
        },
        sees="failed",
    ),
    "failing_set_up": Feature(
        """
        import asyncio, pytest

        @pytest.fixture(scope="module")
        def whole():
            print("whole up")
            yield
            print("whole down")

        @pytest.fixture(scope="module")
        async def broken(whole):
            print("broken begins")
            await asyncio.sleep(0.01)
            assert False

        async def test_beside():
            await asyncio.sleep(0.02)

        async def test_first(broken): ...
        """,
        sees="passed error",
    ),
    "parametrized": Feature(
        """
        import asyncio, pytest

        @pytest.fixture(scope="module", params=[1, 2])
        async def wide(request):
            print("up", request.param)
            yield
            print("down", request.param)

        async def test_first(wide):
            await asyncio.sleep(0.01)
            assert False

        async def test_second(wide):
            await asyncio.sleep(0.01)
        """,
        sees="passed failed",
    ),
    "caplog": Feature(
        """
        import asyncio, logging, pytest

        log = logging.getLogger("sample")

        @pytest.fixture(scope="module")
        def wide():
            log.warning("wide up")
            log.debug("not shown")

        async def test_first(wide, caplog):
            await asyncio.sleep(0.01)
            log.warning("called")
            assert [r.getMessage() for r in caplog.get_records("setup")] == []

        async def test_second(wide, caplog):
            await asyncio.sleep(0.01)
            assert caplog.get_records("setup")
        """,
        sees="failed",
    ),
    "warned_once": Feature(
        """
        import asyncio, pytest, warnings

        def warn():
            warnings.warn("the same")

        @pytest.fixture(scope="module")
        def wide():
            warn()
            warn()

        async def test_beside():
            await asyncio.sleep(0.02)

        # Not async: pytest-asyncio makes Python forget what was shown.
        def test_first(wide):
            warn()
            warnings.warn("its own")
            assert False
        """,
        sees="passed failed",
    ),
}

# The default leaves no file that says what was captured.
_RESCUED = replace(DEFAULT, name="rescued", args=("--junitxml=junit.xml",))
_INI = "asyncio_mode = auto\njunit_logging = all"
_TABLE = Table("run-again", _SET_UP, _INI, settings=(DEFAULT, _RESCUED))


@pytest.mark.parametrize("row", rows(_TABLE))
def test_output_of_set_ups_agrees(runs: Runs, row: Row) -> None:
    """It is in the files and the warnings of the test that pytest shows it with."""
    runs.check(row)


@pytest.mark.parametrize("title", ["FAILURES", "ERRORS"])
def test_terminal_shows_it_in_order(runs: Runs, title: str) -> None:
    """Section by section, and in each of them line by line."""
    expected = section(runs.of(_TABLE, PYTEST).text, title)
    assert any(line.endswith(" up") for line in expected)
    assert section(runs.of(_TABLE, DEFAULT).text, title) == expected
