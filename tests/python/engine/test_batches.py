"""Tests that share a loop are gathered on it, and fail each for itself."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasttest import _core
from fasttest.engine.batches import Batches

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class OpenLoop:
    """What a batch needs of a shared loop."""

    loop: asyncio.AbstractEventLoop


class Bench:
    """Batches over a plan of tests on one session loop.

    Attributes:
        crashes: What was told of tests that ended with an exception.
        woken: The loops that were woken.
    """

    def __init__(self, tests: int, max_batch_size: int = 0) -> None:
        plan = _core.Plan()
        self.loop_id = plan.add_loop(_core.SESSION)
        closure = plan.add_closure(_core.SESSION, [])
        for _ in range(tests):
            plan.add_test(closure, loop=self.loop_id)
        if max_batch_size:
            plan.prepare(max_batch_size)
        else:
            plan.prepare()
        self.plan = plan
        self.crashes: list[tuple[int, BaseException]] = []
        self.woken: list[asyncio.AbstractEventLoop] = []
        self.open = OpenLoop(asyncio.new_event_loop())
        self.batches = Batches(plan, self._crashed, self.woken.append)

    def begin(self, test: int) -> None:
        """A test is about to be called."""
        self.batches.begin(test, self.loop_id, self.open)  # type: ignore[arg-type]

    def turn(self) -> None:
        """Let the loop do what is due."""
        for _ in range(3):
            self.open.loop.run_until_complete(asyncio.sleep(0))

    def _crashed(self, test: int, error: BaseException) -> None:
        self.crashes.append((test, error))


@pytest.fixture
def bench() -> Iterator[Bench]:
    """Three tests that make one batch."""
    bench = Bench(3)
    yield bench
    bench.open.loop.close()


def gathers(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, dict[str, Any]]]:
    """The sizes and options of the gathers made from now on."""
    made: list[tuple[int, dict[str, Any]]] = []
    gather = asyncio.gather

    def note(*entries: Any, **options: Any) -> Any:
        made.append((len(entries), options))
        return gather(*entries, **options)

    monkeypatch.setattr(asyncio, "gather", note)
    return made


def test_a_batch_is_one_gather(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many of its tests come to be called, and one failing ends no other."""
    made = gathers(monkeypatch)
    for test in range(3):
        bench.begin(test)
    assert made == [(3, {"return_exceptions": True})]


def test_batches_are_as_long_as_the_plan_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The maximum batch size is the core's to keep."""
    made, bench = gathers(monkeypatch), Bench(5, max_batch_size=2)
    for test in range(5):
        bench.begin(test)
    assert [size for size, _ in made] == [2, 2, 1]
    bench.batches.closing(bench.loop_id)
    bench.turn()
    bench.open.loop.close()


@given(st.lists(st.sampled_from([None, ValueError(), asyncio.CancelledError()])))
def test_exactly_the_tests_that_raised_have_crashed(
    ends: list[BaseException | None],
) -> None:
    """Whatever the others of the batch came to, and whatever the exception is."""
    bench = Bench(len(ends))
    for test, error in enumerate(ends):
        bench.begin(test)
        bench.batches.ended(test, error)
    bench.turn()
    bench.open.loop.close()
    assert bench.crashes == [(t, e) for t, e in enumerate(ends) if e is not None]


def test_the_end_of_a_test_wakes_its_loop(bench: Bench) -> None:
    """The entry ends from another strand, while the loop waits for events."""
    bench.begin(0)
    bench.batches.ended(1, None)
    assert bench.woken == [bench.open.loop]
    bench.batches.closing(bench.loop_id)
    bench.turn()


def test_tests_that_never_ran_are_dropped_when_the_loop_closes(bench: Bench) -> None:
    """After -x; they have no outcome, and no pending future is left to complain."""
    bench.begin(0)
    bench.batches.ended(0, ValueError())
    bench.batches.closing(bench.loop_id)
    bench.turn()
    assert [test for test, _ in bench.crashes] == [0]
    assert not asyncio.all_tasks(bench.open.loop)


@pytest.mark.parametrize("begun", [False, True])
def test_an_error_counts_also_where_no_loop_can_carry_it(
    bench: Bench, begun: bool
) -> None:
    """A test with a loop of its own, or one that outlived the shared one."""
    if begun:
        bench.begin(0)
        bench.open.loop.close()
    error = ValueError()
    bench.batches.ended(2, error)
    bench.batches.ended(1, None)
    assert bench.crashes == [(2, error)]
