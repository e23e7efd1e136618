"""The shipped fixtures and the decorator ``pytest_asyncio.fixture``."""

from __future__ import annotations

import socket

import pytest

from fasttest.host import asyncio_fixtures

pytest_plugins = ["pytester"]


def test_the_shipped_fixtures_work(pytester: pytest.Pytester, dialect: None) -> None:
    """Ports can be bound, factories never repeat a port, the policy is asyncio's."""
    pytester.makepyfile(
        """
        import asyncio, socket, warnings

        def bind(kind, port):
            with socket.socket(type=kind) as bound:
                bound.bind(("127.0.0.1", port))

        def test_ports(unused_tcp_port, unused_udp_port):
            bind(socket.SOCK_STREAM, unused_tcp_port)
            bind(socket.SOCK_DGRAM, unused_udp_port)

        def test_factories(unused_tcp_port_factory, unused_udp_port_factory):
            for factory in unused_tcp_port_factory, unused_udp_port_factory:
                assert len({factory() for _ in range(50)}) == 50

        def test_policy(request):
            assert "event_loop_policy" in request.fixturenames
            policy = request.getfixturevalue("event_loop_policy")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                assert policy is asyncio.get_event_loop_policy()
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=3)


def test_a_port_that_was_given_is_not_given_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The system may well offer a port twice, since nobody holds it."""
    offered = iter([4001, 4001, 4002])
    monkeypatch.setattr(asyncio_fixtures, "unused_port", lambda _: next(offered))
    factory = asyncio_fixtures._distinct_ports(socket.SOCK_STREAM)
    assert [factory(), factory()] == [4001, 4002]


async def coroutine() -> None:
    """A fixture function."""


class Methods:
    """A class with a fixture function."""

    async def method(self) -> None:
        """A fixture function."""


@pytest.mark.parametrize("brackets", [False, True])
def test_the_decorator_works_with_and_without_brackets(brackets: bool) -> None:
    """Both leave on the function what pytest-asyncio's own decorator leaves there."""

    async def function() -> None: ...

    if brackets:
        declared = asyncio_fixtures.fixture(loop_scope="module", name="f")(function)
    else:
        declared = asyncio_fixtures.fixture(function)
    assert type(declared) is type(pytest.fixture(coroutine))
    assert function.__dict__["_force_asyncio_fixture"] is True
    assert function.__dict__["_loop_scope"] == ("module" if brackets else None)


def test_a_bound_method_is_marked_through_its_function() -> None:
    """Bound methods take no attributes; fixtures are recognised by the function's."""
    asyncio_fixtures.fixture(Methods().method)
    assert Methods.method.__dict__["_force_asyncio_fixture"] is True
