"""A suite's tests as rows of integers for the core's plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fasttest import _core
from fasttest.library.cases import Case, collect
from fasttest.library.homes import Homes
from fasttest.library.names import Names, Needed
from fasttest.library.parameter_order import order_by_parameters

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from fasttest.library.definitions import FixtureDefinition
    from fasttest.library.groups import Group
    from fasttest.library.suite import Suite


@dataclass(frozen=True, slots=True)
class Step:
    """One fixture of a closure.

    Attributes:
        fixture: Its id.
        definition: Its definition.
        scope_instance: Where it lives; ``OWN`` for one that ends with its test.
        dependencies: The earlier steps it needs.
        arguments: Those of them that it takes as arguments, by name.
        loop: The loop it runs on.
    """

    fixture: int
    definition: FixtureDefinition
    scope_instance: int
    dependencies: Sequence[int]
    arguments: Mapping[str, int]
    loop: int

    @property
    def is_own(self) -> bool:
        """Whether it ends with its test."""
        return self.scope_instance == _core.OWN


@dataclass(frozen=True, slots=True)
class Closure:
    """What a set of tests needs, in the order of set-up.

    Attributes:
        id: Its id in the plan.
        steps: The fixtures.
        visible: Positions of the fixtures that the tests see, by name.
        positions: Positions of all of them, by fixture id.
        visits: The scope instance of each group around the tests.
    """

    id: int
    steps: Sequence[Step]
    visible: Mapping[str, int]
    positions: Mapping[int, int]
    visits: Mapping[Group, int]


class PlannedSuite:
    """A suite, resolved and planned; test ids are positions in ``cases``.

    Args:
        suite: The suite. What is added to it later is not part of this plan.

    Attributes:
        names: What fixtures' names stand for.
        cases: The tests in the order of the plan.
        closures: What each of them needs.
        loops: The loop of each.
        definition_order: The test ids in the order of definition.
        plan: The prepared plan.
        periods: Of the plan's rates, in seconds.

    Raises:
        PlanError: If fixtures or resources cannot be resolved.
    """

    def __init__(self, suite: Suite) -> None:
        self.names = Names(suite)
        self.plan = _core.Plan()
        self.homes = Homes(suite, self.plan)
        for definition in self.names.definitions:
            self.plan.add_fixture(definition.name)
        self.periods: dict[int, float] = {}
        # A name stands for what may be held of it, for what may start of it, or both.
        self._resources: dict[str, list[int]] = {}
        for name, (capacity, rate) in suite.resources.items():
            ids = self._resources[name] = []
            if capacity is not None:
                ids.append(self.plan.add_resource(name, capacity))
            if rate is not None:
                ids.append(self.plan.add_rate(name, rate.starts))
                self.periods[ids[-1]] = rate.period
        self._by_key: dict[Hashable, Closure] = {}
        collected = collect(suite, self.names)
        order = order_by_parameters([self._parameters(case) for case in collected])
        self.cases = [collected[position] for position in order]
        self.definition_order = sorted(range(len(order)), key=order.__getitem__)
        self.closures: list[Closure] = []
        self.loops: list[int] = []
        for case in self.cases:
            self._add(case)
        self.plan.prepare()

    def resolve(
        self,
        case: Case,
        needed: Sequence[Needed],
        visits: Mapping[Group, int],
        loop: int,
    ) -> list[Step]:
        """A closure's fixtures with the places where they live.

        Args:
            case: A test that needs them.
            needed: The fixtures.
            visits: The scope instance of each group around the test.
            loop: The test's loop.
        """
        steps = []
        for position, need in enumerate(needed):
            definition = self.names.definitions[need.fixture]
            steps.append(
                Step(
                    need.fixture,
                    definition,
                    self.homes.scope_instance(definition.scope, case.group, visits),
                    need.dependencies,
                    self.names.arguments(needed, position),
                    self.homes.loop_of_fixture(definition, case.group, visits, loop),
                )
            )
        return steps

    def _add(self, case: Case) -> None:
        test = case.test
        visits = self.homes.enter(case.group)
        loop = self.homes.loop_of_test(test, case.group, visits)
        key = (
            visits[case.group],
            case.group,
            test.argnames,
            frozenset(test.params),
            loop,
        )
        closure = self._by_key.get(key)
        if closure is None:
            closure = self._by_key[key] = self._close(case, visits, loop)
        params = [case.params.get(step.fixture, -1) for step in closure.steps]
        self.plan.add_test(
            closure.id,
            params if case.params else [],
            loop,
            [(id_, 1) for name in test.resources for id_ in self._ids(case, name)],
            test.exclusive,
            test.expected_wait,
        )
        self.closures.append(closure)
        self.loops.append(loop)

    def _close(self, case: Case, visits: Mapping[Group, int], loop: int) -> Closure:
        needed = self.names.closure(case.group, case.test.argnames, case.test.params)
        steps = self.resolve(case, needed, visits, loop)
        rows = [
            (step.fixture, step.scope_instance, step.dependencies, step.loop)
            for step in steps
        ]
        return Closure(
            self.plan.add_closure(visits[case.group], rows),
            steps,
            self.names.visible(needed),
            {step.fixture: position for position, step in enumerate(steps)},
            visits,
        )

    def _parameters(self, case: Case) -> dict[_core.Scope, list[Hashable]]:
        """The parameters of the wider-scoped fixtures of a case, by scope."""
        keys: dict[_core.Scope, list[Hashable]] = {}
        for fixture, param in case.params.items():
            scope = self.names.definitions[fixture].scope
            home = self.homes.home(scope, case.group)
            if home is not None:
                keys.setdefault(scope, []).append((fixture, param, home))
        return keys

    def _ids(self, case: Case, name: str) -> list[int]:
        try:
            return self._resources[name]
        except KeyError:
            known = ", ".join(self._resources) or "none"
            raise _core.PlanError(
                f"{case.name} uses the resource {name!r}, which its suite lacks "
                f"(it has: {known}); add it with suite.resource({name!r})"
            ) from None
