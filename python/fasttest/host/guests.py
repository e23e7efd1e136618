"""Guests: items with a way of their own to run, and the code that belongs to them.

unittest's cases, doctests and items of other classes are run by pytest's own phases, in
a strand each. They overlap wherever they wait, unless what is said here speaks against
it; what their code changes of the process is looked for as with any test.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import itertools
import types
from typing import TYPE_CHECKING, Any

import pytest

from fasttest.host import asyncio_dialect as dialect
from fasttest.host import plugins, private
from fasttest.host.hypothesis_state import can_take_turns, handle_of, is_given
from fasttest.isolation.codes import named_in
from fasttest.isolation.process_state import Finding, Kind

if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Collection,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )

    from _pytest import nodes

    from fasttest.host.closures import Closure

# What unittest calls for a test, whatever its name.
_CASE_HOOKS = (
    "setUp",
    "asyncSetUp",
    "tearDown",
    "asyncTearDown",
    "setUpClass",
    "tearDownClass",
    "run",
)

# Where a class says how its tests are run. One from elsewhere that does, as those of
# Django and Twisted, may rely on there being one test at a time.
_RUNNING = frozenset({"run", "debug", "__call__", "_callTestMethod", "_callSetUp"})


def is_plain(item: pytest.Item) -> bool:
    """Whether an item is a test function with nothing of its own in how it runs."""
    return type(item) is pytest.Function or dialect.is_async_test(item)


def is_async_case(item: pytest.Item) -> bool:
    """Whether an item is a coroutine method of a unittest's case."""
    return private.is_test_case(item) and inspect.iscoroutinefunction(
        getattr(_class_of(item), item.originalname, None)
    )


class Guests:
    """Says of items that are not plain whether, and with what code, they overlap.

    Args:
        project: Whether a module, by its name, belongs to the project under test.
    """

    def __init__(self, project: Callable[[str], bool]) -> None:
        self._project = project
        self._methods: dict[tuple[type, str], tuple[Callable[..., Any], ...]] = {}

    def reason(self, item: pytest.Item) -> str | None:
        """Why an item of this kind runs alone; None if its kind may overlap."""
        if is_given(item) and not can_take_turns(item):
            return "Hypothesis runs its method, or runs a state machine"
        if is_plain(item):
            return None
        if private.is_doctest(item):
            # A fixture may be another test's turn to make: the doctest would be left
            # with its output redirected.
            asks = any("getfixture" in each.source for each in item.dtest.examples)
            return "getfixture in a doctest" if asks else None
        if private.is_test_case(item):
            return self._reason_of_case(_class_of(item))
        for base in _own_classes(type(item)):
            if not self._project(base.__module__):
                return f"run by {type(item).__name__} itself"
        return None

    def functions(self, item: pytest.Item) -> Iterator[Callable[..., Any]]:
        """The functions of the project and its plugins that running the item calls.

        Its fixtures are not among them.
        """
        if private.is_test_case(item):
            cls = _class_of(item)
            for name in (item.originalname, *_CASE_HOOKS):
                yield from self._reached(cls, name)
            return
        if isinstance(item, pytest.Function):
            yield item.obj
            if is_given(item):
                yield handle_of(item).inner_test
        if not is_plain(item):
            for node in item.listchain():
                for base in _own_classes(type(node)):
                    yield from filter(None, map(_function, vars(base).values()))

    def findings(self, item: pytest.Item) -> list[Finding]:
        """What the way in which an item is run changes of the process."""
        if is_given(item):
            return [Finding("Hypothesis", Kind.EXAMPLES)]
        return []

    def _reason_of_case(self, cls: type) -> str | None:
        for base in cls.__mro__:
            if (
                base is not object
                and not _is_of(base, "unittest")
                and not self._project(base.__module__)
                and not _RUNNING.isdisjoint(vars(base))
            ):
                return f"run by {base.__qualname__} itself"
        return None

    def _reached(self, cls: type, name: str) -> tuple[Callable[..., Any], ...]:
        """A method of a test case, and the methods which it reaches through ``self``.

        A method counts as reached if its name is used: helpers of a test case are
        called on ``self``, of which nothing else is known.
        """
        key = cls, name
        if key not in self._methods:
            found: dict[str, list[Callable[..., Any]]] = {}
            pending = [name]
            while pending:
                current = pending.pop()
                if current not in found:
                    found[current] = list(_methods(cls, current))
                    for function in found[current]:
                        pending += _names(inspect.unwrap(function))
            self._methods[key] = tuple(itertools.chain(*found.values()))
        return self._methods[key]


def functions_of(
    closure: Closure, indexes: Sequence[int]
) -> Iterator[Callable[..., Any]]:
    """The functions of a closure's fixtures that belong to a part of the run.

    A session's fixtures are left out: what they change stays changed for all tests,
    under pytest as well.
    """
    for index in indexes:
        definition = closure.entries[index].definition
        if definition is None or private.scope_of(definition) is private.Scope.Session:
            continue
        if not _is_of(definition.func, "_pytest"):
            if not plugins.understands_fixture(definition.func.__module__ or ""):
                yield definition.func
            continue
        # pytest's own fixtures call a module's or class's ``setup_class`` and the like.
        for cell in getattr(definition.func, "__closure__", None) or ():
            with contextlib.suppress(ValueError):  # not bound
                function = _function(cell.cell_contents)
                if function is not None and not _is_of(function, "_pytest", "unittest"):
                    yield function


def remembered(item: pytest.Item) -> Callable[[], None]:
    """What makes an item as it is now again, so that a further run is like the first.

    pytest runs an item once; what it, or a plugin, then knows of it is kept on it.
    """
    if private.is_doctest(item):
        # The names its examples see, which the end of the doctest clears.
        return functools.partial(_put_back, item.dtest.globs, dict(item.dtest.globs))
    names, others = vars(item), private.RUN_ATTRIBUTES
    before = {name: value for name, value in names.items() if name not in others}
    return functools.partial(_put_back, names, before, others)


def _put_back(
    names: dict[str, Any],
    before: Mapping[str, Any],
    others: Collection[str] = (),
) -> None:
    for name in names.keys() - before.keys() - set(others):
        del names[name]
    names.update(before)


def _class_of(item: pytest.Function) -> type:
    cls: type = item.cls
    return cls


def _own_classes(kind: type[nodes.Node]) -> Iterable[type]:
    """The classes of a node that are not pytest's."""
    return (
        base
        for base in kind.__mro__
        if base is not object and not _is_of(base, "_pytest", "abc")
    )


def _is_of(thing: Any, *packages: str) -> bool:
    return (thing.__module__ or "").partition(".")[0] in packages


def _methods(cls: type, name: str) -> Iterator[Callable[..., Any]]:
    """A test case's method, and those of its bases which that calls as ``super()``'s.

    Nothing of unittest's own.
    """
    for base in cls.__mro__:
        if name not in vars(base):
            continue
        function = _function(vars(base)[name])
        if function is None or _is_of(base, "unittest"):
            return
        yield function
        if name not in _names(inspect.unwrap(function)):
            return


def _function(value: Any) -> Callable[..., Any] | None:
    """The function behind what a class has under a name, if there is one."""
    value = getattr(value, "fget", None) or getattr(value, "func", None) or value
    value = getattr(value, "__func__", value)
    return value if isinstance(value, types.FunctionType) else None


def _names(function: Callable[..., Any]) -> Iterator[str]:
    """The names which a function uses, those of the functions inside it included."""
    code = getattr(function, "__code__", None)
    if isinstance(code, types.CodeType):
        yield from named_in(code)
