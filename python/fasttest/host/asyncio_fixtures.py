"""The fixtures that pytest-asyncio ships, and its decorator ``fixture``."""

from __future__ import annotations

import asyncio
import functools
import socket
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from fasttest.host.asyncio_factories import FACTORY_FIXTURE, LoopFactory

if TYPE_CHECKING:
    from collections.abc import Callable

    from fasttest.host.asyncio_options import ScopeName


def fixture(
    fixture_function: Callable[..., Any] | None = None,
    loop_scope: ScopeName | None = None,
    **kwargs: Any,
) -> Any:
    """Declare a fixture that is set up on an event loop; ``pytest_asyncio.fixture``.

    Args:
        fixture_function: The function, sync or async, plain or generator.
        loop_scope: Scope of the event loop; by default the configured one.
        **kwargs: The arguments of ``pytest.fixture``.
    """
    if fixture_function is None:
        return functools.partial(fixture, loop_scope=loop_scope, **kwargs)
    # Set on the function where pytest-asyncio sets them: fixtures declared by either
    # are recognised by the same names.
    function: Any = getattr(fixture_function, "__func__", fixture_function)
    function._force_asyncio_fixture = True
    function._loop_scope = loop_scope
    return pytest.fixture(fixture_function, **kwargs)


@pytest.fixture(scope="session", name=FACTORY_FIXTURE)
def _loop_factory(request: pytest.FixtureRequest) -> LoopFactory | None:
    """The factory of the test's event loop; None for asyncio's own."""
    factory: LoopFactory | None = getattr(request, "param", None)
    return factory


@pytest.fixture(scope="session", autouse=True)
def event_loop_policy() -> asyncio.AbstractEventLoopPolicy:
    """The policy that is in force while event loops are open."""
    with warnings.catch_warnings():
        # Policies are deprecated since Python 3.14; the suite did not ask for this one.
        warnings.simplefilter("ignore", DeprecationWarning)
        return asyncio.get_event_loop_policy()


@pytest.fixture
def unused_tcp_port() -> int:
    """A TCP port that was free on 127.0.0.1 a moment ago."""
    return unused_port(socket.SOCK_STREAM)


@pytest.fixture
def unused_udp_port() -> int:
    """A UDP port that was free on 127.0.0.1 a moment ago."""
    return unused_port(socket.SOCK_DGRAM)


@pytest.fixture(scope="session")
def unused_tcp_port_factory() -> Callable[[], int]:
    """A function that returns free TCP ports, no port twice."""
    return _distinct_ports(socket.SOCK_STREAM)


@pytest.fixture(scope="session")
def unused_udp_port_factory() -> Callable[[], int]:
    """A function that returns free UDP ports, no port twice."""
    return _distinct_ports(socket.SOCK_DGRAM)


def unused_port(socket_type: int) -> int:
    """A port to which a socket of this type could be bound on 127.0.0.1."""
    with socket.socket(type=socket_type) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _distinct_ports(socket_type: int) -> Callable[[], int]:
    produced: set[int] = set()

    def factory() -> int:
        port = unused_port(socket_type)
        while port in produced:
            port = unused_port(socket_type)
        produced.add(port)
        return port

    return factory
