"""Tests that fail in company of each other: what is remembered of them."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

# So many tests of a class in one conflict stand for all of it.
_SEVERAL = 3

_HEAD = """\
# Tests that fail in company of each other, as fasttest has found out. It never runs the
# tests of an entry at the same time, and starts them in the order of collection. Read,
# change, delete and commit it as you like.
"""


class Conflict(NamedTuple):
    """Some tests of which no two are to be in flight together.

    Attributes:
        tests: Their node ids, in the order of collection.
        why: What is known of the reason.
    """

    tests: tuple[str, ...]
    why: str


def read(path: Path) -> list[Conflict]:
    """What is remembered in a file.

    Raises:
        pytest.UsageError: The file says something else than conflicts.
    """
    try:
        entries = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _refused(path, f"it cannot be read: {error}") from error
    unknown = sorted(entries.keys() - {"conflict"})
    if unknown:
        reason = f"{unknown[0]!r} is not [[conflict]], which is all there is"
        raise _refused(path, reason)
    found = entries.get("conflict", [])
    if not isinstance(found, list):
        raise _refused(path, "conflicts are written as [[conflict]], each on its own")
    return [_conflict(path, number, entry) for number, entry in enumerate(found, 1)]


def write(path: Path, conflicts: Iterable[Conflict]) -> None:
    """Replace what is remembered, sorted; no file is left if that is nothing.

    Raises:
        OSError: The file cannot be written.
    """
    entries = sorted(set(conflicts))
    if entries:
        # Whoever reads it meanwhile finds all of it.
        new = path.with_name(f"{path.name}.{os.getpid()}")
        new.write_text(_HEAD + "".join(map(_entry, entries)), "utf-8")
        new.replace(path)
    else:
        path.unlink(missing_ok=True)


def update(path: Path, left: Mapping[Conflict, Conflict | None]) -> None:
    """Replace entries by what is left of them; the others stay.

    The file is read again, as it may have been changed meanwhile, and is written only
    if it is to be another one.

    Args:
        path: The file.
        left: By entry; None for one that is to be dropped.

    Raises:
        OSError: The file cannot be written.
        pytest.UsageError: The file says something else than conflicts.
    """
    former = read(path)
    entries = [left.get(entry, entry) for entry in former]
    if entries != former:
        write(path, [entry for entry in entries if entry is not None])


def merged(known: Sequence[Conflict], found: Iterable[Conflict]) -> list[Conflict]:
    """What is known, and what was found about other tests than that.

    Where a test of a file is in conflict with two others of that file, all three share
    something: they become one entry, rather than one for each pair over many runs.
    """
    result = list(known)
    for conflict in found:
        if any(set(conflict.tests) <= set(each.tests) for each in result):
            continue
        near = [each for each in result if _are_near(each, conflict)]
        tests = {test: None for each in [*near, conflict] for test in each.tests}
        result = [each for each in result if each not in near]
        result.append(Conflict(tuple(tests), (near or [conflict])[0].why))
    return result


def widened(
    conflicts: Iterable[Conflict], nodeids: Sequence[str]
) -> Iterator[Conflict]:
    """Conflicts of whole classes, where several tests of a class are in one.

    What three tests of a class share, its set-up mostly, all of them are likely to
    share: they take turns, rather than fail one by one over many runs.

    Args:
        conflicts: Some conflicts.
        nodeids: All tests there are, in the order of collection.

    Yields:
        Each of them, with more tests or as it is.
    """
    places = {nodeid: place for place, nodeid in enumerate(nodeids)}
    for conflict in conflicts:
        counts = Counter(filter(None, map(_class_of, conflict.tests)))
        classes = {name for name, count in counts.items() if count >= _SEVERAL}
        more = [nodeid for nodeid in nodeids if _class_of(nodeid) in classes]
        tests = dict.fromkeys((*conflict.tests, *more))
        ordered = sorted(tests, key=lambda test: places.get(test, len(places)))
        yield conflict._replace(tests=tuple(ordered)) if classes else conflict


def _class_of(nodeid: str) -> str | None:
    """The node id of a test's class; None if it has none."""
    parts = nodeid.partition("[")[0].split("::")
    return "::".join(parts[:-1]) if len(parts) > 2 else None


def _are_near(one: Conflict, other: Conflict) -> bool:
    files = {test.partition("::")[0] for test in (*one.tests, *other.tests)}
    return len(files) == 1 and not set(one.tests).isdisjoint(other.tests)


def _entry(conflict: Conflict) -> str:
    tests = "".join(f"    {_string(test)},\n" for test in conflict.tests)
    return f"\n[[conflict]]\ntests = [\n{tests}]\nwhy = {_string(conflict.why)}\n"


def _string(text: str) -> str:
    # As in JSON, but for one character which TOML wants to be escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _conflict(path: Path, number: int, entry: Any) -> Conflict:
    where = f"conflict {number}"
    if not isinstance(entry, dict):
        raise _refused(path, f"{where} is no table: write [[conflict]] over it")
    unknown = sorted(entry.keys() - {"tests", "why"})
    if unknown:
        reason = f"{where} has {unknown[0]!r}, which is neither tests nor why"
        raise _refused(path, reason)
    tests, why = entry.get("tests"), entry.get("why", "")
    if (
        not isinstance(tests, list)
        or len(tests) < 2
        or not all(isinstance(test, str) for test in tests)
    ):
        raise _refused(path, f"{where} needs tests, a list of at least two node ids")
    if not isinstance(why, str):
        raise _refused(path, f"{where} has a reason that is no text")
    return Conflict(tuple(tests), why)


def _refused(path: Path, reason: str) -> pytest.UsageError:
    return pytest.UsageError(
        f"{path.name}: {reason}. Correct the file, or delete it: what is still true of "
        "it will be found out again."
    )
