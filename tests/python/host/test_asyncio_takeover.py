"""Taking the place of pytest-asyncio's plugin, however it may be loaded."""

from __future__ import annotations

import pytest

from fasttest.host import asyncio_dialect, asyncio_hooks

pytest_plugins = ["pytester"]

pytestmark = pytest.mark.usefixtures("dialect")


def test_the_dialect_has_the_plugins_name(pytester: pytest.Pytester) -> None:
    """Other plugins and conftests ask the plugin manager for ``asyncio``."""
    manager = pytester.parseconfig().pluginmanager
    assert manager.get_plugin("asyncio") is asyncio_hooks


def test_taking_over_twice_is_taking_over_once(pytester: pytest.Pytester) -> None:
    """The plugin may be named on the command line and in the ini file."""
    manager = pytester.parseconfig().pluginmanager
    asyncio_dialect.take_over(manager)
    assert manager.get_plugin("asyncio") is asyncio_hooks
    assert len(distributions(manager)) == 1


def distributions(manager: pytest.PytestPluginManager) -> list[str]:
    """What pytest knows of distributions of pytest-asyncio."""
    return [
        distribution.version
        for _, distribution in manager.list_plugin_distinfo()
        if distribution.project_name == "pytest-asyncio"
    ]


def test_required_plugins_are_found(pytester: pytest.Pytester) -> None:
    """An ini file may require pytest-asyncio, which pytest sees no entry point of."""
    option = "required_plugins=pytest-asyncio>=1.0"
    assert distributions(pytester.parseconfig("-o", option).pluginmanager)


@pytest.mark.parametrize("name", ["asyncio", "pytest_asyncio", "pytest_asyncio.plugin"])
@pytest.mark.parametrize("first", [False, True])
def test_naming_the_plugin_does_not_load_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, name: str, first: bool
) -> None:
    """``-p NAME`` before or after ours must not make two plugins of one."""
    pytest.importorskip("pytest_asyncio")
    ours, named = "-p speaks_dialect", f"-p {name}"
    options = (named, ours) if first else (ours, named)
    monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(options))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    manager = pytester.parseconfigure().pluginmanager
    assert manager.get_plugin("asyncio") is asyncio_hooks
    implementations = manager.hook.pytest_pycollect_makeitem.get_hookimpls()
    assert not [
        each
        for each in implementations
        if each.function.__module__ == "pytest_asyncio.plugin"
    ]


def test_a_conftest_may_name_the_plugin(pytester: pytest.Pytester) -> None:
    """``pytest_plugins = ["pytest_asyncio"]`` is common, and has nothing to load."""
    pytester.makeconftest("pytest_plugins = ['pytest_asyncio']")
    path = pytester.makepyfile(
        "import pytest\n@pytest.mark.asyncio\nasync def test_it(): pass\n"
    )
    result = pytester.runpytest_inprocess("--collect-only", path)
    result.stdout.fnmatch_lines(["*<Coroutine test_it>*"])


def test_the_import_ends_with_the_configuration(pytester: pytest.Pytester) -> None:
    """In a process that goes on, the finder must not outlive the run."""
    import sys

    before = list(sys.meta_path)
    config = pytester.parseconfigure()
    during = [each for each in sys.meta_path if each not in before]
    assert asyncio_dialect.StandIn in {type(each) for each in during}
    config._ensure_unconfigure()
    assert asyncio_dialect.StandIn not in {type(each) for each in sys.meta_path}


@pytest.mark.parametrize(("version", "stays"), [("0.26.0", True), ("1.0.0", False)])
def test_a_version_whose_loops_are_fixtures_keeps_its_place(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    stays: bool,
) -> None:
    """Suites override its ``event_loop``, which no later version has."""
    monkeypatch.setattr("importlib.metadata.version", lambda name: version)
    manager = pytester.parseconfig().pluginmanager
    assert (manager.get_plugin("asyncio") is not asyncio_hooks) == stays
