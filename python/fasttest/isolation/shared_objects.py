"""Objects of modules that tests change and tear down again: they take turns at them.

A fixture that makes the tables of an engine and drops them, a test that instruments a
broker and a ``tearDown`` which undoes that: it would undo what another test has just
done. So is the only instance of a class, of which there is one wherever it is asked
for. Only what is certain counts, as with ports and files of a fixed name, and nothing
is read of functions that name no such object.
"""

from __future__ import annotations

import ast
import datetime
import enum
import functools
import inspect
import logging
import pathlib
import re
import sys
import types
from typing import TYPE_CHECKING, Any, TypeAlias

from fasttest.isolation.analysis.names import Names, cells_of, function_of
from fasttest.isolation.analysis.resources import last_name
from fasttest.isolation.analysis.sources import Excerpts
from fasttest.isolation.codes import CodeKey, home_of, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from fasttest.isolation.analysis.sources import FunctionNode

_SET_UP = frozenset({"setUp", "asyncSetUp", "setup_method", "setup_function"})
_TEAR_DOWN = frozenset(
    {"tearDown", "asyncTearDown", "teardown_method", "teardown_function"}
)
_REGISTERING = frozenset({"addCleanup", "addAsyncCleanup", "addfinalizer"})

# What a tear-down calls that undoes what others may have done as well. To delete what
# the test itself has added, say, is nothing to them.
_UNDOING = re.compile(
    r"(clear|clean|clean_?up|close|aclose|deactivate|disable|disconnect|dispose|down"
    r"|drop|drop_(all|db|database|tables)|flush|flush_?(all|db)|flush_?db|release"
    r"|remove_all|delete_all|reset|reset_\w+|restore|shut_?down|stop|stop_all"
    r"|tear_?down|terminate|un(hook|install|instrument|load|mount|patch|wrap)\w*)"
    r"(_async)?"
)
# Where a class, or the class of one, keeps the only instance there is.
_KEEPING_ONE = re.compile(r"_*(the_)?(only_)?(instances?|singletons?)_*")
# Of what is in a container, calls change only this much.
_CHANGING = frozenset(
    {
        *("add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop"),
        *("popitem", "remove", "reverse", "setdefault", "sort", "update"),
    }
)
_CONTAINERS = (dict, list, set, bytearray)

