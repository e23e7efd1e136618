"""Event loops shown to plugins which look for the fixture that makes them.

With pytest-asyncio a loop is the value of a fixture, and plugins such as looptime's
change it in ``pytest_fixture_setup``. Here loops are opened by the engine; the hook is
called round that, for whoever is neither pytest nor fasttest.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from fasttest.host import asyncio_dialect as dialect
from fasttest.host import private

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from _pytest.scope import Scope
    from pluggy import HookCaller

    LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def showing(
    factory: LoopFactory | None, hook: HookCaller, item: pytest.Item, scope: Scope
) -> LoopFactory:
    """A factory that has the hook called round its work, as if it were a fixture's.

    Args:
        factory: Makes the loops; None: the policy does.
        hook: ``pytest_fixture_setup`` of those who look.
        item: The test for which a loop is made.
        scope: For how long the loop is there.
    """

    def make_loop() -> asyncio.AbstractEventLoop:
        return asyncio.new_event_loop() if factory is None else factory()

    # Plugins tell the fixture by its module, or by its name among pytest-asyncio's.
    plugin = item.config.pluginmanager.get_plugin(dialect.PLUGIN_NAME)
    make_loop.__module__ = getattr(plugin, "__name__", make_loop.__module__)
    policy = private.definitions_of(item)[dialect.POLICY_FIXTURE][0]
    name = f"_{scope.value}_scoped_runner"
    definition = private.renamed_definition(policy, name, make_loop, scope)
    request = private.request_of(item)

    def make_and_show() -> asyncio.AbstractEventLoop:
        made: list[asyncio.AbstractEventLoop] = []

        def set_up() -> asyncio.AbstractEventLoop:
            made.append(make_loop())
            definition.cached_result = (made[0], None, None)
            return made[0]

        details: dict[str, Any] = {"fixturedef": definition, "request": request}
        try:
            hook.call_extra([set_up], details)
        except BaseException:
            for loop in made:
                loop.close()
            raise
        return made[0] if made else make_loop()

    return make_and_show
