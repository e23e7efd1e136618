"""What an item leaves set up because a hook kept pytest from tearing it down."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest
    from _pytest.nodes import Node

    from fasttest.host.item_run import ItemRun
    from fasttest.host.teardown_errors import TeardownErrors


class LeftOver(NamedTuple):
    """What pytest's next item finds set up, and has to tear down.

    The engine has torn it down already, as it may be in the way of others; what that
    raised belongs to the next item's teardown.

    Attributes:
        nodes: The nodes that pytest would find on its stack.
        errors: What their teardown raised.
    """

    nodes: Sequence[Node]
    errors: TeardownErrors

    @classmethod
    def of(cls, run: ItemRun, former: pytest.Item | None) -> LeftOver:
        """Tear an item down which pytest's next item would have found set up.

        Args:
            run: The item's run, over but for its teardown.
            former: The item before it in collection order.
        """
        nodes: Sequence[Node]
        if run.begun:
            nodes = list(run.stack)
        elif run.left_over is not None:
            nodes = run.left_over.nodes
        else:
            before = [] if former is None else former.listchain()
            nodes = [node for node in run.item.listchain() if node in before]
        return cls(nodes, run.end())

    def check(self, item: pytest.Item) -> None:
        """Fail as pytest does if ``item`` cannot be set up above these nodes."""
        chain = item.listchain()
        if any(node not in chain for node in self.nodes):
            raise AssertionError("previous item was not torn down properly")
