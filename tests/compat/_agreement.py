"""Run each table once under pytest and once in each setting, and compare by feature."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from difflib import unified_diff
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from ._invocation import SKIPS_BY_NODE_ID, Case, Line, Note, Run, Warned, start
from ._table import PYTEST, Setting, Table
from ._versions import needing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

RUNNER = os.environ.get("FASTTEST_COMPAT_RUNNER", "fasttest")
"""The module compared with pytest; ``pytest`` itself checks the tables alone."""

_ALONE = bool(os.environ.get("FASTTEST_COMPAT_ALONE"))
"""Run every feature by itself, which is slow but shows who disturbs whom."""

_WORDS = {"XFAIL": "xfailed", "XPASS": "xpassed"}


@dataclass(frozen=True)
class Row:
    """One comparison: a feature of a table, or the run as a whole, in one setting."""

    table: Table
    feature: str | None
    setting: Setting


def rows(*tables: Table) -> list[object]:
    """Return the parameters of a test that checks every row of these tables."""
    return [
        pytest.param(
            Row(table, feature, setting),
            id=f"{table.name}-{feature or 'whole run'}-{setting.name}",
            marks=_left_out(table, feature),
        )
        for table in _tables(tables)
        for feature in (None, *table.features)
        for setting in table.settings
    ]


def _left_out(table: Table, feature: str | None) -> list[pytest.MarkDecorator]:
    lacks = table.lacks(feature)
    return [needing(lacks)] if lacks else []


def _tables(tables: Iterable[Table]) -> Iterator[Table]:
    for table in tables:
        if _ALONE:
            yield from map(table.alone, table.features)
        else:
            yield table


class Runs:
    """The runs of this session, each made once.

    Args:
        root: The folder to make them in.
        tables: In the order in which they will be asked for: while the runs of one are
            compared, those of the next are made.
    """

    def __init__(self, root: Path, tables: Sequence[Table] = ()) -> None:
        self._root = root
        names = dict.fromkeys(table.name for table in tables)
        self._next = dict(pairwise(names))
        self._to_come = {table.name: table for table in tables}
        # Two at a time: a run is mostly start-up, and timing is never compared.
        self._pool = ThreadPoolExecutor(2)
        self._runs: dict[tuple[str, str], Future[Run]] = {}
        self._tables: dict[str, Table] = {}

    def of(self, table: Table, setting: Setting) -> Run:
        """Return a table's run in one setting."""
        if self._tables.setdefault(table.name, table) != table:
            raise ValueError(
                f"two tables are named {table.name}; give one another name"
            )
        self._begin(table)
        following = self._to_come.get(self._next.get(table.name, ""))
        if following is not None:
            self._begin(following)
        return self._runs[table.name, setting.name].result()

    def check(self, row: Row) -> None:
        """Fail with every difference between pytest's run and this row's."""
        expected = self.of(row.table, PYTEST)
        actual = self.of(row.table, row.setting)
        if row.feature is None:
            found = list(_differ_as_a_whole(row, expected, actual))
        else:
            _check_what_pytest_sees(row, expected)
            found = list(_differ(row, expected, actual))
        if found:
            report = "\n".join(found)
            pytest.fail(f"{report}\n\n===== {RUNNER} =====\n{actual.text}", False)

    def close(self) -> None:
        """Drop the runs that nobody waits for any more."""
        self._pool.shutdown(cancel_futures=True)

    def _begin(self, table: Table) -> None:
        if (table.name, PYTEST.name) not in self._runs:
            for number, each in enumerate((PYTEST, *table.settings)):
                # Paths of one length, since texts are cut and wrapped by length.
                self._submit(table, each, self._root / table.name / str(number))

    def _submit(self, table: Table, setting: Setting, root: Path) -> None:
        root.mkdir(parents=True)
        if setting is PYTEST or RUNNER == "pytest":
            future = self._pool.submit(start, "pytest", table, root, PYTEST)
        else:
            future = self._pool.submit(start, RUNNER, table, root, setting)
        self._runs[table.name, setting.name] = future


