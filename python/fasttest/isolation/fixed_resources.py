"""Ports and files of a fixed name which tests take: those who do take turns.

Only what is certain counts: a number or a path that is written there or is a constant.
Nothing is paid for functions that name nothing which listens or writes; of the others
the source is read.
"""

from __future__ import annotations

import ast
import inspect
from typing import TYPE_CHECKING, Any

from fasttest.isolation.analysis.names import Names, cells_of, function_of
from fasttest.isolation.analysis.resources import (
    SERVING,
    file_resource,
    is_appending,
    port_resource,
)
from fasttest.isolation.analysis.sources import Excerpts
from fasttest.isolation.codes import CodeKey, key_of

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterator, Set

# What is too common in functions which write nothing is left to the second run.
_WRITING = frozenset(
    {
        *("makedirs", "mkdir", "open", "symlink", "symlink_to", "touch"),
        *("write_bytes", "write_text"),
    }
)


class FixedResources:
    """Finds what functions take; reads each of them at most once."""

    def __init__(self) -> None:
        self._sources = Excerpts()
        self._files: dict[CodeKey, tuple[str, ...]] = {}

    def ports(self, function: types.FunctionType, names: Set[str]) -> tuple[str, ...]:
        """The ports on which a function listens itself.

        Args:
            function: The function.
            names: The globals and attributes which it names.
        """
        if SERVING.keys().isdisjoint(names):
            return ()
        return self._read(function, port_resource)

    def files(self, function: Any) -> tuple[str, ...]:
        """The files which a test or fixture itself writes anew.

        Not those which the functions that it calls write, or which it only adds to:
        these may well be logs of what all tests do.
        """
        plain = function_of(inspect.unwrap(function))
        if plain is None or _WRITING.isdisjoint(plain.__code__.co_names):
            return ()
        key = key_of(plain)
        if key not in self._files:
            self._files[key] = self._read(plain, _file)
        return self._files[key]

    def _read(
        self,
        function: types.FunctionType,
        resource_of: Callable[[ast.Call, Names], str | None],
    ) -> tuple[str, ...]:
        node = self._sources.node(function.__code__)
        if node is None:
            return ()
        names = Names(node, function.__globals__, cells_of(function))
        found = (resource_of(call, names) for call in _calls(node))
        return tuple(dict.fromkeys(each for each in found if each is not None))


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (each for each in ast.walk(node) if isinstance(each, ast.Call))


def _file(call: ast.Call, names: Names) -> str | None:
    called = names.meaning(call.func).names
    if is_appending(call, called, names):
        return None
    return file_resource(call, called, names)
