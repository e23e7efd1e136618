"""Rounds: runs of one suite, each in a process of its own, and what came of them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fasttest.host.conflicts import write
from fasttest.host.verify.log import NOT_RUN, Log, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fasttest.host.conflicts import Conflict
    from fasttest.host.verify.log import Outcome

_PLUGIN = "fasttest.host.verify.outcomes"
_LOG_OPTION = "--outcomes-log"
_CHOSEN_OPTION = "--outcomes-of"

# What pytest's runs end with that have run all tests.
_COMPLETE = (0, 1)


@dataclass(frozen=True)
class Round:
    """What came of one run.

    Attributes:
        options: How it differed from the other rounds.
        exit_code: pytest's; below 0 it is the signal that ended the process; None if it
            did not end in time.
        seconds: How long it took.
        log: What it has written down.
        output: What it printed.
    """

    options: tuple[str, ...]
    exit_code: int | None
    seconds: float
    log: Log
    output: str

    @property
    def outcomes(self) -> Mapping[str, Outcome]:
        """How the tests ended, by node id, in the order of the first reports."""
        return self.log.outcomes

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

    def run(
        self,
        *options: str,
        limit: float | None = None,
        tests: Iterable[str] | None = None,
        conflicts: Iterable[Conflict] | None = None,
    ) -> Round:
        """Run the suite once.

        Args:
            *options: Added to the suite's arguments.
            limit: The seconds it may take.
            tests: All that is run, by node id; None for what the arguments select.
            conflicts: Kept apart in place of those in the suite's file; None for these.
        """
        with tempfile.TemporaryDirectory(prefix="fasttest-") as folder:
            log, output = Path(folder, "outcomes.jsonl"), Path(folder, "output.txt")
            # As one word each: pytest looks for its rootdir near every other word.
            hidden = [f"{_LOG_OPTION}={log}"]
            if tests is not None:
                chosen = Path(folder, "tests.json")
                chosen.write_text(json.dumps(list(tests)), encoding="utf-8")
                hidden.append(f"{_CHOSEN_OPTION}={chosen}")
            if conflicts is not None:
                apart = Path(folder, "conflicts.toml")
                write(apart, conflicts)
                hidden.append(f"--conflicts-file={apart}")
            # What comes last holds: a run that stops at a failure has no outcomes.
            command = [sys.executable, "-m", "fasttest", "-p", _PLUGIN]
            command += [*self.arguments, *hidden, "--maxfail=0"]
            command += ["-o", f"cache_dir={folder}/cache", *options]
            began = time.monotonic()
            with output.open("wb") as sink:
                exit_code = _wait(command, sink.fileno(), limit)
            return Round(
                options,
                exit_code,
                time.monotonic() - began,
                read(log),
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
