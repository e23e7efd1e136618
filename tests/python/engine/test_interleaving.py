"""Hostile interleavings: what a seed may change, and what it may not."""

from __future__ import annotations

import asyncio
import contextvars
import random
from typing import TYPE_CHECKING

import pytest

from fasttest.engine.hub import Hub
from fasttest.engine.interleaving import Interleaving

if TYPE_CHECKING:
    from collections.abc import Callable

SEEDS = range(50)


def _hub(seed: int) -> Hub:
    # No time goes by: what is chosen then depends on the seed alone.
    return Hub(interleaving=Interleaving(seed, clock=lambda: 0.0))


def _spawn(hub: Hub, function: Callable[..., object], *args: object) -> None:
    hub.spawn(function, *args, context=contextvars.copy_context())


def _order(hub: Hub) -> tuple[str, ...]:
    """The steps of four strands, each of which runs a loop of its own."""
    seen: list[str] = []

    async def take_turns(name: str) -> None:
        for step in range(3):
            seen.append(f"{name}{step}")
            await asyncio.sleep(0)

    def strand(name: str) -> None:
        asyncio.run(take_turns(name))

    for name in "abcd":
        _spawn(hub, strand, name)
    hub.run(lambda: False)
    return tuple(seen)


def test_a_seed_has_strands_go_on_in_another_order() -> None:
    """Every strand takes all of its steps, in their order, whatever comes between."""
    orders = {_order(_hub(seed)) for seed in SEEDS}
    assert len(orders) > len(SEEDS) / 2
    for order in orders:
        for name in "abcd":
            steps = [each for each in order if each[0] == name]
            assert steps == [f"{name}{step}" for step in range(3)]


def test_the_same_seed_makes_the_same_choices() -> None:
    """Otherwise nobody could look at what a seed has found."""
    assert [_order(_hub(seed)) for seed in SEEDS] == [
        _order(_hub(seed)) for seed in SEEDS
    ]


def test_a_loop_of_ones_own_is_left_between_callbacks_only_by_a_seed() -> None:
    """Without one a task that does not wait is not left, as is documented."""
    in_turn = tuple(f"{name}{step}" for name in "abcd" for step in range(3))
    assert _order(Hub()) == in_turn
    assert any(_order(_hub(seed)) != in_turn for seed in SEEDS)


def test_nobody_is_passed_over_for_long() -> None:
    """A test's own time limits hold, however hostile its company."""
    times = iter([0.0, *[1.0] * 10_000])
    hub = Hub(interleaving=Interleaving(7, clock=lambda: next(times)))
    assert _order(hub) == _order(Hub())


def test_further_strands_are_asked_for_while_others_could_go_on() -> None:
    """The owner is told that nobody is idle, so that what must be alone can wait."""

    def asked_while_busy(hub: Hub) -> bool:
        idle: list[bool] = []

        def on_idle() -> bool:
            idle.append(hub.idle)
            return False

        for _ in range(4):
            _spawn(hub, asyncio.run, asyncio.sleep(0))
        hub.run(on_idle)
        assert idle[-1]
        return not all(idle)

    assert any(asked_while_busy(_hub(seed)) for seed in SEEDS)
    assert not asked_while_busy(Hub())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_loop_that_never_waits_does_not_keep_the_hub_from_being_idle(
    seed: int,
) -> None:
    """A task that polls on a shared loop must not starve tests that run alone."""
    hub = _hub(seed)
    done = False

    async def poll() -> None:
        while not done:  # noqa: ASYNC110
            await asyncio.sleep(0)

    def on_idle() -> bool:
        nonlocal done
        done = done or hub.idle
        return False

    def drive() -> None:
        asyncio.run(poll())

    hub.spawn(drive, context=contextvars.copy_context(), background=True)
    # Somebody must be there whom the hub waits for.
    _spawn(hub, asyncio.run, asyncio.sleep(0.001))
    hub.run(on_idle)
    assert done


def test_a_tests_own_generator_is_left_alone() -> None:
    """A suite that seeds ``random`` gets the numbers that it would get."""
    random.seed(1)
    before = random.getstate()
    _order(_hub(7))
    assert random.getstate() == before
