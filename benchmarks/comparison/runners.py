"""The runners that are compared: how each is started and what its report says."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, cast

from comparison.suite import Counts

if TYPE_CHECKING:
    from comparison.suite import Suite

CountReader = Callable[[str], "Counts | None"]


def counts_in_words(output: str) -> Counts | None:
    """Read the last line like ``198 passed, 2 failed in 1.23s``.

    pytest, fasttest and karva all end their report with such a line.
    """
    for line in reversed(output.splitlines()):
        found = re.findall(
            r"(\d+) (passed|failed|errors?|skipped|xfailed|xpassed)\b", line
        )
        if found:
            named = {_PLURAL.get(word, word): int(number) for number, word in found}
            return Counts(**named)
    return None


_PLURAL = {"error": "errors"}


def counts_in_json_lines(output: str) -> Counts | None:
    """Read the summary object that ends the ``--llm`` report of rustest."""
    for line in reversed(output.splitlines()):
        if line.startswith('{"t":"summary"'):
            summary = cast("dict[str, int]", json.loads(line))
            return Counts(
                passed=summary["passed"],
                failed=summary["failed"],
                errors=summary["errors"],
                skipped=summary["skipped"],
            )
    return None


@dataclass(frozen=True)
class Runner:
    """One way to run a suite of pytest tests.

    Attributes:
        name: What ``--peers`` selects it by.
        distributions: What must be installed for it.
        arguments: Its command line after the interpreter.
        read_counts: Finds the counts in its output.
        asyncio_arguments: What it needs in addition for async tests.
        name_without_asyncio: What it is called where those are left out.
    """

    name: str
    distributions: tuple[str, ...]
    arguments: tuple[str, ...]
    read_counts: CountReader = counts_in_words
    asyncio_arguments: tuple[str, ...] = ()
    name_without_asyncio: str = ""

    def command(self, suite: Suite) -> list[str]:
        """The command to run in the suite's root, with this interpreter."""
        more = self.asyncio_arguments if suite.asynchronous else ()
        return [sys.executable, *self.arguments, *more]

    def title(self, suite: Suite) -> str:
        """What to call the runner in the suite's part of the table."""
        plain = self.name_without_asyncio and not suite.asynchronous
        return self.name_without_asyncio if plain else self.name

    def missing(self) -> list[str]:
        """The distributions that are not installed."""
        return [name for name in self.distributions if version_of(name) is None]


def version_of(distribution: str) -> str | None:
    """The installed version of a distribution, or None."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


# Plugins are named one by one, because the environment of measured commands turns off
# their automatic loading: nobody pays for what happens to be installed besides.
_ASYNCIO = ("-p", "pytest_asyncio.plugin")

FASTTEST = Runner("fasttest", ("fasttest",), ("-m", "fasttest", "-q"))
REFERENCE = Runner(
    "pytest-asyncio",
    ("pytest", "pytest-asyncio"),
    ("-m", "pytest", "-q"),
    asyncio_arguments=_ASYNCIO,
    name_without_asyncio="pytest",
)
PEERS = (
    REFERENCE,
    Runner(
        "pytest-xdist",
        ("pytest", "pytest-asyncio", "pytest-xdist"),
        ("-m", "pytest", "-q", "-p", "xdist", "-n", "2"),
        asyncio_arguments=_ASYNCIO,
    ),
    Runner(
        "rustest",
        ("rustest",),
        ("-m", "rustest", "--pytest-compat", "--no-codeblocks", "--llm"),
        read_counts=counts_in_json_lines,
    ),
    Runner(
        "karva",
        ("karva",),
        ("-m", "karva", "test", "--status-level=fail", "--color=never"),
    ),
)
RUNNERS = {runner.name: runner for runner in (FASTTEST, *PEERS)}
