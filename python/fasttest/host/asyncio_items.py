"""The items that stand for async tests, as pytest-asyncio names them."""

from __future__ import annotations

import functools
import inspect
import types
from typing import TypeGuard

import pytest

from fasttest.host.current import current_run


class PytestAsyncioFunction(pytest.Function):
    """An item whose function is called on an event loop."""

    @property
    def coroutine_attribute(self) -> tuple[object, str]:
        """The object and the attribute of it that holds the coroutine function.

        Whoever runs the item by pytest's own protocol puts a plain function there,
        which runs the coroutine on the loop.
        """
        return self, "obj"

    def runtest(self) -> None:
        """Run the test; whoever implements ``pytest_pyfunc_call`` meets no coroutine.

        anyio's plugin would else call it itself where a test is of both dialects.
        """
        run = current_run.get()
        if run is None:
            super().runtest()  # by somebody else's loop, as in pytest-xdist's workers
        else:
            with run.on_loop():
                super().runtest()


class Coroutine(PytestAsyncioFunction):
    """A coroutine function."""


class AsyncGenerator(PytestAsyncioFunction):
    """An async generator function, which is no test: it is reported as xfailed."""


class AsyncStaticMethod(PytestAsyncioFunction):
    """A ``staticmethod`` object round an async function, outside of a class."""


class AsyncHypothesisTest(PytestAsyncioFunction):
    """A coroutine function under ``@hypothesis.given``."""

    @property
    def coroutine_attribute(self) -> tuple[object, str]:
        """Hypothesis calls the inner function, once for each example."""
        return self.obj.hypothesis, "inner_test"


def is_async_test(item: pytest.Item) -> TypeGuard[PytestAsyncioFunction]:
    """Whether an item runs on an event loop."""
    return _is_async_class(type(item))


@functools.cache
def _is_async_class(kind: type[pytest.Item]) -> bool:
    # An abstract class takes its time to say what is an instance.
    return issubclass(kind, PytestAsyncioFunction)


_ASYNC = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def is_async_function(function: object) -> bool:
    """Whether calling the function gives a coroutine or an async generator."""
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def item_class_for(function: object) -> type[PytestAsyncioFunction] | None:
    """The class of the items for an async test function; None for a sync function."""
    if (
        type(function) is types.FunctionType
        and not function.__dict__
        and not function.__code__.co_flags & _ASYNC
    ):
        return None  # as for most functions; what follows says the same, slowly
    if inspect.iscoroutinefunction(function):
        return Coroutine
    if inspect.isasyncgenfunction(function):
        return AsyncGenerator
    if isinstance(function, staticmethod):
        return AsyncStaticMethod if is_async_function(function.__func__) else None
    if getattr(function, "is_hypothesis_test", False):
        handle = getattr(function, "hypothesis", None)
        if handle and inspect.iscoroutinefunction(handle.inner_test):
            return AsyncHypothesisTest
    return None


def convert(item: pytest.Function, item_class: type[PytestAsyncioFunction]) -> None:
    """Make an item of pytest's an item of ``item_class``.

    The class of the object is set, rather than a second object built: the item keeps
    its marks, parameters and instance, and building a Function costs ten microseconds.
    """
    item.__class__ = item_class
    if item_class is AsyncGenerator:
        reason = (
            "Tests based on asynchronous generators are not supported. "
            f"{item.name} will be ignored."
        )
        item.warn(pytest.PytestCollectionWarning(reason))
        item.add_marker(pytest.mark.xfail(run=False, reason=reason))
