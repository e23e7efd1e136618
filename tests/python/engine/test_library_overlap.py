"""What runs together in a suite, and what never does."""

from __future__ import annotations

import asyncio
import time

import pytest

from fasttest import Suite


class Meeting:
    """Where coroutines, on whatever loops, wait until so many have come; for ever anew.

    Args:
        size: How many.
    """

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
            self._come.clear()
        await asyncio.wait_for(event.wait(), timeout=10)


class Gauge:
    """Counts how many are inside at once.

    Args:
        expected: Nobody leaves before so many have met.
    """

    def __init__(self, expected: int) -> None:
        self.most = 0
        self._inside = 0
        self._meeting = Meeting(expected)

    async def enter(self) -> None:
        """Be inside until enough have come, and leave time for one too many."""
        self._inside += 1
        self.most = max(self.most, self._inside)
        await self._meeting.join()
        await asyncio.sleep(0.002)
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
    gauge = Gauge(concurrency)
    for number in range(9):
        suite.add_test(gauge.enter, name=str(number))

    report = suite.run(concurrency=concurrency)

    assert report.ok, str(report)
    assert gauge.most == concurrency


@pytest.mark.parametrize("capacity", [1, 2])
def test_a_resource_is_used_by_no_more_than_its_capacity(capacity: int) -> None:
    """Tests that do not use it are not held up."""
    suite = Suite()
    suite.resource("db", capacity=capacity)
    users, others = Gauge(capacity), Gauge(6)
    for number in range(6):
        suite.add_test(users.enter, name=f"user {number}", resources=["db"])
        suite.add_test(others.enter, name=f"other {number}")

    report = suite.run()

    assert report.ok, str(report)
    assert (users.most, others.most) == (capacity, 6)


@pytest.mark.slow
def test_a_resource_with_a_rate_is_used_no_more_often_than_that() -> None:
    """At once by any number, unless there is a capacity as well."""
    suite = Suite()
    suite.resource("api", rate="3/s")
    suite.resource("mail", capacity=1, rate="3/s")
    gauge, mails = Gauge(3), Gauge(1)
    starts: list[float] = []

    async def use() -> None:
        starts.append(time.monotonic())
        await gauge.enter()

    for number in range(6):
        suite.add_test(use, name=f"api {number}", resources=["api"])
    for number in range(2):
        suite.add_test(mails.enter, name=f"mail {number}", resources=["mail"])

    report = suite.run()

    assert report.ok, str(report)
    assert (gauge.most, mails.most) == (3, 1)
    assert all(starts[n + 3] - starts[n] >= 1 for n in range(3))


def test_an_exclusive_test_has_the_process_for_itself() -> None:
    """Nothing else is in flight beside it."""
    suite = Suite()
    meeting = Meeting(2)
    in_flight: set[str] = set()
    seen: list[set[str]] = []

    @suite.test
    async def one() -> None:
        in_flight.add("one")
        await meeting.join()
        in_flight.remove("one")

    @suite.test(exclusive=True)
    async def alone() -> None:
        seen.append(set(in_flight))
        await asyncio.sleep(0.002)
        seen.append(set(in_flight))

    @suite.test
    async def two() -> None:
        in_flight.add("two")
        await meeting.join()
        in_flight.remove("two")

    report = suite.run()

    assert report.ok, str(report)
    assert seen == [set(), set()]


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
