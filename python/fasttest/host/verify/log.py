"""What a run has written down about itself, for others to compare."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_BAD = frozenset({"failed", "error"})
_RERUN = "rerun"


@dataclass(frozen=True)
class Outcome:
    """How a test ended.

    Attributes:
        categories: pytest's words for what its phases came to, in their order: mostly
            one of them, or "failed" and "error" if its teardown failed as well.
        message: What the first failure said; it is not compared.
        reran: Whether a plugin ran it again after a failure; it is not compared.
    """

    categories: tuple[str, ...]
    message: str = field(default="", compare=False)
    reran: bool = field(default=False, compare=False)

    @property
    def is_bad(self) -> bool:
        """Whether the test has failed."""
        return not self.categories or not _BAD.isdisjoint(self.categories)

    @property
    def is_good(self) -> bool:
        """Whether the test has run and passed, and could have failed."""
        return "passed" in self.categories and not self.is_bad

    def __str__(self) -> str:
        return ", ".join(self.categories) or "not run"


NOT_RUN = Outcome(())


@dataclass(frozen=True)
class Flight:
    """When a test was in flight, by a clock of the run's own.

    Attributes:
        began: When it started, in seconds.
        ended: When it was over.
        alone: Why nothing may run beside it; None if others may.
    """

    began: float
    ended: float
    alone: str | None = None


@dataclass(frozen=True)
class Log:
    """What one run has written.

    Attributes:
        outcomes: By node id, in the order of the first reports.
        rootpath: pytest's; None if the run has not come so far.
        conflicts: The file of conflicts which it respects, be there one or not; None
            if it ignores them.
        found: The chosen tests that there are, whether they were run or not.
        collected: Files, classes and so on which have said what is in them.
        uncollected: Those which failed to, or were skipped.
        flights: By node id; like the three before only of a run of chosen tests.
    """

    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    rootpath: Path | None = None
    conflicts: Path | None = None
    found: frozenset[str] = frozenset()
    collected: frozenset[str] = frozenset()
    uncollected: frozenset[str] = frozenset()
    flights: Mapping[str, Flight] = field(default_factory=dict)


def read(path: Path) -> Log:
    """Read a log, as far as it was written."""
    if not path.exists():
        return Log()
    *lines, _ = path.read_text(encoding="utf-8").split("\n")  # the last may be torn
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for line in map(json.loads, lines):
        by_kind.setdefault(line.pop("$report_type"), []).append(line)
    passed = {True: set[str](), False: set[str]()}
    for each in by_kind.get("CollectReport", ()):
        passed[each["outcome"] == "passed"].add(each["nodeid"])
    header = next(iter(by_kind.get("SessionStart", ())), {})
    return Log(
        _outcomes(by_kind.get("TestReport", ())),
        _path(header.get("rootpath")),
        _path(header.get("conflicts")),
        frozenset(line["nodeid"] for line in by_kind.get("Item", ())),
        frozenset(passed[True]),
        frozenset(passed[False]),
        {each.pop("nodeid"): Flight(**each) for each in by_kind.get("Flight", ())},
    )


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


def _outcomes(reports: Iterable[dict[str, Any]]) -> dict[str, Outcome]:
    categories: dict[str, list[str]] = {}
    messages: dict[str, str] = {}
    reran: set[str] = set()
    for report in reports:
        nodeid, category = report["nodeid"], report["category"]
        seen = categories.setdefault(nodeid, [])
        # The last of several tries is what counts.
        if category == _RERUN:
            reran.add(nodeid)
        elif category:
            seen.append(category)
            if category in _BAD:
                messages.setdefault(nodeid, report["message"])
    return {
        nodeid: Outcome(tuple(seen), messages.get(nodeid, ""), nodeid in reran)
        for nodeid, seen in categories.items()
    }
