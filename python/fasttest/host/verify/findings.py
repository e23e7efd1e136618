"""All that ``fasttest verify`` has found, as text and as JSON."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fasttest.host.verify.verdicts import Cause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fasttest.host.verify.entries import Finding
    from fasttest.host.verify.rounds import Round
    from fasttest.host.verify.verdicts import Verdict


@dataclass(frozen=True)
class Findings:
    """What is known in the end.

    Attributes:
        arguments: pytest's, of the suite.
        seed: Of the first round.
        serial: Runs one by one in the order of collection.
        shuffled: Runs one by one in another order.
        crowded: Runs of many at once.
        verdicts: The tests with several outcomes.
        entries: What is known of the file of conflicts.
        trouble: Why the file is as it was, although it should not be.
    """

    arguments: tuple[str, ...]
    seed: int
    serial: tuple[Round, ...]
    shuffled: tuple[Round, ...]
    crowded: tuple[Round, ...]
    verdicts: tuple[Verdict, ...]
    entries: tuple[Finding, ...] = ()
    trouble: str = ""

    @property
    def incomplete(self) -> list[Round]:
        """The rounds which ended before all tests had been run."""
        rounds = (*self.serial, *self.shuffled, *self.crowded)
        return [each for each in rounds if not each.is_complete]

    def lines(self) -> Iterator[str]:
        """The text, in lines."""
        for each in self.incomplete:
            yield f"\nA run of all tests ended early:\n  {self._command(each)}"
            yield "".join(f"  | {line}\n" for line in each.output.splitlines()[-20:])
        for verdict in self.verdicts:
            yield f"\n{verdict.nodeid}: {verdict.cause.value}"
            yield f"  one by one: {verdict.serial}"
            for each in verdict.differing:
                outcome = each.of(verdict.nodeid)
                first_line = outcome.message.partition("\n")[0]
                yield f"  {outcome}{': ' if first_line else ''}{first_line}"
                yield f"    {self._command(each)}"
        yield from self._lines_on_entries()
        total = len(self.serial[0].outcomes)
        if self.verdicts:
            counts = ", ".join(
                f"{number} {cause.value.replace('depends', 'depend')}"
                for cause in Cause
                if (number := sum(v.cause is cause for v in self.verdicts))
            )
            yield (
                f"\n{len(self.verdicts)} of {total} tests ended differently: {counts}"
            )
        elif not self.incomplete:
            yield f"\nAll {total} tests ended the same in every run."

    def _lines_on_entries(self) -> Iterator[str]:
        path = self.serial[0].log.conflicts
        if path is not None and (self.entries or self.trouble):
            yield f"\n{path.name}:"
        for each in self.entries:
            tests = ", ".join(each.conflict.tests)
            yield f"  {each.fate}: {tests}\n    {each.reason}"
        if self.trouble:
            yield f"  {self.trouble}"

    def as_json(self) -> dict[str, object]:
        """The same for other programs."""
        return {
            "seed": self.seed,
            "tests": len(self.serial[0].outcomes),
            "serial": [self._describe(each) for each in self.serial],
            "shuffled": [self._describe(each) for each in self.shuffled],
            "rounds": [self._describe(each) for each in self.crowded],
            "differing": [
                {
                    "nodeid": verdict.nodeid,
                    "serial": str(verdict.serial),
                    "cause": verdict.cause.name.lower(),
                    "seen": [
                        {
                            "outcome": str(each.of(verdict.nodeid)),
                            "message": each.of(verdict.nodeid).message,
                            "command": self._command(each),
                        }
                        for each in verdict.differing
                    ],
                }
                for verdict in self.verdicts
            ],
            "conflicts": [
                {
                    "tests": each.conflict.tests,
                    "why": each.conflict.why,
                    "fate": each.fate,
                    "reason": each.reason,
                }
                for each in self.entries
            ],
            "conflicts_left_because": self.trouble or None,
        }

    def _describe(self, each: Round) -> dict[str, object]:
        return {
            "command": self._command(each),
            "exit_code": each.exit_code,
            "seconds": round(each.seconds, 3),
        }

    def _command(self, each: Round) -> str:
        """The command line that runs a round again."""
        return shlex.join(["fasttest", *each.options, *self.arguments])
