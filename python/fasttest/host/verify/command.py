"""``fasttest verify``: does any test's outcome depend on company or on order?"""

from __future__ import annotations

import argparse
import json
import random
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from fasttest.host.conflicts import read, update
from fasttest.host.verify.entries import Basis, Review
from fasttest.host.verify.findings import Findings
from fasttest.host.verify.rounds import Rounds
from fasttest.host.verify.verdicts import differing, judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fasttest.host.verify.rounds import Round

_USAGE_ERROR = 4
_INTERRUPTED = 2

# Tests in flight at most, round by round; None: as many as by default. Few at a time
# meet the same neighbour for longer, many meet more of them.
_WIDTHS = (None, 8, None, 3, 32)

# A round that takes so many times as long as the serial run hangs.
_PATIENCE = 10
_AT_LEAST = 60.0  # seconds


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand.

    Returns:
        0 if all runs agree, 1 if not; what pytest returned if the serial run already
        could not be completed, such as 4 for wrong usage.
    """
    options, rest = _parser().parse_known_args(arguments)
    seed = options.seed if options.seed is not None else random.randrange(10**6)
    print(f"fasttest verify: seed {seed}, {options.rounds} rounds", flush=True)
    rounds = Rounds(rest)
    try:
        serial = _run(rounds, "one by one", "--concurrency=1")
        if not serial.is_complete:
            print(serial.output, end="")
            return serial.exit_code or 1
        findings = _look(rounds, serial, seed, options)
        findings = _review(rounds, findings, options)
    except KeyboardInterrupt:
        print("interrupted")
        return _INTERRUPTED
    for line in findings.lines():
        print(line)
    if options.json is not None:
        text = json.dumps(findings.as_json(), indent=2)
        options.json.write_text(f"{text}\n", encoding="utf-8")
    return 1 if findings.verdicts or findings.incomplete else 0


def _look(
    rounds: Rounds, serial: Round, seed: int, options: argparse.Namespace
) -> Findings:
    limit = _limit(serial)
    shuffled = _run(
        rounds, "shuffled", "--concurrency=1", f"--seed={seed}", limit=limit
    )
    crowded = []
    for number in range(options.rounds):
        width = options.concurrency or _WIDTHS[number % len(_WIDTHS)]
        added = [f"--seed={seed + number}", "--no-rescue"]
        if width is not None:
            added.append(f"--concurrency={width}")
        crowded.append(_run(rounds, f"round {number + 1}", *added, limit=limit))
    again = []
    if differing(serial, (shuffled, *crowded)):
        # Who differs now, with nothing changed, does so by itself.
        again.append(_run(rounds, "one by one", "--concurrency=1", limit=limit))
    repeated = (serial, *again)
    return Findings(
        rounds.arguments,
        seed,
        repeated,
        (shuffled,),
        tuple(crowded),
        tuple(judge(repeated, (shuffled,), crowded)),
    )


def _review(
    rounds: Rounds, findings: Findings, options: argparse.Namespace
) -> Findings:
    """See which remembered conflicts still hold, and drop the others."""
    serial = findings.serial[0]
    path = serial.log.conflicts
    if path is None or not path.exists():
        return findings
    if findings.incomplete:
        return replace(
            findings, trouble="left as it is: a run of all tests ended early"
        )
    basis = Basis(
        serial,
        frozenset(verdict.nodeid for verdict in findings.verdicts),
        [each.options for each in findings.crowded],
        findings.seed,
        options.concurrency,
        _limit(serial),
    )
    found = Review(rounds, basis, _tell).findings(read(path))
    trouble = ""
    if options.keep_conflicts:
        trouble = "left as it is, as --keep-conflicts says"
    else:
        try:
            update(path, {each.conflict: each.left for each in found})
        except (OSError, pytest.UsageError) as error:
            trouble = f"left as it is: {error}"
    return replace(findings, entries=tuple(found), trouble=trouble)


def _limit(serial: Round) -> float:
    """The seconds after which a run counts as hanging."""
    return max(_AT_LEAST, _PATIENCE * serial.seconds)


def _run(
    rounds: Rounds, title: str, *options: str, limit: float | None = None
) -> Round:
    result = rounds.run(*options, limit=limit)
    _tell(title, f"{result.summary()}   {' '.join(options)}")
    return result


def _tell(title: str, text: str) -> None:
    print(f"  {title:<12}{text}", flush=True)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Exit as pytest does for wrong usage."""
        self.print_usage(sys.stderr)
        self.exit(_USAGE_ERROR, f"{self.prog}: error: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="fasttest verify",
        usage="%(prog)s [--rounds N] [--seed S] [--json FILE] [--keep-conflicts] "
        "[pytest's arguments]",
        description="Run the suite one by one, then many times at once in hostile "
        "orders, and name the tests whose outcome differs. Remembered conflicts that "
        "do not hold any more are dropped. All other arguments are pytest's and "
        "fasttest's.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--rounds",
        type=_at_least_one,
        default=5,
        metavar="N",
        help="runs of many tests at once (default: 5)",
    )
    parser.add_argument(
        "--seed",
        type=_seed,
        metavar="S",
        help="of the first round; the next ones have S + 1, S + 2 … (default: random)",
    )
    parser.add_argument(
        "--concurrency",
        type=_at_least_one,
        metavar="N",
        help="tests in flight at most in every round (default: differs)",
    )
    parser.add_argument(
        "--keep-conflicts",
        action="store_true",
        help="say which remembered conflicts do not hold any more, and leave them",
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write the findings there as well"
    )
    return parser


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 on")
    return int(text)
