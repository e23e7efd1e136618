"""What an item needs, resolved, in the order in which pytest would set it up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from fasttest import _core
from fasttest.host import asyncio_dialect as dialect
from fasttest.host import private
from fasttest.host.private import Scope
from fasttest.host.visits import scope_instance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pytest
    from _pytest import nodes
    from _pytest.fixtures import FixtureDef

    from fasttest.host.suite import Suite


@dataclass(slots=True)
class Entry:
    """One step of a test's set-up: a fixture, or a collector with a set-up of its own.

    Attributes:
        argname: The name under which it was asked for; "" for a collector.
        definition: The fixture's definition; None for a collector.
        collector: The collector; None for a fixture.
        scope: The scope it is cached for.
        scope_instance: Where it lives; ``OWN`` for function scope.
        dependencies: The earlier entries it needs.
        requester: The entry that asked for it first; -1 for the test itself.
        loop: The event loop it needs: an id of the plan, ``OWN_LOOP`` or ``NO_LOOP``.
    """

    argname: str
    definition: FixtureDef[Any] | None
    collector: nodes.Node | None
    scope: Scope
    scope_instance: int
    dependencies: list[int]
    requester: int
    loop: int


class Closure(NamedTuple):
    """What a set of tests needs, in the order of set-up.

    Attributes:
        id: Id of the plan's closure.
        entries: The steps; dependencies precede.
        planned: How many of them the core performs before the test's own set-up. The
            others are asked for by that, one by one.
        wide: Indexes of the entries which outlive a test.
        own: Indexes of the entries which do not.
        direct: Names of directly parametrized arguments of function scope, and of the
            loop factory, which are values and no entries.
        visits: The scope instances of the collectors above its tests.
        shares_loop: Whether an entry runs on a loop which others use as well.
        is_served: Whether such an entry outlives the test: it may have left something
            running there, a server, say, that is to see what the test changes.
    """

    id: int
    entries: list[Entry]
    planned: int
    wide: list[int]
    own: list[int]
    direct: list[tuple[str, FixtureDef[Any]]]
    visits: Mapping[nodes.Node, int]
    shares_loop: bool
    is_served: bool


class Resolution:
    """The entries of one item, in the order in which pytest would set them up."""

    def __init__(
        self, suite: Suite, item: pytest.Item, visits: Mapping[nodes.Node, int]
    ) -> None:
        self.entries: list[Entry] = []
        self.direct: dict[str, FixtureDef[Any]] = {}
        self._suite = suite
        self._item = item
        self._resolved: dict[str, int] = {}
        self._scopes = private.parameter_scopes(item)
        self._visits = visits
        for collector, visit in visits.items():
            if not private.sets_up(collector):
                continue
            self.entries.append(
                Entry("", None, collector, Scope.Session, visit, [], -1, _core.NO_LOOP)
            )
        info = private.fixture_info(item)
        if info is None:
            return
        self._definitions: Mapping[str, Sequence[FixtureDef[Any]]]
        self._definitions = info.name2fixturedefs
        for argname in item.fixturenames:  # type: ignore[attr-defined]
            self._resolve(argname, ())

    def _resolve(self, argname: str, asking: tuple[str, ...]) -> int | None:
        """The entry for a name; None for one that is a value or cannot be had.

        What cannot be had fails in pytest's own words when it is asked for.
        """
        if argname in self._resolved:
            return self._resolved[argname]
        definition = self._definition(argname, asking)
        if definition is None:
            return None
        scope = self._scopes.get(argname, private.scope_of(definition))
        if argname in self._scopes and dialect.is_loop_factory(definition):
            # It is nobody's but the loops', which are told apart without it.
            self.direct[argname] = definition
            return None
        if (
            scope is Scope.Function
            and private.is_direct_parameter(definition)
            and not self._suite.shows_set_up
        ):
            self.direct[argname] = definition
            return None
        return self._add(argname, (*asking, argname), definition, scope)

    def _add(
        self,
        argname: str,
        asking: tuple[str, ...],
        definition: FixtureDef[Any],
        scope: Scope,
    ) -> int:
        where = scope_instance(self._visits, self._item, scope, definition)
        first = len(self.entries)
        needed: list[int] = []
        for name in definition.argnames:
            if self._is_too_narrow(name, asking, scope):
                break  # a scope mismatch; pytest's error comes here, at the set-up
            other = self._resolve(name, asking)
            if other is not None and other not in needed:
                needed.append(other)
        index = len(self.entries)
        for other in needed:
            dependency = self.entries[other]
            if other >= first and dependency.requester == -1:
                dependency.requester = index
            # A parametrized fixture may be cached for less than its dependents are;
            # they end with it.
            where = self._narrower(where, dependency.scope_instance)
        dependencies = sorted(needed)
        self.entries.append(
            Entry(
                argname,
                definition,
                None,
                scope,
                where,
                dependencies,
                -1,
                self._suite.loop_of_fixture(
                    definition, scope, self._visits, self._item
                ),
            )
        )
        self._resolved[argname] = index
        return index

    def _definition(
        self, argname: str, asking: tuple[str, ...]
    ) -> FixtureDef[Any] | None:
        """What a fixture of this name is for those who ask; None if there is none."""
        if argname in self._resolved:
            return self.entries[self._resolved[argname]].definition
        definitions = self._definitions.get(argname)
        if definitions is None and asking:
            # What only an overridden fixture asks for, pytest before 9.1 finds late.
            definitions = private.visible_definitions(self._item, argname)
        definitions = definitions or ()
        depth = asking.count(argname) + 1
        return definitions[-depth] if depth <= len(definitions) else None

    def _is_too_narrow(
        self, argname: str, asking: tuple[str, ...], scope: Scope
    ) -> bool:
        definition = self._definition(argname, asking)
        return definition is not None and private.scope_of(definition) < scope

    def _narrower(self, one: int, other: int) -> int:
        """Which of two scope instances round the item ends first."""
        if _core.OWN in (one, other):
            return _core.OWN
        order = list(self._visits.values())
        return max(one, other, key=order.index)
