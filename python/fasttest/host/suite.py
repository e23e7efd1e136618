"""The collected items as rows of integers for the core's plan."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeAlias

from fasttest import _core
from fasttest.host import asyncio_dialect as dialect
from fasttest.host import hypothesis_state, private
from fasttest.host.closures import Closure, Entry, Resolution
from fasttest.host.parameter_keys import ParameterKeys
from fasttest.host.private import Scope
from fasttest.host.visits import Visits, loop_scope_instance

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pytest
    from _pytest import nodes
    from _pytest.fixtures import FixtureDef, FuncFixtureInfo

    from fasttest.host.conflicts import Conflict


# What tells apart how the loops of a test's are made: the parameters of the fixtures
# for factory and policy.
_MadeBy: TypeAlias = tuple[int, int]

_NO_PARAMETER = object()
_MADE_AS_EVER: _MadeBy = (id(None), id(None))


class Suite:
    """Fills a plan with pytest's items, whose indexes are the test ids.

    Args:
        session: The session with its collected items.
        conflicts: The tests that are to be kept apart.
    """

    def __init__(
        self, session: pytest.Session, conflicts: Iterable[Conflict] = ()
    ) -> None:
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
        self._loops: dict[tuple[Scope, int, _MadeBy], int] = {}
        self._handles: dict[int, int] = {}
        self._resources: dict[str, int] = {}
        self._by_signature: dict[tuple[Any, ...], Closure] = {}
        # By node id: a resource per conflict, of which there is one.
        self._conflicts: dict[str, list[int]] = {}
        for conflict in conflicts:
            resource = self.plan.add_resource(
                f"the conflict of {', '.join(conflict.tests)}", 1
            )
            for nodeid in set(conflict.tests):
                self._conflicts.setdefault(nodeid, []).append(resource)

    @functools.cached_property
    def loop_debug(self) -> bool:
        """Whether event loops run in debug mode; asked once there is one."""
        return dialect.debug(self.session.config)

    @functools.cached_property
    def puts_loop_back(self) -> bool:
        """Whether the loop before one that is closed becomes the current one again."""
        return not dialect.leaves_no_loop(self.session.config)

    def closure_of(self, item: pytest.Item) -> tuple[Closure, int]:
        """The closure of the next item in order, and the loop of its call."""
        visit = self._visits.enter(item)
        loop = _core.NO_LOOP
        scope = dialect.test_loop_scope(item)
        if scope is not None:
            loop = self._loop(Scope(scope), self._visits.snapshot(), item)
        info = private.fixture_info(item)
        key = (visit, _loops_made_by(item), type(item), *_signature(item, info))
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
        claims: Sequence[tuple[int, int]],
        exclusive: bool,
        expected_wait: float,
        resources: Iterable[str] = (),
        shared: Iterable[str] = (),
    ) -> None:
        """Add the item, the next in order, to the plan.

        Args:
            item: The item.
            closure: What it needs.
            loop: The loop of its call.
            claims: What it holds: resources of the plan's, and how many units of each.
            exclusive: Whether it runs with nothing beside it.
            expected_wait: How long it is expected to wait, in seconds.
            resources: Names of what it has to itself, and others that need it in turn.
            shared: Names of what it has together with others that share it.
        """
        keys: list[int] = []
        if private.parameters(item) and closure.wide:
            keys = [
                -1
                if entry.definition is None or entry.scope_instance == _core.OWN
                else self.param_key(item, entry.definition, entry.loop)
                for entry in closure.entries[: closure.planned]
            ]
        claims = [
            *claims,
            *((turn, 1) for turn in self._turns(item)),
            *((self._resource(name), len(self.items)) for name in resources),
            *((self._resource(name), 1) for name in shared),
        ]
        self.plan.add_test(closure.id, keys, loop, claims, exclusive, expected_wait)
        self.closures.append(closure)

    def is_in_conflict(self, item: pytest.Item) -> bool:
        """Whether the item is to be kept apart from others, and in order with them."""
        return bool(self._conflicts) and item.nodeid in self._conflicts

    def _turns(self, item: pytest.Item) -> list[int]:
        """The resources of which an item needs the only one there is."""
        apart = self._conflicts.get(item.nodeid, []) if self._conflicts else []
        return apart + self._handle(item)

    def _handle(self, item: pytest.Item) -> list[int]:
        if not hypothesis_state.is_given(item) or private.is_test_case(item):
            return []
        handle = hypothesis_state.handle_of(item)
        if id(handle) not in self._handles:
            self._keep.append(handle)
            self._handles[id(handle)] = self.plan.add_resource(item.name, 1)
        return [self._handles[id(handle)]]

    def _resource(self, name: str) -> int:
        """The plan's resource of a name, which all tests could share."""
        if name not in self._resources:
            self._resources[name] = self.plan.add_resource(name, len(self.items))
        return self._resources[name]

    def fixture(self, definition: FixtureDef[Any]) -> int:
        """The plan's id of a fixture definition."""
        fixture = self._fixtures.get(id(definition))
        if fixture is None:
            self._keep.append(definition)
            fixture = self.plan.add_fixture(definition.argname)
            self._fixtures[id(definition)] = fixture
        return fixture

    def param_key(
        self, item: pytest.Item, definition: FixtureDef[Any], loop: int
    ) -> int:
        """An integer for what a test parametrizes a fixture with; -1 for nothing.

        Equal parameters of a fixture have one integer. A fixture that needs a loop is
        also parametrized with how the loop is made: another loop, another instance.
        """
        params = private.parameters(item)
        value: Any = params.get(definition.argname, _NO_PARAMETER)
        if loop != _core.NO_LOOP:
            made_by = _loops_made_by(item)
            if made_by != _MADE_AS_EVER:
                value = (made_by, value)
        if value is _NO_PARAMETER:
            return -1
        keys = self._params.get(id(definition))
        if keys is None:
            keys = self._params[id(definition)] = ParameterKeys()
        return keys.key(value)

    def _resolve(self, item: pytest.Item, visit: int) -> Closure:
        visits = self._visits.snapshot()
        resolution = Resolution(self, item, visits)
        entries = planned = resolution.entries
        if private.sets_up_itself(item):
            # Its ``setup`` says when its fixtures are made; collectors come before.
            planned = [e for e in entries if e.collector is not None]
        rows = [
            (self._fixture_or_node(e), e.scope_instance, e.dependencies, e.loop)
            for e in planned
        ]
        on_shared_loops = [e for e in entries if e.loop >= 0]
        return Closure(
            self.plan.add_closure(visit, rows),
            entries,
            len(planned),
            [i for i, e in enumerate(entries) if e.scope_instance != _core.OWN],
            [i for i, e in enumerate(entries) if e.scope_instance == _core.OWN],
            list(resolution.direct.items()),
            visits,
            bool(on_shared_loops),
            any(e.scope_instance != _core.OWN for e in on_shared_loops),
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
        cached_for: Scope,
        visits: Mapping[nodes.Node, int],
        item: pytest.Item,
    ) -> int:
        """The loop a fixture needs, if it is an async one and its scopes agree.

        Args:
            definition: The fixture.
            cached_for: Its scope, or that of its parameter.
            visits: The scope instances above the test that asks for it.
            item: That test.
        """
        scope = dialect.fixture_loop_scope(definition, self.session.config)
        if scope is None:
            return _core.NO_LOOP
        if Scope(scope) < cached_for:
            return _core.NO_LOOP  # refused at its set-up, as pytest does
        return self._loop(Scope(scope), visits, item)

    def scope_of_loop(self, loop: int) -> Scope:
        """For how long one of the plan's loops is open."""
        scopes = (scope for (scope, *_), known in self._loops.items() if known == loop)
        return next(scopes, Scope.Function)

    def _loop(
        self, scope: Scope, visits: Mapping[nodes.Node, int], item: pytest.Item
    ) -> int:
        """The loop of a loop scope, for a test below ``visits``.

        Tests parametrized by loop factory or policy have a loop for each of these.
        """
        where = loop_scope_instance(scope, visits)
        if where == _core.OWN:
            return _core.OWN_LOOP
        key = (scope, where, _loops_made_by(item))
        loop = self._loops.get(key)
        if loop is None:
            loop = self._loops[key] = self.plan.add_loop(where)
        return loop


def _loops_made_by(item: pytest.Item) -> _MadeBy:
    params = private.parameters(item)
    return (
        id(params.get(dialect.FACTORY_FIXTURE)),
        id(params.get(dialect.POLICY_FIXTURE)),
    )


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
