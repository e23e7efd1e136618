"""Errors of teardowns reach the user as pytest's own ``SetupState`` groups them."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasttest.host import private
from fasttest.host.teardown_errors import TeardownErrors

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup


class Node:
    """What ``SetupState`` needs of a node."""

    def __init__(self, name: str, parent: Node | None = None) -> None:
        self.name = name
        self.parent = parent

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def listchain(self) -> list[Node]:
        """The nodes from the session down to this one."""
        return [] if self.parent is None else [*self.parent.listchain(), self]

    def setup(self) -> None:
        """Nothing to set up."""

    def teardown(self) -> None:
        """Nothing to tear down."""


class Interrupted(BaseException):
    """An exception that is no ``Exception``."""


# For each node, from the session to the item, what each of its finalizers raises, in
# the order in which they are added.
ERRORS = st.lists(
    st.lists(st.sampled_from([None, ValueError, KeyError, Interrupted]), max_size=3),
    min_size=1,
    max_size=4,
)


def chain(length: int) -> list[Node]:
    """Nodes below one another."""
    nodes = [Node("root")]
    for number in range(length):
        nodes.append(Node(f"node {number}", nodes[-1]))
    return nodes[1:]


def shape(error: BaseException) -> Any:
    """What of an error, or a group of them, is compared."""
    if isinstance(error, BaseExceptionGroup):
        return error.message, [shape(each) for each in error.exceptions]
    return type(error), error.args


def raising(kind: type[BaseException] | None, number: int) -> Any:
    """A finalizer."""

    def finalizer() -> None:
        if kind is not None:
            raise kind(number)

    return finalizer


def raised(function: Any, *args: Any) -> Any:
    """The shape of what a function raises; None for nothing."""
    try:
        function(*args)
    except BaseException as error:
        return shape(error)
    return None


@given(ERRORS)
def test_errors_are_grouped_as_pytest_groups_them(errors: list[list[Any]]) -> None:
    """By node, the innermost torn down first; no group round a single one."""
    state, nodes = private.SetupState(), chain(len(errors))
    state.setup(nodes[-1])  # type: ignore[arg-type]
    found = TeardownErrors()
    for node, kinds in zip(nodes, errors, strict=True):
        for number, kind in enumerate(kinds):
            state.addfinalizer(raising(kind, number), node)  # type: ignore[arg-type]
    for node, kinds in reversed(list(zip(nodes, errors, strict=True))):
        for number, kind in reversed(list(enumerate(kinds))):
            with found.of(node):
                raising(kind, number)()
    assert raised(found.raise_all) == raised(state.teardown_exact, None)


def test_no_error_stops_what_remains() -> None:
    """Every finalizer is run, whatever those before it raised."""
    errors, ran = TeardownErrors(), []
    for number in range(3):
        with errors.of(None):
            ran.append(number)
            raise ValueError(number)
    assert ran == [0, 1, 2]


def test_it_is_true_when_there_is_an_error() -> None:
    """A failed teardown decides whether a test is run again."""
    errors = TeardownErrors()
    assert not errors
    errors.raise_all()
    errors.add(None, ValueError())
    assert errors


def test_a_single_error_is_raised_itself() -> None:
    """With the traceback it has, as if nothing had collected it."""
    errors, error = TeardownErrors(), ZeroDivisionError()
    errors.add(None, error)
    with pytest.raises(ZeroDivisionError) as info:
        errors.raise_all()
    assert info.value is error
