"""The time of a loop stands still while others keep it from going on."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import itertools
import time
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fasttest.engine import loop_clock
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
    monkeypatch.setattr(loop_clock, "_monotonic", clock)


def run(clock: Any, *functions: Callable[[], Any]) -> list[Any]:
    """Run functions in a strand each; returns their results."""
    hub = Hub(clock, clock.poller)
    strands = [hub.spawn(each, context=contextvars.Context()) for each in functions]
    hub.run(lambda: False)
    assert [strand.exception for strand in strands] == [None] * len(strands)
    return [strand.result for strand in strands]


def computing(clock: Any, at: float, seconds: float) -> Callable[[], None]:
    """Somebody else, who begins to compute at a time and does not wait meanwhile."""

    def compute() -> None:
        asyncio.run(asyncio.sleep(at))
        clock.now += seconds

    return compute


def events(program: Sequence[Sequence[int]]) -> list[tuple[int, int, float]]:
    """Which tasks of a program woke up in which order, and when by their loop."""

    async def main() -> list[tuple[int, int, float]]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        seen = []

        async def sleeps(number: int, seconds: Sequence[int]) -> None:
            await asyncio.sleep(number / 10)  # no two are due at once
            for step, each in enumerate(seconds):
                await asyncio.sleep(each)
                seen.append((number, step, round(loop.time() - began, 3)))

        await asyncio.gather(*itertools.starmap(sleeps, enumerate(program)))
        return seen

    return asyncio.run(main())


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(program=PROGRAMS, turns=TURNS)
def test_timers_come_as_they_do_alone(
    clock: Any, program: list[list[int]], turns: list[tuple[int, int]]
) -> None:
    """Whenever others compute: the same order, and the same times by the loop."""
    (alone,) = run(clock, lambda: events(program))
    others = [computing(clock, at, seconds) for at, seconds in turns]
    held_up, *_ = run(clock, lambda: events(program), *others)
    assert held_up == alone


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


def test_time_in_which_a_loop_waits_is_not_taken_off(clock: Any) -> None:
    """Others may compute while nothing is due: the timer comes when it is to come."""

    async def main() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.sleep(5)
        return loop.time() - began

    took, _ = run(clock, lambda: asyncio.run(main()), computing(clock, 1, 3))
    assert took == clock.now == 5


def test_a_little_is_not_taken_off(clock: Any) -> None:
    """A loop is late by as much on any machine, and its timers go on together."""

    async def main() -> float:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(1)
        assert "time" not in vars(loop)
        return loop.time()

    took, _ = run(clock, lambda: asyncio.run(main()), computing(clock, 0.995, 0.01))
    assert took == pytest.approx(1.005)


class OwnTime(asyncio.SelectorEventLoop):
    """A loop with a time of its own."""

    def time(self) -> float:
        """Seconds of nobody else's."""
        return super().time() + 1000


def held_up(
    clock: Any,
    make_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.SelectorEventLoop,
    then: Callable[[], object] = lambda: None,
) -> float:
    """What a loop that is two seconds late says the time is, after one second."""

    def waits() -> float:
        loop = make_loop()

        async def main() -> float:
            await asyncio.sleep(1)
            then()
            return loop.time()

        try:
            return loop.run_until_complete(main())
        finally:
            loop.close()

    told, _ = run(clock, waits, computing(clock, 0.5, 2.5))
    return float(told)


def test_a_loop_that_is_held_up_does_not_see_it(clock: Any) -> None:
    """The rule, to which the following are exceptions."""
    assert held_up(clock) == 1


def test_a_loop_with_a_time_of_its_own_keeps_it(clock: Any) -> None:
    """Virtual time is not ours to change."""
    assert held_up(clock, OwnTime) == 1003


def test_what_a_test_puts_in_place_of_the_time_is_exact(
    clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test that says what time it is sees that time and no other."""

    def patch() -> None:
        monkeypatch.setattr(time, "monotonic", lambda: 77.0)

    assert held_up(clock, then=patch) == 77


def test_a_method_of_the_loop_that_a_test_replaced_stays(clock: Any) -> None:
    """The test's is not replaced in turn."""

    def make_loop() -> asyncio.AbstractEventLoop:
        loop = asyncio.SelectorEventLoop()
        loop.time = lambda: 5.0 + clock.now  # type: ignore[method-assign]
        return loop

    assert held_up(clock, make_loop) == 8


def test_the_clock_does_not_keep_the_loop(clock: Any) -> None:
    """A loop is gone when nobody has it, without the garbage collector."""
    made: list[weakref.ref[asyncio.AbstractEventLoop]] = []

    def make_loop() -> asyncio.AbstractEventLoop:
        loop = asyncio.SelectorEventLoop()
        made.append(weakref.ref(loop))
        return loop

    gc.disable()
    try:
        assert held_up(clock, make_loop) == 1
        assert made[0]() is None
    finally:
        gc.enable()
