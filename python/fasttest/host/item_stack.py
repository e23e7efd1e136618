"""The nodes that pytest would have on its stack for an item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest
    from _pytest.nodes import Node


class ItemStack:
    """What plugins see of the stack on which pytest keeps the nodes that are set up.

    Args:
        item: The item.
        visits: The scope instances of the collectors above it, outermost first.
    """

    def __init__(self, item: pytest.Item, visits: Mapping[Node, int]) -> None:
        self._item = item
        self._visits = visits
        self._failed: Node | None = None
        self._nodes: dict[Node, Any] | None = None

    def nodes(self, *, finished: bool) -> dict[Node, Any]:
        """The nodes, outermost first, without the item if that is ``finished``.

        A collector that a plugin takes away is not torn down before it is back: so
        pytest-rerunfailures keeps it for a further pass.
        """
        if self._nodes is None:
            self._nodes = {node: ([], None) for node in self._reached()}
        if finished:
            self._nodes.pop(self._item, None)
        return self._nodes

    def fail(self, collector: Node) -> None:
        """The set-up of a collector has failed; pytest goes no further in."""
        self._failed = collector
        self._nodes = None

    def kept(self, held: int) -> list[Node]:
        """The collectors around which, or of which, ``held`` is the scope instance."""
        # Those further in have the greater ids.
        return [node for node, visit in self._visits.items() if visit <= held]

    def staying(
        self,
        held: int,
        stack: Mapping[Node, Any],
        nextitem: pytest.Item | None,
    ) -> int:
        """The innermost scope instance which a teardown does not leave; -1 for none.

        Args:
            held: The innermost scope instance which the item has not left.
            stack: The nodes that are set up, as plugins left them.
            nextitem: The item that pytest keeps collectors for.
        """
        needed = () if nextitem is None else nextitem.listchain()
        reached = self._reached()
        for node in reversed(self.kept(held)):
            if node in needed or (node in reached and node not in stack):
                return self._visits[node]
        return -1

    def innermost(self) -> int:
        """The scope instance of the collector which the item is in."""
        parent = self._item.parent
        return 0 if parent is None else self._visits[parent]

    def _reached(self) -> list[Node]:
        chain = self._item.listchain()
        if self._failed is None:
            return chain
        return chain[: chain.index(self._failed) + 1]
