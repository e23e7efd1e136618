"""Compares fasttest with other runners: ``python benchmarks/run.py``.

See the README beside this file for how to read the table.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from comparison import catalogue, measure, run_phase
from comparison.runners import FASTTEST, PEERS, REFERENCE, RUNNERS, Runner, version_of
from comparison.table import HEADER, Goal, block

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comparison.measure import Result


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, and say whether the subject ran every suite.

    Returns:
        0, or 1 if the subject of the comparison failed on a suite.
    """
    options = _parse(arguments)
    subject = RUNNERS[options.subject]
    peers = [RUNNERS[name] for name in options.peers if name != subject.name]
    suites = [
        suite
        for suite in catalogue.all_suites(options.seed)
        if catalogue.is_selected(suite.name, options.only)
    ]
    with_run_phase = catalogue.is_selected(run_phase.NAME, options.only)
    if not suites and not with_run_phase:
        print(f"no suite is named {', '.join(options.only)}", file=sys.stderr)
        return 2

    print(f"{_machine()}; {_versions([subject, *peers])}")
    print(
        f"medians of {options.repeat}; ratio: the runner's time by {subject.name}'s\n"
    )
    print(f"{HEADER}\n", flush=True)
    measured: dict[str, list[Result]] = {}
    with tempfile.TemporaryDirectory(prefix="fasttest-benchmark-") as folder:
        root = Path(folder)
        for suite in suites:
            own, *others = results = measure.compare(
                suite, [subject, *peers], root / suite.name, options.repeat
            )
            goals = []
            if suite.goal and subject is FASTTEST:
                goals.append(Goal(REFERENCE.title(suite), suite.goal, "at least"))
            print(block(f"{suite.name}: {suite.about}", own, others, goals), flush=True)
            measured[suite.name] = results
        if with_run_phase:
            gather, *runs = results = run_phase.compare(
                [subject] if subject is REFERENCE else [subject, REFERENCE],
                root / run_phase.NAME,
                options.repeat,
            )
            print(block(_RUN_PHASE_TITLE, gather, runs, [_RUN_PHASE_GOAL]), flush=True)
            measured[run_phase.NAME] = results

    if options.json:
        _write_json(options.json, measured, [subject, *peers])
    own_results = [r for rs in measured.values() for r in rs if r.name == subject.name]
    return int(any(result.reason for result in own_results))


_RUN_PHASE_TITLE = (
    f"{run_phase.NAME}: {run_phase.TESTS} x sleep({run_phase.SECONDS}), "
    "pytest_runtestloop alone by one plain gather"
)
_RUN_PHASE_GOAL = Goal(FASTTEST.name, run_phase.GOAL, "at most")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare fasttest with other runners.")
    parser.add_argument(
        "--only",
        metavar="NAME",
        action="append",
        default=[],
        help="a suite, or a pattern like 'sleep-*'; may be given several times",
    )
    parser.add_argument("--repeat", metavar="N", type=_positive, default=5)
    parser.add_argument(
        "--peers",
        metavar="NAME,…",
        type=_names,
        default=[peer.name for peer in PEERS],
        help=f"some of {', '.join(RUNNERS)}",
    )
    parser.add_argument("--subject", choices=sorted(RUNNERS), default=FASTTEST.name)
    parser.add_argument("--seed", type=int, default=1, help="of the mixed suite")
    parser.add_argument("--json", metavar="FILE", type=Path)
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in RUNNERS:
            known = ", ".join(RUNNERS)
            raise argparse.ArgumentTypeError(f"{name!r} is none of {known}")
    return names


def _machine() -> str:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {platform.system()}, {os.cpu_count()} cores"


def _versions(runners: Sequence[Runner]) -> str:
    names = dict.fromkeys(name for runner in runners for name in runner.distributions)
    return ", ".join(f"{name} {version_of(name) or 'not installed'}" for name in names)


def _write_json(
    path: Path, measured: dict[str, list[Result]], runners: Sequence[Runner]
) -> None:
    names = dict.fromkeys(name for runner in runners for name in runner.distributions)
    document = {
        "machine": _machine(),
        "versions": {name: version_of(name) for name in names},
        "suites": {
            name: [asdict(result) for result in results]
            for name, results in measured.items()
        },
    }
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
