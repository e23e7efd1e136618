"""The plugin registered in the place of pytest-asyncio's: its hooks and fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pytest

from fasttest.host import (
    asyncio_factories,
    asyncio_marks,
    asyncio_standin,
    asyncio_version,
)
from fasttest.host import asyncio_options as options
from fasttest.host.asyncio_fixtures import (
    _loop_factory,
    event_loop_policy,
    unused_tcp_port,
    unused_tcp_port_factory,
    unused_udp_port,
    unused_udp_port_factory,
)
from fasttest.host.asyncio_items import convert, item_class_for

if TYPE_CHECKING:
    from collections.abc import Generator

# pytest finds the fixtures of a plugin among the names of its module.
__all__ = [
    "_loop_factory",
    "event_loop_policy",
    "unused_tcp_port",
    "unused_tcp_port_factory",
    "unused_udp_port",
    "unused_udp_port_factory",
]

_Collected: TypeAlias = (
    pytest.Item | pytest.Collector | list[pytest.Item | pytest.Collector] | None
)


def pytest_addoption(
    parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager
) -> None:
    """Add pytest-asyncio's options, ini values and hook."""
    asyncio_factories.add_hook(pluginmanager)
    options.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Check the configured scopes and register the mark."""
    options.check_fixture_loop_scope(config)
    installed = asyncio_standin.adopt_installed(config)
    # The warning may be an error by the suite's filters: where pytest would not issue
    # it, because no pytest-asyncio or one before 0.24 is installed, neither do we.
    asyncio_version.follow(config, installed)
    if installed is not None and installed >= asyncio_version.FIXTURE_LOOP_SCOPE:
        options.warn_of_unset_scope(config)
    options.check_test_loop_scope(config)
    config.addinivalue_line(
        "markers",
        "asyncio: mark the test as a coroutine, it will be run using an asyncio "
        "event loop",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say which mode and which scopes are in force."""
    return [options.header(config)]


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Check the mark of an async test and parametrize the test by loop factory."""
    definition = metafunc.definition
    if item_class_for(definition.obj) is None:
        return
    version = asyncio_version.followed(metafunc.config)
    if version < asyncio_version.MARKS_ARE_READ_AT_COLLECTION:
        return
    mark = asyncio_marks.needed_mark(definition)
    if mark is not None:
        asyncio_factories.parametrize(
            metafunc, asyncio_marks.parse(mark, definition.nodeid)
        )


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makeitem() -> Generator[None, _Collected, _Collected]:
    """Make the items of async functions items that run on an event loop."""
    collected = yield
    if collected:
        for node in collected if isinstance(collected, list) else (collected,):
            if isinstance(node, pytest.Function):
                _take_up(node)
    return collected


def _take_up(item: pytest.Function) -> None:
    item_class = item_class_for(item.obj)
    if item_class is not None and asyncio_marks.needed_mark(item) is not None:
        convert(item, item_class)
        asyncio_factories.name_factory(item)
