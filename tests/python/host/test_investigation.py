"""Who is in conflict with whom: the right ones are found, in few experiments."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from fasttest.host import experiments
from fasttest.host.investigation import Investigation
from fasttest.host.laboratory import LaboratoryError, Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_TESTS = 60


class Model:
    """A suite of which it is known who fails in which company.

    It stands for the run, which had all tests in flight together, and for the
    laboratory, which it counts the experiments of.
    """

    def __init__(self) -> None:
        self.experiments: list[frozenset[int]] = []
        self.patience: list[float] = []
        self.now = 0.0
        self.items = [
            SimpleNamespace(name=f"test_{n}", nodeid=f"test_it.py::test_{n}")
            for n in range(_TESTS)
        ]
        self.flights = self
        # Each says who fails of some tests that are in flight together, or after one
        # another.
        self.rules: list[Callable[[set[int], bool], Iterable[int]]] = []

    def clash(self, tests: Iterable[int], culprits: Iterable[int]) -> None:
        """Have each of the tests fail beside all the culprits."""
        needed, failing = set(culprits), set(tests)
        self.rules.append(
            lambda together, beside: (
                failing & together if beside and needed <= together else ()
            )
        )

    def entangle(self, tests: Iterable[int]) -> None:
        """Have each of the tests fail beside any other of them."""
        for one, other in itertools.permutations(tests, 2):
            self.clash([one], [other])

    def need(self, test: int, needed: int) -> None:
        """Have a test fail where another one has not been run before it."""
        self.rules.append(
            lambda together, beside: (
                {test} & together if beside or needed not in together else ()
            )
        )

    def investigate(
        self, tests: Iterable[int], seconds: float = math.inf
    ) -> dict[int, set[int]]:
        """Find out with whom tests are in conflict; an experiment takes a second."""
        investigation = Investigation(self, self, 8, seconds)  # type: ignore[arg-type]
        return {
            test: {int(each.rpartition("_")[2]) for each in conflict.tests}
            for test, conflict in investigation.conflicts_of(tests).items()
        }

    # The laboratory's part.

    def observe(
        self, tests: Sequence[str], concurrency: int, patience: float
    ) -> dict[str, Observation]:
        """Say who fails."""
        self.patience.append(patience)
        self.now += 1.0
        together = {int(test.rpartition("_")[2]) for test in tests}
        self.experiments.append(frozenset(together))
        failing = {
            test
            for rule in self.rules
            for test in rule(together, concurrency > 1 and len(together) > 1)
        }
        return {
            test: Observation(failed, "at 0x7f5efcc5 it is 0x10g" * failed, ())
            for test in tests
            for failed in [int(test.rpartition("_")[2]) in failing]
        }

    # The run's part, and that of its flights.

    def beside(self, test: int) -> list[int]:
        """All others."""
        return [other for other in range(_TESTS) if other != test]

    def seconds(self, tests: Iterable[int]) -> float:
        """No time."""
        return 0.0

    def functions(self, test: int) -> list[Callable[..., Any]]:
        """Nothing that could be looked at."""
        return []

    def is_project(self, module: str) -> bool:
        """Nothing is."""
        return False


@pytest.fixture
def model() -> Model:
    """A suite without any conflict."""
    return Model()


def test_a_common_culprit_is_searched_for_once(model: Model) -> None:
    """The rest is tried with it, all at once: 216 experiments with a search for each.

    Two alone, four with neighbours and eleven of the search for the first one, two to
    confirm it; for all others two with the culprit and two without.
    """
    victims = range(20, 32)
    model.clash(victims, [3])
    assert model.investigate(victims) == {test: {test, 3} for test in victims}
    assert len(model.experiments) <= 25


def test_common_culprits_are_tried_together(model: Model) -> None:
    """Where it takes two of them: 1500 experiments with a search for each."""
    victims = range(20, 32)
    model.clash(victims, [3, 50])
    assert model.investigate(victims) == {test: {test, 3, 50} for test in victims}
    assert len(model.experiments) <= 100


def test_what_many_need_is_searched_for_once(model: Model) -> None:
    """The rest is tried after it: 96 experiments with a search for each."""
    victims = range(20, 32)
    for victim in victims:
        model.need(victim, 3)
    assert model.investigate(victims) == {test: {test, 3} for test in victims}
    assert len(model.experiments) <= 40


def test_who_fails_without_the_culprit_is_searched_for(model: Model) -> None:
    """One that clashes with another of those tried together has a cause of its own."""
    model.clash([20, 21], [3])
    model.clash([30], [31])
    model.clash([31], [50])
    found = model.investigate([20, 21, 30, 31])
    assert found == {20: {20, 3}, 21: {21, 3}, 30: {30, 31}, 31: {30, 31}}


def test_causes_that_have_nothing_to_do_with_each_other_stay_apart(
    model: Model,
) -> None:
    """Trying the culprits of one with the rest costs one or two experiments each."""
    pairs = {20 + 2 * n: 59 - n for n in range(10)}
    for test, other in pairs.items():
        model.clash([test], [other])
    assert model.investigate(pairs) == {one: {one, two} for one, two in pairs.items()}
    assert len(model.experiments) <= 250  # with a search for each and nothing tried


def test_all_that_clash_with_each_other_are_found(model: Model) -> None:
    """Each with another one of them."""
    tests = range(20, 26)
    model.entangle(tests)
    found = model.investigate(tests)
    assert found.keys() == set(tests)
    assert all(len(pair) == 2 and pair <= set(tests) for pair in found.values())


def test_what_does_not_fail_again_is_tried_only_so_often(model: Model) -> None:
    """A set with nothing in it for one test is not tried again for the next."""
    assert not model.investigate([20, 21])
    made = Counter(model.experiments)
    assert set(made.values()) == {2}


def test_a_set_that_does_not_end_is_not_tried_again(model: Model) -> None:
    """It has taken all the patience there was."""
    everybody = set(range(_TESTS))

    def hang(together: set[int], beside: bool) -> Iterable[int]:
        if together == everybody:
            raise LaboratoryError
        return ()

    model.rules.append(hang)
    assert not model.investigate([20, 21, 22])
    assert model.experiments.count(frozenset(everybody)) == 1


def test_a_reason_has_no_address(model: Model) -> None:
    """What is remembered is the same when it is found out again."""
    model.clash([20], [3])
    investigation = Investigation(model, model, 8)  # type: ignore[arg-type]
    (conflict,) = investigation.conflicts_of([20]).values()
    assert conflict.why == "test_20 fails beside the other: at 0x… it is 0x10g"


@pytest.mark.parametrize("seconds", [0, 1, 5, 40, 80])
def test_it_ends_in_time_with_what_was_found_by_then(
    model: Model, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    """An experiment takes a second, and is not waited for beyond the end."""
    monkeypatch.setattr(experiments, "_clock", lambda: model.now)
    pairs = {20 + 2 * n: 59 - n for n in range(10)}
    for test, other in pairs.items():
        model.clash([test], [other])
    found = model.investigate(pairs, seconds)
    assert len(model.experiments) == model.now == seconds
    assert all(
        patience <= seconds - begun for begun, patience in enumerate(model.patience)
    )
    assert found.items() <= {one: {one, two} for one, two in pairs.items()}.items()
    assert bool(found) == (seconds >= 40)
