"""The collected items as rows of integers for the core's plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from fasttest import _core
from fasttest.host import asyncio_dialect as dialect
from fasttest.host import private
from fasttest.host.private import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from _pytest import nodes
    from _pytest.fixtures import FixtureDef, FuncFixtureInfo


# The fixtures which say how loops are made.
_LOOP_FIXTURES = (dialect.FACTORY_FIXTURE, dialect.POLICY_FIXTURE)


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


@dataclass(slots=True)
class Closure:
    """What a set of tests needs, in the order of set-up.

    Attributes:
        id: Id of the plan's closure.
        entries: The steps; dependencies precede.
        wide: Indexes of the entries which outlive a test.
        own: Indexes of the entries which do not.
        direct: Names of directly parametrized arguments of function scope, which are
            values and no entries.
        visits: The scope instances of the collectors above its tests.
    """

    id: int
    entries: list[Entry]
    wide: list[int]
    own: list[int]
    direct: list[tuple[str, FixtureDef[Any]]]
    visits: Mapping[nodes.Node, int]


class Visits:
    """Scope instances: one life of each node, from test to test.

    pytest keeps a node set up while consecutive items are below it; if it comes back to
    a node later, everything there is set up anew.
    """

    def __init__(self, plan: _core.Plan, session: pytest.Session) -> None:
        self._plan = plan
        self._stack: list[tuple[nodes.Node, int]] = [(session, 0)]
        self._snapshot: dict[nodes.Node, int] = {session: 0}

    def enter(self, item: pytest.Item) -> int:
        """Go on to ``item``; returns the scope instance of its innermost node."""
        parent = item.parent
        if self._stack[-1][0] is parent:
            return self._stack[-1][1]
        chain = item.listchain()[:-1]
        stack = self._stack
        depth = 0
        while (
            depth < len(stack)
            and depth < len(chain)
            and stack[depth][0] is chain[depth]
        ):
            depth += 1
        del stack[depth:]
        for node in chain[depth:]:
            visit = self._plan.add_scope_instance(_scope_of_node(node), stack[-1][1])
            stack.append((node, visit))
        self._snapshot = dict(stack)
        return stack[-1][1]

    def snapshot(self) -> Mapping[nodes.Node, int]:
        """The scope instances of the open nodes, the session first."""
        return self._snapshot


def _scope_of_node(node: nodes.Node) -> _core.Scope:
    if isinstance(node, pytest.Class):
        return _core.Scope.CLASS
    if isinstance(node, pytest.Package | pytest.Directory):
        return _core.Scope.PACKAGE
    return _core.Scope.MODULE


class Suite:
    """Fills a plan with pytest's items, whose indexes are the test ids.

    Args:
        session: The session with its collected items.
    """

    def __init__(self, session: pytest.Session) -> None:
        self.session = session
        self.items: list[pytest.Item] = list(session.items)
        self.plan = _core.Plan()
        # With --setup-show also a parameter is a fixture to be shown.
        self.shows_set_up = bool(session.config.getoption("setupshow", False))
        self.closures: list[Closure] = []
        self._visits = Visits(self.plan, session)
        self._fixtures: dict[int, int] = {}
        self._keep: list[Any] = []
        self._params: dict[int, ParameterKeys] = {}
        self._loops: dict[tuple[Scope, int, tuple[int, ...]], int] = {}
        self._by_signature: dict[tuple[Any, ...], Closure] = {}

    def closure_of(self, item: pytest.Item) -> tuple[Closure, int]:
        """The closure of the next item in order, and the loop of its call."""
        visit = self._visits.enter(item)
        loop = _core.NO_LOOP
        scope = dialect.test_loop_scope(item)
        if scope is not None:
            loop = self._loop(Scope(scope), self._visits.snapshot(), item)
        info = private.fixture_info(item)
        key = (visit, *_signature(item, info))
        closure = self._by_signature.get(key)
        if closure is None:
            self._keep.append(info)
            closure = self._by_signature[key] = self._resolve(item, visit)
        return closure, loop

    def add(
        self,
        item: pytest.Item,
        closure: Closure,
        loop: int,
        *,
        exclusive: bool,
        expected_wait: float,
    ) -> None:
        """Add the item, the next in order, to the plan."""
        params = private.parameters(item)
        keys: list[int] = []
        if params and any(closure.entries[i].argname in params for i in closure.wide):
            for entry in closure.entries:
                wide = entry.scope_instance != _core.OWN
                if wide and entry.argname in params:
                    assert entry.definition is not None
                    keys.append(self.param_key(entry.definition, params[entry.argname]))
                else:
                    keys.append(-1)
        self.plan.add_test(closure.id, keys, loop, [], exclusive, expected_wait)
        self.closures.append(closure)

    def fixture(self, definition: FixtureDef[Any]) -> int:
        """The plan's id of a fixture definition."""
        fixture = self._fixtures.get(id(definition))
        if fixture is None:
            self._keep.append(definition)
            fixture = self.plan.add_fixture(definition.argname)
            self._fixtures[id(definition)] = fixture
        return fixture

    def param_key(self, definition: FixtureDef[Any], value: object) -> int:
        """An integer for a parameter's value; equal values of a fixture have one."""
        keys = self._params.get(id(definition))
        if keys is None:
            keys = self._params[id(definition)] = ParameterKeys()
        return keys.key(value)

    def _resolve(self, item: pytest.Item, visit: int) -> Closure:
        visits = self._visits.snapshot()
        resolution = _Resolution(self, item, visits)
        entries = resolution.entries
        rows = [
            (self._fixture_or_node(e), e.scope_instance, e.dependencies, e.loop)
            for e in entries
        ]
        return Closure(
            self.plan.add_closure(visit, rows),
            entries,
            [i for i, e in enumerate(entries) if e.scope_instance != _core.OWN],
            [i for i, e in enumerate(entries) if e.scope_instance == _core.OWN],
            list(resolution.direct.items()),
            visits,
        )

    def _fixture_or_node(self, entry: Entry) -> int:
        if entry.definition is not None:
            return self.fixture(entry.definition)
        assert entry.collector is not None
        return self.node_fixture(entry.collector)

    def node_fixture(self, node: nodes.Node) -> int:
        """The fixture which stands for a collector's own set-up and finalizers."""
        fixture = self._fixtures.get(id(node))
        if fixture is None:
            self._keep.append(node)
            fixture = self._fixtures[id(node)] = self.plan.add_fixture(repr(node))
        return fixture

    def loop_of_fixture(
        self,
        definition: FixtureDef[Any],
        visits: Mapping[nodes.Node, int],
        item: pytest.Item,
    ) -> int:
        """The loop a fixture needs, if it is an async one and its scopes agree.

        Args:
            definition: The fixture.
            visits: The scope instances above the test that asks for it.
            item: That test.
        """
        scope = dialect.fixture_loop_scope(definition, self.session.config)
        if scope is None:
            return _core.NO_LOOP
        if Scope(scope) < private.scope_of(definition):
            return _core.NO_LOOP  # refused at its set-up, as pytest does
        return self._loop(Scope(scope), visits, item)

    def _loop(
        self, scope: Scope, visits: Mapping[nodes.Node, int], item: pytest.Item
    ) -> int:
        """The loop of a loop scope, for a test below ``visits``.

        Tests parametrized by loop factory or policy have a loop for each of these.
        """
        where = _loop_scope_instance(scope, visits)
        if where == _core.OWN:
            return _core.OWN_LOOP
        params = private.parameters(item)
        made_by = tuple(id(params.get(name)) for name in _LOOP_FIXTURES)
        key = (scope, where, made_by)
        loop = self._loops.get(key)
        if loop is None:
            loop = self._loops[key] = self.plan.add_loop(where)
        return loop


