"""The code objects of a function, and what they name."""

from __future__ import annotations

import dis
import re
import types
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Set

CodeKey: TypeAlias = "tuple[types.CodeType, int]"


def key_of(function: types.FunctionType) -> CodeKey:
    """What tells apart functions that mean different things.

    Code alone does not: that of two modules is equal where the same is written.
    """
    return function.__code__, id(function.__globals__)


def home_of(value: types.ModuleType | type) -> str:
    """The name of a module, or of that of a class; "" if it is none.

    Read and not asked for: of a suite's own kinds of both, that could run any code.
    """
    if issubclass(type(value), types.ModuleType):
        name = types.ModuleType.__getattribute__(value, "__dict__").get("__name__")
    else:
        name = type.__getattribute__(value, "__dict__").get("__module__")
    return name if type(name) is str else ""


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A function's code, then that of the functions written inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes(constant)


def named_in(code: types.CodeType) -> Iterator[str]:
    """The globals and attributes that a function names, those inside it included."""
    for each in codes(code):
        yield from each.co_names


def imported_in(code: types.CodeType) -> Iterator[str]:
    """The modules that a function imports, those inside it included."""
    for each in codes(code):
        if contains(each, _IMPORTING):
            instructions = [
                instruction
                for instruction in dis.get_instructions(each)
                if instruction.opname != "EXTENDED_ARG"
            ]
            for place, instruction in enumerate(instructions):
                # How many packages up comes two before it; none: by its whole name.
                level = instructions[max(place - 2, 0)].argval
                if instruction.opcode in _IMPORTING and level == 0:
                    yield instruction.argval


def opcodes(*names: str) -> frozenset[int]:
    """The numbers of instructions, of those that this Python has."""
    return frozenset(dis.opmap[name] for name in names if name in dis.opmap)


_IMPORTING = opcodes("IMPORT_NAME")


def in_turn(one: Set[int], next_one: Set[int]) -> re.Pattern[bytes]:
    """What finds, among the opcodes of a function, one that directly follows another.

    To disassemble the function would take a thousand times as long.
    """
    between = opcodes("CACHE", "EXTENDED_ARG")
    one_of, some_of, then_of = (
        b"[" + re.escape(bytes(each)) + b"]" for each in (one, between, next_one)
    )
    return re.compile(one_of + some_of + b"*" + then_of)


def contains(code: types.CodeType, wanted: Set[int]) -> bool:
    """Whether a function, without those inside it, contains one of the opcodes."""
    return not wanted.isdisjoint(code.co_code[::2])
