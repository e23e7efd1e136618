"""Who listens to the hooks of a test's run, and what that means for where it runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from fasttest.host import anyio_runners, loop_fixtures, plugins, time_limit_options
from fasttest.host.patching_libraries import PatchingLibraries
from fasttest.isolation.process_state import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

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


class PhaseHooks(NamedTuple):
    """What is called for a test that runs beside others.

    The hooks of pytest, less the plugins whose work the engine does.

    Attributes:
        protocol: Those round the whole test; None if there are none to be called.
        loop: ``pytest_fixture_setup`` of those who may look for the fixture by which
            pytest-asyncio makes event loops; None if there are none.
        around: The plugins with such hooks that are not pytest's or fasttest's own.
        listening: These, and those that see the reports.
        may_leave_over: Whether one of them may keep pytest from tearing a test down.
    """

    setup: HookCaller
    call: HookCaller
    teardown: HookCaller
    protocol: HookCaller | None
    loop: HookCaller | None
    around: tuple[object, ...]
    listening: tuple[object, ...]
    may_leave_over: bool


class Listeners:
    """Looks the listeners up, once for the items of each collector."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        self._by_parent: dict[nodes.Node | None, PhaseHooks] = {}
        manager = session.config.pluginmanager
        self._watching = [
            implementation
            for name in _REPORTING
            for implementation in getattr(manager.hook, name).get_hookimpls()
        ]
        self._libraries = PatchingLibraries(str(session.config.rootpath))
        # Its one alarm is the process's; beside others the limits are the engine's.
        self._limiting = [
            plugin
            for plugin in manager.get_plugins()
            if plugins.module_of(plugin) == time_limit_options.PLUGIN
        ]
        self._routed = [p for n in _ROUTED if (p := manager.get_plugin(n)) is not None]

    def phases(self, item: pytest.Item) -> PhaseHooks:
        """The hooks of an item's phases."""
        hooks = self._by_parent.get(item.parent)
        if hooks is None:
            hooks = self._by_parent[item.parent] = self._look_up(item.ihook)
        return hooks

    def stranger(self, item: pytest.Item) -> str | None:
        """The plugin that acts on this item in a way that cannot overlap.

        None if there is none; otherwise its name, for the report.
        """
        for plugin in self.phases(item).around:
            if plugins.overlaps(plugin):
                continue
            known = plugins.KNOWN.get(plugins.module_of(plugin))
            if known is None or known.alone(item):
                return self._name(plugin)
        shared = plugins.owner_of_shared_fixture(item)
        return shared or self._libraries.used_by(item)

    def findings(self, item: pytest.Item) -> list[Finding]:
        """What plugins which act on this item in a way that can overlap change."""
        found = []
        for plugin in self.phases(item).around:
            known = plugins.KNOWN.get(plugins.module_of(plugin))
            if known is not None and known.changes and known.overlaps(item):
                found.append(Finding(f"plugin {self._name(plugin)}", known.changes))
        return found

    def watched(self, item: pytest.Item) -> bool:
        """Whether anybody but pytest and fasttest is called for the item."""
        listening = self.phases(item).listening
        return bool(listening) and any(
            (known := plugins.KNOWN.get(plugins.module_of(plugin))) is None
            or not known.idle
            or known.alone(item)
            or known.overlaps(item)
            for plugin in listening
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
        without = [*self._routed, *elsewhere, *self._limiting]
        around = [
            implementation
            for name in _AROUND
            # pytest calls this one for every item, wherever it is implemented.
            for implementation in getattr(
                manager.hook if name == "pytest_runtest_protocol" else relay, name
            ).get_hookimpls()
        ]
        return PhaseHooks(
            manager.subset_hook_caller("pytest_runtest_setup", without),
            manager.subset_hook_caller("pytest_runtest_call", without),
            manager.subset_hook_caller("pytest_runtest_teardown", without),
            self._protocol(),
            self._loop(elsewhere),
            _foreign(around),
            _foreign([*self._watching, *around]),
            self._may_leave_over(relay),
        )

    def _may_leave_over(self, relay: Any) -> bool:
        implementations = [
            *self._session.config.hook.pytest_runtest_protocol.get_hookimpls(),
            *relay.pytest_runtest_teardown.get_hookimpls(),
        ]
        return any(
            plugins.module_of(plugin) not in plugins.KNOWN
            and not plugins.overlaps(plugin)
            for plugin in _foreign(implementations)
        )

    def _protocol(self) -> HookCaller | None:
        """Who is called round whole tests, with fasttest's plugin in pytest's place."""
        manager = self._session.config.pluginmanager
        name = "pytest_runtest_protocol"
        implementations = getattr(manager.hook, name).get_hookimpls()
        called = [p for p in _foreign(implementations) if _is_called(p)]
        if not called:
            return None
        return manager.subset_hook_caller(
            name,
            [
                implementation.plugin
                for implementation in implementations
                if implementation.plugin not in called
                and not plugins.module_of(implementation.plugin).startswith("fasttest.")
            ],
        )

    def _loop(self, elsewhere: list[object]) -> HookCaller | None:
        """Who looks at the fixtures that are set up, without those who need not."""
        manager = self._session.config.pluginmanager
        name = "pytest_fixture_setup"
        implementations = getattr(manager.hook, name).get_hookimpls()
        looking = [
            plugin
            for plugin in _foreign(implementations)
            if plugin not in elsewhere
            and (_is_called(plugin) or plugins.module_of(plugin) not in plugins.KNOWN)
        ]
        if not looking:
            return None
        if not manager.is_registered(loop_fixtures):
            manager.register(loop_fixtures)
        called = (*looking, loop_fixtures)
        others = [i.plugin for i in implementations if i.plugin not in called]
        return manager.subset_hook_caller(name, others)

    def _name(self, plugin: object) -> str:
        manager = self._session.config.pluginmanager
        name = manager.get_name(plugin) or plugins.module_of(plugin)
        return name.removeprefix(f"{self._session.config.rootpath}{os.sep}")


def _foreign(implementations: Iterable[HookImpl]) -> tuple[object, ...]:
    """The plugins of some hooks that are neither pytest's nor fasttest's, once each.

    But one of fasttest's that says what any other has to say is treated as any other.
    Nor anyio's: whether its tests run alone is decided test by test (``AnyioRunners``).
    """
    found = {id(each.plugin): each.plugin for each in implementations}
    return tuple(
        plugin
        for plugin in found.values()
        if plugins.overlaps(plugin) or not _is_understood(plugins.module_of(plugin))
    )


def _is_understood(module: str) -> bool:
    """Whether what the plugin does round tests is the engine's business."""
    return module.startswith(("_pytest.", "fasttest.")) or (
        module == anyio_runners.PLUGIN
    )


def _is_called(plugin: object) -> bool:
    """Whether a plugin's hooks are called for tests that overlap."""
    known = plugins.KNOWN.get(plugins.module_of(plugin))
    return plugins.overlaps(plugin) or (known is not None and not known.idle)
