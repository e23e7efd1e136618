"""What a suite is declared to consist of: tests and fixtures as they were given."""

from __future__ import annotations

import enum
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from fasttest import _core

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fasttest.engine.rates import Rate

ScopeName: TypeAlias = Literal["function", "class", "module", "package", "session"]

# The argument by which tests and fixtures get their ``Request``.
REQUEST = "request"


class Kind(enum.Enum):
    """How a function is called."""

    FUNCTION = enum.auto()
    GENERATOR = enum.auto()
    COROUTINE = enum.auto()
    ASYNC_GENERATOR = enum.auto()

    @property
    def is_async(self) -> bool:
        """Whether it needs an event loop."""
        return self in (Kind.COROUTINE, Kind.ASYNC_GENERATOR)


@dataclass(frozen=True, slots=True)
class FixtureDefinition:
    """A fixture.

    Attributes:
        name: The argument name it is asked for by.
        function: Makes the value.
        kind: How to call it.
        argnames: The fixtures it needs; its ``Request`` is not among them.
        wants_request: Whether it takes its ``Request`` as an argument.
        scope: How long a value lives.
        loop_scope: Which event loop it runs on; None: by the suite's rule.
        params: It is made once for each of them; None: not parametrized.
        autouse: Whether all tests of its group need it.
    """

    name: str
    function: Callable[..., Any]
    kind: Kind
    argnames: tuple[str, ...]
    wants_request: bool
    scope: _core.Scope
    loop_scope: _core.Scope | None
    params: tuple[object, ...] | None
    autouse: bool


@dataclass(frozen=True, slots=True)
class TestDefinition:
    """A test, which is run once for each combination of its parameters.

    Attributes:
        name: Its name in its group.
        function: The test.
        kind: How to call it; a function or a coroutine.
        argnames: Parameters and fixtures it takes; its ``Request`` is not among them.
        wants_request: Whether it takes a ``Request`` as an argument.
        loop_scope: Which event loop it runs on; None: the suite's default.
        params: Values for some of its arguments.
        resources: Names of the resources it uses.
        exclusive: Whether nothing else may be in flight while it runs.
        expected_wait: Seconds it is known to wait; tests that wait long start early.
    """

    name: str
    function: Callable[..., Any]
    kind: Kind
    argnames: tuple[str, ...]
    wants_request: bool
    loop_scope: _core.Scope | None
    params: Mapping[str, Sequence[object]]
    resources: tuple[str, ...]
    exclusive: bool
    expected_wait: float


class ResourceDefinition(NamedTuple):
    """A resource which tests can name.

    Attributes:
        capacity: How many of them are in flight at once; None: any number.
        rate: How often they start; None: no matter how often.
    """

    capacity: int | None
    rate: Rate | None


def parse_scope(name: str) -> _core.Scope:
    """The scope with this name.

    Raises:
        ValueError: If there is none.
    """
    try:
        return _core.Scope[name.upper()]
    except KeyError:
        known = ", ".join(scope.name.lower() for scope in _core.Scope)
        raise ValueError(f"there is no scope {name!r}; there are {known}") from None


def parse_loop_scope(
    name: ScopeName | None, kind: Kind, what: str
) -> _core.Scope | None:
    """The scope of the event loop which an async function asks for.

    Raises:
        ValueError: If the scope is unknown, or the function needs no loop.
    """
    if name is None:
        return None
    if not kind.is_async:
        raise ValueError(f"{what} has a loop_scope, but is not async and needs no loop")
    return parse_scope(name)


def kind_of(function: Callable[..., Any]) -> Kind:
    """How to call a function, a method, a partial or an object with ``__call__``."""
    for candidate in (function, getattr(function, "__call__", None)):  # noqa: B004 - an instance's method tells what calling the instance returns.
        if inspect.isasyncgenfunction(candidate):
            return Kind.ASYNC_GENERATOR
        if inspect.iscoroutinefunction(candidate):
            return Kind.COROUTINE
        if inspect.isgeneratorfunction(candidate):
            return Kind.GENERATOR
    return Kind.FUNCTION


def argnames_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """Names of the arguments without a default, which fixtures are to provide.

    Raises:
        ValueError: If one of them cannot be passed by name.
    """
    names = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.default is not parameter.empty:
            continue
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise ValueError(
                f"argument {parameter.name!r} of {name_of(function)} is "
                "positional-only; fixtures are passed by name"
            )
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            names.append(parameter.name)
    return tuple(names)


def name_of(function: Callable[..., Any]) -> str:
    """The name a function was defined with, or that of what a partial wraps."""
    function = getattr(function, "func", function)
    return str(getattr(function, "__name__", type(function).__name__))
