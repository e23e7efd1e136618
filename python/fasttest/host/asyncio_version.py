"""What changed from version to version of pytest-asyncio, as far as suites notice.

A suite was written for the version it is installed with; that one is followed.
"""

from __future__ import annotations

import re
from typing import TypeAlias

import pytest

Version: TypeAlias = tuple[int, ...]

# The fixtures' loop scope is an option, and warned of if it is unset.
FIXTURE_LOOP_SCOPE = (0, 24)
# Loops are no fixtures called ``event_loop`` any more.
LOOPS_ARE_NO_FIXTURES = (1, 0)
# Marks are read when tests are collected; before, when each was set up. Suites choose
# their event loops by the hook ``pytest_asyncio_loop_factories``.
MARKS_ARE_READ_AT_COLLECTION = (1, 4)
# After a loop is closed there is no current one; before, the former was put back, and
# made if there was none. Overriding ``event_loop_policy`` is deprecated.
NO_LOOP_IS_LEFT = (1, 4)
POLICY_IS_DEPRECATED = (1, 4)

_followed = pytest.StashKey[Version]()
_LATEST = (1, 5)


def parse(text: str) -> Version:
    """The numbers of a version."""
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def follow(config: pytest.Config, installed: Version | None) -> None:
    """Behave as the installed version; as the latest if there is none."""
    config.stash[_followed] = installed or _LATEST


def followed(config: pytest.Config) -> Version:
    """The version that is followed."""
    return config.stash.get(_followed, _LATEST)
