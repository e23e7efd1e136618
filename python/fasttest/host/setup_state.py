"""pytest's set-up state, for many items in flight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fasttest.host import private
from fasttest.host.current import current_run
from fasttest.host.second_pass import SecondPass

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from _pytest import nodes

    from fasttest.engine.hub import Hub


class SetupState(private.SetupState):
    """Stands in for pytest's one stack of nodes: each item in flight has its own.

    pytest's hooks call it for the item they run; it has the core's actions performed.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._rest: dict[nodes.Node, Any] = {}

    @property
    def stack(self) -> dict[nodes.Node, Any]:  # type: ignore[override]
        """The nodes which are set up for the current item."""
        run = current_run.get()
        if run is None:
            return self._rest
        if run.second_pass is not None:
            return run.second_pass.state.stack
        return run.stack

    def is_node_active(self, node: nodes.Node) -> bool:
        """Whether the node is set up for the current item."""
        return node in self.stack

    def setup(self, item: pytest.Item) -> None:
        """Set up the item with all it needs."""
        run = current_run.get()
        assert run is not None
        if run.finished:
            run.second_pass = SecondPass(run, self._hub)
            run.second_pass.set_up(item)
        else:
            run.set_up()

    def teardown_exact(self, nextitem: pytest.Item | None) -> None:
        """Tear down all that ends with the current item; the core knows what."""
        run = current_run.get()
        if run is None:
            return
        try:
            run.tear_down(run.staying(self.stack, nextitem))
        finally:
            # pytest removes the variable next, and another test may have done so.
            private.set_current_test(run.item, "teardown")

    def addfinalizer(self, finalizer: Callable[[], object], node: nodes.Node) -> None:
        """Have ``finalizer`` called when ``node`` is torn down."""
        run = current_run.get()
        assert run is not None
        again = run.second_pass
        if again is not None and not again.keeps(node):
            again.state.addfinalizer(finalizer, node)
        elif node is run.item:
            run.add_finalizer(finalizer)
        else:
            run.add_node_finalizer(node, finalizer)
