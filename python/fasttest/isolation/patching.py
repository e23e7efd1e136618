"""Notices what ``unittest.mock.patch`` changes, for the test that patches."""

from __future__ import annotations

import contextlib
import functools
import pkgutil
import sys
from typing import TYPE_CHECKING, Any
from unittest import mock

from fasttest.isolation.cells import MISSING, Attribute, Contents, contents_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from fasttest.isolation.virtual_state import VirtualState

# Names private to ``unittest.mock``, the same on Python 3.10 to 3.14 and in the package
# ``mock``: the classes of the patchers, the list by which ``patch.stopall`` finds them,
# and what a patcher remembers from enter to exit.
_WHILE_ENTERED = ("target", "temp_original", "is_local", "_exit_stack")


@contextlib.contextmanager
def noticed_patches(state: Callable[[], VirtualState | None]) -> Iterator[None]:
    """Have each patch noted meanwhile.

    Args:
        state: The virtual state of whoever runs; None if he has none.
    """
    with contextlib.ExitStack() as stack:
        for module in {mock, sys.modules.get("mock.mock", mock)}:
            patcher: Any = module._patch
            patcher_of_dict: Any = module._patch_dict
            for owner, name, method in (
                (patcher, "__enter__", _noting_enter(patcher, state)),
                (patcher, "__exit__", _noting_exit(patcher, state)),
                (patcher, "stop", _noting_stop(patcher, patcher, state)),
                (
                    patcher_of_dict,
                    "stop",
                    _noting_stop(patcher_of_dict, patcher, state),
                ),
            ):
                stack.enter_context(replaced(owner, name, method))
            stack.enter_context(
                replaced(
                    patcher_of_dict, "_patch_dict", _noting_dict(patcher_of_dict, state)
                )
            )
        yield


@contextlib.contextmanager
def replaced(
    owner: type | ModuleType, name: str, function: Callable[..., Any]
) -> Iterator[None]:
    """Have a method replaced meanwhile."""
    former = vars(owner)[name]
    setattr(owner, name, function)
    try:
        yield
    finally:
        setattr(owner, name, former)


def _noting_enter(
    patcher: Any, state: Callable[[], VirtualState | None]
) -> Callable[[Any], Any]:
    enter = patcher.__enter__

    @functools.wraps(enter)
    def noting_enter(self: Any) -> Any:
        mine = state()
        if mine is None:
            return enter(self)
        _note_patcher(mine, self)
        entered = enter(self)
        before = self.temp_original if self.is_local else MISSING
        mine.note(Attribute(self.target, self.attribute), before)
        return entered

    return noting_enter


def _noting_exit(
    patcher: Any, state: Callable[[], VirtualState | None]
) -> Callable[..., Any]:
    leave = patcher.__exit__

    @functools.wraps(leave)
    def noting_exit(self: Any, *exc_info: object) -> Any:
        mine = state()
        if mine is not None and hasattr(self, "target"):
            # It may be somebody else's: ``patch.stopall`` stops them all.
            _note_patcher(mine, self)
            mine.note(Attribute(self.target, self.attribute))
        return leave(self, *exc_info)

    return noting_exit


def _noting_stop(
    kind: Any, patcher: Any, state: Callable[[], VirtualState | None]
) -> Callable[[Any], Any]:
    stop = kind.stop

    @functools.wraps(stop)
    def noting_stop(self: Any) -> Any:
        mine = state()
        if mine is not None:
            mine.note(Contents(patcher._active_patches), stays=True)
        return stop(self)

    return noting_stop


def _note_patcher(mine: VirtualState, patcher: Any) -> None:
    mine.note(Contents(patcher._active_patches), stays=True)
    # One that decorates a parametrized test is entered by all of its cases.
    for name in _WHILE_ENTERED:
        mine.note(Attribute(patcher, name))


def _noting_dict(
    patcher: Any, state: Callable[[], VirtualState | None]
) -> Callable[[Any], None]:
    change = patcher._patch_dict

    @functools.wraps(change)
    def noting_change(self: Any) -> None:
        mine = state()
        if mine is not None:
            if isinstance(self.in_dict, str):
                self.in_dict = pkgutil.resolve_name(self.in_dict)
            mine.note(contents_of(self.in_dict))
            mine.note(Attribute(self, "_original"))
        change(self)

    return noting_change
