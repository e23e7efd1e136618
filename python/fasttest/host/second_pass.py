"""A further pass of an item, which a plugin's protocol runs more than once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fasttest import _core
from fasttest.engine.loops import OwnLoop
from fasttest.host import private

if TYPE_CHECKING:
    import pytest
    from _pytest import nodes

    from fasttest.engine.hub import Hub
    from fasttest.engine.loops import SharedLoop
    from fasttest.host.item_run import ItemRun


class SecondPass:
    """Runs an item again which has been torn down.

    The core calls an item once; what reruns failures from inside pytest's protocol, it
    cannot know. But the item halts before it leaves the collectors that pytest keeps
    for the next one, so fixtures of these are the core's still, and shared. The rest is
    set up for the pass alone by pytest's own machinery, and torn down at its end.

    Attributes:
        state: pytest's stack of the nodes that are set up.
        kept: The collectors in which the item still is.
    """

    def __init__(self, run: ItemRun, hub: Hub) -> None:
        self.state = private.SetupState()
        self.kept = run.kept()
        for node in self.kept:
            private.push(self.state, node, run.failure_of(node))
        self._run = run
        self._hub = hub
        self._loops: dict[int, OwnLoop] = {}

    def keeps(self, node: nodes.Node) -> bool:
        """Whether fixtures of ``node`` outlive the pass."""
        return node in self.kept

    def set_up(self, item: pytest.Item) -> None:
        """Set the item up, with all it needs that is not there."""
        self._run.route_definitions()
        self.state.setup(item)

    def tear_down(self) -> None:
        """Tear down what was set up for the pass, the event loops last."""
        try:
            self.state.teardown_exact(None)
        finally:
            while self._loops:
                self._loops.popitem()[1].close()

    def loop(self, loop: int) -> OwnLoop | SharedLoop:
        """One of the plan's loops, or what stands for it; opened when asked for."""
        shared = None if loop == _core.OWN_LOOP else self._run.stream.shared_loop(loop)
        if shared is not None:
            return shared
        if loop not in self._loops:
            options = self._run.loop_options(loop)
            self._loops[loop] = OwnLoop(
                self._hub,
                options.factory,
                options.debug,
                options.policy,
                puts_back=options.puts_back,
            )
        return self._loops[loop]
