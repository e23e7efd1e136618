"""Strict and auto mode take up the same tests and fixtures as pytest-asyncio."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table
from ._versions import UNHANDLED, installed

# Since this version an async fixture that no plugin handles is an error.
_REFUSED = "error" if installed("pytest>=9") else ""

_BOTH = """
    import pytest, pytest_asyncio

    async def test_without_mark(): ...

    @pytest.mark.asyncio
    async def test_with_mark(): ...

    @pytest.fixture
    async def bare():
        return 1

    @pytest_asyncio.fixture
    async def ours():
        return 1

    @pytest_asyncio.fixture
    def sync_ours():
        return 1

    @pytest.mark.asyncio
    async def test_bare_fixture(bare):
        # A coroutine that the traceback keeps would warn whenever garbage is collected.
        getattr(bare, "close", str)()
        assert bare == 1

    @pytest.mark.asyncio
    async def test_our_fixture(ours, sync_ours): assert ours == sync_ours == 1

    def test_sync_with_ours(ours): assert ours == 1

    @pytest.mark.asyncio
    def test_sync_with_mark(): ...

    @pytest.mark.asyncio
    async def test_async_generator():
        yield

    @pytest.mark.asyncio
    async def test_returns_something():
        return 3

    class TestIn:
        @pytest.mark.asyncio
        async def test_marked(self): ...
        async def test_unmarked(self): ...
"""

_STRICT = {
    "everything_strict": Feature(
        _BOTH,
        f"passed failed xfailed {UNHANDLED} {_REFUSED}",
    ),
    "marked_module": Feature(
        """
        import pytest
        pytestmark = pytest.mark.asyncio

        async def test_async(): ...
        def test_sync(): ...
        class TestIn:
            async def test_method(self): ...
        """
    ),
    "marked_class": Feature(
        """
        import pytest

        @pytest.mark.asyncio
        class TestIn:
            async def test_method(self): ...

        async def test_outside(): ...
        """,
        sees=f"passed {UNHANDLED}",
    ),
}

_AUTO = {"everything_auto": Feature(_BOTH, sees="passed xfailed")}

_HYPOTHESIS = {
    "given": Feature(
        """
        import asyncio, pytest
        from hypothesis import given, settings, strategies as st

        @settings(max_examples=5, derandomize=True, database=None)
        @given(n=st.integers())
        @pytest.mark.asyncio
        async def test_mark_inside(n):
            await asyncio.sleep(0)
            assert n == int(str(n))

        @pytest.mark.asyncio
        @settings(max_examples=5, derandomize=True, database=None)
        @given(n=st.integers())
        async def test_mark_outside(n):
            assert n != 0

        @settings(max_examples=5, derandomize=True, database=None)
        @given(n=st.integers())
        def test_sync(n):
            assert isinstance(n, int)
        """,
        sees="passed failed",
    ),
}

_METHODS = {
    "methods": Feature(
        """
        import asyncio, pytest
        from pytest_asyncio import is_async_test

        @pytest.fixture(autouse=True)
        def kind(request):
            return type(request.node).__name__, is_async_test(request.node)

        class TestMethods:
            async def test_method(self, kind):
                assert kind == ("Coroutine", True)

            @staticmethod
            async def test_static(kind):
                assert kind == ("Coroutine", True)

            @classmethod
            async def test_class(cls, kind):
                assert cls is TestMethods
                assert kind == ("Coroutine", True)

            def test_sync(self, kind):
                assert kind == ("Function", False)
        """
    ),
}

_DEBUG = {
    "debug": Feature(
        """
        import asyncio, pytest, pytest_asyncio

        @pytest_asyncio.fixture(scope="module", loop_scope="module")
        async def wide():
            return asyncio.get_running_loop().get_debug()

        @pytest.mark.asyncio
        async def test_it(wide):
            print("debug:", wide, asyncio.get_running_loop().get_debug())
            assert wide is asyncio.get_running_loop().get_debug()
            assert not wide
        """,
        sees="failed",
    ),
}

_NO_DEBUG = {"debug": Feature(_DEBUG["debug"].source)}

_ANY = {
    "any": Feature("import pytest\n\n@pytest.mark.asyncio\nasync def test_a(): ...")
}


def _started(
    name: str, ini: str, *args: str, sees: str = "passed", needs: str = ""
) -> Table:
    features = {"any": Feature(_ANY["any"].source, sees)}
    return Table(name, features, ini, (args,), needs=needs)


_TABLES = (
    Table("strict", _STRICT),
    Table(
        "strict-by-option",
        _STRICT,
        "asyncio_mode = auto",
        (("--asyncio-mode=strict",),),
    ),
    Table("auto", _AUTO, "asyncio_mode = auto"),
    Table("auto-by-option", _AUTO, steps=(("--asyncio-mode=auto",),)),
    Table("auto-by-mark", _AUTO, "asyncio_mode = auto", (("-m", "asyncio"),)),
    Table("hypothesis", _HYPOTHESIS, plugins=("hypothesispytest",)),
    Table("methods", _METHODS, "asyncio_mode = auto"),
    Table("debug-on", _DEBUG, "asyncio_debug = true"),
    Table("debug-on-by-option", _DEBUG, steps=(("--asyncio-debug",),)),
    # The environment is not asked: what the option says, goes.
    Table("debug-off", _NO_DEBUG, env={"PYTHONASYNCIODEBUG": "1"}),
    _started("mode-unknown", "asyncio_mode = legacy", sees=""),
    _started(
        "fixture-scope-unknown", "asyncio_default_fixture_loop_scope = x", sees=""
    ),
    _started("test-scope-unknown", "asyncio_default_test_loop_scope = x", sees=""),
    _started("fixture-scope-empty", "asyncio_default_fixture_loop_scope =", sees=""),
    _started(
        "test-fixture-scope", "asyncio_default_test_loop_scope = fixture-scope", sees=""
    ),
    _started("debug-by-ini", "asyncio_debug = true"),
    _started("debug-by-option", "", "--asyncio-debug"),
    _started(
        "fixture-scope-named",
        "asyncio_default_fixture_loop_scope = fixture-scope",
        needs="pytest-asyncio>=1.5",
    ),
    _started("plugin-blocked", "", "-p", "no:asyncio", sees=UNHANDLED),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_modes_agree(runs: Runs, row: Row) -> None:
    """A test runs, is refused or is ignored as under the real plugin."""
    runs.check(row)
