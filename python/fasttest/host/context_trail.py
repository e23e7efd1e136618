"""Context variables which sync code leaves set, for the tests that come after it."""

from __future__ import annotations

import contextvars
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, TypeAlias

from fasttest.engine import context
from fasttest.engine.output import current_sink
from fasttest.host.current import current_run

if TYPE_CHECKING:
    from collections.abc import Iterable

# Per variable, what tests left it set to, in the order of the tests.
_Left: TypeAlias = "dict[contextvars.ContextVar[Any], list[tuple[int, Any]]]"

# The engine's own, set anew for each test.
_OURS = (current_sink, current_run)


class ContextTrail:
    """What tests leave set in context variables, in collection order.

    pytest has one context: what a sync test or fixture sets stays set for all that
    follows. Here each test has a context of its own, and begins with what the tests
    before it in order, not in time, have left.

    Args:
        tests: How many there are.
    """

    def __init__(self, tests: int) -> None:
        self._left: _Left = {}
        self._ended = bytearray(tests + 1)
        # All tests before this one have ended.
        self._frontier = 0

    def enter(self, test: int) -> contextvars.Context:
        """Set what earlier tests left set; returns the context a test begins with."""
        for variable, left in self._left.items():
            at = bisect_left(left, test, key=_test_of)
            if at:
                variable.set(left[at - 1][1])
        return contextvars.copy_context()

    def leave(
        self, test: int, began_with: contextvars.Context, handed: Iterable[object]
    ) -> None:
        """Note what a test leaves set.

        Args:
            test: The test, whose outcome counts.
            began_with: What ``enter`` returned.
            handed: Values it was handed by fixtures that outlive it.
        """
        self._ended[test] = True
        while self._ended[self._frontier]:
            self._frontier += 1
        now = contextvars.copy_context()
        values = {id(value) for value in handed}
        for variable, value in context.changes(began_with, now):
            if variable not in _OURS and id(value) not in values:
                self._note(variable, test, value)

    def _note(
        self, variable: contextvars.ContextVar[Any], test: int, value: object
    ) -> None:
        left = self._left.setdefault(variable, [])
        left.insert(bisect_left(left, test, key=_test_of), (test, value))
        # Tests that are still to come see the last of these.
        del left[: max(0, bisect_left(left, self._frontier, key=_test_of) - 1)]


def _test_of(left: tuple[int, Any]) -> int:
    return left[0]
