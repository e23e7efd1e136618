"""What there is to say of a whole suite: classes, conflicts, costs, disagreements."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fasttest.isolation.analysis.model import Effect, Finding, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Planned:
    """In what company the planner lets a test run.

    Attributes:
        alone: Why with nothing beside it; None if it overlaps.
        own: What of the process it gets a copy of its own.
        turns: What it takes in turns with others.
    """

    alone: str | None = None
    own: tuple[str, ...] = ()
    turns: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.alone is not None:
            return f"runs alone: {self.alone}"
        text = "overlaps"
        if self.own:
            text += f", with its own {', '.join(self.own)}"
        if self.turns:
            text += f", takes turns at {', '.join(self.turns)}"
        return text


@dataclass(frozen=True, slots=True)
class TestFacts:
    """What is known of a test.

    Attributes:
        nodeid: Its node id.
        findings: The lines that say something of it, its fixtures' included.
        holders: For each resource who has it: the test itself, or an instance of a
            fixture which it shares with others.
        planned: What the planner does.
        seconds: How long it took in an earlier run; None if that is not known.
        requests: Marks which keep it from overlapping, by what it is that has the mark.
        has_patching_argument: Whether its arguments alone, looked at plainly, would
            make it run alone.
    """

    nodeid: str
    findings: tuple[Finding, ...]
    holders: tuple[tuple[str, str], ...]
    planned: Planned
    seconds: float | None = None
    requests: tuple[tuple[str, str], ...] = ()
    has_patching_argument: bool = False

    @property
    def kind(self) -> Kind:
        """The class of the test."""
        effects = {finding.effect for finding in self.findings}
        if Effect.ALONE in effects:
            return Kind.SEQUENTIAL
        if Effect.SHARED in effects:
            return Kind.RESOURCE_INTENSIVE
        if Effect.COMPUTES in effects:
            return Kind.CPU_BOUND
        return Kind.PARALLEL_SAFE

    @property
    def disagreement(self) -> str | None:
        """How the planner's decision differs from what its code asks for."""
        is_sequential = self.kind is Kind.SEQUENTIAL
        alone = self.planned.alone
        if alone is not None and not is_sequential and not self.requests:
            if self.kind is Kind.RESOURCE_INTENSIVE:
                return f"runs alone ({alone}), taking turns would do"
            return f"runs alone ({alone}), its code shows no need"
        if self.planned.alone is None and is_sequential:
            return "overlaps, though its code changes what all tests share"
        return None


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something that two tests or more use, and of which there is one.

    Attributes:
        resource: What it is.
        users: The node ids of the tests, each with the line.
    """

    resource: str
    users: tuple[tuple[str, Finding], ...]


@dataclass(frozen=True, slots=True)
class RemovableMark:
    """A mark that keeps tests from overlapping which need not be kept from it.

    Attributes:
        mark: The mark's name.
        where: The test, class or module that has it.
        tests: The tests that would overlap without it.
    """

    mark: str
    where: str
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """What it costs that tests run alone.

    Attributes:
        tests: How many do.
        seconds: What they took, as far as known.
        known: What all tests took that are known.
        measured: How many are.
    """

    tests: int
    seconds: float
    known: float
    measured: int


class SuiteFacts:
    """What is known of all tests.

    Args:
        tests: The tests, in the order of collection.
    """

    def __init__(self, tests: Iterable[TestFacts]) -> None:
        self.tests: Sequence[TestFacts] = tuple(tests)

    def kinds(self) -> Counter[Kind]:
        """How many tests there are of each class."""
        return Counter(test.kind for test in self.tests)

    def conflicts(self) -> list[Conflict]:
        """What is used by several tests that may overlap, by its name.

        Tests which use one instance of a fixture do not conflict by what it has.
        """
        return _conflicts(each for each in self.tests if each.planned.alone is None)

    def cost(self) -> Cost:
        """What running alone costs, as the planner has it."""
        alone = [test for test in self.tests if test.planned.alone is not None]
        known = [test for test in self.tests if test.seconds is not None]
        return Cost(
            len(alone),
            sum(test.seconds or 0.0 for test in alone),
            sum(test.seconds or 0.0 for test in known),
            len(known),
        )

    def removable_marks(self) -> list[RemovableMark]:
        """The marks of which no test that has them needs any."""
        marked: dict[tuple[str, str], list[TestFacts]] = {}
        for test in self.tests:
            for request in test.requests:
                marked.setdefault(request, []).append(test)
        # Those which the mark keeps apart from others are conflicts without it.
        busy = {user for each in _conflicts(self.tests) for user, _ in each.users}
        return [
            RemovableMark(mark, where, tuple(test.nodeid for test in tests))
            for (mark, where), tests in marked.items()
            if not any(
                test.kind is Kind.SEQUENTIAL or test.nodeid in busy for test in tests
            )
        ]


def _conflicts(tests: Iterable[TestFacts]) -> list[Conflict]:
    holders: dict[str, set[str]] = {}
    users: dict[str, dict[str, Finding]] = {}
    for test in tests:
        for resource, holder in test.holders:
            holders.setdefault(resource, set()).add(holder)
        for finding in test.findings:
            if finding.effect is Effect.SHARED and finding.resource is not None:
                lines = users.setdefault(finding.resource, {})
                lines.setdefault(test.nodeid, finding)
    return [
        Conflict(resource, tuple(users[resource].items()))
        for resource in sorted(users)
        if len(holders.get(resource, ())) > 1
    ]
