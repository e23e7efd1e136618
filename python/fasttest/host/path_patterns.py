"""Patterns for the tests of a path: a file, a folder, a class, a test."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class PathPattern:
    """Matches node ids: ``tests/e2e``, ``**/test_*_db.py``, ``tests/x.py::test_y``.

    What precedes the first ``::`` is a shell pattern for the file or one of the folders
    above it, from the root folder on; ``*`` stands for anything, slashes included. What
    follows is taken as it is: a class stands for its tests, a test for all of its
    parameters.

    Args:
        text: The pattern.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        path, _, self.inside = text.partition("::")
        path = path.removesuffix("/")
        # As one expects of ``**/``, it also stands for no folder at all.
        self._path = re.compile(
            "|".join(
                fnmatch.translate(each)
                for way in {path, path.replace("**/", "")}
                for each in (way, f"{way}/*")
            )
        )

    def matches_file(self, path: str) -> bool:
        """Whether tests of the file, given from the root folder on, may match."""
        return self._path.match(path) is not None

    def matches_inside(self, nodeid: str) -> bool:
        """Whether a node id of a file that matches does so, too."""
        if not self.inside:
            return True
        _, _, inside = nodeid.partition("::")
        rest = inside.removeprefix(self.inside)
        return inside.startswith(self.inside) and (not rest or rest[0] in "[:")


class PathPatterns:
    """Several patterns; each file is compared with them once.

    Attributes:
        unused: The patterns that have not matched anything yet.
    """

    def __init__(self, patterns: Sequence[PathPattern]) -> None:
        self._patterns = patterns
        self.unused = dict.fromkeys(patterns)
        self._by_file: dict[str, list[PathPattern]] = {}

    def matching(self, nodeid: str) -> Iterator[PathPattern]:
        """The patterns that match a node id, in order."""
        file = nodeid.partition("::")[0]
        if file not in self._by_file:
            self._by_file[file] = [p for p in self._patterns if p.matches_file(file)]
        for pattern in self._by_file[file]:
            if pattern.matches_inside(nodeid):
                self.unused.pop(pattern, None)
                yield pattern
