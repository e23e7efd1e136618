"""Contestants are measured in turn, and only for work they did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comparison import measure
from comparison.measure import Refused, Result
from comparison.process import Finished
from comparison.runners import REFERENCE, RUNNERS
from comparison.suite import Counts, Suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from comparison.runners import Runner

SUITE = Suite("three", "", {}, Counts(passed=3))


def finished(output: str, exit_code: int | None = 0) -> Finished:
    """A process that printed ``output``."""
    return Finished(1.0, exit_code, output)


def test_contestants_alternate_and_the_first_round_does_not_count() -> None:
    """What slows the machine for a while has to slow everybody."""
    order: list[str] = []

    def clock(name: str) -> Callable[[], float]:
        def once() -> float:
            order.append(name)
            return float(len(order))

        return once

    a, b = Result("a", []), Result("b", [])
    measure.in_turn([(a, clock("a")), (b, clock("b"))], rounds=2)

    assert "".join(order) == "ababab"
    assert (a.seconds, b.seconds) == ([3.0, 5.0], [4.0, 6.0])


def test_a_refused_contestant_is_not_run_again() -> None:
    """It has no ratio any more, and the others have to go on."""
    outcomes: Iterator[float] = iter([1.0, 2.0])

    def fails_in_third_round() -> float:
        try:
            return next(outcomes)
        except StopIteration:
            raise Refused("lost a test") from None

    failing, steady = Result("failing", []), Result("steady", [])
    measure.in_turn([(failing, fails_in_third_round), (steady, lambda: 1.0)], rounds=4)

    assert failing.reason == "lost a test"
    assert failing.seconds == [2.0]
    assert steady.seconds == [1.0] * 4


def test_a_runner_with_the_stated_counts_is_accepted() -> None:
    """The rule refuses nobody who did the work."""
    measure.check(finished("3 passed in 0.1s"), REFERENCE, SUITE)


@pytest.mark.parametrize(
    ("output", "exit_code", "complaint"),
    [
        ("2 passed in 0.1s", 0, "2 passed .exit 0. instead of 3 passed"),
        ("3 passed in 0.1s", 1, "3 passed .exit 1. instead of 3 passed"),
        ("Segmentation fault", -11, "no counts .exit -11."),
        ("3 passed in 0.1s", None, "did not end within"),
        (
            "E  AssertionError: broken: a scope had two loops\n3 failed in 1s",
            1,
            "3 failed .exit 1. .*: a scope had two loops",
        ),
        ("ValueError: no such option", 4, ": ValueError: no such option"),
    ],
)
def test_a_runner_that_did_not_do_the_work_is_refused(
    output: str, exit_code: int | None, complaint: str
) -> None:
    """A runner that loses tests is not fast, and the table has to say why."""
    with pytest.raises(Refused, match=complaint):
        measure.check(finished(output, exit_code), REFERENCE, SUITE)


@pytest.mark.parametrize(
    ("runner", "output"),
    [
        ("pytest-asyncio", "3 failed, 1 skipped, 2 errors in 62.1s (0:01:02)"),
        ("fasttest", "!!! x !!!\n3 failed, 1 skipped, 2 errors in 0.5s\n"),
        ("karva", "     Summary [   0.1s] 6 tests run: 3 failed, 2 errors, 1 skipped"),
        (
            "rustest",
            '{"t":"summary","passed":0,"failed":3,"skipped":1,"errors":2,"duration":1}',
        ),
    ],
)
def test_counts_are_read_from_each_report(runner: str, output: str) -> None:
    """Every runner's own words for the same outcomes."""
    expected = Counts(failed=3, skipped=1, errors=2)
    assert RUNNERS[runner].read_counts(output) == expected


@pytest.mark.parametrize("runner", RUNNERS.values(), ids=lambda runner: runner.name)
def test_output_without_a_summary_has_no_counts(runner: Runner) -> None:
    """A crash must not read as a run of no tests."""
    assert runner.read_counts("Traceback (most recent call last):\n") is None
