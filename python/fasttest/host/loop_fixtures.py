"""Event loops shown to plugins which look for the fixture that makes them.

With pytest-asyncio a loop is the value of a fixture, and plugins such as looptime's
change it in ``pytest_fixture_setup``. Here loops are opened by the engine; the hook is
called for the making of each, of whoever is neither pytest nor fasttest. This module is
a plugin, too: the one that makes the loop, last of all.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from fasttest.host import asyncio_dialect as dialect
from fasttest.host import private

if TYPE_CHECKING:
    from collections.abc import Callable

    from _pytest.scope import Scope
    from pluggy import HookCaller

    LoopFactory = Callable[[], asyncio.AbstractEventLoop]

# Set on the definitions which stand for a loop's fixture.
_OPEN = "fasttest_open"


@pytest.hookimpl(trylast=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> object:
    """Make the loop that a fixture stands for."""
    if _OPEN not in vars(fixturedef):
        return None
    loop = fixturedef.func()
    fixturedef.cached_result = (loop, None, None)
    return loop


def showing(
    factory: LoopFactory | None, hook: HookCaller, item: pytest.Item, scope: Scope
) -> LoopFactory:
    """A factory that has the hook called for its work, as if it were a fixture's.

    Args:
        factory: Makes the loops; None: the policy does.
        hook: ``pytest_fixture_setup`` of those who look, and of this module.
        item: The test for which a loop is made.
        scope: For how long the loop is there.
    """

    def make_loop() -> asyncio.AbstractEventLoop:
        return asyncio.new_event_loop() if factory is None else factory()

    policies = private.definitions_of(item).get(dialect.POLICY_FIXTURE)
    if not policies:
        return make_loop  # an item without pytest-asyncio's fixtures

    # Plugins tell the fixture by its module, or by its name among pytest-asyncio's.
    plugin = item.config.pluginmanager.get_plugin(dialect.PLUGIN_NAME)
    make_loop.__module__ = getattr(plugin, "__name__", make_loop.__module__)

    def make_and_show() -> asyncio.AbstractEventLoop:
        name = f"_{scope.value}_scoped_runner"
        definition = private.renamed_definition(policies[0], name, make_loop, scope)
        vars(definition)[_OPEN] = True
        parent = private.request_of(item)
        request = private.sub_request(parent, scope, definition, name)
        try:
            hook(fixturedef=definition, request=request)
        except BaseException:
            if (loop := _made(definition)) is not None:
                loop.close()
            raise
        loop = _made(definition)
        if loop is None:
            return make_loop()  # a plugin answered first, as if it were no fixture
        if private.has_finalizers(definition):
            _finish_with(loop, definition, request)
        return loop

    return make_and_show


def _made(definition: pytest.FixtureDef[Any]) -> asyncio.AbstractEventLoop | None:
    result: Any = definition.cached_result
    return None if result is None else result[0]


def _finish_with(
    loop: asyncio.AbstractEventLoop, definition: Any, request: pytest.FixtureRequest
) -> None:
    """Have what was registered with a loop's fixture done before the loop is closed."""
    close = loop.close

    def finish_and_close() -> None:
        del vars(loop)["close"]
        try:
            definition.finish(request)
        finally:
            close()

    if hasattr(loop, "__dict__"):
        vars(loop)["close"] = finish_and_close
