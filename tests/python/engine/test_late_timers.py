"""Timers of a loop wait for as long as others have kept it from going on."""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import os
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fasttest.engine import late_timers
from fasttest.engine.hub import Hub

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# What the tasks of one loop sleep for, one second after another.
PROGRAMS = st.lists(st.lists(st.integers(1, 5), max_size=5), min_size=1, max_size=4)
# When others compute, and for how long.
TURNS = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 7)), max_size=5)


@pytest.fixture(autouse=True)
def _time_is_the_clocks(clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # asyncio's loops take their time from here; it counts as the genuine one.
    monkeypatch.setattr(time, "monotonic", clock)
    monkeypatch.setattr(late_timers, "_monotonic", clock)


def run(
    clock: Any,
    *functions: Callable[[], Any],
    is_served: bool = False,
    background: bool = False,
) -> list[Any]:
    """Run functions in a strand each; returns their results."""
    hub = Hub(clock, clock.poller)
    hub.is_served = lambda strand: is_served
    strands = [
        hub.spawn(each, context=contextvars.Context(), background=background and not i)
        for i, each in enumerate(functions)
    ]
    hub.run(lambda: False)
    assert [strand.exception for strand in strands] == [None] * len(strands)
    return [strand.result for strand in strands]


def computing(clock: Any, at: float, seconds: float) -> Callable[[], None]:
    """Somebody else, who begins to compute at a time and does not wait meanwhile."""

    def compute() -> None:
        asyncio.run(asyncio.sleep(at))
        clock.now += seconds

    return compute


def events(program: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """Which tasks of a program wake up, in which order."""

    async def main() -> list[tuple[int, int]]:
        seen = []

        async def sleeps(number: int, seconds: Sequence[int]) -> None:
            await asyncio.sleep(number / 10)  # no two are due at once
            for step, each in enumerate(seconds):
                await asyncio.sleep(each)
                seen.append((number, step))

        await asyncio.gather(*itertools.starmap(sleeps, enumerate(program)))
        return seen

    return asyncio.run(main())


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(program=PROGRAMS, turns=TURNS)
def test_timers_come_in_the_order_in_which_they_come_alone(
    clock: Any, program: list[list[int]], turns: list[tuple[int, int]]
) -> None:
    """Whenever others compute, and for how long."""
    (alone,) = run(clock, lambda: events(program))
    others = [computing(clock, at, seconds) for at, seconds in turns]
    late, *_ = run(clock, lambda: events(program), *others)
    assert late == alone


def test_a_timeout_does_not_come_before_what_it_waits_for(clock: Any) -> None:
    """What a test does in three steps is done within its timeout, as it is alone."""

    async def main() -> str:
        async def three_steps() -> str:
            for _ in range(3):
                await asyncio.sleep(1)
            return "done"

        return await asyncio.wait_for(three_steps(), 4)

    others = [computing(clock, at, 10) for at in (0.5, 1.5, 2.5)]
    done, *_ = run(clock, lambda: asyncio.run(main()), *others)
    assert done == "done"
    assert clock.now > 30


def test_who_is_not_due_is_not_late(clock: Any) -> None:
    """Others may compute while nothing is due: the timer comes when it is to come."""
    asleep, _ = run(
        clock, lambda: asyncio.run(asyncio.sleep(5, "slept")), computing(clock, 1, 3)
    )
    assert (asleep, clock.now) == ("slept", 5)


def test_the_time_of_the_loop_stays_that_of_the_machine(clock: Any) -> None:
    """What a test computes from it, or compares it with, is right."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + 2
        await asyncio.sleep(1)
        assert loop.time() == clock.now > deadline

    run(clock, lambda: asyncio.run(main()), computing(clock, 0.5, 3))


class OwnTime(asyncio.SelectorEventLoop):
    """A loop with a time of its own."""

    def time(self) -> float:
        """Seconds of nobody else's."""
        return super().time() + 1000


def second_timer(
    clock: Any,
    late: float = 2,
    make_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.SelectorEventLoop,
    before: Callable[[asyncio.AbstractEventLoop], object] = lambda loop: None,
    **options: bool,
) -> float:
    """When a timer for the time 2 comes where one for the time 1 comes late."""

    def waits() -> float:
        loop = make_loop()

        async def main() -> float:
            before(loop)
            loop.call_later(1, int)
            await asyncio.sleep(2)
            return float(clock.now)

        try:
            return loop.run_until_complete(main())
        finally:
            loop.close()

    other = computing(clock, 0.5, 0.5 + late)
    last = computing(clock, 9, 0)  # a hub does not wait for what is in the background
    came, *_ = run(clock, waits, other, last, **options)
    return float(came)


def test_later_timers_wait_as_long(clock: Any) -> None:
    """The rule, to which the following are exceptions."""
    assert second_timer(clock) == 4


def test_a_little_is_nothing(clock: Any) -> None:
    """A loop is late by as much on any machine."""
    assert second_timer(clock, late=0.009) == 2


def test_a_loop_with_a_time_of_its_own_is_left_alone(clock: Any) -> None:
    """Virtual time is not ours to change."""
    assert second_timer(clock, make_loop=OwnTime) == 3


def test_time_that_a_test_replaced_is_left_alone(
    clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test that says what time it is gets the timers of that time."""

    def replace(_: object) -> None:
        monkeypatch.setattr(time, "monotonic", lambda: clock())

    assert second_timer(clock, before=replace) == 3


def test_a_thread_that_works_for_the_test_does_not_wait(clock: Any) -> None:
    """So neither do the timers: a timeout is to come before what is slower than it."""
    assert second_timer(clock, is_served=True) == 3


def test_a_process_does_not_wait_and_a_socket_may(clock: Any) -> None:
    """Who is at the other end of a socket is a test, or a server among them."""
    reader, writer = os.pipe()
    one, other = socket.socketpair()
    with one, other:
        assert second_timer(clock, before=lambda loop: loop.add_reader(one, int)) == 4
        clock.now = 0.0
        pipe = second_timer(clock, before=lambda loop: loop.add_reader(reader, int))
        assert pipe == 3
    os.close(reader)
    os.close(writer)


def test_a_loop_of_several_tests_is_left_alone(clock: Any) -> None:
    """There, a test may have been late because of another on the same loop."""
    assert second_timer(clock, background=True) == 3