def _signature(item: pytest.Item, info: FuncFixtureInfo | None) -> tuple[Any, ...]:
    """What tells the closures of tests below one node apart."""
    if info is None:
        return ()
    definitions = info.name2fixturedefs
    return (
        *item.fixturenames,  # type: ignore[attr-defined]
        *(id(each) for found in definitions.values() for each in found),
        *private.parameter_scopes(item).items(),
    )


def _loop_scope_instance(scope: Scope, visits: Mapping[nodes.Node, int]) -> int:
    """Where a loop of this scope lives; ``OWN`` if it is the test's own."""
    if scope is Scope.Function:
        return _core.OWN
    if scope is Scope.Session or scope is Scope.Package:
        # pytest resolves a plugin's package-scoped fixture to the session, so
        # pytest-asyncio has one package loop a session, beside the session's.
        return 0
    kind = pytest.Class if scope is Scope.Class else pytest.Module
    for node in reversed(list(visits)):
        if isinstance(node, kind):
            return visits[node]
    return _core.OWN if scope is Scope.Class else 0


def scope_instance(
    visits: Mapping[nodes.Node, int],
    item: pytest.Item,
    scope: Scope,
    definition: FixtureDef[Any],
) -> int:
    """Where a fixture lives for ``item``; ``OWN`` if it ends with the test."""
    if scope is Scope.Function:
        return _core.OWN
    if scope is Scope.Session:
        return 0
    node: nodes.Node | None
    if scope is Scope.Package:
        node = private.package_of(item, definition)
    elif scope is Scope.Module:
        node = item.getparent(pytest.Module)
    else:
        node = item.getparent(pytest.Class)
        if node is None:
            return _core.OWN  # pytest falls back to the item
    return 0 if node is None else visits.get(node, 0)


