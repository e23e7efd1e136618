"""The hook ``pytest_asyncio_loop_factories``: tests parametrized by event loop factory.

The texts are those of pytest-asyncio 1.5.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import pytest

from fasttest.host import asyncio_options as options
from fasttest.host import private

if TYPE_CHECKING:
    from fasttest.host.asyncio_marks import AsyncioMark

LoopFactory: TypeAlias = Callable[[], AbstractEventLoop]

# The fixture whose parameter is the factory.
FACTORY_FIXTURE = "_asyncio_loop_factory"

_INVALID_FACTORIES = (
    "pytest_asyncio_loop_factories must return a non-empty mapping of "
    "factory names to callables.\n"
)


class LoopFactoriesSpec:
    """The hook that suites may implement to choose their event loops."""

    @pytest.hookspec(firstresult=True)
    def pytest_asyncio_loop_factories(
        self, config: pytest.Config, item: pytest.Item
    ) -> Mapping[str, LoopFactory] | None:
        """Return the event loop factories for a test.

        Args:
            config: The run's configuration.
            item: The definition of the async test; it has marks and a node id.

        Returns:
            A non-empty mapping of names to factories; None leaves it to others.
        """


def add_hook(manager: pytest.PytestPluginManager) -> None:
    """Declare the hook, unless pytest-asyncio's plugin, loaded first, did so."""
    hook = getattr(manager.hook, "pytest_asyncio_loop_factories", None)
    if hook is None or not hook.has_spec():
        manager.add_hookspecs(LoopFactoriesSpec)


def parametrize(metafunc: pytest.Metafunc, mark: AsyncioMark) -> None:
    """Parametrize an async test with the factories that the hook and its mark name."""
    definition = metafunc.definition
    factories = _factories(definition)
    if factories is None:
        if mark.loop_factories is not None:
            pytest.fail(
                f"{definition.nodeid}: mark.asyncio 'loop_factories' requires at least "
                "one pytest_asyncio_loop_factories hook implementation.",
                pytrace=False,
            )
        return
    names: Sequence[str]
    names = list(factories) if mark.loop_factories is None else mark.loop_factories
    metafunc.fixturenames.append(FACTORY_FIXTURE)
    metafunc.parametrize(
        FACTORY_FIXTURE,
        [_parameter(name, factories) for name in names],
        ids=_ids(names),
        indirect=True,
        scope=mark.loop_scope or options.default_test_loop_scope(metafunc.config),
    )


def name_factory(item: pytest.Function) -> None:
    """Name the factory's fixture among those of a test which it parametrizes.

    pytest drops names that are no arguments once a test is parametrized.
    """
    parametrized = FACTORY_FIXTURE in private.parameters(item)
    if parametrized and FACTORY_FIXTURE not in item.fixturenames:
        item.fixturenames.append(FACTORY_FIXTURE)


def _factories(definition: pytest.Item) -> dict[str, LoopFactory] | None:
    hook = definition.ihook.pytest_asyncio_loop_factories
    if not hook.get_hookimpls():
        return None
    result = hook(config=definition.config, item=definition)
    if not isinstance(result, Mapping):
        raise pytest.UsageError(_INVALID_FACTORIES)
    # A copy: the hook's implementation may go on changing its mapping.
    factories = dict(result)
    valid = all(
        isinstance(name, str) and name and callable(factory)
        for name, factory in factories.items()
    )
    if not factories or not valid:
        raise pytest.UsageError(_INVALID_FACTORIES)
    return factories


def _parameter(name: str, factories: Mapping[str, LoopFactory]) -> object:
    if name in factories:
        return factories[name]
    reason = (
        f"Loop factory {name!r} is not available."
        f" Available factories: {', '.join(factories)}."
    )
    return pytest.param(None, marks=pytest.mark.skip(reason=reason))


def _ids(names: Sequence[str]) -> Sequence[object]:
    # With a single factory the node ids stay as they are without the hook, where
    # pytest can hide a parameter (8.4).
    hidden = getattr(pytest, "HIDDEN_PARAM", None)
    return (hidden,) if len(names) == 1 and hidden is not None else names
