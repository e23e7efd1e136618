"""Who it is that a test cannot run beside: found out by experiments."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from fasttest import _core
from fasttest.host.conflicts import Conflict
from fasttest.host.experiments import ATTEMPTS, Experiments
from fasttest.host.laboratory import LaboratoryError
from fasttest.isolation.common_ground import CommonGround, rank, shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fasttest.host.experiments import Failures
    from fasttest.host.laboratory import Laboratory
    from fasttest.host.run import Run

# So many are tried first of those with which the test has something in common.
_GUESSES = 3
_NEIGHBOURS = 2

_ADDRESS = re.compile(r"\b0x[0-9a-f]+\b")


class _Cause(NamedTuple):
    """Why a test fails.

    Attributes:
        others: The other tests that it takes.
        is_needed: Whether it needs what they do before it, or fails beside them.
        why: The same in words.
    """

    others: list[int]
    is_needed: bool
    why: str


class Investigation:
    """Finds minimal sets of tests in whose company others fail.

    By delta debugging (``_core.DeltaDebugging``), each question of which is an
    experiment in a pristine process. Tests that fail in one run often do so for one
    reason: what was found for one of them is tried with all the rest at once, before
    there is a search for each.

    Args:
        laboratory: Makes the experiments.
        run: The run which met the conflicts.
        concurrency: Tests it had in flight at most.
        seconds: How long it may take.
    """

    def __init__(
        self,
        laboratory: Laboratory,
        run: Run,
        concurrency: int,
        seconds: float = math.inf,
    ) -> None:
        self._run = run
        self._concurrency = concurrency
        self._experiments = Experiments(laboratory, run.items, run.flights, seconds)
        self._ground = CommonGround(run.is_project)
        self._uses: dict[int, frozenset[str]] = {}
        # Sets of tests which a later one was found to need.
        self._needed: list[list[int]] = []
        # Tests that fail beside each other with no culprit there.
        self._entangled: set[int] = set()

    @property
    def is_over(self) -> bool:
        """Whether there was no time for more."""
        return self._experiments.is_over

    def conflicts_of(self, tests: Iterable[int]) -> dict[int, Conflict]:
        """Find with whom tests are in conflict.

        One of which a conflict was found may have others: the next run, in which that
        one is over, meets them.

        Args:
            tests: Those which failed beside others and passed alone.

        Returns:
            By test, its conflict; without those whose failure cannot be brought about
            again.
        """
        found: dict[int, Conflict] = {}
        failed = frozenset(tests)
        pending = sorted(failed)
        while pending:
            test = pending.pop(0)
            cause = self._cause(test)
            if cause is None:
                continue
            conflict = self._conflict(test, cause)
            found |= dict.fromkeys({test, *cause.others}.intersection(failed), conflict)
            if not cause.is_needed:
                rest = [each for each in pending if each not in found]
                for each, likewise in self._caused_likewise(rest, cause.others).items():
                    found[each] = self._conflict(each, likewise)
            pending = [each for each in pending if each not in found]
        return found

    # One test.

    def _cause(self, test: int) -> _Cause | None:
        try:
            alone = (test in each for each in self._experiments.attempts([test], 1))
            if next(alone):
                # What it needs was done by another test, before it in order, which in
                # company was not done with it.
                return self._need(test)
            if any(alone):
                return None  # now and then it fails by itself
            return self._clash(test)
        except LaboratoryError:
            return None

    def _need(self, test: int) -> _Cause | None:
        before = [each for each in self._run.flights.beside(test) if each < test]
        for known in self._needed:
            if set(known).issubset(before) and not self._fails_after(test, known):
                before = known
                break
        else:
            if not before or self._fails_after(test, before):
                return None
        needed = self._search(
            before, lambda others: not self._fails_after(test, others)
        )
        self._needed.append(needed)
        why = f"{self._run.items[test].name} needs what is done before it"
        return _Cause(needed, True, why)

    def _clash(self, test: int) -> _Cause | None:
        suspects = self._run.flights.beside(test)
        found = self._guess(test, suspects)
        if found is None:
            if not suspects or not self._fails_beside(test, suspects):
                return None
            found = self._search(
                suspects, lambda others: self._fails_beside(test, others)
            )
        cause = None
        for _ in range(ATTEMPTS):
            failures = self._experiments.once([test, *found], self._concurrency)
            who = self._failed(test, found, failures)
            if who is None:
                return None
            cause = self._beside(who, found, failures[who])
        return cause

    def _guess(self, test: int, suspects: Sequence[int]) -> list[int] | None:
        """Try those first, one by one, with most in common, and the neighbours."""
        sharing = {other: self._shared(test, other) for other in suspects}
        likely = sorted(filter(sharing.get, suspects), key=lambda o: rank(sharing[o]))
        near = sorted(suspects, key=lambda other: abs(other - test))
        for other in dict.fromkeys([*likely[:_GUESSES], *near[:_NEIGHBOURS]]):
            if self._fails_beside(test, [other]):
                return [other]
        return None

    def _search(
        self, suspects: Sequence[int], is_enough: Callable[[Sequence[int]], bool]
    ) -> list[int]:
        search = _core.DeltaDebugging(len(suspects))
        while not search.is_done():
            search.tell(is_enough([suspects[index] for index in search.next()]))
        return [suspects[index] for index in search.set()]

    def _fails_after(self, test: int, others: Sequence[int]) -> bool:
        return test in next(self._experiments.attempts([test, *others], 1))

    def _fails_beside(self, test: int, others: Sequence[int]) -> bool:
        together = [test, *others]
        return any(
            self._failed(test, others, failures) is not None
            for failures in self._experiments.attempts(together, self._concurrency)
        )

    def _failed(
        self, test: int, others: Sequence[int], failures: Failures
    ) -> int | None:
        """Who failed that counts; of two that clash, it may be either."""
        counting = [test, *others] if len(others) == 1 else [test]
        return next((each for each in counting if each in failures), None)

    # Many tests.

    def _caused_likewise(
        self, tests: Sequence[int], culprits: Sequence[int]
    ) -> dict[int, _Cause]:
        """Find out which tests fail in the company which was found for another one.

        They run with the culprits and without them, all else being equal. Those that
        fail with them only, each time, have the same cause; of the others, nothing is
        known.
        """
        left = {
            test
            for test in tests
            if test not in self._entangled
            and set(culprits).issubset(self._run.flights.beside(test))
        }
        failures: Failures = {}
        try:
            for _ in range(ATTEMPTS):
                together = [*left, *culprits]
                failures = self._experiments.once(together, self._concurrency)
                if left.isdisjoint(failures):
                    return {}
                without = self._experiments.once(left, self._concurrency)
                self._entangled.update(without)
                left = left.intersection(failures).difference(without)
        except LaboratoryError:
            return {}
        return {
            test: self._beside(test, culprits, failures[test]) for test in sorted(left)
        }

    # What is said of it.

    def _beside(self, who: int, others: Iterable[int], message: str) -> _Cause:
        # An address would be another one each time it is written.
        message = _ADDRESS.sub("0x…", message)
        why = f"{self._run.items[who].name} fails beside the other: {message}"
        return _Cause(list(others), False, why)

    def _conflict(self, test: int, cause: _Cause) -> Conflict:
        others, why = cause.others, cause.why
        common = self._shared(test, others[0]) if len(others) == 1 else ()
        if common:
            why = f"both use {', '.join(common)}; {why}"
        return Conflict(self._experiments.nodeids([test, *others]), why)

    def _shared(self, test: int, other: int) -> list[str]:
        for each in {test, other} - self._uses.keys():
            self._uses[each] = self._ground.uses(self._run.functions(each))
        return shared(self._uses[test], self._uses[other])
