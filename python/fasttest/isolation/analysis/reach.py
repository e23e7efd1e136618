"""From a test to all that it calls in the project: what is found on the way."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from fasttest.isolation.analysis.model import Effect, Finding
from fasttest.isolation.analysis.names import Names, cells_of, function_of
from fasttest.isolation.analysis.reader import Reading, Routine, read
from fasttest.isolation.analysis.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Callable

_NOTHING = Reading((), (), ())


class Reach:
    """Reads functions and those they lead to; each once.

    Args:
        project: Whether a module, by its name, belongs to the project under test, so
            that calls into it are followed.
    """

    def __init__(self, project: Callable[[str], bool]) -> None:
        self._project = project
        self._sources = Sources()
        self._readings: dict[Routine, Reading] = {}
        self._found: dict[Routine, tuple[Finding, ...]] = {}

    def findings(self, function: Any, cls: type | None = None) -> tuple[Finding, ...]:
        """What a function does to the process, itself or by what it calls.

        Args:
            function: The function; what decorators put round it is left out.
            cls: The class of which it is called as a method.
        """
        plain = function_of(inspect.unwrap(function_of(function) or function))
        if plain is None:
            return ()
        root = Routine(plain, cls)
        if root not in self._found:
            self._found[root] = tuple(self._follow(root))
        return self._found[root]

    def _follow(self, root: Routine) -> dict[Finding, None]:
        found: dict[Finding, None] = {}
        # What is called holds up who calls it; what is handed on may run elsewhere.
        pending = [(root, True)]
        seen = set(pending)
        while pending:
            routine, is_called = pending.pop()
            reading = self._reading(routine)
            for finding in reading.findings:
                if is_called or finding.effect not in (
                    Effect.HOLDS_UP,
                    Effect.COMPUTES,
                ):
                    found[finding] = None
            for further in (
                *((each, is_called) for each in reading.calls),
                *((each, False) for each in reading.mentions),
            ):
                is_seen = further in seen or (further[0], True) in seen
                if not is_seen and self._is_followed(further[0]):
                    seen.add(further)
                    pending.append(further)
        return found

    def _is_followed(self, routine: Routine) -> bool:
        return self._project(str(routine.function.__module__ or ""))

    def _reading(self, routine: Routine) -> Reading:
        if routine not in self._readings:
            self._readings[routine] = self._read(routine)
        return self._readings[routine]

    def _read(self, routine: Routine) -> Reading:
        function = function_of(inspect.unwrap(routine.function)) or routine.function
        node = self._sources.node(function.__code__)
        if node is None:
            return _NOTHING
        names = Names(
            node, function.__globals__, cells_of(function), routine.cls, routine.owner
        )
        try:
            return read(node, names, function.__code__.co_filename)
        except RecursionError:
            return _NOTHING  # an expression of thousands of parts
