"""Who listens to the hooks of a test's run, and what that means for where it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fasttest.host import anyio_runners

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from _pytest import nodes
    from pluggy import HookCaller, HookImpl

# Hooks round the phases of a test or its fixtures. Somebody unknown who implements one
# may rely on tests being run one after another.
_AROUND = (
    "pytest_runtest_protocol",
    "pytest_runtest_setup",
    "pytest_runtest_call",
    "pytest_runtest_teardown",
    "pytest_pyfunc_call",
    "pytest_fixture_setup",
)

# Hooks that see the reports of a test, or that it begins and ends.
_REPORTING = (
    "pytest_runtest_makereport",
    "pytest_runtest_logstart",
    "pytest_runtest_logreport",
    "pytest_runtest_logfinish",
)

# pytest's own plugins whose work round a phase the engine does itself, because they
# redirect the whole process from the beginning of a phase to its end.
_ROUTED = (
    "capturemanager",
    "logging-plugin",
    "unraisableexception",
    "threadexception",
)


def _no_timeout(item: pytest.Item) -> bool:
    config = item.config
    return not (
        getattr(config, "_env_timeout", None) or item.get_closest_marker("timeout")
    )


def _no_reruns(item: pytest.Item) -> bool:
    return not (
        item.config.getoption("reruns", None) or item.get_closest_marker("flaky")
    )


def _not_hypothesis(item: pytest.Item) -> bool:
    return not hasattr(getattr(item, "obj", None), "hypothesis")


def _not_trio(item: pytest.Item) -> bool:
    # Its mark is there by now, where an option puts it on every async test.
    return item.get_closest_marker("trio") is None


def _without_benchmark(item: pytest.Item) -> bool:
    return "benchmark" not in getattr(item, "fixturenames", ())


# Plugins which listen whenever they are installed, and when they do nothing: by the
# name of their module, as a plugin may be registered under any name.
_IDLE: dict[str, Callable[[pytest.Item], bool]] = {
    "pytest_timeout": _no_timeout,
    "pytest_rerunfailures": _no_reruns,
    "_hypothesis_pytestplugin": _not_hypothesis,
    "pytest_trio.plugin": _not_trio,
    "pytest_benchmark.plugin": _without_benchmark,
    "pytest_cov.plugin": lambda item: not item.config.getoption("cov_context", None),
}


@dataclass(frozen=True, slots=True)
class PhaseHooks:
    """What is called for the phases of a test that runs beside others.

    The hooks of pytest, less the plugins whose work the engine does.
    """

    setup: HookCaller
    call: HookCaller
    teardown: HookCaller
    unknown: tuple[HookImpl, ...]


class Listeners:
    """Looks the listeners up, once for the items of each collector."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        self._by_parent: dict[nodes.Node | None, PhaseHooks] = {}
        manager = session.config.pluginmanager
        self._watchers = {
            _module(implementation.plugin)
            for name in _REPORTING
            for implementation in getattr(manager.hook, name).get_hookimpls()
            if not _known(implementation)
        }
        self._routed = [p for n in _ROUTED if (p := manager.get_plugin(n)) is not None]

    def phases(self, item: pytest.Item) -> PhaseHooks:
        """The hooks of an item's phases."""
        hooks = self._by_parent.get(item.parent)
        if hooks is None:
            hooks = self._by_parent[item.parent] = self._look_up(item.ihook)
        return hooks

    def stranger(self, item: pytest.Item) -> str | None:
        """The plugin that acts on this item in a way the engine does not know.

        None if there is none; otherwise its name, for the report.
        """
        for implementation in self.phases(item).unknown:
            module = _module(implementation.plugin)
            idle = _IDLE.get(module)
            if idle is None or not idle(item):
                return str(implementation.plugin_name)
        return None

    def watched(self, item: pytest.Item) -> bool:
        """Whether anybody but pytest and fasttest looks at the item's reports."""
        return not all(
            (idle := _IDLE.get(module)) is not None and idle(item)
            for module in self._watchers
        )

    def _look_up(self, relay: Any) -> PhaseHooks:
        manager = self._session.config.pluginmanager
        here = {
            id(implementation.plugin)
            for name in _AROUND
            for implementation in getattr(relay, name).get_hookimpls()
        }
        # Conftests of other directories, which this directory's hooks leave out.
        elsewhere = [
            implementation.plugin
            for name in _AROUND
            for implementation in getattr(manager.hook, name).get_hookimpls()
            if id(implementation.plugin) not in here
        ]
        without = [*self._routed, *elsewhere]
        return PhaseHooks(
            manager.subset_hook_caller("pytest_runtest_setup", without),
            manager.subset_hook_caller("pytest_runtest_call", without),
            manager.subset_hook_caller("pytest_runtest_teardown", without),
            tuple(
                implementation
                for name in _AROUND
                # pytest calls this one for every item, wherever it is implemented.
                for implementation in getattr(
                    manager.hook if name == "pytest_runtest_protocol" else relay, name
                ).get_hookimpls()
                if not _known(implementation)
            ),
        )


def _known(implementation: HookImpl) -> bool:
    module = _module(implementation.plugin)
    # Whether anyio's tests run alone is decided test by test, by ``AnyioRunners``.
    return (
        module.startswith(("_pytest.", "fasttest.")) or module == anyio_runners.PLUGIN
    )


def _module(plugin: object) -> str:
    name = getattr(plugin, "__name__", None)
    return name if isinstance(name, str) else type(plugin).__module__
