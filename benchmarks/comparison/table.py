"""Renders results as text, one block of lines per suite."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comparison.measure import Result


@dataclass(frozen=True)
class Goal:
    """What the ratio of one contestant is promised to be."""

    contestant: str
    ratio: float
    sense: Literal["at least", "at most"]

    def verdict(self, ratio: float) -> str:
        """State the goal and whether the ratio meets it."""
        at_least = self.sense == "at least"
        met = ratio >= self.ratio if at_least else ratio <= self.ratio
        sign = "≥" if at_least else "≤"
        return f"{sign} {self.ratio:g}x {'met' if met else 'MISSED'}"


HEADER = f"{'runner':<18}{'median':>10}{'ratio':>9}  {'per round':<15}goal\n" + "─" * 67


def block(
    title: str, base: Result, others: Sequence[Result], goals: Sequence[Goal] = ()
) -> str:
    """Render one suite.

    Args:
        title: First line.
        base: What the others' times are divided by.
        others: One line each; refused ones say why instead of a ratio.
        goals: Promises, by name of the contestant.
    """
    lines = [title, _own_line(base)]
    lines += [_line(result, base, goals) for result in others]
    return "\n".join(lines) + "\n"


def _own_line(result: Result) -> str:
    if result.reason:
        return textwrap.fill(
            f"{result.name:<18}{'—':>10}  {result.reason}",
            width=88,
            subsequent_indent=" " * 30,
        )
    return f"{result.name:<18}{_time(result.median):>10}"


def _line(result: Result, base: Result, goals: Sequence[Goal]) -> str:
    if result.reason or base.reason:
        return _own_line(result)
    ratio = result.median / base.median
    rounds = sorted(b / a for a, b in zip(base.seconds, result.seconds, strict=True))
    spread = f"{rounds[0]:.2f}-{rounds[-1]:.2f}"
    verdicts = [g.verdict(ratio) for g in goals if g.contestant == result.name]
    return (
        f"{_own_line(result)}{f'{ratio:.2f}x':>9}  {spread:<15}{''.join(verdicts)}"
    ).rstrip()


def _time(seconds: float) -> str:
    return f"{seconds:.3f} s" if seconds < 10 else f"{seconds:.2f} s"
