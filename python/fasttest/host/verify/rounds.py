"""Rounds: runs of one suite, each in a process of its own, and what came of them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fasttest.host.verify.outcomes import LOG_OPTION

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLUGIN = "fasttest.host.verify.outcomes"

# What pytest's runs end with that have run all tests.
_COMPLETE = (0, 1)
_BAD = frozenset({"failed", "error"})


@dataclass(frozen=True)
class Outcome:
    """How a test ended.

    Attributes:
        categories: pytest's words for what its phases came to, in their order: mostly
            one of them, or "failed" and "error" if its teardown failed as well.
        message: What the first failure said; it is not compared.
    """

    categories: tuple[str, ...]
    message: str = field(default="", compare=False)

    @property
    def is_bad(self) -> bool:
        """Whether the test has failed."""
        return not self.categories or not _BAD.isdisjoint(self.categories)

    def __str__(self) -> str:
        return ", ".join(self.categories) or "not run"


NOT_RUN = Outcome(())


@dataclass(frozen=True)
class Round:
    """What came of one run.

    Attributes:
        options: How it differed from the other rounds.
        exit_code: pytest's; below 0 it is the signal that ended the process; None if it
            did not end in time.
        seconds: How long it took.
        outcomes: By node id, in the order of the first reports.
        output: What it printed.
    """

    options: tuple[str, ...]
    exit_code: int | None
    seconds: float
    outcomes: dict[str, Outcome]
    output: str

    @property
    def is_complete(self) -> bool:
        """Whether all tests have been run."""
        return self.exit_code in _COMPLETE

    def of(self, nodeid: str) -> Outcome:
        """How a test ended."""
        return self.outcomes.get(nodeid, NOT_RUN)

    def summary(self) -> str:
        """One line about it."""
        counts = Counter(map(str, self.outcomes.values()))
        texts = [f"{count} {word}" for word, count in counts.items()]
        if self.exit_code is None:
            texts.append("did not end")
        elif not self.is_complete:
            texts.append(f"ended with exit code {self.exit_code}")
        return f"{', '.join(texts)} in {self.seconds:.1f} s"


class Rounds:
    """Runs a suite again and again.

    Each run begins in a new process: what one has left in modules, in globals and in
    session fixtures, the next one does not find. Nor does it find pytest's cache, and
    the user's is left as it is.

    Args:
        arguments: pytest's, of the suite.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self.arguments = tuple(arguments)

    def run(self, *options: str, limit: float | None = None) -> Round:
        """Run the suite once.

        Args:
            *options: Added to the suite's arguments.
            limit: The seconds it may take.
        """
        with tempfile.TemporaryDirectory(prefix="fasttest-") as folder:
            log, output = Path(folder, "outcomes.jsonl"), Path(folder, "output.txt")
            # What comes last holds: a run that stops at a failure has no outcomes.
            command = [sys.executable, "-m", "fasttest", "-p", _PLUGIN]
            command += [*self.arguments, LOG_OPTION, str(log), "--maxfail=0"]
            command += ["-o", f"cache_dir={folder}/cache", *options]
            began = time.monotonic()
            with output.open("wb") as sink:
                exit_code = _wait(command, sink.fileno(), limit)
            return Round(
                options,
                exit_code,
                time.monotonic() - began,
                _read(log),
                output.read_text(encoding="utf-8", errors="replace"),
            )


def _wait(command: Sequence[str], sink: int, limit: float | None) -> int | None:
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT
    )
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        return None
    except KeyboardInterrupt:
        # The run has got it, too, and tears down what it had set up.
        process.wait()
        raise
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _read(log: Path) -> dict[str, Outcome]:
    categories: dict[str, list[str]] = {}
    messages: dict[str, str] = {}
    if not log.exists():
        return {}
    *lines, _ = log.read_text(encoding="utf-8").split("\n")  # the last may be torn
    for report in map(json.loads, lines):
        seen = categories.setdefault(report["nodeid"], [])
        # The last of several tries is what counts.
        if report["category"] not in ("", "rerun"):
            seen.append(report["category"])
            if report["category"] in _BAD:
                messages.setdefault(report["nodeid"], report["message"])
    return {
        nodeid: Outcome(tuple(seen), messages.get(nodeid, ""))
        for nodeid, seen in categories.items()
    }
