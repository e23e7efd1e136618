"""Objects of modules that tests change and tear down again: they take turns at them.

A fixture that makes an application's tables and drops them, a test that instruments a
broker and a ``tearDown`` which undoes that: it would undo what another test has just
done. Only what is certain counts, as with ports and files of a fixed name, and nothing
is read of functions that name no such object.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import types
from typing import TYPE_CHECKING, Any, TypeAlias

from fasttest.isolation.analysis.names import Names, cells_of, function_of
from fasttest.isolation.analysis.sources import Excerpts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from fasttest.isolation.analysis.sources import FunctionNode

_TEAR_DOWN = frozenset(
    {"tearDown", "asyncTearDown", "teardown_method", "teardown_function"}
)
_REGISTERING = frozenset(
    {"addCleanup", "addAsyncCleanup", "addfinalizer", "enterContext"}
)

# What is no object that a test could change for others, or is looked after by itself.
_OTHERS = (
    types.ModuleType,
    type,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.GenericAlias,
    re.Pattern,
    str,
    bytes,
    int,
    float,
    complex,
    tuple,
    frozenset,
    type(None),
    property,
)

# Methods that only tell somebody something.
_TELLING = frozenset(
    {
        *("debug", "info", "warning", "warn", "error", "exception", "critical", "log"),
        *("print", "write", "bind"),
    }
)


# The objects to which a function does something before a tear-down, and in one.
_Deeds: TypeAlias = tuple[frozenset[int], frozenset[int]]
_NONE: frozenset[int] = frozenset()
_NOTHING: _Deeds = _NONE, _NONE

_NEVER = sys.maxsize, 0


class SharedObjects:
    """Finds the objects; reads each function at most once."""

    def __init__(self) -> None:
        self._sources = Excerpts()
        self._names: dict[int, str] = {}
        self._of_code: dict[types.CodeType, _Deeds] = {}
        # By their ids, so that they stay their own.
        self._objects: dict[int, Any] = {}

    def done(self, functions: Iterable[Callable[..., Any]]) -> frozenset[int]:
        """The objects to which set-ups, and tests themselves, do something."""
        return _NONE.union(*(self._acted_on(each)[0] for each in functions))

    def undone(self, functions: Iterable[Callable[..., Any]]) -> frozenset[int]:
        """The objects to which tear-downs do something."""
        return _NONE.union(*(self._acted_on(each)[1] for each in functions))

    def names(self, objects: Iterable[int]) -> list[str]:
        """What the objects are called, the same for whoever has them."""
        return sorted(self._names[each] for each in objects)

    def _acted_on(self, function: Any) -> _Deeds:
        plain = function_of(inspect.unwrap(function))
        if plain is None:
            return _NOTHING
        code = plain.__code__
        if code not in self._of_code:
            self._of_code[code] = _NOTHING
            if any(map(_may_lead_to_one, _values(plain))):
                node = self._sources.node(code)
                if node is not None:
                    self._of_code[code] = self._read(plain, node)
        return self._of_code[code]

    def _read(self, function: types.FunctionType, node: FunctionNode) -> _Deeds:
        names = Names(node, function.__globals__, cells_of(function))
        tears_down = function.__name__ in _TEAR_DOWN
        yields = [
            _place(each) for each in ast.walk(node) if isinstance(each, ast.Yield)
        ]
        first, last = min(yields, default=_NEVER), max(yields, default=_NEVER)
        late = set(map(id, _done_later(node, last)))
        before: set[int] = set()
        after: set[int] = set()
        for deed, expression in _deeds(node):
            found = self._object(expression, names)
            if found is None:
                continue
            if not tears_down and _place(deed) < first:
                before.add(found)
            if tears_down or _place(deed) > last or id(deed) in late:
                after.add(found)
        return frozenset(before), frozenset(after)

    def _object(self, expression: ast.expr, names: Names) -> int | None:
        """The object of a module that an expression stands for, if it is one."""
        meaning = names.meaning(expression)
        value, place = meaning.value, meaning.place
        if place is None or not _is_object(value) or _is_standard(place):
            return None
        self._objects[id(value)] = value
        self._names.setdefault(id(value), f"object {place}")
        return id(value)


def _deeds(node: ast.AST) -> Iterator[tuple[ast.AST, ast.expr]]:
    """Where something is done to what; calls, with what they are given, and stores."""
    for each in ast.walk(node):
        if isinstance(each, ast.Call):
            if isinstance(each.func, ast.Attribute):
                if each.func.attr in _TELLING:
                    continue
                yield each, each.func.value
            for given in (*each.args, *(keyword.value for keyword in each.keywords)):
                # A method of the object, as ``addCleanup`` is given, is the object.
                yield each, given
                if isinstance(given, ast.Attribute):
                    yield each, given.value
        elif isinstance(each, (ast.Attribute, ast.Subscript)) and not isinstance(
            each.ctx, ast.Load
        ):
            yield each, each.value


def _done_later(node: ast.AST, last_yield: tuple[int, int]) -> Iterator[ast.AST]:
    """What is in calls that register a tear-down, and in ``with`` round the yield."""
    for each in ast.walk(node):
        if isinstance(each, (ast.With, ast.AsyncWith)):
            if _place(each) < last_yield <= _end(each):
                for item in each.items:
                    yield from ast.walk(item.context_expr)
        elif (
            isinstance(each, ast.Call)
            and isinstance(each.func, ast.Attribute)
            and each.func.attr in _REGISTERING
        ):
            yield from ast.walk(each)


def _values(function: types.FunctionType) -> Iterator[Any]:
    spaces = function.__globals__
    yield from (spaces.get(name) for name in function.__code__.co_names)
    yield from cells_of(function).values()


def _may_lead_to_one(value: Any) -> bool:
    """Whether a value is an object that counts, or has some as members."""
    if issubclass(type(value), (types.ModuleType, type)):
        name = value.__name__ if issubclass(type(value), types.ModuleType) else ""
        return not _is_standard(name or value.__module__)
    return _is_object(value)


def _is_object(value: Any) -> bool:
    kind = type(value)
    return not issubclass(kind, _OTHERS) and kind is not object


def _is_standard(place: str) -> bool:
    root = place.partition(".")[0]
    return root in sys.stdlib_module_names or root in {"pytest", "_pytest"}


def _place(node: Any) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _end(node: Any) -> tuple[int, int]:
    return node.end_lineno, node.end_col_offset
