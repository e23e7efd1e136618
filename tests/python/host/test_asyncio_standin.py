"""``import pytest_asyncio``, with and without the package."""

from __future__ import annotations

import contextlib
import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from fasttest.host import asyncio_items, asyncio_standin

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = (asyncio_standin.PACKAGE, asyncio_standin.PLUGIN)


@pytest.fixture(autouse=True)
def only_the_stand_in(
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[asyncio_standin.StandIn]:
    """Neither an imported nor an installed package is there; the stand-in is."""
    without = [p for p in sys.path if not Path(p, "pytest_asyncio").exists()]
    monkeypatch.setattr(sys, "path", without)
    kept = {name: sys.modules.pop(name) for name in NAMES if name in sys.modules}
    stand_in = asyncio_standin.install()
    yield stand_in
    if stand_in in sys.meta_path:
        stand_in.uninstall()
    for name in NAMES:
        sys.modules.pop(name, None)
    sys.modules.update(kept)


class Configuration(contextlib.ExitStack):
    """What is asked of pytest's."""

    add_cleanup = contextlib.ExitStack.callback


@pytest.fixture
def config() -> Iterator[Any]:
    """A configuration that can be ended."""
    with Configuration() as configuration:
        yield configuration


def imported() -> ModuleType:
    """Import the package, wherever it comes from."""
    return importlib.import_module("pytest_asyncio")


def test_the_stand_in_has_the_public_names() -> None:
    """Suites use these three, and the plugin's module as an attribute."""
    package = imported()
    assert set(package.__all__) == {"fixture", "is_async_test"}
    assert package.__version__ == asyncio_standin.VERSION
    assert package.plugin.fixture is package.fixture


def test_the_plugin_can_be_imported_from(only_the_stand_in: object) -> None:
    """``from pytest_asyncio.plugin import …`` is common for its fixtures and types."""
    plugin = importlib.import_module("pytest_asyncio.plugin")
    assert plugin.Mode.AUTO == "auto"
    assert plugin.PytestAsyncioFunction is asyncio_items.PytestAsyncioFunction
    assert plugin.unused_tcp_port is not None


def test_other_names_are_not_served() -> None:
    """The finder answers for two names; the rest of the package is not there."""
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("pytest_asyncio.nothing")


def test_an_installed_package_goes_first(tmp_path: Path) -> None:
    """The stand-in is asked last, so what a suite installed is what it imports."""
    (tmp_path / "pytest_asyncio.py").write_text("real = True\n")
    sys.path.insert(0, str(tmp_path))
    assert imported().real


def test_nothing_is_left_when_it_is_uninstalled(
    only_the_stand_in: asyncio_standin.StandIn,
) -> None:
    """A later run in this process, under plain pytest, must not see it."""
    imported()
    only_the_stand_in.uninstall()
    assert only_the_stand_in not in sys.meta_path
    with pytest.raises(ModuleNotFoundError):
        imported()


def test_a_replaced_module_is_not_removed(
    only_the_stand_in: asyncio_standin.StandIn,
) -> None:
    """Only what the stand-in served is its to take away."""
    imported()
    other = ModuleType("pytest_asyncio")
    sys.modules["pytest_asyncio"] = other
    only_the_stand_in.uninstall()
    assert sys.modules["pytest_asyncio"] is other


def test_the_stand_in_is_not_taken_for_the_package(config: Any) -> None:
    """Its version must not bring on the installed package's warnings."""
    assert asyncio_standin.adopt_installed(config) is None
    imported()
    assert asyncio_standin.adopt_installed(config) is None


@pytest.mark.parametrize("early", [True, False], ids=["imported", "not_imported"])
def test_the_packages_own_check_knows_our_items(
    tmp_path: Path, config: Any, early: bool
) -> None:
    """A conftest imports it when it likes; it asks the package's class."""
    package = tmp_path / "pytest_asyncio"
    package.mkdir()
    (package / "__init__.py").write_text("__version__ = '1.2.3'\n")
    (package / "plugin.py").write_text(
        "import pytest\nclass PytestAsyncioFunction(pytest.Function): pass\n"
    )
    sys.path.insert(0, str(tmp_path))
    if early:
        importlib.import_module(asyncio_standin.PLUGIN)
    assert asyncio_standin.adopt_installed(config) == (1, 2, 3)
    assert (asyncio_standin.PLUGIN in sys.modules) is early
    plugin = importlib.import_module(asyncio_standin.PLUGIN)
    base = plugin.PytestAsyncioFunction
    assert issubclass(asyncio_items.Coroutine, base)
    assert not issubclass(pytest.Function, base)
    assert plugin.__spec__ is not None
    assert plugin.__spec__.loader is plugin.__loader__
    assert type(plugin.__loader__) is type(sys.modules["pytest_asyncio"].__loader__)


def test_waiting_for_the_package_ends_with_the_configuration(
    tmp_path: Path, config: Any
) -> None:
    """A later run in this process imports it as ever."""
    package = tmp_path / "pytest_asyncio"
    package.mkdir()
    (package / "__init__.py").write_text("__version__ = '1.2.3'\n")
    (package / "plugin.py").write_text("")
    sys.path.insert(0, str(tmp_path))
    before = list(sys.meta_path)
    asyncio_standin.adopt_installed(config)
    assert sys.meta_path != before
    config.close()
    assert sys.meta_path == before
