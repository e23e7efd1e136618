"""Start one runner on one table, and read back what a user would see of the run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from ._versions import installed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ._table import Setting, Table

_TIMEOUT = 60
# Without the option, and before it was there, the summary tells skipped tests by their
# place, which may be in another file.
SKIPS_BY_NODE_ID = installed("pytest>=8.3")
_ALL_REPORTED = ["-rA", *(["--no-fold-skipped"] if SKIPS_BY_NODE_ID else [])]

# What the dependency groups install, by the names of the entry points. Only tables that
# ask for one have it. (Hypothesis's collects garbage at the end of a run, and with it
# warnings of which nobody can say whose they are.)
_PLUGINS = (
    "allure_pytest",
    "benchmark",
    "codspeed",
    "django",
    "env",
    "freezer",
    "html",
    "html_fixtures",
    "hypothesispytest",
    "inline_snapshot",
    "metadata",
    "pytest-bdd",
    "pytest-retry",
    "pytest-structlog",
    "pytest_cov",
    "pytest_httpserver",
    "pytest_httpx",
    "pytest_jsonreport",
    "pytest_order",
    "randomly",
    "recording",
    "rerunfailures",
    "respx",
    "socket",
    "sugar",
    "syrupy",
    "time_machine",
    "typeguard",
)

_WORDS = "PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS|SUBPASSED|SUBFAILED|SUBSKIPPED"
_LINE = re.compile(
    rf"^((?:{_WORDS})(?: at \w+ of|\S*(?: \([^)]*\))?)) (.+?)(?: - (.*))?$"
)
_LAST_LINE = re.compile(r"^(?:=+ )?((?:\d+ \w+|no tests \w+).*?) in [\d.]+s")
_COUNT = re.compile(r"(\d+) (\w+)")


@dataclass(frozen=True)
class Line:
    """One line of the short test summary."""

    word: str
    nodeid: str
    message: str


@dataclass(frozen=True)
class Case:
    """What the JUnit file says of one test, its times left out."""

    classname: str
    name: str
    children: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Warned:
    """One place of the warnings summary."""

    location: str
    text: str


@dataclass(frozen=True)
class Note:
    """One line that a suite wrote through ``journal.note``."""

    path: str
    lane: str
    text: str


@dataclass(frozen=True)
class Run:
    """Everything compared of one run."""

    exit_code: int
    counts: Mapping[str, int]
    lines: tuple[Line, ...]
    warned: tuple[Warned, ...]
    suite: Mapping[str, str]
    cases: tuple[Case, ...]
    notes: tuple[Note, ...]
    text: str
    left: object = None


def start(runner: str, table: Table, root: Path, setting: Setting) -> Run:
    """Run a table in an empty folder.

    Args:
        runner: The module behind ``python -m``.
        table: What to lay out and to run.
        root: The empty folder.
        setting: The arguments to add and the tests to hold at gates.

    Returns:
        The last step's run.
    """
    table.write(root)
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    # As users have them.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    env.pop("PYTHONUNBUFFERED", None)
    # Under CI pytest does not cut the messages of its summary to the terminal.
    env |= {"CI": "1", "COLUMNS": "100", "NO_COLOR": "1"}
    env["COMPAT_PARTIES"] = str(setting.parties)
    env |= table.env
    without = [name for name in _PLUGINS if name not in table.plugins]
    if not table.cache:
        without.append("cacheprovider")
    kept_out = [f"-pno:{name}" for name in without]
    for step in table.steps:
        command = [sys.executable, "-m", runner, *kept_out, *_ALL_REPORTED]
        command += [*setting.args_for(table), *step]
        try:
            done = subprocess.run(
                command,
                cwd=root,
                env=env,
                input=table.stdin,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired as hung:
            seen = hung.stdout or b""
            text = seen.decode(errors="replace") if isinstance(seen, bytes) else seen
            pytest.fail(f"{' '.join(command)} did not end in {_TIMEOUT} s:\n{text}")
    text = normalise(done.stdout, root)
    return Run(
        exit_code=done.returncode,
        counts=_counts(text),
        lines=_summary(text),
        warned=_warnings(text),
        suite=_suite(root),
        cases=_cases(root),
        notes=_notes(root),
        text=text + "\n--- stderr ---\n" + normalise(done.stderr, root),
        left=None if table.leaves is None else table.leaves(root, text),
    )


def normalise(text: str, root: Path) -> str:
    """Replace what differs from run to run: folders, addresses, tasks' names."""
    text = text.replace(str(root), "<root>")
    text = re.sub(r"\b0x[0-9a-f]+\b", "0x…", text)
    text = re.sub(r"\bcancel scope [0-9a-f]+\b", "cancel scope …", text)
    text = re.sub(r"\bpytest-of-\w+/pytest-\d+", "pytest-…", text)
    # Fixtures of pytest-asyncio's own, which pytest 8 names where one is missing.
    text = re.sub(r"\b(_\w+_scoped_runner|_asyncio_loop_factory), ", "", text)
    # How a test's task is driven shows in its callbacks and is nobody's outcome.
    text = re.sub(r" cb=\[[^\]]*\]", "", text)
    return re.sub(r"\bTask-\d+\b", "Task-…", text)


