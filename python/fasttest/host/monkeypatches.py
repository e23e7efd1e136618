"""Notices what pytest's ``MonkeyPatch`` changes, for the test that patches."""

from __future__ import annotations

import contextlib
import functools
import sys
from typing import TYPE_CHECKING, Any

import pytest

from fasttest.host import private
from fasttest.isolation.cells import (
    MISSING,
    Attribute,
    Contents,
    MappingItem,
    WorkingDirectory,
)
from fasttest.isolation.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fasttest.isolation.virtual_state import VirtualState


@contextlib.contextmanager
def noticed_monkeypatches(state: Callable[[], VirtualState | None]) -> Iterator[None]:
    """Have each change noted meanwhile.

    Args:
        state: The virtual state of whoever runs; None if he has none.
    """
    before: dict[str, Callable[[VirtualState], None]] = {
        "chdir": lambda mine: mine.note(WorkingDirectory()),
        "syspath_prepend": lambda mine: mine.note(Contents(sys.path)),
    }
    after = {
        "setattr": _note_attribute,
        "delattr": _note_attribute,
        "setitem": _note_item,
        "delitem": _note_item,
    }
    with contextlib.ExitStack() as stack:
        for name in (*before, *after):
            method = _noting(name, before.get(name), after.get(name), state)
            stack.enter_context(replaced(pytest.MonkeyPatch, name, method))
        yield


def _noting(
    name: str,
    before: Callable[[VirtualState], None] | None,
    after: Callable[[VirtualState, pytest.MonkeyPatch, int], None] | None,
    state: Callable[[], VirtualState | None],
) -> Callable[..., None]:
    change = getattr(pytest.MonkeyPatch, name)

    @functools.wraps(change)
    def noting_change(self: pytest.MonkeyPatch, *args: Any, **kwargs: Any) -> None:
        __tracebackhide__ = True
        mine = state()
        if mine is None:
            change(self, *args, **kwargs)
            return
        if before is not None:
            before(mine)
        done = len(private.patched_attributes(self)), len(private.patched_items(self))
        change(self, *args, **kwargs)
        if after is not None:
            after(mine, self, done["item" in name])

    return noting_change


def _note_attribute(mine: VirtualState, patch: pytest.MonkeyPatch, done: int) -> None:
    for owner, name, value in private.patched_attributes(patch)[done:]:
        mine.note(Attribute(owner, name), _former(value))


def _note_item(mine: VirtualState, patch: pytest.MonkeyPatch, done: int) -> None:
    for mapping, item, value in private.patched_items(patch)[done:]:
        mine.note(MappingItem(mapping, item), _former(value))


def _former(value: Any) -> Any:
    return value if private.was_set(value) else MISSING
