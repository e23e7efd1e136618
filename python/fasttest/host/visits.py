"""Scope instances: one life of each collector, from item to item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fasttest import _core
from fasttest.host import private
from fasttest.host.private import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _pytest import nodes
    from _pytest.fixtures import FixtureDef


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


def loop_scope_instance(scope: Scope, visits: Mapping[nodes.Node, int]) -> int:
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
