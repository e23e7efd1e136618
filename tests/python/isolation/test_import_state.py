"""Who changes ``sys.path`` and ``sys.modules``, read off the function's code."""

from __future__ import annotations

import os.path
import sys
from sys import modules, path
from typing import TYPE_CHECKING, Any

import pytest

from fasttest.isolation import import_state
from fasttest.isolation.codes import named_in

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "key"


def _inserts() -> None:
    sys.path.insert(0, "x")


def _assigns_a_slice() -> None:
    sys.path[:] = []


def _assigns_an_item() -> None:
    sys.path[0] = "x"


def _adds() -> None:
    sys.path += ["x"]


def _assigns() -> None:
    sys.path = []


def _imports_it_itself() -> None:
    import sys

    sys.path.append("x")


def _uses_the_name() -> None:
    path.remove("x")


def _has_a_function_inside() -> Callable[[], None]:
    def inside() -> None:
        sys.path.pop()

    return inside


def _puts_a_module() -> None:
    sys.modules[KEY] = sys


def _puts_a_computed_one(name: str) -> None:
    sys.modules[f"{name}.{KEY}"] = sys


def _deletes_a_module() -> None:
    del modules["x"]


def _pops_a_module() -> None:
    sys.modules.pop("x", None)


def _reads(values: dict[str, Any]) -> None:
    values[KEY] = sys.path[0], sys.modules[KEY], len(sys.path)
    values[sys.path[0]] = KEY in sys.modules


def _means_another_path(values: list[str]) -> None:
    values.insert(0, os.path.join(sys.prefix, "x"))


def found(function: Callable[..., Any]) -> list[str]:
    """What is found in a function."""
    code = function.__code__
    return list(import_state.changed(code, set(named_in(code)), function.__globals__))


@pytest.mark.parametrize(
    "function",
    [
        _inserts,
        _assigns_a_slice,
        _assigns_an_item,
        _adds,
        _assigns,
        _imports_it_itself,
        _uses_the_name,
        _has_a_function_inside,
    ],
)
def test_a_change_of_the_path_is_found(function: Callable[..., Any]) -> None:
    """However it is made."""
    assert found(function) == ["path"]


@pytest.mark.parametrize(
    "function",
    [_puts_a_module, _puts_a_computed_one, _deletes_a_module, _pops_a_module],
)
def test_a_change_of_the_modules_is_found(function: Callable[..., Any]) -> None:
    """However it is made."""
    assert found(function) == ["modules"]


@pytest.mark.parametrize("function", [_reads, _means_another_path])
def test_who_only_reads_changes_nothing(function: Callable[..., Any]) -> None:
    """Such tests are many; they overlap as ever."""
    assert found(function) == []