# What is no object that a test could change for others, or is looked after by itself.
_OTHERS = (
    types.ModuleType,
    type,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.GenericAlias,
    enum.Enum,
    logging.Logger,
    logging.LoggerAdapter,
    pathlib.PurePath,
    re.Pattern,
    datetime.date,
    datetime.time,
    datetime.timedelta,
    datetime.tzinfo,
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

# An object, or an attribute of one.
_Place: TypeAlias = "tuple[int, str]"
Places: TypeAlias = "frozenset[_Place]"
# The places to which a function does something before a tear-down, and that one undoes.
_Deeds: TypeAlias = "tuple[Places, Places]"
_NONE: Places = frozenset()
_NOTHING: _Deeds = _NONE, _NONE

_NEVER = sys.maxsize, 0


class SharedObjects:
    """Finds the objects; reads each function at most once."""

    def __init__(self) -> None:
        self._sources = Excerpts()
        self._names: dict[_Place, str] = {}
        # The ids of classes with one instance each, which stand for these.
        self._single: set[int] = set()
        self._of_code: dict[CodeKey, _Deeds] = {}
        # What is asked about by its id is kept until all has been asked.
        self._kept: list[Any] = []

    def undone(self, functions: Iterable[Callable[..., Any]]) -> Places:
        """The objects of which tear-downs undo something."""
        return _NONE.union(*(self._deeds(each)[1] for each in functions))

    def done(self, functions: Iterable[Callable[..., Any]], among: Places) -> Places:
        """The objects to which set-ups, and tests themselves, do something.

        Args:
            functions: These.
            among: The objects that matter.
        """
        last_names = {self._names[each].rpartition(".")[2] for each in among}
        ids = {place for place, _ in among}
        found = _NONE
        for each in functions:
            plain = function_of(inspect.unwrap(each))
            # Most tests have nothing to do with it, and need not be read.
            if plain is not None and (
                not last_names.isdisjoint(plain.__code__.co_names)
                or any(id(value) in ids for value in _values(plain))
            ):
                found |= self._deeds(plain)[0] & among
        return found

    def only_instances(self, functions: Iterable[Callable[..., Any]]) -> Places:
        """The only instances of classes to which functions do something."""
        found = _NONE
        for each in functions:
            plain = function_of(inspect.unwrap(each))
            if plain is not None and any(
                issubclass(type(value), type) and _has_one_instance(value)
                for value in _values(plain)
            ):
                found |= {
                    place for place in self._deeds(plain)[0] if place[0] in self._single
                }
        return found

    def names(self, objects: Iterable[_Place]) -> list[str]:
        """What the objects are called, the same for whoever has them."""
        return sorted(self._names[each] for each in objects)

    def forget(self) -> None:
        """All has been asked: keep none of the objects."""
        self._kept.clear()
        self._of_code.clear()
        self._names.clear()
        self._single.clear()

    def _deeds(self, function: Any) -> _Deeds:
        plain = function_of(inspect.unwrap(function))
        if plain is None:
            return _NOTHING
        key = key_of(plain)
        if key not in self._of_code:
            self._of_code[key] = _NOTHING
            if any(map(_may_lead_to_one, _values(plain))):
                node = self._sources.node(plain.__code__)
                if node is not None:
                    self._of_code[key] = self._read(plain, node)
        return self._of_code[key]

    def _read(self, function: types.FunctionType, node: FunctionNode) -> _Deeds:
        names = Names(node, function.__globals__, cells_of(function))
        tears_down = function.__name__ in _TEAR_DOWN
        nodes = list(ast.walk(node))
        yields = [_position(each) for each in nodes if isinstance(each, ast.Yield)]
        # To clear a cache beforehand is to do nothing yet.
        sets_up = bool(yields) or function.__name__ in _SET_UP
        first, last = min(yields, default=_NEVER), max(yields, default=_NEVER)
        registered = {
            id(each)
            for call in nodes
            if isinstance(call, ast.Call) and last_name(call.func) in _REGISTERING
            for each in ast.walk(call)
        }
        before: set[_Place] = set()
        after: set[_Place] = set()
        for deed, undoes, expression in _changes(nodes, names):
            place = self._place(expression, names)
            if place is None:
                continue
            is_late = tears_down or id(deed) in registered or _position(deed) > last
            if is_late and (undoes or not isinstance(deed, ast.Call)):
                after.add(place)
                continue
            if undoes and place[0] in self._single:
                # Nobody else's can have been meant.
                after.add(place)
            if _position(deed) < first and not (is_late or (sets_up and undoes)):
                before.add(place)
        return frozenset(before), frozenset(after)

    def _place(self, expression: ast.expr, names: Names) -> _Place | None:
        """The object of a module that an expression stands for, if it is one."""
        meaning = names.meaning(expression)
        single = meaning.made_of
        if single is not None and _has_one_instance(single):
            self._single.add(id(single))
            return self._known(single, "", f"{home_of(single)}.{single.__qualname__}")
        if meaning.place is None or _is_standard(meaning.place):
            return None
        is_container = issubclass(type(meaning.value), _CONTAINERS)
        if _is_object(meaning.value) and not is_container:
            return self._known(meaning.value, "", meaning.place)
        if isinstance(expression, ast.Attribute):
            # Also one that is replaced: who empties it and who puts a new one there.
            base = names.meaning(expression.value)
            if base.place is not None and _is_object(base.value):
                return self._known(base.value, expression.attr, meaning.place)
        if is_container:
            return self._known(meaning.value, "", meaning.place)
        return None

    def _known(self, value: Any, attribute: str, name: str) -> _Place:
        place = id(value), attribute
        if place not in self._names:
            self._kept.append(value)
            self._names[place] = f"object {name}"
        return place


def _changes(
    nodes: Iterable[ast.AST], names: Names
) -> Iterator[tuple[ast.expr, bool, ast.expr]]:
    """Where something is done to what, and whether that is to undo something."""
    for each in nodes:
        if isinstance(each, ast.Call):
            yield from _calls(each, names)
        elif isinstance(each, (ast.Attribute, ast.Subscript)) and not isinstance(
            each.ctx, ast.Load
        ):
            yield each, False, each if isinstance(each, ast.Attribute) else each.value


def _calls(call: ast.Call, names: Names) -> Iterator[tuple[ast.expr, bool, ast.expr]]:
    name = last_name(call.func)
    undoes = _UNDOING.fullmatch(name) is not None
    if isinstance(call.func, ast.Attribute):
        held = names.meaning(call.func.value).value
        if not issubclass(type(held), _CONTAINERS) or name in _CHANGING:
            yield call, undoes, call.func.value
    called = names.meaning(call.func)
    does_something = function_of(called.value) is not None and not any(
        map(_is_standard, called.names)
    )
    for given in (*call.args, *(keyword.value for keyword in call.keywords)):
        if isinstance(given, ast.Attribute) and _is_method(given, names):
            # Handed on to be called: ``addCleanup(broker.stop)``.
            yield call, _UNDOING.fullmatch(given.attr) is not None, given.value
        elif does_something and not issubclass(
            type(names.meaning(given).value), _CONTAINERS
        ):
            yield call, undoes, given


def _is_method(node: ast.Attribute, names: Names) -> bool:
    return function_of(names.meaning(node).value) is not None


def _has_one_instance(kind: type) -> bool:
    """Whether what is made of a class is always the same: it keeps it."""
    # Found in the way of `getattr`, without running code of the project's.
    for owner, maker in ((kind, "__new__"), (type(kind), "__call__")):
        for base in type.__dict__["__mro__"].__get__(owner):
            if maker in vars(base):
                function = function_of(vars(base)[maker])
                if function is not None and _keeps_one(function.__code__):
                    return True
                break
    return False


@functools.cache
def _keeps_one(code: types.CodeType) -> bool:
    return any(map(_KEEPING_ONE.fullmatch, map(str.lower, code.co_names)))


def _values(function: types.FunctionType) -> Iterator[Any]:
    spaces = function.__globals__
    yield from (spaces.get(name) for name in function.__code__.co_names)
    yield from cells_of(function).values()


def _may_lead_to_one(value: Any) -> bool:
    """Whether a value is an object that counts, or has some as members."""
    if issubclass(type(value), (types.ModuleType, type)):
        return not _is_standard(home_of(value))
    return _is_object(value)


def _is_object(value: Any) -> bool:
    kind = type(value)
    return not issubclass(kind, _OTHERS) and kind is not object


def _is_standard(place: str) -> bool:
    root = place.partition(".")[0]
    return root in sys.stdlib_module_names or root in {"pytest", "_pytest"}


def _position(node: Any) -> tuple[int, int]:
    return node.lineno, node.col_offset
