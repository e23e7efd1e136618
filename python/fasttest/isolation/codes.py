"""The code objects of a function."""

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
