"""Runs that end early, and tests that are run twice."""

from __future__ import annotations

import asyncio

import pytest

import fasttest
from fasttest import Outcome


def test_a_suite_can_be_run_again() -> None:
    """A run leaves nothing behind in its suite."""
    suite = fasttest.Suite()
    made = []

    @suite.fixture(scope="session")
    def once() -> None:
        made.append(1)

    @suite.test
    def uses(once: None) -> None: ...

    assert suite.run().ok
    assert suite.run().ok
    assert len(made) == 2


def test_max_failures_stops_the_run_with_all_teardowns() -> None:
    """Like ``-x``: what has not started is named, what was set up is torn down."""
    suite = fasttest.Suite()
    torn_down = []

    @suite.fixture(scope="session")
    def resource() -> object:
        yield
        torn_down.append(True)

    @suite.test
    def fails(resource: None) -> None:
        raise ValueError

    for name in ("one", "two"):
        suite.add_test(lambda resource: None, name=name)

    report = suite.run(max_failures=1)

    assert [result.name for result in report.results] == ["fails"]
    assert report.not_run == ("one", "two")
    assert not report.ok
    assert torn_down == [True]
    assert str(report).splitlines()[-1].startswith("1 failed, 2 not run in ")


def test_a_callback_that_raises_ends_the_run_with_all_teardowns() -> None:
    """Its error is the caller's; nothing is left set up."""
    suite = fasttest.Suite()
    events = []

    @suite.fixture(scope="session")
    async def server() -> object:
        yield
        events.append("down")

    for name in ("one", "two"):
        suite.add_test(lambda server: events.append("test"), name=name)

    def on_result(result: fasttest.Result) -> None:
        raise ConnectionError("nobody listens")

    with pytest.raises(ConnectionError, match="nobody listens"):
        suite.run(on_result)

    assert events == ["test", "down"]


def test_a_failure_beside_others_can_be_confirmed_alone() -> None:
    """With ``rescue``, a test that passes alone has passed, and is a conflict."""
    suite = fasttest.Suite(loop_scope="session")
    in_flight = []

    @suite.fixture(scope="session")
    async def started() -> asyncio.Event:
        return asyncio.Event()

    @suite.test
    async def wants_to_be_alone(started: asyncio.Event) -> None:
        in_flight.append(1)
        if not started.is_set():
            await started.wait()
            raise AssertionError("not alone")

    @suite.test
    async def other(started: asyncio.Event) -> None:
        started.set()

    assert suite.run().counts[Outcome.FAILED] == 1
    report = suite.run(rescue=True)

    assert report.ok
    assert [result.conflict for result in report.results] == [True, False]
