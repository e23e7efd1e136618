"""What is selected, how far a run goes and how it exits is as under pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ._agreement import Row, Runs, rows
from ._table import CROWDED, DEFAULT, IN_ORDER, Feature, Setting, Table
from ._versions import installed

if TYPE_CHECKING:
    from collections.abc import Mapping

_AUTO = "asyncio_mode = auto"

_MIXED = {
    "first": Feature(
        """
        import asyncio, pytest

        async def test_apple(): await asyncio.sleep(0.005)

        @pytest.mark.slow
        async def test_pear(): await asyncio.sleep(0.005)

        class TestFruit:
            async def test_plum(self): ...
            @pytest.mark.parametrize("n", [1, 2, 3])
            async def test_many(self, n): assert n != 2
        """,
        sees="passed failed",
    ),
    "second": Feature(
        """
        import pytest

        pytestmark = pytest.mark.quick

        def test_bean(): ...
        async def test_pea(): assert False
        """,
        sees="passed failed",
    ),
}

_MARKS = f"{_AUTO}\nmarkers =\n  slow: slow\n  quick: quick"


def _selected(
    name: str,
    *args: str,
    first: str = "",
    second: str = "",
    env: Mapping[str, str] | None = None,
) -> Table:
    features = {
        "first": Feature(_MIXED["first"].source, first),
        "second": Feature(_MIXED["second"].source, second),
    }
    return Table(name, features, _MARKS, (args,), env=env or {}, settings=(DEFAULT,))


_ALL = "passed failed"
# Before, a test that was named once more was all that was left of its file.
_TWICE = _ALL if installed("pytest>=9") else "passed"
_SELECTIONS = (
    _selected("by-keyword", "-k", "apple or pea", first="passed", second="failed"),
    _selected("by-not", "-k", "not many and not bean", first="passed", second="failed"),
    _selected("by-class", "-k", "TestFruit", first=_ALL),
    _selected("by-mark", "-m", "quick", second=_ALL),
    _selected("by-no-mark", "-m", "not slow and not quick", first=_ALL),
    _selected("by-parameter", "-k", "many and 2", first="failed"),
    _selected(
        "by-node-ids",
        "test_second.py::test_bean",
        "test_first.py::TestFruit::test_many[3]",
        first="passed",
        second="passed",
    ),
    _selected("by-class-id", "test_first.py::TestFruit", first=_ALL),
    _selected("by-file", "test_second.py", "test_first.py", first=_ALL, second=_ALL),
    _selected("twice", "test_second.py", "test_second.py::test_bean", second=_TWICE),
    _selected("by-folder", ".", first=_ALL, second=_ALL),
    _selected("deselected", "--deselect", "test_first.py", second=_ALL),
    _selected("ignored", "--ignore=test_first.py", second=_ALL),
    _selected(
        "by-name-setting",
        "-o",
        "python_functions=test_p*",
        first="passed",
        second="failed",
    ),
    *(
        _selected(
            f"import-mode-{mode}", f"--import-mode={mode}", first=_ALL, second=_ALL
        )
        for mode in ("prepend", "append", "importlib")
    ),
    _selected(
        "by-environment",
        env={"PYTEST_ADDOPTS": "-k apple -p no:doctest"},
        first="passed",
    ),
    _selected("bad-environment", env={"PYTEST_ADDOPTS": "--no-such-option"}),
    _selected("no-such-plugin", "-p", "no_such_plugin"),
    _selected("no-such-test", "test_first.py::test_absent"),
    _selected("no-such-file", "test_absent.py"),
    _selected("nothing-left", "-k", "absent"),
    _selected("bad-keyword", "-k", "and or"),
    _selected("bad-mark", "-m", "not not ("),
    _selected("unknown-option", "--no-such-option"),
    _selected("bad-value", "--maxfail=many"),
    _selected("strict-marks", "--strict-markers", first=_ALL, second=_ALL),
    _selected("collect-only", "--collect-only"),
    _selected("collect-only-quietly", "--collect-only", "-q"),
    _selected("version", "--version"),
    _selected("markers", "--markers"),
)

# Nothing waits here, so tests end in the order in which they start, and a run stops
# at the same test whatever the concurrency.
_STOPPING = {
    "stops": Feature(
        """
        import pytest
        from journal import note

        @pytest.fixture(scope="module", autouse=True)
        async def wide():
            note("module", "up")
            yield
            note("module", "down")

        async def test_1(): ...
        async def test_2(): assert False
        def test_3(): ...
        @pytest.mark.xfail
        async def test_4(): assert False
        @pytest.fixture
        def broken(): raise OSError
        def test_5(broken): ...
        async def test_6(): ...
        async def test_7(): assert False
        async def test_8(): ...
        """,
        sees="passed failed",
    )
}


def _stopped(name: str, *args: str, sees: str) -> Table:
    return Table(
        name, {"stops": Feature(_STOPPING["stops"].source, sees)}, _AUTO, (args,)
    )


_STOPS = (
    _stopped("first-failure", "-x", sees="passed failed"),
    _stopped("two-failures", "--maxfail=2", sees="passed failed xfailed error"),
    _stopped("three-failures", "--maxfail", "3", sees="passed failed xfailed error"),
    _stopped("many-failures", "--maxfail=9", sees="passed failed xfailed error"),
    _stopped("exit-first", "--exitfirst", "-k", "not 2", sees="passed xfailed error"),
)

_EXIT = "import pytest\nasync def test_0(): ...\n"
_EXITS = (
    Table("exits-green", {"exit": Feature(_EXIT)}, _AUTO),
    Table("exits-empty", {"exit": Feature("x = 1", "")}, _AUTO),
    Table(
        "exits-collection",
        {"exit": Feature("import absent_module", "error"), "fine": Feature(_EXIT, "")},
        _AUTO,
    ),
    Table(
        "exits-early",
        {
            "exit": Feature(
                f"{_EXIT}async def test_1(): pytest.exit('enough', 9)\n"
                "def test_2(): ...\n",
                sees="",
            )
        },
        _AUTO,
    ),
    Table(
        "exits-early-in-fixture",
        {
            "exit": Feature(
                f"{_EXIT}@pytest.fixture\nasync def over(): pytest.exit('enough')\n"
                "def test_1(over): ...\ndef test_2(): ...\n"
            )
        },
        _AUTO,
    ),
    Table(
        "exits-at-import",
        {"exit": Feature("import pytest\npytest.exit('not today', 3)", "error")},
        _AUTO,
    ),
    Table(
        "exits-interrupted",
        {
            "exit": Feature(
                f"{_EXIT}import os, signal\nfrom journal import note\n"
                "@pytest.fixture(scope='module', autouse=True)\n"
                "async def wide():\n    yield\n    note('module', 'down')\n"
                "def test_1(): os.kill(os.getpid(), signal.SIGINT)\n"
                "def test_2(): ...\n"
            )
        },
        _AUTO,
    ),
    Table(
        "exits-by-keyboard-interrupt",
        {"exit": Feature(f"{_EXIT}async def test_1(): raise KeyboardInterrupt\n")},
        _AUTO,
        settings=IN_ORDER,  # what is in flight has no outcome
    ),
    Table("exits-bad-ini", {"exit": Feature(_EXIT, "")}, "minversion = 99"),
    Table("exits-bad-conftest", {"exit": Feature(_EXIT, "")}, _AUTO, conftest="1 / 0"),
)

_CHANGING = {
    "again": Feature(
        """
        import asyncio, os, pytest

        FIRST = not os.path.exists("ran")

        async def test_1(): ...
        async def test_2(): assert not FIRST
        async def test_3(): await asyncio.sleep(0.002)
        @pytest.mark.parametrize("n", [1, 2])
        async def test_4(n): assert n == 1
        def test_5():
            with open("ran", "w"): pass
        """,
        sees="passed failed",
    ),
    "steady": Feature("async def test_steady(): ..."),
}


def _again(
    name: str,
    *last: str,
    first: tuple[str, ...] = (),
    sees: str,
    crowded: Setting = CROWDED,
) -> Table:
    features = {"again": Feature(_CHANGING["again"].source, sees)}
    if "steady" not in name:
        features["steady"] = Feature(_CHANGING["steady"].source, "")
    steps = (first, last)
    return Table(name, features, _AUTO, steps, cache=True, settings=(DEFAULT, crowded))


_CACHED = (
    _again("last-failed", "--lf", sees=_ALL),
    _again("last-failed-none", "--lf", "--lfnf=none", first=("-k", "test_1"), sees=""),
    _again("new-first-steady", "--nf", sees=_ALL),
    _again("failed-first-steady", "--ff", sees=_ALL),
    _again("failed-first-and-stop-steady", "--ff", "-x", sees=_ALL),
    # A test in flight when the run stops has left its file all the same.
    _again("stepwise", "--sw", first=("--sw",), sees="failed", crowded=IN_ORDER[-1]),
    _again("cache-shown", "--cache-show", "cache/lastfailed", sees=""),
)


@pytest.mark.parametrize("row", rows(*_SELECTIONS))
def test_selections_agree(runs: Runs, row: Row) -> None:
    """The same tests are selected, and a wrong selection is refused alike."""
    runs.check(row)


@pytest.mark.parametrize("row", rows(*_STOPS, *_EXITS))
def test_ends_agree(runs: Runs, row: Row) -> None:
    """A run goes as far as pytest's, tears down, and exits with its code."""
    runs.check(row)


@pytest.mark.parametrize("row", rows(*_CACHED))
def test_repeated_runs_agree(runs: Runs, row: Row) -> None:
    """A second run selects and orders by what the first one left in the cache."""
    runs.check(row)