def _check_what_pytest_sees(row: Row, run: Run) -> None:
    feature = row.table.features[str(row.feature)]
    words = [re.split(r"\W", line.word)[0] for line in _lines(row, run)]
    seen = {_WORDS.get(word, word.lower()) for word in words}
    if not SKIPS_BY_NODE_ID:
        tags = [tag for case in _cases(row, run) for tag, _ in case.children]
        seen |= {"skipped"} & {tag.removesuffix(" pytest.skip") for tag in tags}
    wanted = set(feature.sees.split())
    if seen != wanted:
        pytest.fail(f"pytest saw {seen}, not {wanted}\n{run.text}", False)


def _differ_as_a_whole(row: Row, expected: Run, actual: Run) -> Iterator[str]:
    yield from _compare("exit code", expected.exit_code, actual.exit_code)
    yield from _compare("counts", expected.counts, actual.counts)
    # Whatever ran first, the short summary is in collection order.
    yield from _compare("order of the summary", *map(_nodeids, (expected, actual)))
    yield from _compare("order of warnings", *map(_warned_tests, (expected, actual)))
    yield from _compare("what it leaves", expected.left, actual.left)
    yield from _compare_journals(row, expected, actual)


def _differ(row: Row, expected: Run, actual: Run) -> Iterator[str]:
    expected_lines, actual_lines = _lines(row, expected), _lines(row, actual)
    yield from _compare("summary", Counter(expected_lines), Counter(actual_lines))
    if row.setting.junit:
        yield from _compare("junit", _cases(row, expected), _cases(row, actual))
    yield from _compare("warnings", _warned(row, expected), _warned(row, actual))
    yield from _compare_journals(row, expected, actual)


def _compare_journals(row: Row, expected: Run, actual: Run) -> Iterator[str]:
    yield from _compare("journal", _lanes(row, expected), _lanes(row, actual))
    if row.setting.parties == 1:
        yield from _compare("order", _notes(row, expected), _notes(row, actual))


def _nodeids(run: Run) -> list[str]:
    return [line.nodeid for line in run.lines]


def _lines(row: Row, run: Run) -> list[Line]:
    return [line for line in run.lines if _owns(row, line.nodeid)]


def _cases(row: Row, run: Run) -> Counter[Case]:
    def path(case: Case) -> str:
        # A file that could not be collected is a case without class.
        return (case.classname or case.name).replace(".", "/")

    name = row.feature
    starts = (f"test_{name}/", f"{name}/")
    return Counter(c for c in run.cases if f"{path(c)}/".startswith(starts))


def _warned(row: Row, run: Run) -> Counter[Warned]:
    return Counter(warned for warned in run.warned if _owns(row, warned.location))


def _warned_tests(run: Run) -> list[Warned]:
    return [warned for warned in run.warned if "::" in warned.location]


def _notes(row: Row, run: Run) -> list[Note]:
    return [note for note in run.notes if _owns(row, note.path)]


def _lanes(row: Row, run: Run) -> dict[tuple[str, str], list[str]]:
    lanes: dict[tuple[str, str], list[str]] = {}
    for note in _notes(row, run):
        lanes.setdefault((note.path, note.lane), []).append(note.text)
    return {k: _once(v) for k, v in lanes.items()} if row.setting.rescues else lanes


def _once(texts: list[str]) -> list[str]:
    """Return what was noted once, if it was noted again for each rescued test."""
    for length in range(1, len(texts)):
        times, rest = divmod(len(texts), length)
        if rest == 0 and texts == texts[:length] * times:
            return texts[:length]
    return texts


def _owns(row: Row, path: str) -> bool:
    if row.feature is None:
        return path == "conftest.py"
    return row.table.features[row.feature].owns(row.feature, path)


def _compare(what: str, expected: object, actual: object) -> Iterator[str]:
    if expected == actual:
        return
    yield f"{what} differ (- pytest, + {RUNNER}):"
    diff = unified_diff(_listed(expected), _listed(actual), n=0, lineterm="")
    yield from (f"  {line}" for line in diff if line[:2] not in ("--", "++", "@@"))


def _listed(value: object) -> list[str]:
    """Return one line for each part of a value that may differ by itself."""
    if isinstance(value, Counter):
        return sorted(map(str, value.elements()))
    if isinstance(value, Mapping):
        return [f"{key}: {part}" for key, part in value.items()]
    return list(map(str, value)) if isinstance(value, list) else [str(value)]
