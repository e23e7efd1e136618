"""Compares the run phase alone with one plain ``gather`` of the same waits."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from comparison import process, sleeping
from comparison.measure import Contestant, Refused, Result, check, in_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from comparison.runners import Runner
    from comparison.suite import Suite

NAME = "run-phase"
TESTS = 200
SECONDS = 0.05
# fasttest promises to need at most this many times what the gather takes.
GOAL = 2.0

_PROBES = Path(__file__).parents[1] / "probes"


def compare(runners: Sequence[Runner], folder: Path, rounds: int) -> list[Result]:
    """Measure a plain gather and, in turn with it, the run phase of each runner.

    Args:
        runners: Ones that are driven by pytest's hooks.
        folder: An empty folder.
        rounds: Figures per contestant.

    Returns:
        The gather's result first, then one per runner.
    """
    suite = sleeping.by_scope("function", "mark", tests=TESTS, seconds=SECONDS)
    gather = [
        sys.executable,
        str(_PROBES / "plain_gather.py"),
        f"{TESTS}",
        f"{SECONDS}",
    ]
    contestants: list[Contestant] = [(Result("plain gather", gather), _gather(gather))]
    for runner in runners:
        result = Result(runner.name, runner.command(suite))
        if missing := runner.missing():
            result.reason = f"not installed: {', '.join(missing)}"
        root = folder / runner.name
        suite.write(root)
        contestants.append((result, _loop_of(runner, suite, root)))
    in_turn(contestants, rounds)
    return [result for result, _ in contestants]


def _gather(command: list[str]) -> Callable[[], float]:
    def once() -> float:
        finished = process.run(command, _PROBES)
        try:
            return float(finished.output)
        except ValueError:
            raise Refused(finished.output.strip()) from None

    return once


def _loop_of(runner: Runner, suite: Suite, root: Path) -> Callable[[], float]:
    command = [*runner.command(suite), "-p", "run_phase_probe"]
    figure = root / "run-phase.txt"
    variables = {"PYTHONPATH": str(_PROBES), "RUN_PHASE_FILE": str(figure)}

    def once() -> float:
        figure.unlink(missing_ok=True)
        check(process.run(command, root, variables=variables), runner, suite)
        if not figure.exists():
            raise Refused("pytest_runtestloop was not called")
        return float(figure.read_text(encoding="ascii"))

    return once
