"""Where fixtures and event loops live: in which scope instance of the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fasttest import _core

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fasttest.library.definitions import FixtureDefinition, TestDefinition
    from fasttest.library.groups import Group
    from fasttest.library.suite import Suite


class Homes:
    """Finds the scope instances of groups, fixtures and loops; adds them to the plan.

    Args:
        suite: The suite.
        plan: Its plan.
    """

    def __init__(self, suite: Suite, plan: _core.Plan) -> None:
        self._suite = suite
        self._plan = plan
        self._current: Group = suite
        self._visits: Mapping[Group, int] = {suite: _core.SESSION}
        self._loops: dict[int, int] = {}

    def enter(self, group: Group) -> Mapping[Group, int]:
        """Go on to a test of ``group``; returns the instance of each group around it.

        A group is set up while consecutive tests are in it. If tests were reordered so
        that it is left and entered again, that is another scope instance.
        """
        if group is not self._current:
            visits: dict[Group, int] = {}
            for each in _path(group):
                # What the test before was in as well goes on.
                visit = self._visits.get(each)
                if visit is None:
                    assert each.parent is not None
                    visit = self._plan.add_scope_instance(
                        each.scope, visits[each.parent]
                    )
                visits[each] = visit
            self._current, self._visits = group, visits
        return self._visits

    def home(self, scope: _core.Scope, group: Group) -> Group | None:
        """The group for which something of a scope lives; None: for the test alone.

        That is the innermost group around with that scope or a wider one. As in pytest,
        outside any class the class scope is that of a single test.
        """
        if scope is _core.Scope.FUNCTION:
            return None
        found: Group = next(
            each for each in reversed(_path(group)) if each.scope >= scope
        )
        if scope is _core.Scope.CLASS and found.scope is not scope:
            return None
        return found

    def scope_instance(
        self, scope: _core.Scope, group: Group, visits: Mapping[Group, int]
    ) -> int:
        """The scope instance for a scope; ``OWN`` for what ends with its test."""
        home = self.home(scope, group)
        return _core.OWN if home is None else visits[home]

    def loop_of_test(
        self, test: TestDefinition, group: Group, visits: Mapping[Group, int]
    ) -> int:
        """The loop on which a test runs; ``NO_LOOP`` for one that is not async."""
        if not test.kind.is_async:
            return _core.NO_LOOP
        scope = self._suite.loop_scope if test.loop_scope is None else test.loop_scope
        return self._loop(scope, group, visits)

    def loop_of_fixture(
        self,
        definition: FixtureDefinition,
        group: Group,
        visits: Mapping[Group, int],
        test_loop: int,
    ) -> int:
        """The loop on which a fixture runs; ``NO_LOOP`` for one that is not async."""
        if not definition.kind.is_async:
            return _core.NO_LOOP
        scope = definition.loop_scope
        if scope is None:
            if definition.scope is _core.Scope.FUNCTION and test_loop != _core.NO_LOOP:
                return test_loop
            scope = max(definition.scope, self._suite.loop_scope)
        return self._loop(scope, group, visits)

    def _loop(
        self, scope: _core.Scope, group: Group, visits: Mapping[Group, int]
    ) -> int:
        where = self.scope_instance(scope, group, visits)
        if where == _core.OWN:
            return _core.OWN_LOOP
        loop = self._loops.get(where)
        if loop is None:
            loop = self._loops[where] = self._plan.add_loop(where)
        return loop


def _path(group: Group) -> list[Group]:
    """The groups from the suite down to ``group``."""
    path = [group]
    while path[-1].parent is not None:
        path.append(path[-1].parent)
    return path[::-1]
