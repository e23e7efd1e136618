"""What a generated suite is: its files, and what a correct run of it reports."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Counts:
    """How many tests ended in which way."""

    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0
    xfailed: int = 0
    xpassed: int = 0

    @property
    def total(self) -> int:
        """All tests, whatever their outcome."""
        return sum(astuple(self))

    def __str__(self) -> str:
        """Name the outcomes that occurred, as in ``198 passed, 2 failed``."""
        named = ((getattr(self, field.name), field.name) for field in fields(self))
        return ", ".join(f"{n} {name}" for n, name in named if n) or "no tests"


@dataclass(frozen=True)
class Suite:
    """A suite of tests as text, not yet on disk.

    Attributes:
        name: What ``--only`` selects it by.
        about: One line for people.
        files: Source by path relative to the suite's root.
        expected: The counts every correct runner reports.
        asynchronous: Whether pytest needs pytest-asyncio to run it.
        goal: The least speed-up over stock pytest that fasttest promises here.
    """

    name: str
    about: str
    files: Mapping[str, str]
    expected: Counts
    asynchronous: bool = True
    goal: float | None = None

    def write(self, folder: Path) -> None:
        """Write all files below ``folder``, which need not exist yet."""
        for path, source in self.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(source, encoding="utf-8")
