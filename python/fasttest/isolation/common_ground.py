"""What two pieces of code have in common that tests can conflict about."""

from __future__ import annotations

import dis
import inspect
import re
import types
from collections import deque
from typing import TYPE_CHECKING, Any

from fasttest.isolation.codes import codes, named_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# A number that can be a port, next to a name or a text that says so.
_PORTS = range(1024, 1 << 16)
_PORT_NAMES = re.compile(r"port|bind|listen|serve|connect|socket", re.IGNORECASE)

# A text that can be the path of a file: no blanks, and a folder or a usual suffix.
_PATH = re.compile(
    r"[\w.~-]*(?:/[\w.~-]+)+|[\w-]+\."
    r"(?:bin|cfg|conf|csv|dat|db|env|html|ini|json|jsonl|lock|log|md|parquet|pem|pickle"
    r"|pid|pkl|py|sock|sqlite|sqlite3|tmp|toml|txt|xml|yaml|yml|zip)"
)

# Of what is in a module, these can be changed, and objects of the project's classes.
_CONTAINERS = (bytearray, deque, dict, list, set)

_KINDS = ("port", "file", "global", "class")
_LIMIT = 3


class CommonGround:
    """Knows what functions use that others may use as well.

    Args:
        project: Whether a module, by its name, belongs to the project under test: the
            functions of it that are called are looked at as well.
    """

    def __init__(self, project: Callable[[str], bool]) -> None:
        self._project = project

    def uses(self, functions: Iterable[Callable[..., Any]]) -> frozenset[str]:
        """What a test's functions use, in a few words each: ``port 8080``."""
        found: set[str] = set()
        seen: set[types.CodeType] = set()
        pending = list(functions)
        while pending:
            function: Any = inspect.unwrap(pending.pop())
            function = getattr(function, "__func__", function)
            code = getattr(function, "__code__", None)
            if isinstance(code, types.CodeType) and code not in seen:
                seen.add(code)
                pending += self._look_into(function, code, found)
        return frozenset(found)

    def _look_into(
        self, function: Any, code: types.CodeType, found: set[str]
    ) -> Iterator[Any]:
        """Note what a function uses; yields the functions it may call."""
        names = set(named_in(code))
        for each in codes(code):
            found.update(_constants(each, names))
            found.update(f"global {name}" for name in _stored_globals(each))
        spaces = function.__globals__
        values = {name: spaces[name] for name in names & spaces.keys()}
        for module in [v for v in values.values() if isinstance(v, types.ModuleType)]:
            if self._project(module.__name__):
                members = vars(module)
                values.update((n, members[n]) for n in names & members.keys())
        for name, value in values.items():
            if isinstance(value, types.FunctionType):
                if self._project(value.__module__ or ""):
                    yield value
            elif isinstance(value, type):
                if self._project(value.__module__):
                    found.add(f"class {value.__qualname__}")
                    yield from filter(_is_function, vars(value).values())
            elif isinstance(value, int) and not isinstance(value, bool):
                found.update(_ports(value, {name}))
            elif isinstance(value, str):
                found.update(_files(value))
            elif self._can_change(value):
                found.add(f"global {name}")

    def _can_change(self, value: object) -> bool:
        kind = type(value)
        return isinstance(value, _CONTAINERS) or self._project(kind.__module__)


def shared(one: frozenset[str], other: frozenset[str]) -> list[str]:
    """What two tests both use, the most telling first; a few at most."""
    return sorted(one & other, key=_rank)[:_LIMIT]


def rank(common: list[str]) -> tuple[int, int]:
    """A key which sorts by how telling it is what tests share; it is not nothing."""
    return _rank(common[0])[0], -len(common)


def _rank(text: str) -> tuple[int, str]:
    return _KINDS.index(text.partition(" ")[0]), text


def _is_function(value: object) -> bool:
    return isinstance(value, types.FunctionType)


def _constants(code: types.CodeType, names: set[str]) -> Iterator[str]:
    for constant in _flat(code.co_consts):
        if isinstance(constant, int) and not isinstance(constant, bool):
            yield from _ports(constant, names)
        elif isinstance(constant, str) and constant != code.co_consts[0]:
            yield from _files(constant)


def _flat(constants: Iterable[Any]) -> Iterator[Any]:
    for constant in constants:
        if isinstance(constant, tuple):
            yield from _flat(constant)
        else:
            yield constant


def _ports(number: int, names: Iterable[str]) -> Iterator[str]:
    if number in _PORTS and any(_PORT_NAMES.search(name) for name in names):
        yield f"port {number}"


def _files(text: str) -> Iterator[str]:
    if _PATH.fullmatch(text):
        yield f"file {text}"


def _stored_globals(code: types.CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            yield instruction.argval
