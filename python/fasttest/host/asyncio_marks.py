"""``@pytest.mark.asyncio``: its arguments, their errors and the loop scope it asks for.

The texts are those of pytest-asyncio 1.5.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import pytest

from fasttest.host import asyncio_options as options
from fasttest.host.asyncio_options import SCOPES, Mode, ScopeName

if TYPE_CHECKING:
    from _pytest import nodes

_SCOPE_ARGUMENTS = frozenset({"loop_scope", "scope"})
_ARGUMENTS = _SCOPE_ARGUMENTS | {"loop_factories"}

_TWO_SCOPES = (
    'An asyncio pytest marker defines both "scope" and "loop_scope", '
    'but it should only use "loop_scope".'
)

_SCOPE_IS_DEPRECATED = (
    'The "scope" keyword argument to the asyncio marker has been deprecated. '
    'Please use the "loop_scope" argument instead.\n'
)


class AsyncioMark(NamedTuple):
    """The checked arguments of a mark.

    Attributes:
        loop_scope: None for the configured default.
        loop_factories: Names of the factories to use, in order; None for all.
    """

    loop_scope: ScopeName | None
    loop_factories: Sequence[str] | None


def closest_mark(item: pytest.Item) -> pytest.Mark | None:
    """The mark that applies to a test.

    ``get_closest_marker`` without its generators: this is asked five times a test.
    """
    node: nodes.Node | None = item
    while node is not None:
        for mark in node.own_markers:
            if mark.name == "asyncio":
                return mark
        node = node.parent
    return None


def needed_mark(item: pytest.Function) -> pytest.Mark | None:
    """The mark that applies to a function; auto mode adds the one that is missing."""
    mark = closest_mark(item)
    if mark is None and options.mode(item.config) is Mode.AUTO:
        item.add_marker("asyncio")
        mark = closest_mark(item)
    return mark


def parse(mark: pytest.Mark, nodeid: str) -> AsyncioMark:
    """Check a mark's arguments.

    Args:
        mark: A mark named ``asyncio``.
        nodeid: Named in the errors.

    Raises:
        pytest.fail.Exception: An argument is wrong; without traceback, so that it reads
            as a collection error of one line.
    """
    kwargs = mark.kwargs
    if mark.args or not _ARGUMENTS.issuperset(kwargs):
        _refuse(
            nodeid,
            "mark.asyncio accepts only keyword arguments 'loop_scope' and "
            "'loop_factories'.",
        )
    if "scope" in kwargs:
        if "loop_scope" in kwargs:
            _refuse(nodeid, _TWO_SCOPES)
        _warn_of_scope()
    scope = _named_scope(mark)
    if scope is not None and scope not in SCOPES:
        _refuse(nodeid, _unexpected(scope))
    factories = kwargs.get("loop_factories")
    if factories is not None and not _are_names(factories):
        _refuse(
            nodeid,
            "mark.asyncio 'loop_factories' must be a non-empty sequence of strings.",
        )
    return AsyncioMark(scope, factories)


def loop_scope(mark: pytest.Mark, config: pytest.Config) -> ScopeName:
    """The loop scope a test has by its closest mark, or else by configuration.

    A scope that is none counts as unnamed: ``parse`` refused it at collection, and
    ``check_loop_scope`` refuses that of a mark added later.
    """
    scope = _named_scope(mark)
    return scope if scope in SCOPES else options.default_test_loop_scope(config)


def check_loop_scope(mark: pytest.Mark, nodeid: str) -> None:
    """Fail if a mark names a loop scope that is none."""
    scope = _named_scope(mark)
    if scope is not None and scope not in SCOPES:
        _refuse(nodeid, _unexpected(scope))


def check_at_set_up(mark: pytest.Mark) -> None:
    """Check a mark's arguments as pytest-asyncio 1.0 to 1.3 do.

    Raises:
        ValueError: There is an argument other than the scope.
        pytest.UsageError: The scope is given by its old name as well.
        AssertionError: It is none.
    """
    if mark.args or not _SCOPE_ARGUMENTS.issuperset(mark.kwargs):
        raise ValueError("mark.asyncio accepts only a keyword argument 'loop_scope'.")
    if "scope" in mark.kwargs:
        if "loop_scope" in mark.kwargs:
            raise pytest.UsageError(f"{_TWO_SCOPES}\n")
        _warn_of_scope()
    scope = _named_scope(mark)
    if scope is not None and scope not in SCOPES:
        scopes = ", ".join(map(repr, sorted(SCOPES)))
        raise AssertionError(f"assert {scope!r} in {{{scopes}}}")


def _warn_of_scope() -> None:
    warnings.warn(pytest.PytestDeprecationWarning(_SCOPE_IS_DEPRECATED), stacklevel=1)


def _named_scope(mark: pytest.Mark) -> ScopeName | None:
    scope: ScopeName | None
    scope = mark.kwargs.get("loop_scope") or mark.kwargs.get("scope")
    return scope


def _are_names(value: object) -> bool:
    if isinstance(value, str) or not isinstance(value, Sequence) or not value:
        return False
    return all(isinstance(name, str) and name for name in value)


def _unexpected(scope: object) -> str:
    return (
        f"mark.asyncio got an unexpected loop scope value {scope!r}. "
        f"Valid scopes are: {', '.join(SCOPES)}."
    )


def _refuse(nodeid: str, reason: str) -> NoReturn:
    pytest.fail(f"{nodeid}: {reason}", pytrace=False)
