"""Whole sample suites, each with the table of its outcomes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from ._agreement import Row, Runs, rows
from ._invocation import SKIPS_BY_NODE_ID
from ._table import PYTEST, SETTINGS, Feature, Setting, Table

_SUITES = Path(__file__).parents[1] / "suites"
_WORDS = {"PASSED": "passed", "XFAIL": "xfailed"}


def _table(name: str, ini: str = "", *args: str) -> Table:
    files = {p.name: p.read_text("utf-8") for p in (_SUITES / name).glob("*.py")}
    words = {word for word, _ in _outcomes(name)}
    sees = " ".join(_WORDS.get(word, word.lower()) for word in words)
    return Table(f"suite-{name}", {name: Feature(files, sees)}, ini, (args,))


def _outcomes(name: str) -> Counter[tuple[str, str]]:
    lines = (_SUITES / name / "outcomes.txt").read_text("utf-8").splitlines()
    return Counter(
        (word, nodeid) for word, _, nodeid in (x.partition(" ") for x in lines)
    )


def _by_node_id(outcomes: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """Drop what the summary tells by another name."""
    kept = (each for each in outcomes.elements() if each[0] != "SKIPPED")
    return outcomes if SKIPS_BY_NODE_ID else Counter(kept)


_TABLES = (
    _table("chat"),
    _table("stock", "asyncio_mode = auto"),
    _table("mixed", "asyncio_mode = auto", "--doctest-modules"),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_suites_agree(runs: Runs, row: Row) -> None:
    """Nothing a user sees of a whole suite differs."""
    runs.check(row)


@pytest.mark.parametrize("setting", [PYTEST, *SETTINGS], ids=lambda s: s.name)
@pytest.mark.parametrize("table", _TABLES, ids=lambda table: table.name)
def test_suites_have_the_outcomes_on_file(
    runs: Runs, table: Table, setting: Setting
) -> None:
    """The table beside the suite says what each test and its phases come to."""
    lines = runs.of(table, setting).lines
    found = Counter((line.word, line.nodeid) for line in lines)
    outcomes = _outcomes(table.name.removeprefix("suite-"))
    assert _by_node_id(found) == _by_node_id(outcomes)
