"""What the rounds of a suite say about the tests that ended differently in some."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fasttest.host.verify.log import Outcome
    from fasttest.host.verify.rounds import Round


class Cause(enum.Enum):
    """What the outcome of a test depends on."""

    ITSELF = "flaky by itself"
    ORDER = "depends on order"
    COMPANY = "depends on company"


@dataclass(frozen=True)
class Verdict:
    """A test with several outcomes.

    Attributes:
        nodeid: The test.
        serial: Its outcome in the first serial run, with which the others are compared.
        cause: What it depends on, as far as the rounds tell.
        differing: The rounds with another outcome.
    """

    nodeid: str
    serial: Outcome
    cause: Cause
    differing: tuple[Round, ...]


def differing(serial: Round, rounds: Sequence[Round]) -> bool:
    """Whether any test, or the run as a whole, ended otherwise than one by one."""
    return any(
        not each.is_complete or each.outcomes != serial.outcomes for each in rounds
    )


def judge(
    serial: Sequence[Round], shuffled: Sequence[Round], crowded: Sequence[Round]
) -> Iterator[Verdict]:
    """Say for each test with several outcomes what these depend on.

    Args:
        serial: Runs one by one in collection order; the first is what others are
            compared with.
        shuffled: Runs one by one in another order.
        crowded: Runs of many at once.

    Yields:
        A verdict for each of these tests, in the order of the first run.
    """
    first = serial[0]
    causes = (
        (Cause.ITSELF, serial[1:]),
        (Cause.ORDER, shuffled),
        (Cause.COMPANY, crowded),
    )
    everybody = dict.fromkeys(
        nodeid for each in (*serial, *shuffled, *crowded) for nodeid in each.outcomes
    )
    for nodeid in everybody:
        expected = first.of(nodeid)
        found = {
            cause: tuple(each for each in rounds if each.of(nodeid) != expected)
            for cause, rounds in causes
        }
        cause = next((cause for cause in found if found[cause]), None)
        if cause is not None:
            rounds = tuple(each for some in found.values() for each in some)
            yield Verdict(nodeid, expected, cause, rounds)
