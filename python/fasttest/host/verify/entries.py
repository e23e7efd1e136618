"""Which entries of the file of conflicts still hold, and which may be dropped.

The rounds of a suite respect the file, and so say nothing of its entries. An entry is
dropped for what other runs say, and only if all of them agree:

- *Trials* run exactly the tests of an entry, as the experiments did that have found it,
  with all entries ignored: no other conflict can speak for this one, and no third test
  keeps them from meeting. One counts as a chance to clash only if all have met there.
- *Rehearsals* are rounds of all tests that ignore the entries which have passed their
  trials, and respect the others: the suite as it is going to be.

What cannot be tried stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from fasttest.host.conflicts import Conflict

if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Collection,
        Iterable,
        Iterator,
        Sequence,
    )

    from fasttest.host.verify.log import Flight
    from fasttest.host.verify.rounds import Round, Rounds

_IGNORED = "--conflicts=ignore"

# An entry stands for what failed some times in a row, with the tests as they come. What
# fails every second time only is missed in so many trials once in 4096.
_AS_THEY_COME = 2
_HOSTILE = 10

# Tests in flight at most in the hostile ones, in turn; None: as many as by default. Two
# for entries of several tests, which may clash in pairs only.
_WIDTHS = (None, 2)

# Trials which have to be a chance to clash: as many as confirm a conflict.
_CHANCES = 2


@dataclass(frozen=True)
class Finding:
    """What was found out about an entry.

    Attributes:
        conflict: The entry.
        left: What is to stay of it, without the tests that there are no more; None if
            it is to be dropped.
        reason: Why.
    """

    conflict: Conflict
    left: Conflict | None
    reason: str

    @property
    def fate(self) -> str:
        """What is to become of the entry, in one word."""
        if self.left is None:
            return "dropped"
        return "stays" if self.left == self.conflict else "shortened"


class Basis(NamedTuple):
    """What is known of a suite from its rounds.

    Attributes:
        serial: The run one by one with which others are compared.
        differing: The tests that ended otherwise in any round.
        crowded: The options of the rounds of many tests at once.
        seed: Of the first hostile trial.
        width: Tests in flight at most in any run; None if it differs.
        limit: The seconds that a run may take.
    """

    serial: Round
    differing: frozenset[str]
    crowded: Sequence[Sequence[str]]
    seed: int
    width: int | None
    limit: float


class Review:
    """Finds out which entries still hold.

    Args:
        rounds: Runs the suite.
        basis: What is known of it.
        tell: Is told of each entry that was tried, and of each rehearsal.
    """

    def __init__(
        self, rounds: Rounds, basis: Basis, tell: Callable[[str, str], None]
    ) -> None:
        self._rounds = rounds
        self._basis = basis
        self._tell = tell
        self._trials = 0

    def findings(self, entries: Iterable[Conflict]) -> list[Finding]:
        """Look at all entries of a file.

        Returns:
            A finding for each, in their order.
        """
        entries = list(dict.fromkeys(entries))
        gone = self._gone({test for entry in entries for test in entry.tests})
        left = {entry: _without(entry, gone) for entry in entries}
        stays: dict[Conflict, str] = {}
        for entry, rest in left.items():
            reason = None if rest is None else self._holds(rest)
            if reason is not None:
                stays[entry] = reason
        passed = {e: r for e, r in left.items() if r is not None and e not in stays}
        kept = [rest for e in stays if (rest := left[e]) is not None]
        stays |= self._rehearse(passed, kept)
        return [
            Finding(entry, left[entry] if entry in stays else None, reason)
            for entry in entries
            for reason in [stays.get(entry) or self._why_dropped(entry, left[entry])]
        ]

    def _why_dropped(self, entry: Conflict, left: Conflict | None) -> str:
        if left is None:
            return "fewer than two of its tests are still there"
        return (
            f"its tests ended as one by one in {_AS_THEY_COME + _HOSTILE} runs of just "
            f"them and in {len(self._basis.crowded)} of all tests"
        )

    # Tests that there are no more.

    def _gone(self, named: Collection[str]) -> frozenset[str]:
        """Those of the tests which their files do not have any more.

        What a file has is known if it could be collected. That it is there at all, only
        if node ids begin by the paths of files, which plugins may see differently.
        """
        serial = self._basis.serial
        root = serial.log.rootpath
        unseen = sorted(test for test in named if test not in serial.outcomes)
        if not unseen or root is None:
            return frozenset()
        files = {test: root / _file_of(test) for test in (*unseen, *serial.outcomes)}
        if not all(files[test].is_file() for test in serial.outcomes):
            return frozenset()
        gone = {test for test in unseen if not files[test].exists()}
        there = [test for test in unseen if files[test].is_file()]
        if there:
            log = self._run("--collect-only", tests=there).log
            gone |= {
                test
                for test in set(there) - log.found
                if _file_of(test) in log.collected
                and not any(_is_below(test, each) for each in log.uncollected)
            }
        return frozenset(gone)

    # Trials.

    def _holds(self, conflict: Conflict) -> str | None:
        """Why an entry stays, as far as its own tests tell; None if they do not."""
        reason = self._obstacle(conflict)
        if reason is None:
            self._trials += 1
            reason = self._clash(conflict)
            text = "has not clashed" if reason is None else "stays"
            self._tell(f"entry {self._trials}", f"{text}   {conflict.tests[0]}, …")
        return reason

    def _obstacle(self, conflict: Conflict) -> str | None:
        """Why an entry cannot be tried."""
        for test in conflict.tests:
            if test not in self._basis.serial.outcomes:
                return f"{test} was not selected"
            if test in self._basis.differing:
                return f"{test} ends differently in any case"
            outcome = self._basis.serial.of(test)
            if not outcome.is_good:
                return f"{test} could not clash: {outcome}"
        return None

    def _clash(self, conflict: Conflict) -> str | None:
        """Try an entry; None if there was every chance to clash, and none has."""
        tests = self._in_order(conflict.tests)
        alone = self._run(_IGNORED, "--concurrency=1", tests=tests)
        if reason := self._difference(alone, tests):
            return f"{reason}, one by one without the other tests"
        chances = 0
        for options in self._variations():
            trial = self._run(_IGNORED, "--no-rescue", *options, tests=tests)
            if reason := self._difference(trial, tests):
                return reason
            flights = trial.log.flights
            for test, flight in flights.items():
                if flight.alone is not None:
                    return f"its tests cannot meet: {test} runs alone: {flight.alone}"
            chances += _have_met([flights.get(test) for test in tests])
        return None if chances >= _CHANCES else "its tests hardly ever met"

    def _variations(self) -> Iterator[list[str]]:
        width = self._basis.width
        for number in range(-_AS_THEY_COME, _HOSTILE):
            options = [] if number < 0 else [f"--seed={self._basis.seed + number}"]
            most = width or (None if number < 0 else _WIDTHS[number % len(_WIDTHS)])
            yield options + ([] if most is None else [f"--concurrency={most}"])

    def _in_order(self, tests: Iterable[str]) -> list[str]:
        """Tests in the order of collection."""
        places = {test: place for place, test in enumerate(self._basis.serial.outcomes)}
        return sorted(tests, key=places.__getitem__)

    # Rehearsals.

    def _rehearse(
        self, passed: dict[Conflict, Conflict], kept: Sequence[Conflict]
    ) -> dict[Conflict, str]:
        """Run all tests without entries; the reasons why some of them stay.

        What happens to a test of theirs speaks for its own entries. What happens to
        another one, and to none of them before, speaks for all.

        Args:
            passed: The entries, and what is left of each.
            kept: What is respected.
        """
        stays: dict[Conflict, str] = {}
        spoken_for = {test for rest in passed.values() for test in rest.tests}
        spoken_for |= self._basis.differing
        others = [e for e in self._basis.serial.outcomes if e not in spoken_for]
        for number, options in enumerate(self._basis.crowded if passed else (), 1):
            rehearsal = self._run(*options, conflicts=kept)
            text = f"{rehearsal.summary()}   {' '.join(options)}"
            self._tell(f"without {number}", text)
            for entry, rest in passed.items():
                reason = self._difference(rehearsal, (*rest.tests, *others))
                if reason is not None:
                    stays.setdefault(entry, f"{reason}, in a run of all tests")
        return stays

    # Runs.

    def _run(
        self,
        *options: str,
        tests: Iterable[str] | None = None,
        conflicts: Iterable[Conflict] | None = None,
    ) -> Round:
        limit = self._basis.limit
        return self._rounds.run(*options, limit=limit, tests=tests, conflicts=conflicts)

    def _difference(self, run: Round, tests: Iterable[str]) -> str | None:
        """How a run differs from the serial one, as to some tests; None if it does not.

        A test that is run again after a failure has failed.
        """
        if not run.is_complete:
            return "a run ended early"
        for test in tests:
            expected, outcome = self._basis.serial.of(test), run.of(test)
            if outcome != expected or outcome.reran > expected.reran:
                first_line = outcome.message.partition("\n")[0]
                text = "was run again" if outcome == expected else str(outcome)
                return f"{test} {text}{': ' if first_line else ''}{first_line}"
        return None


def _without(conflict: Conflict, gone: Collection[str]) -> Conflict | None:
    tests = tuple(test for test in conflict.tests if test not in gone)
    return Conflict(tests, conflict.why) if len(tests) > 1 else None


def _file_of(test: str) -> str:
    return test.partition("::")[0]


def _is_below(test: str, collector: str) -> bool:
    return test == collector or test.startswith((f"{collector}::", f"{collector}/"))


def _have_met(flights: Sequence[Flight | None]) -> bool:
    """Whether each test was beside another one, or not in its turn.

    Args:
        flights: Of the tests, in the order of collection.
    """
    there = [each for each in flights if each is not None]
    if len(there) < len(flights):
        return False
    met: set[int] = set()
    for one, other in combinations(range(len(there)), 2):
        earlier, later = there[one], there[other]
        if earlier.began > later.began or earlier.ended > later.began:
            met |= {one, other}
    return len(met) == len(there)
