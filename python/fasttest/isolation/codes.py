"""The code objects of a function, and what they name."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


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
