"""Ports and files of a fixed name: what a call takes that only one test can have."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from fasttest.isolation.analysis import rules
from fasttest.isolation.analysis.names import UNKNOWN
from fasttest.isolation.analysis.values import file_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fasttest.isolation.analysis.names import Names

_PORTS = range(1, 65536)


def port_resource(node: ast.Call, names: Names) -> str | None:
    """The port on which a call listens, if its number can be read."""
    last = _last_name(node.func)
    if last not in rules.SERVING:
        return None
    for value in _addresses(node, rules.SERVING[last], names):
        port = value
        if type(value) is tuple and len(value) >= 2 and type(value[0]) is str:
            port = value[1]
        if type(port) is int and port in _PORTS:
            return f"port {port}"
    return None


def _addresses(node: ast.Call, position: int | None, names: Names) -> Iterator[Any]:
    for index, argument in enumerate(node.args):
        value = value_of(argument, names)
        if index == position or type(value) is tuple:
            yield value
    for keyword in node.keywords:
        if keyword.arg in rules.PORT_KEYWORDS:
            yield value_of(keyword.value, names)


def file_resource(node: ast.Call, called: frozenset[str], names: Names) -> str | None:
    """The file that a call writes, if its path can be read and others may have it."""
    for path in _written(node, called, names):
        file = file_of(value_of(path, names))
        if file is not None and file != ":memory:":
            return f"file {file}"
    return None


def _written(
    node: ast.Call, called: frozenset[str], names: Names
) -> Iterator[ast.expr]:
    """The paths at which a call changes something."""
    if called & rules.OPENING:
        if _is_for_writing(node, 1, names):
            yield from node.args[:1]
        return
    for name in called:
        for position in rules.WRITING_FUNCTIONS.get(name, ()):
            yield from node.args[position : position + 1]
    if _last_name(node.func) == "start_unix_server":
        yield from node.args[1:2]
        yield from (each.value for each in node.keywords if each.arg == "path")
    elif isinstance(node.func, ast.Attribute):
        method = node.func.attr
        # `replace` of a text has two arguments.
        is_text = method == "replace" and len(node.args) != 1
        if method in rules.WRITING_METHODS and not is_text:
            if _is_path(node.func.value, names):
                yield node.func.value
        elif method == "open" and _is_for_writing(node, 0, names):
            yield node.func.value


def _is_path(node: ast.expr, names: Names) -> bool:
    return type(value_of(node, names)) is not str


def _is_for_writing(node: ast.Call, position: int, names: Names) -> bool:
    given = [each.value for each in node.keywords if each.arg == "mode"]
    given += node.args[position : position + 1]
    mode = value_of(given[0], names) if given else UNKNOWN
    return type(mode) is str and not set("wax+").isdisjoint(mode)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
