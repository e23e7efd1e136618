"""Instances: fixtures that have been set up."""

from __future__ import annotations

import contextvars
from functools import partial
from typing import TYPE_CHECKING, Any

from fasttest.engine import context, private
from fasttest.engine.output import Sink, current_sink
from fasttest.library.definitions import FixtureDefinition, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from types import TracebackType

    from fasttest.engine.loops import OwnLoop, SharedLoop

_NOTHING = object()


class Instance:
    """One creation of a fixture's value.

    A fixture runs in a context of its own, from set-up to teardown. The context
    variables it sets are also set for what is set up later and for the tests.

    Args:
        definition: The fixture.
        loop: The open loop it runs on; None if it is not async.
        number: Id of the core's instance; -1 for one that ends with its test.

    Attributes:
        value: What tests get, once it is set up.
        is_set_up: Whether the set-up has succeeded.
    """

    __slots__ = (
        "_changes",
        "_context",
        "_definition",
        "_error",
        "_finish",
        "_loop",
        "_traceback",
        "is_set_up",
        "number",
        "value",
    )

    def __init__(
        self,
        definition: FixtureDefinition,
        loop: OwnLoop | SharedLoop | None,
        number: int,
    ) -> None:
        self.number = number
        self.value: Any = None
        self.is_set_up = False
        self._definition = definition
        self._loop = loop
        self._context = contextvars.copy_context()
        self._changes: context.Changes = []
        self._error: BaseException | None = None
        self._traceback: TracebackType | None = None
        self._finish: Callable[[], object] | None = None

    def set_up(self, arguments: Mapping[str, object]) -> None:
        """Create the value.

        Raises:
            BaseException: What the fixture raised; ``error`` raises it again.
        """
        before = self._context.copy()
        made = partial(self._definition.function, **arguments)
        try:
            self.value = self._begin(made)
        except BaseException as error:
            self._error = error
            self._traceback = error.__traceback__
            raise
        finally:
            self._changes = context.changes(before, self._context)
        self.is_set_up = True
        self.adopt()

    def adopt(self) -> None:
        """Show the current context the variables which the set-up has set."""
        context.apply(self._changes)

    @property
    def error(self) -> BaseException:
        """What the set-up raised, with the traceback it had then."""
        assert self._error is not None
        return self._error.with_traceback(self._traceback)

    def tear_down(self, sink: Sink | None) -> None:
        """End the fixture, if its set-up got as far as to yield.

        Args:
            sink: Where what it writes goes: to the test that ends it.

        Raises:
            BaseException: What its teardown raised.
        """
        finish, self._finish = self._finish, None
        if finish is not None:
            self._context.run(current_sink.set, sink)
            finish()

    def _begin(self, made: Callable[[], Any]) -> Any:
        kind = self._definition.kind
        if kind.is_async and private.get_running_loop() is not None:
            raise RuntimeError(
                f"fixture {self._definition.name!r} is async and cannot be set up "
                "below a running event loop: make it an argument"
            )
        if kind is Kind.FUNCTION:
            return self._context.run(made)
        if kind is Kind.COROUTINE:
            return self._run(made())
        generator = made()
        if kind is Kind.GENERATOR:
            advance = partial(self._context.run, next, generator, _NOTHING)
        else:
            advance = partial(self._advance, generator)
        value = advance()
        if value is _NOTHING:
            raise RuntimeError(f"fixture {self._definition.name!r} did not yield")
        self._finish = partial(self._end, advance)
        return value

    def _advance(self, generator: Any) -> Any:
        async def advance() -> Any:
            return await anext(generator, _NOTHING)

        return self._run(advance())

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        assert self._loop is not None
        return self._loop.run(coroutine, self._context)

    def _end(self, advance: Callable[[], Any]) -> None:
        if advance() is not _NOTHING:
            raise RuntimeError(
                f"fixture {self._definition.name!r} has more than one 'yield'"
            )
