"""Context variables: what one piece of code changed, made visible to another."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import contextvars
    from types import TracebackType

Changes: TypeAlias = "list[tuple[contextvars.ContextVar[Any], Any]]"

_UNSET = object()


def changes(before: contextvars.Context, after: contextvars.Context) -> Changes:
    """The variables set in ``after`` and not to the same object in ``before``.

    What was unset in between is no change: a variable can only be unset in the very
    context it was set in.
    """
    return [
        (variable, value)
        for variable, value in after.items()
        if before.get(variable, _UNSET) is not value
    ]


def apply(changed: Changes) -> Callable[[], None]:
    """Set the variables in the current context; returns what undoes it.

    For another context than the current one, run both in it: ``context.run(apply, …)``.
    """
    tokens = [(variable, variable.set(value)) for variable, value in changed]

    def undo() -> None:
        while tokens:
            variable, token = tokens.pop()
            variable.reset(token)

    return undo


class InContext(Coroutine[Any, Any, Any]):
    """A coroutine that runs in a given context, itself and not a copy.

    Stands in for ``create_task(..., context=...)``, which Python 3.10 does not have.
    The task has a copy of some other context; the coroutine never sees that.
    """

    def __init__(
        self, coroutine: Coroutine[Any, Any, Any], context: contextvars.Context
    ) -> None:
        self._coroutine = coroutine
        self._context = context

    def send(self, value: Any) -> Any:
        """As of any coroutine."""
        return self._context.run(self._coroutine.send, value)

    def throw(
        self,
        typ: Any,
        val: BaseException | object = None,
        tb: TracebackType | None = None,
    ) -> Any:
        """As of any coroutine."""
        # Tasks only ever throw an exception object.
        return self._context.run(self._coroutine.throw, typ, val, tb)

    def close(self) -> None:
        """As of any coroutine."""
        self._context.run(self._coroutine.close)

    def __await__(self) -> Any:
        """As of any coroutine."""
        return self._coroutine.__await__()

    def __getattr__(self, name: str) -> Any:
        # Names and frames (``__qualname__``, ``cr_frame``), for the reprs and stacks
        # of tasks.
        return getattr(self._coroutine, name)
