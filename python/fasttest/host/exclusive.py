"""Which items run with nothing else in flight, and what others need to overlap."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from fasttest.host import private
from fasttest.host.guests import Guests, functions_of
from fasttest.isolation.process_state import (
    LOOP_KINDS,
    PATCHING_MARKS,
    Finding,
    Kind,
    ProcessState,
)
from fasttest.isolation.shared_objects import Places, SharedObjects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from _pytest import nodes

    from fasttest.host.closures import Closure
    from fasttest.host.hooks import Listeners
    from fasttest.host.own_state import OwnState


class Verdict(NamedTuple):
    """In what company an item runs.

    Attributes:
        alone: Why with none, by pytest's own protocol; None if beside others.
        kinds: What of the process's state has to be the item's own beside others.
        attributes: Objects and names of attributes which it changes by assignment.
        resources: The names of what it takes in turns with others.
        shared: The names of what it takes together with all who do so, and in turns
            with those who need it for themselves.
    """

    alone: str | None
    kinds: frozenset[Kind] = frozenset()
    attributes: tuple[tuple[Any, str], ...] = ()
    resources: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()


BESIDE = Verdict(None)


class Exclusive:
    """Decides for each item, before the run, in what company it is.

    Args:
        session: The session.
        listeners: Who listens to the hooks of its items.
        own_state: What is to be each item's own.
    """

    def __init__(
        self, session: pytest.Session, listeners: Listeners, own_state: OwnState
    ) -> None:
        self._root = str(session.config.rootpath)
        self._listeners = listeners
        self._state = ProcessState(self.is_project)
        self._guests = Guests(self.is_project)
        self._declared = [
            Finding(f"{attribute} is each test's own", Kind.PATCHES, (owner, attribute))
            for owner, attribute in own_state.attributes()
        ]
        self._objects = SharedObjects()
        # By closure what its fixtures undo, and what they have done of that.
        self._objects_by_closure: dict[int, tuple[Places, Places, Places]] = {}
        self._by_module: dict[str, bool] = {}
        self._by_node: dict[nodes.Node, list[Finding]] = {}
        self._by_closure: dict[int, tuple[Finding | None, list[Finding]]] = {}

    def verdict(self, item: pytest.Item, closure: Closure, loop: int) -> Verdict:
        """Whether an item runs alone, by pytest's own protocol, or beside others.

        Args:
            item: The item.
            closure: Its fixtures.
            loop: The plan's loop for its call.
        """
        why = self._guests.reason(item)
        if why is not None:
            return Verdict(why)
        stranger = self._listeners.stranger(item)
        if stranger is not None:
            return Verdict(f"plugin {stranger}")
        shared, own = self._fixtures(closure)
        if shared is not None:
            return Verdict(shared.text)
        functions = list(self._guests.functions(item))
        found = [
            *own,
            *self._declared,
            *self._shared_objects(item, closure, functions),
            *self._marks(item),
            *self._state.findings(functions),
            *self._guests.findings(item),
            *self._listeners.findings(item),
        ]
        if not found:
            return BESIDE
        changes = _changes(found)
        for finding in changes:
            if finding.kind is None:
                return Verdict(finding.text)
        shares_loop = closure.shares_loop or loop >= 0
        for finding in found if shares_loop else ():
            if finding.kind is Kind.LOOP or (finding.kind is Kind.THREADS and changes):
                return Verdict(finding.text)
        if not changes:
            return Verdict(None, resources=_taken(found), shared=_shared(found))
        kinds = frozenset(each.kind for each in changes if each.kind is not None)
        if closure.is_served or (Kind.POLICY in kinds and shares_loop):
            return Verdict(changes[0].text)
        return Verdict(
            None,
            kinds,
            tuple(f.attribute for f in changes if f.attribute is not None),
            # Where the working directory may be the test's own, so may a file in it.
            tuple(each for each in _taken(found) if not _is_relative_file(each)),
            _shared(found),
        )

    def _shared_objects(
        self,
        item: pytest.Item,
        closure: Closure,
        functions: Sequence[Callable[..., Any]],
    ) -> list[Finding]:
        """What an item's tear-down undoes that its set-up, or itself, has done.

        What is only undone, such as a cache which a fixture clears round every test, is
        in the way of those tests alone that do something to it themselves. Who does
        something to the only instance of a class is in the way of who undoes it.
        """
        fixtures = self._objects_by_closure.get(closure.id)
        if fixtures is None:
            of_fixtures = list(functions_of(closure, closure.own))
            undone = self._objects.undone(of_fixtures)
            fixtures = (
                undone,
                self._objects.done(of_fixtures, undone),
                self._objects.only_instances(of_fixtures),
            )
            self._objects_by_closure[closure.id] = fixtures
        undone, done, used = fixtures
        used |= self._objects.only_instances(functions)
        if used or private.is_test_case(item):
            undone |= self._objects.undone(functions)
        if undone:
            done |= self._objects.done(functions, undone)
        held = done & undone
        shared = (undone | used) - held
        return [
            *(Finding(n, resource=n) for n in self._objects.names(held)),
            *(Finding(n, resource=n, shares=True) for n in self._objects.names(shared)),
        ]

    def forget(self) -> None:
        """All items have been asked about: keep nothing of theirs alive."""
        self._objects.forget()

    def _fixtures(self, closure: Closure) -> tuple[Finding | None, list[Finding]]:
        """What a closure's fixtures change.

        Returns:
            The first finding in fixtures that outlive the test, and all in its own.
        """
        found = self._by_closure.get(closure.id)
        if found is None:
            shared, own = (
                self._state.findings(
                    functions_of(closure, indexes), _names(closure, indexes)
                )
                for indexes in (closure.wide, closure.own)
            )
            # What one instance takes is not taken again by those who use it.
            changes = _changes(shared)
            found = changes[0] if changes else None, own
            self._by_closure[closure.id] = found
        return found

    def _marks(self, node: nodes.Node) -> list[Finding]:
        """The marks on an item, and on the collectors above it, that change things."""
        known = self._by_node.get(node)
        if known is not None:
            return known
        found = [
            Finding(f"mark {mark.name}", PATCHING_MARKS[mark.name])
            for mark in node.own_markers
            if mark.name in PATCHING_MARKS
        ]
        if node.parent is not None:
            found += self._marks(node.parent)
        if not isinstance(node, pytest.Item):
            self._by_node[node] = found
        return found

    def functions(self, item: pytest.Item) -> Iterator[Callable[..., Any]]:
        """The functions of the project that running an item calls; no fixtures'."""
        return self._guests.functions(item)

    def is_project(self, module: str) -> bool:
        """Whether a module, by its name, belongs to the project under test."""
        known = self._by_module.get(module)
        if known is None:
            file = getattr(sys.modules.get(module), "__file__", None) or ""
            known = file.startswith(self._root) and "site-packages" not in file
            self._by_module[module] = known
        return known


def _changes(found: Sequence[Finding]) -> list[Finding]:
    """What changes the process, on whatever loop, rather than takes something."""
    return [f for f in found if f.resource is None and f.kind not in LOOP_KINDS]


def _taken(found: Sequence[Finding]) -> tuple[str, ...]:
    names = (f.resource for f in found if f.resource is not None and not f.shares)
    return tuple(dict.fromkeys(names))


def _shared(found: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(f.resource for f in found if f.resource is not None and f.shares)


def _is_relative_file(resource: str) -> bool:
    kind, _, name = resource.partition(" ")
    return kind == "file" and not os.path.isabs(name)


def _names(closure: Closure, indexes: Sequence[int]) -> Iterator[str]:
    for index in indexes:
        if closure.entries[index].argname:
            yield closure.entries[index].argname
