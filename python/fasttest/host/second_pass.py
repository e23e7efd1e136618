"""A further pass of an item, which a plugin's protocol runs more than once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fasttest.engine.loops import OwnLoop
from fasttest.host import private

if TYPE_CHECKING:
    import pytest

    from fasttest.engine.hub import Hub
    from fasttest.host.item_run import ItemRun


class SecondPass:
    """Runs an item again after its turn in the core has ended.

    The core runs an item once; what reruns failures from inside pytest's protocol, it
    cannot know. Such a pass has everything to itself: fixtures of all scopes are set up
    for it alone by pytest's own machinery, and torn down at its end.

    Attributes:
        state: pytest's stack of the nodes that are set up.
    """

    def __init__(self, run: ItemRun, hub: Hub) -> None:
        self.state = private.SetupState()
        self._run = run
        self._hub = hub
        self._loops: dict[int, OwnLoop] = {}

    def set_up(self, item: pytest.Item) -> None:
        """Set the item up, with all it needs."""
        self._run.route_definitions()
        self.state.setup(item)

    def tear_down(self) -> None:
        """Tear everything down, the event loops last."""
        try:
            self.state.teardown_exact(None)
        finally:
            while self._loops:
                self._loops.popitem()[1].close()

    def loop(self, loop: int) -> OwnLoop:
        """The loop that stands for one of the plan's; opened when first asked for."""
        if loop not in self._loops:
            options = self._run.loop_options()
            self._loops[loop] = OwnLoop(
                self._hub, options.factory, options.debug, options.policy
            )
        return self._loops[loop]
