"""Who it is that a test cannot run beside: found out by experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fasttest import _core
from fasttest.host.conflicts import Conflict
from fasttest.host.laboratory import LaboratoryError, patience
from fasttest.isolation.common_ground import CommonGround, rank, shared

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fasttest.host.laboratory import Laboratory
    from fasttest.host.run import Run

# It may depend on timing: so often a set of tests is tried before it is cleared.
_ATTEMPTS = 2

# So many are tried first of those with which the test has something in common.
_GUESSES = 3
_NEIGHBOURS = 2


class Investigation:
    """Finds minimal sets of tests in whose company another fails.

    By delta debugging (``_core.DeltaDebugging``), each question of which is an
    experiment in a pristine process.

    Args:
        laboratory: Makes the experiments.
        run: The run which met the conflicts.
        concurrency: Tests it had in flight at most.
    """

    def __init__(self, laboratory: Laboratory, run: Run, concurrency: int) -> None:
        self._laboratory = laboratory
        self._run = run
        self._concurrency = concurrency
        self._ground = CommonGround(run.is_project)
        self._uses: dict[int, frozenset[str]] = {}
        # The name and the message of what failed last.
        self._failed = "", ""

    def conflict_of(self, test: int) -> Conflict | None:
        """Find with whom a test is in conflict.

        Args:
            test: One which failed beside others and passed alone.

        Returns:
            The conflict; None if the failure cannot be brought about again.
        """
        suspects = self._run.flights.beside(test)
        try:
            if self._fails(test, (), 1):
                # What it needs was done by another test, before it in order, which in
                # company was not done with it.
                before = [other for other in suspects if other < test]
                if not before or self._fails(test, before, 1):
                    return None
                needed = self._search(
                    before, lambda others: not self._fails(test, others, 1)
                )
                return self._conflict(test, needed, is_needed=True)
            if any(self._fails(test, (), 1) for _ in range(_ATTEMPTS)):
                return None  # now and then it fails by itself
            found = self._guess(test, suspects)
            if found is None:
                if not suspects or not self._fails_beside(test, suspects):
                    return None
                found = self._search(
                    suspects, lambda others: self._fails_beside(test, others)
                )
            if not all(self._clashes(test, found) for _ in range(_ATTEMPTS)):
                return None
        except LaboratoryError:
            return None
        return self._conflict(test, found, is_needed=False)

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

    def _fails_beside(self, test: int, others: Sequence[int]) -> bool:
        return any(self._clashes(test, others) for _ in range(_ATTEMPTS))

    def _clashes(self, test: int, others: Sequence[int]) -> bool:
        return self._fails(test, others, self._concurrency)

    def _fails(self, test: int, others: Sequence[int], concurrency: int) -> bool:
        """Whether a test fails in company; of two that clash, it may be the other."""
        together = [test, *others]
        seen = self._laboratory.observe(
            self._nodeids(together),
            concurrency,
            patience(self._run.flights.seconds(together)),
        )
        counting = [test, *others] if len(others) == 1 and concurrency > 1 else [test]
        for each in counting:
            observation = seen.get(self._run.items[each].nodeid)
            if observation is not None and observation.failed:
                self._failed = self._run.items[each].name, observation.message
                return True
        return False

    def _conflict(self, test: int, others: Sequence[int], is_needed: bool) -> Conflict:
        name, message = self._failed
        if is_needed:
            name = self._run.items[test].name
            reasons = [f"{name} needs what is done before it"]
        else:
            reasons = [f"{name} fails beside the other: {message}"]
        common = self._shared(test, others[0]) if len(others) == 1 else ()
        if common:
            reasons.insert(0, f"both use {', '.join(common)}")
        return Conflict(self._nodeids([test, *others]), "; ".join(reasons))

    def _shared(self, test: int, other: int) -> list[str]:
        for each in {test, other} - self._uses.keys():
            self._uses[each] = self._ground.uses(self._run.functions(each))
        return shared(self._uses[test], self._uses[other])

    def _nodeids(self, tests: Sequence[int]) -> tuple[str, ...]:
        return tuple(self._run.items[test].nodeid for test in sorted(set(tests)))
