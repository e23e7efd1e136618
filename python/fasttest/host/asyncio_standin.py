"""``import pytest_asyncio`` without the package, and beside it.

The package is looked for first, in the ordinary way. Only where it is not installed a
finder that is asked last serves a module with the same public names.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import importlib.util
import sys
from importlib.abc import Loader, MetaPathFinder
from typing import TYPE_CHECKING

from fasttest.host import (
    asyncio_factories,
    asyncio_fixtures,
    asyncio_items,
    asyncio_options,
    asyncio_version,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    import pytest

DISTRIBUTION = "pytest-asyncio"
PACKAGE = "pytest_asyncio"
PLUGIN = "pytest_asyncio.plugin"

# The version whose behaviour fasttest follows.
VERSION = "1.5.0"

_PUBLIC: dict[str, object] = {
    "fixture": asyncio_fixtures.fixture,
    "is_async_test": asyncio_items.is_async_test,
}

# What suites are known to import from the plugin's module, private names included.
_PLUGIN_NAMES: dict[str, object] = {
    **_PUBLIC,
    "Mode": asyncio_options.Mode,
    "PytestAsyncioFunction": asyncio_items.PytestAsyncioFunction,
    "Coroutine": asyncio_items.Coroutine,
    "AsyncGenerator": asyncio_items.AsyncGenerator,
    "AsyncStaticMethod": asyncio_items.AsyncStaticMethod,
    "AsyncHypothesisTest": asyncio_items.AsyncHypothesisTest,
    "LoopFactory": asyncio_factories.LoopFactory,
    "event_loop_policy": asyncio_fixtures.event_loop_policy,
    "unused_tcp_port": asyncio_fixtures.unused_tcp_port,
    "unused_tcp_port_factory": asyncio_fixtures.unused_tcp_port_factory,
    "unused_udp_port": asyncio_fixtures.unused_udp_port,
    "unused_udp_port_factory": asyncio_fixtures.unused_udp_port_factory,
    "_unused_port": asyncio_fixtures.unused_port,
    "_ScopeName": asyncio_options.ScopeName,
}


class StandIn(MetaPathFinder, Loader):
    """Finds and loads the modules that stand in for pytest-asyncio's package."""

    def __init__(self) -> None:
        """Know of no module served yet."""
        self._loaded: list[ModuleType] = []

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Answer for the two modules that suites import."""
        if fullname not in (PACKAGE, PLUGIN):
            return None
        return importlib.util.spec_from_loader(
            fullname, self, is_package=fullname == PACKAGE
        )

    def exec_module(self, module: ModuleType) -> None:
        """Fill a stand-in module with its names."""
        self._loaded.append(module)
        if module.__name__ == PLUGIN:
            vars(module).update(_PLUGIN_NAMES)
            return
        vars(module).update(_PUBLIC, __version__=VERSION, __all__=tuple(_PUBLIC))
        # The package imports its plugin; suites use it as an attribute.
        importlib.import_module(PLUGIN)

    def uninstall(self) -> None:
        """Serve no further import, and forget the modules that were served."""
        sys.meta_path.remove(self)
        for module in self._loaded:
            if sys.modules.get(module.__name__) is module:
                del sys.modules[module.__name__]
        self._loaded.clear()


def install() -> StandIn:
    """Serve ``import pytest_asyncio`` until the result's ``uninstall`` is called."""
    stand_in = StandIn()
    sys.meta_path.append(stand_in)
    return stand_in


def adopt_installed(config: pytest.Config) -> asyncio_version.Version | None:
    """Make an installed package's ``is_async_test`` right for our items.

    The package is not imported for that, which takes its time, but waited for up to the
    end of the configuration.

    Returns:
        The package's version; None if it is not installed.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or isinstance(spec.loader, StandIn):
        return None
    plugin = sys.modules.get(PLUGIN)
    if plugin is None:
        adopter = _Adopter()
        sys.meta_path.insert(0, adopter)
        config.add_cleanup(lambda: sys.meta_path.remove(adopter))
    else:
        _adopt(plugin)
    return asyncio_version.parse(_version_of(spec))


def _version_of(package: ModuleSpec) -> str:
    """The version of an installed package; it is imported only if nothing else says."""
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        distribution = importlib.metadata.distribution(DISTRIBUTION)
        folders = package.submodule_search_locations or ()
        if str(distribution.locate_file(PACKAGE)) in folders:
            return distribution.version
    version: str = importlib.import_module(PACKAGE).__version__
    return version


class _Adopter(MetaPathFinder):
    """Finds the installed plugin's module as the others do; adopts it once loaded."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Answer for that module only."""
        if fullname != PLUGIN:
            return None
        for finder in sys.meta_path:
            if finder is not self:
                spec = finder.find_spec(fullname, path, target)
                if spec is not None and spec.loader is not None:
                    spec.loader = _AdoptingLoader(spec.loader)
                    return spec
        return None


class _AdoptingLoader(Loader):
    """Another loader; it is the module's once that is loaded."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As the other one does."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """As the other one does, and adopt the module."""
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        _adopt(module)


def _adopt(plugin: ModuleType) -> None:
    base = getattr(plugin, "PytestAsyncioFunction", None)
    if base is not None:
        # Its function asks isinstance(), which an abstract base class answers.
        base.register(asyncio_items.PytestAsyncioFunction)
