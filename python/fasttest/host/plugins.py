"""What is known of plugins: when they act on a test so that it has to run alone.

One that acts round the phases of tests and is not listed here makes them run alone,
unless it says that it need not: see ``overlaps``.
"""

from __future__ import annotations

import functools
import importlib.metadata
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from fasttest.host import asyncio_dialect as dialect
from fasttest.host import hypothesis_state, private, time_limit_options
from fasttest.isolation.generators import is_used
from fasttest.isolation.process_state import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    Predicate = Callable[[pytest.Item], object]

# Set to True by a plugin or conftest whose hooks may be called for many tests at once.
OVERLAPS = "fasttest_overlaps"


def _always(item: pytest.Item) -> bool:
    return True


def _never(item: pytest.Item) -> bool:
    return False


class Known(NamedTuple):
    """What is known of the hooks of a plugin.

    Attributes:
        alone: Whether it acts on this test in a way that cannot overlap.
        idle: Whether its hooks do nothing for all other tests, so that those need not
            be called; otherwise they are.
        overlaps: Whether it acts on this test in a way that can.
        changes: What of the process it changes for the latter, if anything.
    """

    alone: Predicate
    idle: bool = True
    overlaps: Predicate = _never
    changes: Kind | None = None


class Shared:
    """A fixture which shares something with other tests.

    Attributes:
        packages: Who defines it; another's fixture of this name is none.
        alone: Whether a test that has it cannot overlap.
    """

    def __init__(self, *packages: str, alone: Predicate | None = None) -> None:
        self.packages = packages
        self.alone: Predicate = alone or _always


def overlaps(plugin: object) -> bool:
    """Whether a plugin says that its hooks may be called for many tests at once."""
    return getattr(plugin, OVERLAPS, False) is True


def module_of(plugin: object) -> str:
    """The module a plugin is, or that of its class; its name may be anything."""
    name = getattr(plugin, "__name__", None)
    return name if isinstance(name, str) else type(plugin).__module__


def understands_fixture(module: str) -> bool:
    """Whether what a plugin's fixture does to the process is known without a look."""
    return module.partition(".")[0] in _FIXTURE_OWNERS


def owner_of_shared_fixture(item: pytest.Item) -> str | None:
    """The plugin with a fixture that this item cannot have beside others."""
    names = getattr(item, "fixturenames", ())
    if _FIXTURES.keys().isdisjoint(names):
        return None
    for name in _FIXTURES.keys() & set(names):
        shared = _FIXTURES[name]
        owner = next((p for p in _owners(item, name) if p in shared.packages), None)
        if owner is not None and shared.alone(item):
            return name if owner == "_pytest" else owner
    return None


def _has(item: pytest.Item, *names: str) -> bool:
    """Whether an item needs one of these fixtures or has a mark of such a name."""
    fixtures = getattr(item, "fixturenames", ())
    return any(
        name in fixtures or item.get_closest_marker(name) is not None for name in names
    )


def _option(item: pytest.Item, name: str) -> Any:
    return item.config.getoption(name, None)


def _ini(item: pytest.Item, name: str) -> Any:
    try:
        return item.config.getini(name)
    except ValueError:
        return None  # not an ini name of this version


def _reruns(item: pytest.Item) -> object:
    """pytest-rerunfailures: it runs the protocol itself, for as often as is set."""
    return (
        _option(item, "reruns")
        or _option(item, "force_reruns")
        or _ini(item, "reruns")
        or item.get_closest_marker("flaky")
    )


def _is_measured(item: pytest.Item) -> bool:
    return _has(item, "benchmark", "codspeed_benchmark")


def _is_restricted(item: pytest.Item) -> object:
    """pytest-socket: it replaces ``socket.socket``, or its ``connect``."""
    return (
        _option(item, "disable_socket")
        or _option(item, "allow_hosts")
        or _has(item, "disable_socket", "enable_socket", "allow_hosts")
        or _has(item, "socket_disabled", "socket_enabled")
    )


def _is_scenario(item: pytest.Item) -> bool:
    return hasattr(getattr(item, "obj", None), "__scenario__")


def _is_traced_apart(item: pytest.Item) -> object:
    """pytest-cov: it tells the tracer of the test, or stops it."""
    return _option(item, "cov_context") or _has(item, "no_cover")


def _blocks_network(item: pytest.Item) -> object:
    """pytest-recording: it replaces the methods of ``socket.socket`` for all tests."""
    return _option(item, "block_network")


def _has_django(item: pytest.Item) -> bool:
    """pytest-django: one connection, one mailbox, one URL configuration for all."""
    django = sys.modules.get("pytest_django.lazy_django")
    return django is not None and bool(django.django_settings_is_configured())


