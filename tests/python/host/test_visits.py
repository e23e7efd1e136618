"""A collector's scope instance is one life of it: from its set-up to its teardown."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fasttest import _core
from fasttest.host import private
from fasttest.host.visits import Visits


class Node:
    """What pytest's ``SetupState`` and ``Visits`` need of a node.

    Attributes:
        life: The number of its set-ups.
    """

    def __init__(self, parent: Node | None = None) -> None:
        self.parent = parent
        self.life = 0

    def listchain(self) -> list[Any]:
        """The nodes from the session down to this one."""
        return [self] if self.parent is None else [*self.parent.listchain(), self]

    def setup(self) -> None:
        """Begin a life."""
        self.life += 1

    def teardown(self) -> None:
        """End a life."""


def tree() -> tuple[Node, list[Node]]:
    """A session of two folders with two modules of two classes, and their items."""
    session = Node()
    leaves = [session]
    for _ in range(3):
        leaves = [Node(parent) for parent in leaves for _ in range(2)]
    items = [Node(parent) for parent in leaves for _ in range(2)]
    # Functions of a module, outside of any class.
    items += [Node(parent) for leaf in leaves if (parent := leaf.parent) is not None]
    return session, items


@given(st.data())
def test_scope_instances_are_the_lives_pytest_gives_a_node(data: st.DataObject) -> None:
    """Whatever order a plugin has put the items in."""
    session, items = tree()
    order = data.draw(st.lists(st.sampled_from(items), min_size=1, unique=True))
    visits, state = Visits(_core.Plan(), session), private.SetupState()  # type: ignore[arg-type]
    by_life: dict[tuple[Node, int], int] = {}
    following = [*order[1:], None]
    for item, nextitem in zip(order, following, strict=True):
        state.setup(item)  # type: ignore[arg-type]
        visits.enter(item)  # type: ignore[arg-type]
        snapshot: Any = visits.snapshot()
        assert list(snapshot) == item.listchain()[:-1]
        for node, visit in snapshot.items():
            assert by_life.setdefault((node, node.life), visit) == visit
        state.teardown_exact(nextitem)  # type: ignore[arg-type]
    assert len(set(by_life.values())) == len(by_life)


def test_items_of_one_collector_are_entered_without_a_look_round() -> None:
    """It is asked for every item, and mostly the answer is that of the last."""
    session = Node()
    module = Node(session)
    visits = Visits(_core.Plan(), session)  # type: ignore[arg-type]
    first = visits.enter(Node(module))  # type: ignore[arg-type]
    before = visits.snapshot()
    lone: Any = SimpleNamespace(parent=module)  # has no chain to be listed
    assert visits.enter(lone) == first
    assert visits.snapshot() is before
