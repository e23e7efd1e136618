"""Which items run with nothing else in flight, and why."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from fasttest.host import asyncio_dialect as dialect
from fasttest.host import private
from fasttest.host.private import Scope
from fasttest.isolation.process_state import PATCHING_MARKS, ProcessState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _pytest import nodes

    from fasttest.host.closures import Closure
    from fasttest.host.hooks import Listeners


class Exclusive:
    """Decides for each item, before the run, whether it may overlap with others.

    Args:
        session: The session.
        listeners: Who listens to the hooks of its items.
    """

    def __init__(self, session: pytest.Session, listeners: Listeners) -> None:
        self._root = str(session.config.rootpath)
        self._listeners = listeners
        self._state = ProcessState(self._is_project)
        self._by_module: dict[str, bool] = {}
        self._by_node: dict[nodes.Node, str | None] = {}
        self._by_closure: dict[int, str | None] = {}

    def reason(self, item: pytest.Item, closure: Closure) -> str | None:
        """Why an item runs alone, by pytest's own protocol; None if it need not."""
        if not _is_plain(item):
            return f"run by {type(item).__name__} itself"
        stranger = self._listeners.stranger(item)
        if stranger is not None:
            return f"plugin {stranger}"
        assert isinstance(item, pytest.Function)
        if closure.id not in self._by_closure:
            self._by_closure[closure.id] = self._state.reason(
                _functions(closure), _names(closure)
            )
        why = self._by_closure[closure.id] or self._mark(item)
        return why or self._state.reason([item.obj], ())

    def _mark(self, node: nodes.Node) -> str | None:
        """The mark on an item, or on a collector above it, that makes it exclusive."""
        if node in self._by_node:
            return self._by_node[node]
        names = (mark.name for mark in node.own_markers if mark.name in PATCHING_MARKS)
        why = next((f"mark {name}" for name in names), None)
        if why is None and node.parent is not None:
            why = self._mark(node.parent)
        if not isinstance(node, pytest.Item):
            self._by_node[node] = why
        return why

    def _is_project(self, module: str) -> bool:
        known = self._by_module.get(module)
        if known is None:
            file = getattr(sys.modules.get(module), "__file__", None) or ""
            known = file.startswith(self._root) and "site-packages" not in file
            self._by_module[module] = known
        return known


def _is_plain(item: pytest.Item) -> bool:
    """Whether an item is a test function with nothing of its own in how it runs."""
    if not isinstance(item, pytest.Function):
        return False
    kind = type(item)
    return kind is pytest.Function or dialect.is_async_test(item)


def _functions(closure: Closure) -> Iterator[Callable[..., Any]]:
    """The fixture functions of a closure that belong to a part of the run.

    A session's fixtures are left out: what they change stays changed for all tests,
    under pytest as well.
    """
    for entry in closure.entries:
        definition = entry.definition
        if definition is None or private.scope_of(definition) is Scope.Session:
            continue
        if not (definition.func.__module__ or "").startswith("_pytest."):
            yield definition.func


def _names(closure: Closure) -> Iterator[str]:
    for entry in closure.entries:
        if entry.argname:
            yield entry.argname
