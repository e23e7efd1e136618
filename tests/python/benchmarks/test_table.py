"""The table shows ratios, goals, and why a runner has none."""

from __future__ import annotations

from comparison.measure import Result
from comparison.table import Goal, block

BASE = Result("fasttest", [], [1.0, 2.0, 3.0])


def test_a_ratio_is_that_of_the_medians() -> None:
    """And the rounds beside it tell how steady it was."""
    peer = Result("pytest-asyncio", [], [20.0, 50.0, 33.0])
    line = block("title", BASE, [peer]).splitlines()[2]
    assert line.split() == ["pytest-asyncio", "33.00", "s", "16.50x", "11.00-25.00"]


def test_a_goal_is_met_or_missed() -> None:
    """In both senses: a speed-up has a floor, a cost has a ceiling."""
    assert Goal("a", 15, "at least").verdict(15.2) == "≥ 15x met"
    assert Goal("a", 15, "at least").verdict(14.9) == "≥ 15x MISSED"
    assert Goal("a", 2, "at most").verdict(1.5) == "≤ 2x met"
    assert Goal("a", 2, "at most").verdict(2.5) == "≤ 2x MISSED"


def test_a_goal_stands_on_the_line_of_its_contestant_only() -> None:
    """A promise about pytest-asyncio says nothing about other runners."""
    peers = [Result("x", [], [4.0, 4.0, 4.0]), Result("y", [], [4.0, 4.0, 4.0])]
    lines = block("title", BASE, peers, [Goal("y", 2, "at least")]).splitlines()
    assert "met" not in lines[2]
    assert lines[3].endswith("≥ 2x met")


def test_a_refused_runner_is_shown_with_its_reason() -> None:
    """Never silently: a missing line would read as not compared."""
    peer = Result("karva", [], reason="not installed: karva")
    assert "not installed: karva" in block("title", BASE, [peer])


def test_times_are_shown_without_ratios_if_the_subject_was_refused() -> None:
    """There is nothing to divide by, but the others' figures are still true."""
    base = Result("fasttest", [], [1.0], reason="lost a test")
    text = block("title", base, [Result("pytest", [], [2.0, 2.0, 2.0])])
    assert "lost a test" in text
    assert text.splitlines()[2].split() == ["pytest", "2.000", "s"]