def section(text: str, title: str) -> list[str]:
    """Return the lines of one ``=== title ===`` section of the terminal's report."""
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        if re.match(r"^=+ .* =+$", line):
            inside = title in line
        elif inside:
            lines.append(line)
    return lines


def _summary(text: str) -> tuple[Line, ...]:
    matches = map(_LINE.match, section(text, "short test summary info"))
    return tuple(Line(m[1], m[2], m[3] or "") for m in matches if m)


def _counts(text: str) -> Mapping[str, int]:
    last = [m for m in map(_LAST_LINE.match, text.splitlines()) if m]
    if not last:
        return {}
    return {m[2].rstrip("s"): int(m[1]) for m in _COUNT.finditer(last[-1][1])}


def _warnings(text: str) -> tuple[Warned, ...]:
    warned: list[Warned] = []
    locations: list[str] = []
    body: list[str] = []
    for line in [*section(text, "warnings summary"), ""]:
        if line.startswith("  "):
            body.append(line)
        elif line:
            locations.append(line)
        elif body:
            # The first line names a place in the suite or in a plugin; the latter
            # differs where a plugin is replaced.
            text = re.sub(r"^ +(?!<root>)\S+:\d+: ", "", body[0]).strip()
            warned += [Warned(location, text) for location in locations]
            locations, body = [], []
    return tuple(warned)


def _suite(root: Path) -> Mapping[str, str]:
    file = root / "junit.xml"
    if not file.exists():
        return {}
    suite = next(ElementTree.parse(file).iter("testsuite"))
    return {k: v for k, v in suite.items() if k not in ("time", "timestamp")}


def _cases(root: Path) -> tuple[Case, ...]:
    file = root / "junit.xml"
    if not file.exists():
        return ()
    return tuple(
        Case(
            case.get("classname", ""),
            case.get("name", ""),
            tuple((_tag(child), _content(child, root)) for child in case),
        )
        for case in ElementTree.parse(file).iter("testcase")
    )


def _tag(child: ElementTree.Element) -> str:
    """The element's name and, where it is told, the kind: skip or xfail."""
    return " ".join(filter(None, (child.tag, child.get("type"))))


def _content(child: ElementTree.Element, root: Path) -> str:
    if child.tag in ("system-out", "system-err"):
        return normalise(child.text or "", root)
    if child.tag == "properties":
        return repr(sorted(Counter(tuple(p.attrib.items()) for p in child).items()))
    # pytest cuts a long message by its length before folders were replaced.
    return normalise(child.get("message", ""), root)[:200]


def _notes(root: Path) -> tuple[Note, ...]:
    journal = root / "journal.txt"
    if not journal.exists():
        return ()
    rows = (line.split("|", 2) for line in journal.read_text().splitlines())
    return tuple(Note(*row) for row in rows)
