"""Taking the place of pytest-asyncio's plugin in a plugin manager."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING, Any, NamedTuple

from fasttest.host import asyncio_hooks, asyncio_standin, asyncio_version
from fasttest.host.asyncio_options import PLUGIN_NAME

if TYPE_CHECKING:
    import pytest


class _Distribution(NamedTuple):
    """What pytest reads of a plugin's distribution."""

    project_name: str
    version: str


class _Blocked:
    """A plugin without hooks, under a name that must not be loaded.

    Names blocked with ``set_blocked`` are free again after ``-p NAME``; taken names are
    not loaded.
    """


def take_over(manager: pytest.PytestPluginManager) -> None:
    """Register the dialect in the place of pytest-asyncio's plugin.

    It gets the same name, so that others see the plugin they ask for, and so that
    ``-p no:asyncio`` turns it off. ``import pytest_asyncio`` works from now to the end
    of the configuration. An installed version whose event loops are fixtures, which
    suites override, keeps its place. Call it before entry points are loaded, which is
    when a plugin named by ``-p`` is registered.
    """
    if manager.get_plugin(PLUGIN_NAME) is asyncio_hooks:
        return
    if asyncio_version.parse(_version()) < asyncio_version.LOOPS_ARE_NO_FIXTURES:
        return  # it runs its tests itself, one after another
    block(manager)
    manager.register(asyncio_hooks, PLUGIN_NAME)
    _list_distribution(manager)
    # pytest registers the configuration itself first of all.
    config: pytest.Config | None = manager.get_plugin("pytestconfig")
    assert config is not None
    config.add_cleanup(asyncio_standin.install().uninstall)


def block(manager: pytest.PytestPluginManager) -> None:
    """Remove pytest-asyncio's plugin, if it is loaded, and keep it from being loaded.

    The name of its entry point is left free for the dialect.
    """
    for name in (PLUGIN_NAME, asyncio_standin.PLUGIN):
        plugin = manager.get_plugin(name)
        if plugin is not None:
            manager.unregister(plugin)
    manager.register(_Blocked(), asyncio_standin.PLUGIN)


def _list_distribution(manager: pytest.PytestPluginManager) -> None:
    # pytest looks here for ``required_plugins`` and for the header's list of plugins.
    listed = manager.list_plugin_distinfo

    def list_plugin_distinfo() -> list[tuple[Any, Any]]:
        plugins: list[tuple[Any, Any]] = list(listed())
        if manager.get_plugin(PLUGIN_NAME) is asyncio_hooks:
            distribution = _Distribution(asyncio_standin.DISTRIBUTION, _version())
            plugins.append((asyncio_hooks, distribution))
        return plugins

    manager.list_plugin_distinfo = list_plugin_distinfo  # type: ignore[method-assign]


def _version() -> str:
    try:
        return importlib.metadata.version(asyncio_standin.DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return asyncio_standin.VERSION