def _has_inline_snapshots(item: pytest.Item) -> bool:
    """inline-snapshot: it counts wrong values of the running test in a global."""
    if "disable" in (_option(item, "inline_snapshot") or ""):
        return False
    modules = {getattr(getattr(item, "module", None), "__name__", "")}
    info = private.fixture_info(item)
    if info is not None:
        for definitions in info.name2fixturedefs.values():
            modules.update(each.func.__module__ or "" for each in definitions)
    return any(
        _uses(sys.modules[name], "inline_snapshot")
        for name in modules
        if name in sys.modules and not name.startswith(("inline_snapshot.", "_pytest."))
    )


def _uses(module: object, package: str) -> bool:
    """Whether a module has anything of ``package`` in its namespace."""
    for value in vars(module).values():
        where = getattr(value, "__module__", None) or getattr(value, "__name__", None)
        if isinstance(where, str) and where.partition(".")[0] == package:
            return True
    return False


def _owners(item: pytest.Item, name: str) -> Iterator[str]:
    """The packages which define a fixture for an item."""
    info = private.fixture_info(item)
    for definition in info.name2fixturedefs.get(name, ()) if info else ():
        module = definition.func.__module__ or ""
        yield module.partition(".")[0]


def _reseeds(item: pytest.Item) -> object:
    """pytest-randomly: it seeds the global generators at the start of each phase."""
    return _option(item, "randomly_reset_seed")


def _reseeds_others(item: pytest.Item) -> object:
    """pytest-randomly: it seeds generators that are unknown, or slow to read, as well.

    The state of numpy's takes a third of a millisecond at each switch.
    """
    return _reseeds(item) and (_seeders() or is_used("numpy"))


def _sets_clock_of_many(item: pytest.Item) -> bool:
    """looptime: it moves the clock of the loop on which a test runs."""
    is_on = _option(item, "looptime") or item.get_closest_marker("looptime")
    return bool(is_on) and dialect.test_loop_scope(item) not in (None, "function")


@functools.cache
def _seeders() -> bool:
    return bool(importlib.metadata.entry_points(group="pytest_randomly.random_seeder"))


KNOWN: dict[str, Known] = {
    "pytest_timeout": Known(time_limit_options.is_plugins),
    "pytest_rerunfailures": Known(_reruns),
    # Counts in `pytest_runtest_makereport` what `pytest_runtest_protocol` has begun.
    "pytest_retry.retry_plugin": Known(lambda item: _has(item, "flaky"), idle=False),
    # Those which cannot overlap are among the guests.
    "_hypothesis_pytestplugin": Known(_never, overlaps=hypothesis_state.is_given),
    # Its mark is there by now, where an option puts it on every async test.
    "pytest_trio.plugin": Known(lambda item: _has(item, "trio")),
    "pytest_benchmark.plugin": Known(_is_measured),
    "pytest_codspeed.plugin": Known(_is_measured),
    "pytest_cov.plugin": Known(_is_traced_apart),
    "pytest_randomly": Known(_reseeds_others, overlaps=_reseeds, changes=Kind.RANDOM),
    "pytest_socket": Known(_is_restricted),
    "pytest_structlog": Known(lambda item: _has(item, "log")),
    "pytest_bdd.plugin": Known(_is_scenario),
    "looptime.plugin": Known(_sets_clock_of_many, idle=False),
    "looptime._internal.plugin": Known(_sets_clock_of_many, idle=False),
    # Adds to the reports what the fixtures below have gathered.
    "pytest_html.plugin": Known(lambda item: _has(item, "extra", "extras")),
}
"""The plugins whose hooks are understood, by module."""

_FIXTURES: dict[str, Shared] = {
    # One server for the session, which each of its users empties.
    "httpserver": Shared("pytest_httpserver"),
    "httpserver_ipv4": Shared("pytest_httpserver"),
    "httpserver_ipv6": Shared("pytest_httpserver"),
    # One list in the configuration.
    "extra": Shared("pytest_html"),
    "extras": Shared("pytest_html"),
    # Captures what the whole process prints meanwhile, and reports at once.
    "subtests": Shared("pytest_subtests", "_pytest"),
    "block_network": Shared("pytest_recording", alone=_blocks_network),
    "_dj_autoclear_mailbox": Shared("pytest_django", alone=_has_django),
    "snapshot_check": Shared("inline_snapshot", alone=_has_inline_snapshots),
}
"""Fixtures which share something with other tests."""

_FIXTURE_OWNERS = frozenset(p for each in _FIXTURES.values() for p in each.packages)
