"""The names of fixtures, resolved by the core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fasttest import _core
from fasttest.library.groups import Group

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fasttest.library.definitions import FixtureDefinition


@dataclass(frozen=True, slots=True)
class Needed:
    """A fixture of a closure.

    Attributes:
        fixture: Its id.
        dependencies: Positions in the closure of the fixtures it asks for.
    """

    fixture: int
    dependencies: Sequence[int]


class Names:
    """What each fixture's name stands for, at each group of a suite.

    Args:
        suite: The outermost group.

    Attributes:
        definitions: The fixtures by their id.
    """

    def __init__(self, suite: Group) -> None:
        self.definitions: list[FixtureDefinition] = []
        self._graph = _core.FixtureGraph()
        self._nodes: dict[Group, int] = {}
        self._closures: dict[object, list[Needed]] = {}
        self._add(suite, 0)

    def closure(
        self, group: Group, argnames: Sequence[str], values: Iterable[str]
    ) -> list[Needed]:
        """The fixtures needed for some arguments, in the order of set-up.

        Args:
            group: Where they are asked for; its autouse fixtures are among them.
            argnames: The arguments.
            values: Those names that are no fixtures, because their value is given.

        Raises:
            FixtureLookupError: If there is no fixture of a name.
            FixtureCycleError: If a fixture needs itself.
            ScopeMismatchError: If a fixture needs one that does not live as long.
        """
        given = frozenset(values)
        key = group, tuple(argnames), given
        closure = self._closures.get(key)
        if closure is None:
            node = self._nodes[group]
            found = self._graph.closure(node, argnames, sorted(given))
            closure = self._closures[key] = [Needed(*entry) for entry in found]
            self._check(closure, given)
        return closure

    def arguments(self, closure: Sequence[Needed], at: int) -> dict[str, int]:
        """Positions in the closure of what one of its fixtures asks for, by name."""
        return {
            self.definitions[closure[position].fixture].name: position
            for position in closure[at].dependencies
        }

    def visible(self, closure: Sequence[Needed]) -> dict[str, int]:
        """Positions in the closure of what its test sees, by name."""
        # An overridden fixture comes before the one that overrides it and asks for it.
        return {
            self.definitions[needed.fixture].name: position
            for position, needed in enumerate(closure)
        }

    def _check(self, closure: Sequence[Needed], given: frozenset[str]) -> None:
        for needed in closure:
            wide = self.definitions[needed.fixture]
            if wide.scope > _core.Scope.FUNCTION:
                for name in given.intersection(wide.argnames):
                    raise _core.ScopeMismatchError(
                        f"fixture {wide.name!r} has {wide.scope.name.lower()} scope "
                        f"and would outlive {name!r}, a parameter of one test: "
                        f"{wide.name} -> {name}"
                    )

    def _add(self, group: Group, node: int) -> None:
        self._nodes[group] = node
        for fixture in group.fixtures:
            self._graph.add_fixture(
                fixture.name, fixture.scope, node, fixture.argnames, fixture.autouse
            )
            self.definitions.append(fixture)
        for member in group.members:
            if isinstance(member, Group):
                self._add(member, self._graph.add_node(node))