class ParameterKeys:
    """Integers for the values of one parametrized fixture; equal values share one."""

    def __init__(self) -> None:
        self._hashed: dict[Any, int] = {}
        self._values: list[Any] = []

    def key(self, value: Any) -> int:
        """The value's integer, equality being that of pytest's fixture cache."""
        try:
            key = self._hashed.get(value)
            if key is None:
                key = self._hashed[value] = len(self._values)
                self._values.append(value)
            return key
        except TypeError:
            return self._search(value)

    def _search(self, value: Any) -> int:
        for key, known in enumerate(self._values):
            if known is value or _equal(known, value):
                return key
        self._values.append(value)
        return len(self._values) - 1


def _equal(left: Any, right: Any) -> bool:
    # Comparing may raise or give no truth value, as NumPy's arrays do.
    try:
        return bool(left == right)
    except (ValueError, RuntimeError):
        return False


class _Resolution:
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
        definitions = self._definitions.get(argname)
        depth = asking.count(argname) + 1
        if not definitions or depth > len(definitions):
            return None
        definition = definitions[-depth]
        scope = self._scopes.get(argname, private.scope_of(definition))
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
        needed = {
            index
            for name in definition.argnames
            if (index := self._resolve(name, asking)) is not None
        }
        index = len(self.entries)
        dependencies = []
        for other in sorted(needed):
            dependency = self.entries[other]
            assert dependency.definition is not None
            if other >= first and dependency.requester == -1:
                dependency.requester = index
            if private.scope_of(dependency.definition) < scope:
                continue  # a scope mismatch; pytest's error comes at the set-up
            if dependency.scope_instance == _core.OWN:
                # A parametrized fixture may be cached for less than its dependents
                # are; they end with it.
                where = _core.OWN
            dependencies.append(other)
        self.entries.append(
            Entry(
                argname,
                definition,
                None,
                scope,
                where,
                dependencies,
                -1,
                self._suite.loop_of_fixture(definition, self._visits, self._item),
            )
        )
        self._resolved[argname] = index
        return index
