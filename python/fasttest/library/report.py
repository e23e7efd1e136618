"""Typed results: of each test, and of a whole run."""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping


class Outcome(enum.Enum):
    """How a test ended."""

    PASSED = "passed"
    FAILED = "failed"  # the test itself raised
    ERROR = "error"  # a set-up or a teardown raised
    SKIPPED = "skipped"


class Phase(enum.Enum):
    """The parts of a test's run."""

    SETUP = "setup"
    CALL = "call"
    TEARDOWN = "teardown"


class Skipped(BaseException):
    """Ends a test, or all tests that need a fixture, without a verdict.

    Not an ``Exception``, so that a test's own ``except Exception`` lets it pass.
    """


def skip(reason: str = "") -> NoReturn:
    """Skip the running test, or from within a fixture all tests that need it."""
    raise Skipped(reason)


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception that a phase of a test ended with.

    Attributes:
        phase: The phase.
        error: The exception, with its traceback.
    """

    phase: Phase
    error: BaseException

    def __str__(self) -> str:
        """One line: the phase, the type and the first line of the message."""
        message = next(iter(str(self.error).splitlines()), "")
        name = type(self.error).__name__
        return f"{self.phase.value}: {name}: {message}".removesuffix(": ")


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one test.

    Attributes:
        name: The groups and the test, joined by ``::``, with parameters in brackets.
        outcome: How it ended.
        failures: What was raised, in that order: by a set-up or the test itself, then
            by teardowns; those of wider fixtures count for the last test that used
            their scope.
        reason: Why it was skipped.
        durations: Seconds spent in each phase that was begun; what a teardown waited
            for other tests does not count.
        output: What the test and its fixtures wrote, by "stdout" and "stderr"; empty
            where output is not captured.
        conflict: Whether it failed beside other tests first, and this is the result of
            a second run, alone; only with ``rescue``.
    """

    name: str
    outcome: Outcome
    failures: tuple[Failure, ...]
    reason: str
    durations: Mapping[Phase, float]
    output: Mapping[str, str]
    conflict: bool = False

    @property
    def phase(self) -> Phase | None:
        """The phase of the first failure."""
        return self.failures[0].phase if self.failures else None

    @property
    def error(self) -> BaseException | None:
        """The exception of the first failure."""
        return self.failures[0].error if self.failures else None

    def __str__(self) -> str:
        """One line: outcome, name and, where there is one, the cause."""
        cause = str(self.failures[0]) if self.failures else self.reason
        line = f"{self.outcome.name} {self.name}"
        return f"{line} - {cause}" if cause else line


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a run.

    Attributes:
        results: In the order in which the tests were defined.
        not_run: Names of the tests that did not run, because the run was stopped.
        errors: What teardowns raised that no test was left to report.
        seconds: From the first set-up to the last teardown.
    """

    results: tuple[Result, ...]
    not_run: tuple[str, ...]
    errors: tuple[BaseException, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether all tests ran, and none of them nor a teardown failed."""
        return not (self.failures or self.errors or self.not_run)

    @property
    def failures(self) -> tuple[Result, ...]:
        """The results whose outcome is FAILED or ERROR."""
        bad = (Outcome.FAILED, Outcome.ERROR)
        return tuple(result for result in self.results if result.outcome in bad)

    @property
    def counts(self) -> Mapping[Outcome, int]:
        """How many tests ended with each outcome; every outcome is a key."""
        counted = Counter(result.outcome for result in self.results)
        return {outcome: counted[outcome] for outcome in Outcome}

    def __str__(self) -> str:
        """A line for each test that did not pass, and one with the counts."""
        lines = [str(r) for r in self.results if r.outcome is not Outcome.PASSED]
        lines += [f"ERROR in a teardown - {error!r}" for error in self.errors]
        counts = [f"{n} {outcome.value}" for outcome, n in self.counts.items() if n]
        if self.not_run:
            counts.append(f"{len(self.not_run)} not run")
        summary = ", ".join(counts) or "no tests"
        return "\n".join([*lines, f"{summary} in {self.seconds:.2f}s"])
