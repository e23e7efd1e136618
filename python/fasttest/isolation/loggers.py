"""Notices what is changed of loggers, for the test that does it."""

from __future__ import annotations

import contextlib
import functools
import logging
from typing import TYPE_CHECKING, Any
from unittest import _log

from fasttest.isolation.cells import Attribute
from fasttest.isolation.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fasttest.isolation.virtual_state import VirtualState

_METHODS = ("setLevel", "addHandler", "removeHandler")


class LoggerState:
    """What a logger does with records: its level, its handlers, where it passes them.

    Args:
        logger: The logger.
    """

    __slots__ = ("_logger", "key")

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self.key = (id(logger), "logger")

    def read(self) -> Any:
        """Its level, whether it passes records on and is disabled, its handlers."""
        logger = self._logger
        return logger.level, logger.propagate, logger.disabled, list(logger.handlers)

    def write(self, value: Any) -> None:
        """Change what differs; the list of handlers stays the same list."""
        logger = self._logger
        level, logger.propagate, logger.disabled, handlers = value
        logger.handlers[:] = handlers
        if logger.level != level:
            logger.level = level
            forget_levels(logger.manager)

    def same(self, one: Any, other: Any) -> bool:
        """Whether all of it is equal; handlers are what they are."""
        return bool(one == other)

    def follow(self, mine: Any, before: Any, now: Any) -> Any:
        """What the test put there."""
        return mine


def disabled_levels() -> Attribute:
    """The cell of what ``logging.disable`` sets."""
    return Attribute(logging.root.manager, "disable", forget_levels)


def forget_levels(manager: logging.Manager = logging.root.manager) -> None:
    """Have all loggers of a manager find out anew for which levels they are enabled."""
    # Private; without it they do not remember.
    getattr(manager, "_clear_cache", lambda: None)()


@contextlib.contextmanager
def noticed_loggers(state: Callable[[], VirtualState | None]) -> Iterator[None]:
    """Have each change of a logger noted meanwhile.

    Args:
        state: The virtual state of whoever runs; None if he has none.
    """
    with contextlib.ExitStack() as stack:
        for name in _METHODS:
            method = _noting(getattr(logging.Logger, name), state)
            stack.enter_context(replaced(logging.Logger, name, method))
        # What ``assertLogs`` and ``assertNoLogs`` return; the same on Python 3.10 to
        # 3.14.
        context: Any = _log._AssertLogsContext
        enter = _noting_enter(context.__enter__, state)
        stack.enter_context(replaced(context, "__enter__", enter))
        yield


def _noting(
    method: Callable[..., Any], state: Callable[[], VirtualState | None]
) -> Callable[..., Any]:
    @functools.wraps(method)
    def noting_change(self: logging.Logger, *args: Any, **kwargs: Any) -> Any:
        mine = state()
        # A library which is imported adds one to its logger, for good and all.
        is_null = bool(args) and isinstance(args[0], logging.NullHandler)
        if mine is not None and not is_null:
            mine.note(LoggerState(self), pinned=True)
        return method(self, *args, **kwargs)

    return noting_change


def _noting_enter(
    enter: Callable[[Any], Any], state: Callable[[], VirtualState | None]
) -> Callable[[Any], Any]:
    @functools.wraps(enter)
    def noting_enter(self: Any) -> Any:
        mine = state()
        if mine is not None:
            name = self.logger_name
            logger = name if isinstance(name, logging.Logger) else None
            mine.note(LoggerState(logger or logging.getLogger(name)), pinned=True)
        return enter(self)

    return noting_enter
