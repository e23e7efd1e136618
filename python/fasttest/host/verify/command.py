"""``fasttest verify``: does any test's outcome depend on company or on order?"""

from __future__ import annotations

import argparse
import json
import random
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from fasttest.host.verify.rounds import Round, Rounds
from fasttest.host.verify.verdicts import Cause, Verdict, differing, judge

if TYPE_CHECKING:
    from collections.abc import Sequence

_USAGE_ERROR = 4
_INTERRUPTED = 2

# Tests in flight at most, round by round; None: as many as by default. Few at a time
# meet the same neighbour for longer, many meet more of them.
_WIDTHS = (None, 8, None, 3, 32)

# A round that takes so many times as long as the serial run hangs.
_PATIENCE = 10
_AT_LEAST = 60.0  # seconds


@dataclass(frozen=True)
class Findings:
    """All that is known in the end."""

    serial: tuple[Round, ...]
    shuffled: tuple[Round, ...]
    crowded: tuple[Round, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def incomplete(self) -> list[Round]:
        """The rounds which ended before all tests had been run."""
        rounds = (*self.serial, *self.shuffled, *self.crowded)
        return [each for each in rounds if not each.is_complete]


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
    except KeyboardInterrupt:
        print("interrupted")
        return _INTERRUPTED
    _report(findings, rest)
    if options.json is not None:
        text = json.dumps(_as_json(findings, rest, seed), indent=2)
        options.json.write_text(f"{text}\n", encoding="utf-8")
    return 1 if findings.verdicts or findings.incomplete else 0


def _look(
    rounds: Rounds, serial: Round, seed: int, options: argparse.Namespace
) -> Findings:
    limit = max(_AT_LEAST, _PATIENCE * serial.seconds)
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
    verdicts = judge(repeated, (shuffled,), crowded)
    return Findings(repeated, (shuffled,), tuple(crowded), tuple(verdicts))


def _run(
    rounds: Rounds, title: str, *options: str, limit: float | None = None
) -> Round:
    result = rounds.run(*options, limit=limit)
    print(f"  {title:<12}{result.summary()}   {' '.join(options)}", flush=True)
    return result


def _report(findings: Findings, arguments: Sequence[str]) -> None:
    for each in findings.incomplete:
        print(f"\nA run of all tests ended early:\n  {_command(each, arguments)}")
        print("".join(f"  | {line}\n" for line in each.output.splitlines()[-20:]))
    for verdict in findings.verdicts:
        print(f"\n{verdict.nodeid}: {verdict.cause.value}")
        print(f"  one by one: {verdict.serial}")
        for each in verdict.differing:
            outcome = each.of(verdict.nodeid)
            first_line = outcome.message.partition("\n")[0]
            print(f"  {outcome}{': ' if first_line else ''}{first_line}")
            print(f"    {_command(each, arguments)}")
    total = len(findings.serial[0].outcomes)
    if findings.verdicts:
        counts = ", ".join(
            f"{number} {cause.value.replace('depends', 'depend')}"
            for cause in Cause
            if (number := sum(v.cause is cause for v in findings.verdicts))
        )
        print(
            f"\n{len(findings.verdicts)} of {total} tests ended differently: {counts}"
        )
    elif not findings.incomplete:
        print(f"\nAll {total} tests ended the same in every run.")


def _command(each: Round, arguments: Sequence[str]) -> str:
    """The command line that runs a round again."""
    return shlex.join(["fasttest", *each.options, *arguments])


def _as_json(
    findings: Findings, arguments: Sequence[str], seed: int
) -> dict[str, object]:
    def describe(each: Round) -> dict[str, object]:
        return {
            "command": _command(each, arguments),
            "exit_code": each.exit_code,
            "seconds": round(each.seconds, 3),
        }

    return {
        "seed": seed,
        "tests": len(findings.serial[0].outcomes),
        "serial": [describe(each) for each in findings.serial],
        "shuffled": [describe(each) for each in findings.shuffled],
        "rounds": [describe(each) for each in findings.crowded],
        "differing": [
            {
                "nodeid": verdict.nodeid,
                "serial": str(verdict.serial),
                "cause": verdict.cause.name.lower(),
                "seen": [
                    {
                        "outcome": str(each.of(verdict.nodeid)),
                        "message": each.of(verdict.nodeid).message,
                        "command": _command(each, arguments),
                    }
                    for each in verdict.differing
                ],
            }
            for verdict in findings.verdicts
        ],
    }


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Exit as pytest does for wrong usage."""
        self.print_usage(sys.stderr)
        self.exit(_USAGE_ERROR, f"{self.prog}: error: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="fasttest verify",
        usage="%(prog)s [--rounds N] [--seed S] [--json FILE] [pytest's arguments]",
        description="Run the suite one by one, then many times at once in hostile "
        "orders, and name the tests whose outcome differs. All other arguments are "
        "pytest's and fasttest's.",
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
