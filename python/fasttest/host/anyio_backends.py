"""Which backend one of anyio's tests will run on, as far as that can be said before."""

from __future__ import annotations

import inspect
import types
from typing import TYPE_CHECKING, Any

from fasttest.host import private

if TYPE_CHECKING:
    import pytest

    from fasttest.host.closures import Closure

FIXTURE = "anyio_backend"

_UNKNOWN: Any = object()

_NOT_PLAIN = (
    inspect.CO_GENERATOR
    | inspect.CO_COROUTINE
    | inspect.CO_ASYNC_GENERATOR
    | inspect.CO_VARARGS
    | inspect.CO_VARKEYWORDS
)


def waits_for_the_hub(item: pytest.Item, closure: Closure) -> bool:
    """Whether a test certainly runs on an asyncio loop that can be left.

    Trio's loop and uvloop's cannot, nor may what a factory makes.
    """
    backend = _backend(item, closure)
    name, options = backend if _is_pair(backend) else (backend, {})
    return name == "asyncio" and not any(
        value for option, value in options.items() if option != "debug"
    )


def _is_pair(backend: Any) -> bool:
    return (
        isinstance(backend, tuple)
        and len(backend) == 2
        and isinstance(backend[1], dict)
    )


def _backend(item: pytest.Item, closure: Closure) -> Any:
    """The value that the fixture will have."""
    param = private.parameters(item).get(FIXTURE, _UNKNOWN)
    if any(argname == FIXTURE for argname, _ in closure.direct):
        return param
    for entry in closure.entries:
        if entry.argname == FIXTURE and entry.definition is not None:
            if private.is_direct_parameter(entry.definition):
                return param
            return _value(entry.definition.func, param)
    return _UNKNOWN


def _value(function: Any, param: object) -> Any:
    """What a fixture function returns which has constants and its parameter only.

    A function that names nothing can do nothing else, so it may be called beforehand.
    """
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None)
    if not isinstance(code, types.CodeType) or code.co_flags & _NOT_PLAIN:
        return _UNKNOWN
    arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    if not (set(code.co_names) <= {"param"} and set(arguments) <= {"self", "request"}):
        return _UNKNOWN
    given = dict.fromkeys(arguments, types.SimpleNamespace(param=param))
    try:
        return function(**given)
    except Exception:
        return _UNKNOWN
