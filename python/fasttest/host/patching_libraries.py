"""Who uses a library that patches the process, in a test or a fixture.

Such a library puts back at the end what it has patched; of two tests that do so at
once, each would undo what the other needs. The fixtures and marks of plugins are known
by name: see ``fasttest.isolation.process_state``.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import types
from typing import TYPE_CHECKING, Any

from fasttest.host import private
from fasttest.isolation.codes import codes, imported_in, named_in
from fasttest.isolation.process_state import PATCHING_LIBRARIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pytest

# Functions of classes and modules which pytest calls round tests, in a fixture's place.
_XUNIT = (
    "setup_module",
    "setup_class",
    "setup_method",
    "setup_function",
    "teardown_module",
    "teardown_class",
    "teardown_method",
    "teardown_function",
)


class PatchingLibraries:
    """Finds the users of these libraries; remembers each function it has looked at.

    Args:
        root: The project's folder: calls to functions from below it are followed.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._imported = frozenset(n for n in PATCHING_LIBRARIES if n in sys.modules)
        self._installed = bool(self._imported) or any(
            map(_is_installed, PATCHING_LIBRARIES)
        )
        self._seen: dict[types.CodeType, str | None] = {}

    def used_by(self, item: pytest.Item) -> str | None:
        """The library which a test uses, itself or by a fixture, if it uses one."""
        return self._first(_functions(item)) if self._installed else None

    def _first(self, functions: Iterable[Any]) -> str | None:
        return next((name for f in functions if (name := self._look_at(f))), None)

    def _look_at(self, function: Any) -> str | None:
        function = getattr(function, "__func__", function)
        while True:
            code = getattr(function, "__code__", None)
            if not isinstance(code, types.CodeType):
                return None
            if code not in self._seen:
                self._seen[code] = None  # a function that calls itself is seen once
                self._seen[code] = self._look_into(function, code)
            inner = function.__dict__.get("__wrapped__")
            if self._seen[code] is not None or inner is None:
                return self._seen[code]
            function = inner

    def _look_into(self, function: types.FunctionType, code: Any) -> str | None:
        library = next(_imported_libraries(code), None)
        if library is not None or not self._imported:
            return library
        # A decorator of the library has put its own function round the test.
        values = [function, *_values(function, code)]
        for value in values:
            for module in _modules(value):
                if module.partition(".")[0] in self._imported:
                    return module.partition(".")[0]
        return self._first(
            value
            for value in values[1:]
            if isinstance(value, types.FunctionType)
            and value.__code__.co_filename.startswith(self._root)
            and "site-packages" not in value.__code__.co_filename
        )


def _functions(item: pytest.Item) -> Iterator[Any]:
    """The functions of a test and of its fixtures narrower than the session.

    What a session's fixture patches stays patched for all tests, under pytest as well.
    """
    yield getattr(item, "obj", None)
    for holder in (getattr(item, "cls", None), getattr(item, "module", None)):
        for name in _XUNIT:
            yield getattr(holder, name, None)
    info = private.fixture_info(item)
    for definitions in info.name2fixturedefs.values() if info else ():
        for definition in definitions:
            if private.scope_of(definition) is not private.Scope.Session:
                yield definition.func


def _values(function: types.FunctionType, code: types.CodeType) -> Iterator[Any]:
    """The globals which a function names; those within it do so for it."""
    for each in codes(code):
        for name in each.co_names:
            if name in function.__globals__:
                yield function.__globals__[name]


def _is_installed(library: str) -> bool:
    with contextlib.suppress(ImportError, ValueError):
        return importlib.util.find_spec(library) is not None
    return False


def _imported_libraries(code: types.CodeType) -> Iterator[str]:
    """The libraries which a function imports itself."""
    # Few functions name one; to look for imports takes longer.
    if any(name.partition(".")[0] in PATCHING_LIBRARIES for name in named_in(code)):
        for module in imported_in(code):
            library = module.partition(".")[0]
            if library in PATCHING_LIBRARIES:
                yield library


def _modules(value: Any) -> Iterator[str]:
    """The module a value is, or where it, its class or its function comes from."""
    if isinstance(value, types.ModuleType):
        yield value.__name__
        return
    if isinstance(value, types.FunctionType):
        # Where it is written, and what `functools.wraps` has copied, as for a context
        # manager of the library's.
        yield str(value.__globals__.get("__name__", ""))
    is_named = isinstance(value, (type, types.FunctionType))
    where = value.__module__ if is_named else type(value).__module__
    if isinstance(where, str):
        yield where
