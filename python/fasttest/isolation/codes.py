"""The code objects of a function, and what they name."""

from __future__ import annotations

import dis
import re
import types
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Set


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


def opcodes(*names: str) -> frozenset[int]:
    """The numbers of instructions, of those that this Python has."""
    return frozenset(dis.opmap[name] for name in names if name in dis.opmap)


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
