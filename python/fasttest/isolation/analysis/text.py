"""The analysis as text: counts first, then what can be done about it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from fasttest.isolation.analysis.document import relative, sorted_kinds
from fasttest.isolation.analysis.model import Effect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fasttest.isolation.analysis.model import Finding
    from fasttest.isolation.analysis.suite import SuiteFacts, TestFacts

# Tests named in a line before the rest is only counted.
_NAMED = 4


class Text:
    """The lines of a report.

    Args:
        suite: The suite.
        root: The folder to which the names of files are relative.
        verbose: Whether every test is listed with its lines.
    """

    def __init__(self, suite: SuiteFacts, root: str, *, verbose: bool) -> None:
        self._suite = suite
        self._root = root
        self._verbose = verbose

    def sections(self) -> Iterator[tuple[str, list[str]]]:
        """Titles with their lines; those that have any."""
        for title, lines in (
            ("classes", self._classes()),
            ("what several tests share", self._conflicts()),
            ("why tests are sequential", self._by_line(Effect.ALONE)),
            ("what holds everybody up", self._by_line(Effect.HOLDS_UP)),
            ("what computes", self._by_line(Effect.COMPUTES)),
            ("where planner and code disagree", self._disagreements()),
            ("marks that could be removed", self._marks()),
            ("tests", self._tests() if self._verbose else ()),
        ):
            listed = list(lines)
            if listed:
                yield title, listed

    def _classes(self) -> Iterator[str]:
        total = len(self._suite.tests)
        for kind, count in sorted_kinds(self._suite.kinds()):
            yield f"{kind.value:<20}{count:>6}  {_percent(count, total)}"
        own = sum(bool(t.planned.own) for t in self._suite.tests)
        cost = self._suite.cost()
        yield ""
        yield (
            f"The planner runs {cost.tests} of {total} alone "
            f"({_percent(cost.tests, total).strip()}), and {own} with a copy of "
            f"their own of what they change."
        )
        if cost.measured:
            yield (
                f"Running alone takes {cost.seconds:.1f} s of the {cost.known:.1f} s "
                f"that {cost.measured} tests are known to take."
            )
        else:
            yield "How long tests take is not known: run the suite once."

    def _conflicts(self) -> Iterator[str]:
        for conflict in self._suite.conflicts():
            places = {self._place(finding) for _, finding in conflict.users}
            if len(places) == 1:
                names = [_name(nodeid) for nodeid, _ in conflict.users]
                yield f"{conflict.resource} ({places.pop()}): {self._some(names)}"
                continue
            users = [
                f"{_name(nodeid)} ({self._place(finding)})"
                for nodeid, finding in conflict.users
            ]
            yield f"{conflict.resource}: {self._some(users)}"

    def _by_line(self, effect: Effect) -> Iterator[str]:
        users: dict[Finding, list[str]] = {}
        for test in self._suite.tests:
            for finding in test.findings:
                if finding.effect is effect:
                    users.setdefault(finding, []).append(_name(test.nodeid))
        for finding, names in sorted(users.items(), key=lambda each: -len(each[1])):
            yield (
                f"{self._place(finding)}: {finding.text} "
                f"({_tests(len(names))}: {self._some(names)})"
            )

    def _disagreements(self) -> Iterator[str]:
        tests: dict[str, list[str]] = {}
        for test in self._suite.tests:
            if test.disagreement is not None:
                tests.setdefault(test.disagreement, []).append(_name(test.nodeid))
        for text, names in sorted(tests.items(), key=lambda each: -len(each[1])):
            yield f"{text}: {_tests(len(names))}: {self._some(names)}"

    def _marks(self) -> Iterator[str]:
        for each in self._suite.removable_marks():
            yield f"{each.mark} on {each.where} ({_tests(len(each.tests))})"

    def _tests(self) -> Iterator[str]:
        for test in self._suite.tests:
            yield f"{test.nodeid}: {test.kind.value}; {test.planned}"
            yield from self._lines_of(test)

    def _lines_of(self, test: TestFacts) -> Iterator[str]:
        for finding in test.findings:
            yield (
                f"    {self._place(finding)}: {finding.text} "
                f"(in {finding.function}; {finding.effect.value})"
            )

    def _place(self, finding: Finding) -> str:
        return f"{relative(finding.file, self._root)}:{finding.line}"

    def _some(self, names: Iterable[str]) -> str:
        counts = Counter(names)
        listed = [f"{name} x{n}" if n > 1 else name for name, n in counts.items()]
        if self._verbose or len(listed) <= _NAMED:
            return ", ".join(listed)
        rest = len(listed) - _NAMED
        return ", ".join(listed[:_NAMED]) + f" and {rest} more"


def _name(nodeid: str) -> str:
    """A test's name without its file and its parameters."""
    name = nodeid.partition("::")[2] or nodeid
    return f"{name.partition('[')[0]}[…]" if "[" in name else name


def _tests(count: int) -> str:
    return "1 test" if count == 1 else f"{count} tests"


def _percent(count: int, total: int) -> str:
    return f"{100 * count / total if total else 0:>5.1f} %"
