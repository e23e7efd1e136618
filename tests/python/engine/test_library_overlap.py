"""What runs together in a suite, and what never does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fasttest import Suite


class Meeting:
    """A place where coroutines of different loops wait until enough have come."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._come: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def join(self) -> None:
        """Wait for the others."""
        event = asyncio.Event()
        self._come.append((asyncio.get_running_loop(), event))
        if len(self._come) == self._size:
            for loop, other in self._come:
                loop.call_soon_threadsafe(other.set)
        await asyncio.wait_for(event.wait(), timeout=10)


class Gauge:
    """Counts how many are inside at once, each of them for a while."""

    def __init__(self) -> None:
        self.most = 0
        self._inside = 0

    async def enter(self) -> None:
        """Be inside while everybody else who may come in does."""
        self._inside += 1
        self.most = max(self.most, self._inside)
        # The hub admits tests while all others wait, so a turn of the loop that ends
        # at once is not enough: the next test comes in during a wait.
        await asyncio.sleep(0.001)
        self._inside -= 1


def test_tests_on_loops_of_their_own_wait_together() -> None:
    """None of them could go on alone."""
    suite = Suite()
    meeting = Meeting(5)
    for number in range(5):
        suite.add_test(meeting.join, name=str(number))

    report = suite.run()

    assert report.ok, str(report)


def test_fixtures_of_different_tests_wait_together() -> None:
    """A test with all its fixtures is one entry of its batch."""
    suite = Suite()
    meeting = Meeting(3)
    suite.add_fixture(meeting.join, name="joined")
    for number in range(3):
        suite.add_test(lambda joined: None, name=str(number))

    report = suite.run()

    assert report.ok, str(report)


def test_sync_tests_with_loops_of_their_own_wait_together() -> None:
    """``asyncio.run`` in a plain function is a wait as any other."""
    suite = Suite()
    meeting = Meeting(3)
    for number in range(3):
        suite.add_test(lambda: asyncio.run(meeting.join()), name=str(number))

    report = suite.run()

    assert report.ok, str(report)


@pytest.mark.parametrize("concurrency", [1, 3])
def test_no_more_are_in_flight_than_allowed(concurrency: int) -> None:
    """The cap is reached and kept."""
    suite = Suite()
    gauge = Gauge()
    for number in range(8):
        suite.add_test(gauge.enter, name=str(number))

    assert suite.run(concurrency=concurrency).ok
    assert gauge.most == concurrency


@pytest.mark.parametrize("capacity", [1, 2])
def test_a_resource_is_used_by_no_more_than_its_capacity(capacity: int) -> None:
    """Tests that do not use it are not held up."""
    suite = Suite()
    suite.resource("db", capacity=capacity)
    users, others = Gauge(), Gauge()
    for number in range(6):
        suite.add_test(users.enter, name=f"user {number}", resources=["db"])
        suite.add_test(others.enter, name=f"other {number}")

    assert suite.run().ok
    assert users.most == capacity
    assert others.most > 2


def test_an_exclusive_test_has_the_process_for_itself() -> None:
    """Nothing else is in flight beside it."""
    suite = Suite()
    in_flight: set[str] = set()
    seen: dict[str, set[str]] = {}

    def add(name: str, **options: Any) -> None:
        async def test() -> None:
            in_flight.add(name)
            for other in in_flight:
                seen.setdefault(other, set()).update(in_flight)
            await asyncio.sleep(0.001)
            in_flight.remove(name)

        suite.add_test(test, name=name, **options)

    add("one")
    add("alone", exclusive=True)
    add("two")

    assert suite.run().ok
    assert seen["alone"] == {"alone"}
    assert seen["one"] == {"one", "two"}


def test_what_is_known_to_wait_long_starts_first() -> None:
    """It is the critical path."""
    suite = Suite()
    started: list[str] = []

    def add(name: str, wait: float) -> None:
        suite.add_test(lambda: started.append(name), name=name, expected_wait=wait)

    add("unknown", 0)
    add("long", 1)
    add("longest", 2)
    report = suite.run()

    assert started == ["longest", "long", "unknown"]
    assert [result.name for result in report.results] == ["unknown", "long", "longest"]
