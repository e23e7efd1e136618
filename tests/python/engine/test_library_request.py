"""Fixtures that are asked for while a test runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from fasttest import (
    FixtureCycleError,
    FixtureLookupError,
    Outcome,
    PlanError,
    Request,
    Suite,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture
def events() -> list[str]:
    """What happened, in order."""
    return []


def _add(suite: Suite, events: list[str], name: str, scope: str) -> None:
    def fixture() -> Iterator[str]:
        events.append(f"+{name}")
        yield name
        events.append(f"-{name}")

    suite.add_fixture(fixture, name=name, scope=scope)  # type: ignore[arg-type]


def test_it_lives_as_long_as_if_it_had_been_an_argument(events: list[str]) -> None:
    """A function fixture ends with its test, a session one with the suite."""
    suite = Suite()
    _add(suite, events, "own", "function")
    _add(suite, events, "wide", "session")
    for name in ("one", "two"):

        def test(request: Request) -> None:
            assert request.get("wide") == "wide"
            assert request.get("own") == request.get("own") == "own"
            events.append(request.test_name)

        suite.add_test(test, name=name)

    report = suite.run()

    assert report.ok, str(report)
    assert events == [
        *["+wide", "+own", "one", "-own"],
        *["+own", "two", "-own", "-wide"],
    ]


def test_what_a_fixture_asks_for_ends_after_it(events: list[str]) -> None:
    """Although the core learns of it only during the set-up."""
    suite = Suite()
    _add(suite, events, "own", "function")
    _add(suite, events, "wide", "session")

    @suite.fixture
    def asks(request: Request) -> Iterator[None]:
        request.get("own")
        request.get("wide")
        yield
        events.append("-asks")

    # It is an argument too, which comes later in the order of set-up.
    suite.add_test(lambda asks, own: events.append(own), name="test")

    report = suite.run()

    assert report.ok, str(report)
    assert events == ["+own", "+wide", "own", "-asks", "-own", "-wide"]


def test_an_async_fixture_can_be_asked_for_by_sync_code() -> None:
    """It runs on its own loop scope's loop."""
    suite = Suite()
    ended = []

    @suite.fixture(scope="module")
    async def asynchronous() -> AsyncIterator[asyncio.AbstractEventLoop]:
        yield asyncio.get_running_loop()
        ended.append(asyncio.get_running_loop())

    @suite.test
    def test(request: Request) -> None:
        loop = request.get("asynchronous")
        assert not loop.is_closed()
        ended.append(loop)

    report = suite.run()

    assert report.ok, str(report)
    assert len(ended) == 2
    assert ended[0] is ended[1]


def test_async_tests_get_what_is_sync_or_there(events: list[str]) -> None:
    """An async fixture cannot be set up below a running loop, and says so."""
    suite = Suite()
    _add(suite, events, "own", "function")

    @suite.fixture
    async def asynchronous() -> int:
        return 1

    @suite.test
    async def can(request: Request, asynchronous: int) -> None:
        assert request.get("own") == "own"
        assert request.get("asynchronous") == asynchronous

    @suite.test
    async def cannot(request: Request) -> None:
        request.get("asynchronous")

    can_, cannot_ = suite.run().results

    assert can_.outcome is Outcome.PASSED, str(can_)
    assert "running event loop" in str(cannot_.error)


def test_its_failure_is_the_askers() -> None:
    """The error is that of the fixture; a wide one is not tried again."""
    suite = Suite()
    tried = []

    @suite.fixture(scope="session")
    def broken() -> None:
        tried.append(1)
        raise ConnectionError("refused")

    @suite.test(params={"x": [1, 2]})
    def test(request: Request, x: int) -> None:
        request.get("broken")

    first, second = suite.run().results

    assert first.outcome is second.outcome is Outcome.FAILED
    assert isinstance(first.error, ConnectionError)
    assert first.error is second.error
    assert len(tried) == 1


@pytest.mark.parametrize(
    ("wanted", "error", "message"),
    [
        ("a", FixtureCycleError, "a -> b -> a"),
        ("unknown", FixtureLookupError, "unknown"),
        ("wide", PlanError, "wide -> own"),
        ("parametrized", PlanError, "make it an argument"),
    ],
)
def test_what_cannot_be_is_refused(
    wanted: str, error: type[Exception], message: str
) -> None:
    """With the same errors as before the run."""
    suite = Suite()
    suite.add_fixture(lambda request: request.get("b"), name="a")
    suite.add_fixture(lambda request: request.get("a"), name="b")
    suite.add_fixture(lambda: 1, name="own")
    suite.add_fixture(lambda request: request.get("own"), name="wide", scope="session")
    suite.add_fixture(lambda: 1, name="parametrized", params=[1, 2])
    suite.add_test(lambda request: request.get(wanted), name="test")

    (result,) = suite.run().results

    assert isinstance(result.error, error)
    assert message in str(result.error)


def test_a_request_without_a_parameter_has_none() -> None:
    """As in pytest, that is an AttributeError."""
    suite = Suite()
    suite.add_test(lambda request: request.param, name="test")

    (result,) = suite.run().results

    assert isinstance(result.error, AttributeError)
