"""Measures runners in turn on one suite, and refuses those that do not run it."""

from __future__ import annotations

import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from comparison import process

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from comparison.runners import Runner
    from comparison.suite import Suite


# Seconds of work after which a machine that was idle is at its usual speed.
_AWAKE_AFTER = 1.0


class Refused(Exception):
    """A contestant did not do the work; the message says what was wrong."""


@dataclass
class Result:
    """What was measured of one contestant.

    Attributes:
        name: Its name in the table.
        command: What was run.
        seconds: One figure per round; of a refused contestant those before it failed.
        reason: Why it was refused, or empty.
    """

    name: str
    command: list[str]
    seconds: list[float] = field(default_factory=list)
    reason: str = ""

    @property
    def median(self) -> float:
        """The middle figure; needs at least one."""
        return median(self.seconds)


# Runs once and gives the seconds that count, or raises Refused.
Contestant = tuple[Result, "Callable[[], float]"]


def in_turn(contestants: Sequence[Contestant], rounds: int) -> None:
    """Measure A B C A B C …, after one round that does not count.

    Whatever slows the machine for a while thus slows everybody. The first round fills
    the caches of bytecode and shows who cannot run the suite at all. The machine is
    awake when a figure is taken: one that has idled for the ten seconds of the
    contestant before is half as fast at first, which says nothing about this one.

    Args:
        contestants: The results to fill in, and how to get a figure for each.
        rounds: Figures per contestant.
    """
    for number in range(rounds + 1):
        for result, once in contestants:
            if result.reason:
                continue
            wake_machine()
            try:
                seconds = once()
            except Refused as refused:
                result.reason = str(refused)
                continue
            if number:
                result.seconds.append(seconds)


def wake_machine() -> None:
    """Start interpreters for a while, as a machine does where tests are run all day."""
    end = time.perf_counter() + _AWAKE_AFTER
    while time.perf_counter() < end:
        process.run([sys.executable, "-c", "import pytest"], Path.cwd())


def compare(
    suite: Suite, runners: Sequence[Runner], folder: Path, rounds: int
) -> list[Result]:
    """Measure whole processes of runners on a suite.

    Args:
        suite: Written once per runner, so that no runner meets another's caches.
        runners: The first is the subject of the comparison.
        folder: An empty folder of this suite's own.
        rounds: Figures per runner.

    Returns:
        One result per runner, in their order, refused ones included.
    """
    contestants: list[Contestant] = []
    for runner in runners:
        result = Result(runner.title(suite), runner.command(suite))
        if missing := runner.missing():
            result.reason = f"not installed: {', '.join(missing)}"
        root = folder / runner.name
        suite.write(root)
        contestants.append((result, _whole_process(runner, suite, root)))
    in_turn(contestants, rounds)
    return [result for result, _ in contestants]


def _whole_process(runner: Runner, suite: Suite, root: Path) -> Callable[[], float]:
    def once() -> float:
        finished = process.run(runner.command(suite), root)
        check(finished, runner, suite)
        return finished.seconds

    return once


def check(finished: process.Finished, runner: Runner, suite: Suite) -> None:
    """Raise Refused unless the run passed with the counts the suite states.

    All runners of a table are held to the same counts and the same exit code, so
    they also agree with each other.
    """
    if finished.exit_code is None:
        raise Refused(f"did not end within {finished.seconds:.0f} s")
    counts = runner.read_counts(finished.output)
    if finished.exit_code == 0 and counts == suite.expected:
        return
    reported = "no counts" if counts is None else str(counts)
    why = _why(finished.output)
    raise Refused(
        f"{reported} (exit {finished.exit_code}) instead of {suite.expected} (exit 0)"
        + (f": {why}" if why else "")
    )


def _why(output: str) -> str:
    """The suite's own complaint, else the first line that looks like an error."""
    if complaint := re.search(r"broken: ([\w ]+)", output):
        return complaint[1].strip()
    errors = re.search(r"^.*\b(?:error|\w*Error)\b.*$", output, re.MULTILINE)
    return errors[0].strip()[:100] if errors else ""
