"""Tests that share state across their waits: rescued, and named as a conflict."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ._agreement import RUNNER, Runs
from ._table import CROWDED, DEFAULT, PYTEST, SERIAL, Feature, Setting, Table

if TYPE_CHECKING:
    from ._invocation import Run

pytestmark = pytest.mark.skipif(
    RUNNER == "pytest", reason="pytest alone has no conflicts"
)

# Both wait until the other has arrived, where two may be in flight; the first then
# sees what the second has left.
_OVERWRITTEN = """
    import gate

    owner = None

    async def own(name):
        global owner
        owner = name
        await gate.arrive("overwritten", 2)
        assert owner == name, f"{name} lost to {owner}"

    async def test_left(): await own("left")
    async def test_right(): await own("right")
"""

_ALSO_RED = """
    import gate

    async def test_red():
        await gate.arrive("red", 2)
        assert False, "red in any case"

    async def test_beside():
        await gate.arrive("red", 2)
"""

_RESCUED = replace(CROWDED, name="rescued", args=("--concurrency", "64"))
_UNRESCUED = replace(DEFAULT, name="unrescued", args=("--no-rescue",))
_TABLE = Table(
    "conflicts",
    {"overwritten": Feature(_OVERWRITTEN)},
    "asyncio_mode = auto",
    settings=(SERIAL, DEFAULT, _RESCUED, _UNRESCUED),
)
_LEFT = "test_overwritten.py::test_left"


def _outcomes(run: Run) -> dict[str, str]:
    return {line.nodeid: line.word for line in run.lines}


@pytest.mark.parametrize("setting", [DEFAULT, _RESCUED], ids=lambda s: s.name)
def test_conflict_is_rescued_and_named(runs: Runs, setting: Setting) -> None:
    """A test that fails only beside another has passed, and the run says so."""
    expected, actual = runs.of(_TABLE, PYTEST), runs.of(_TABLE, setting)
    assert actual.exit_code == 0
    assert _outcomes(actual) == _outcomes(expected)
    assert actual.counts["passed"] == expected.counts["passed"]
    named = [line for line in actual.text.splitlines() if "conflict" in line.lower()]
    assert named
    after = actual.text[actual.text.lower().index("conflict") :]
    assert _LEFT in after


def test_conflict_is_a_failure_without_rescue(runs: Runs) -> None:
    """With --no-rescue the run shows what happened while both were in flight."""
    run = runs.of(_TABLE, _UNRESCUED)
    assert run.exit_code == 1
    assert _outcomes(run)[_LEFT] == "FAILED"
    assert "left lost to right" in run.text


def test_no_conflict_where_tests_run_one_by_one(runs: Runs) -> None:
    """Strictly serial, nothing is in flight beside a test and nothing is named."""
    run = runs.of(_TABLE, SERIAL)
    assert run.exit_code == 0
    assert "conflict" not in run.text.lower()


def test_red_is_not_rescued(runs: Runs) -> None:
    """A test that fails alone too has failed, once, and is no conflict."""
    table = Table(
        "no-conflict",
        {"red": Feature(_ALSO_RED, "passed failed")},
        "asyncio_mode = auto",
        settings=(DEFAULT,),
    )
    expected, actual = runs.of(table, PYTEST), runs.of(table, DEFAULT)
    assert actual.exit_code == 1
    assert _outcomes(actual) == _outcomes(expected)
    assert actual.counts == expected.counts
    assert "conflict" not in actual.text.lower()


def test_teardown_of_a_rescued_test_runs_each_time(runs: Runs) -> None:
    """Both runs of a rescued test set up and tear down what they need."""
    table = Table(
        "rescued-fixtures",
        {
            "rescued": Feature(
                """
                import gate, pytest
                from journal import note

                owner = None

                @pytest.fixture
                async def noted(request):
                    note(request.node.name, "up")
                    yield
                    note(request.node.name, "down")

                @pytest.mark.parametrize("name", ["left", "right"])
                async def test_owns(noted, name):
                    global owner
                    owner = name
                    await gate.arrive("rescued", 2)
                    assert owner == name
                """
            )
        },
        "asyncio_mode = auto",
        settings=(DEFAULT,),
    )
    run = runs.of(table, DEFAULT)
    assert run.exit_code == 0
    lanes: dict[str, list[str]] = {}
    for note in run.notes:
        lanes.setdefault(note.lane, []).append(note.text)
    assert lanes["test_owns[left]"] == ["up", "down"] * 2
    assert lanes["test_owns[right]"] == ["up", "down"]
