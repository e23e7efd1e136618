"""All suites of the comparison, in the order of the table."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from comparison import hostile, mixed, overhead, sleeping

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comparison.suite import Suite


def all_suites(seed: int) -> list[Suite]:
    """Generate every suite; the same seed gives the same files."""
    return [
        sleeping.by_scope("function", "mark", goal=25.0, name="sleep-function"),
        sleeping.by_scope("module", "mark"),
        sleeping.by_scope("class", "mark"),
        sleeping.by_scope("session", "mark"),
        sleeping.by_scope("module", "pytestmark"),
        sleeping.by_scope("session", "ini"),
        sleeping.alternating(),
        sleeping.by_scope("function", "mark", files=10, name="sleep-ten-files"),
        sleeping.with_fixture(),
        sleeping.cases(),
        overhead.empty_async(),
        overhead.trivial_sync(),
        mixed.mixed(seed),
        hostile.hostile(seed),
    ]


def is_selected(name: str, patterns: Sequence[str]) -> bool:
    """Tell whether a name matches one of the shell patterns; none select all."""
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)
