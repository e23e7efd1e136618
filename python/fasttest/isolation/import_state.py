"""Who changes ``sys.path`` and ``sys.modules`` by hand."""

from __future__ import annotations

import dis
import sys
from typing import TYPE_CHECKING, Any

from fasttest.isolation.codes import codes, contains, opcodes

if TYPE_CHECKING:
    import types
    from collections.abc import Iterator, Mapping, Set

_CHANGES = {
    "path": frozenset(
        {"append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"}
    ),
    "modules": frozenset({"clear", "pop", "popitem", "setdefault", "update"}),
}
_STORING = ("STORE_SUBSCR", "DELETE_SUBSCR", "STORE_SLICE")
_CHANGING_OPCODES = opcodes(*_STORING, "STORE_ATTR")
_MEMBER = ("LOAD_ATTR", "LOAD_METHOD")
# What makes the key or the slice of a subscript.
_KEY = ("LOAD_", "BUILD_", "FORMAT_", "BINARY_OP", "BINARY_ADD")


def changed(
    code: types.CodeType, names: Set[str], spaces: Mapping[str, Any]
) -> Iterator[str]:
    """Which of ``path`` and ``modules`` a function, or one inside it, changes.

    Args:
        code: The function's.
        names: The globals and attributes which it names.
        spaces: Its globals.
    """
    for member, changes in _CHANGES.items():
        if (
            member in names
            and ("sys" in names or spaces.get(member) is getattr(sys, member))
            and any(_changes(each, member, changes, spaces) for each in codes(code))
        ):
            yield member


def _changes(
    code: types.CodeType, member: str, changes: Set[str], spaces: Mapping[str, Any]
) -> bool:
    names = code.co_names
    # To disassemble it would take a thousand times as long.
    if member not in names or (
        changes.isdisjoint(names) and not contains(code, _CHANGING_OPCODES)
    ):
        return False
    instructions = list(dis.get_instructions(code))
    for place, instruction in enumerate(instructions, 1):
        before = instructions[max(place - 2, 0)]
        if instruction.argval != member or not _is_of_sys(before, instruction, spaces):
            continue
        if instruction.opname == "STORE_ATTR":
            return True
        following = instructions[place : place + 1]
        if any(i.opname in _MEMBER and i.argval in changes for i in following):
            return True
        if _is_stored_in(instructions[place:]):
            return True
    return False


def _is_of_sys(
    before: dis.Instruction, instruction: dis.Instruction, spaces: Mapping[str, Any]
) -> bool:
    """Whether an instruction that names a member has to do with that of ``sys``."""
    if instruction.opname == "LOAD_GLOBAL":
        return spaces.get(instruction.argval) is getattr(sys, instruction.argval)
    if before.opname in ("COPY", "DUP_TOP", "SWAP", "ROT_TWO"):  # as in ``+=``
        return "sys" in spaces and spaces["sys"] is sys
    holder = spaces.get(before.argval) if isinstance(before.argval, str) else None
    # A local ``sys`` was imported by the function itself.
    return holder is sys or before.argval == "sys"


def _is_stored_in(following: list[dis.Instruction]) -> bool:
    """Whether what was just loaded is changed by its subscript next."""
    others = (i.opname for i in following if not i.opname.startswith(_KEY))
    return next(others, "") in _STORING
