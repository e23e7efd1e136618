"""What arguments are where that can be read: numbers, files, places of one's own."""

from __future__ import annotations

import ast
import os.path
import posixpath
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from fasttest.isolation.analysis.names import UNKNOWN

if TYPE_CHECKING:
    from fasttest.isolation.analysis.names import Names

OWN_PLACE: Any = object()
"""A path below a folder which no other test has."""

# Fixtures with a folder for each test, or a factory of such.
_OWN_PLACES = frozenset({"tmp_path", "tmpdir", "tmp_path_factory", "tmpdir_factory"})

_JOINING = frozenset({"os.path.join", "posixpath.join", "ntpath.join"})
_PATHS = frozenset(
    f"pathlib.{name}"
    for name in ("Path", "PurePath", "PosixPath", "PurePosixPath", "WindowsPath")
)
_SAME = frozenset(
    {
        "os.fspath",
        "os.path.abspath",
        "posixpath.abspath",
        "os.path.realpath",
        "posixpath.realpath",
        "builtins.str",
    }
)
_PARENT = frozenset({"os.path.dirname", "posixpath.dirname"})
_SAME_METHODS = frozenset({"resolve", "absolute", "as_posix", "expanduser"})

# Values are followed from name to name at most so far.
_DEPTH = 12


def value_of(node: ast.expr | None, names: Names, depth: int = _DEPTH) -> Any:
    """The value of an expression: a literal, ``OWN_PLACE`` or ``UNKNOWN``."""
    if node is None or depth == 0:
        return UNKNOWN
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Tuple):
        return tuple(value_of(each, names, depth - 1) for each in node.elts)
    if isinstance(node, ast.Name):
        return _of_name(node, names, depth)
    if isinstance(node, ast.JoinedStr):
        return _of_f_string(node, names, depth)
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Div, ast.Add)):
        left, right = (value_of(n, names, depth - 1) for n in (node.left, node.right))
        return _joined([left, right], "" if isinstance(node.op, ast.Add) else "/")
    if isinstance(node, ast.Attribute):
        return _of_attribute(node, names, depth)
    if isinstance(node, ast.Call):
        return _of_call(node, names, depth)
    return UNKNOWN


def file_of(value: Any) -> str | None:
    """The name of the file at a path that is known; None if it is not, or not one."""
    if issubclass(type(value), PurePath):
        value = os.fspath(value)
    if type(value) is not str or not value or value.startswith("/dev/"):
        return None
    return os.path.normpath(value)


def _of_name(node: ast.Name, names: Names, depth: int) -> Any:
    if node.id in names.parameters:
        return OWN_PLACE if node.id in _OWN_PLACES else UNKNOWN
    if names.is_local(node.id):
        return value_of(names.assigned(node.id), names, depth - 1)
    return _plain(names.meaning(node).value)


def _of_f_string(node: ast.JoinedStr, names: Names, depth: int) -> Any:
    parts = [
        value_of(
            part.value if isinstance(part, ast.FormattedValue) else part,
            names,
            depth - 1,
        )
        for part in node.values
    ]
    return _joined(parts, "")


def _of_attribute(node: ast.Attribute, names: Names, depth: int) -> Any:
    value = _plain(names.meaning(node).value)
    if value is not UNKNOWN:
        return value
    base = value_of(node.value, names, depth - 1)
    if issubclass(type(base), PurePath) and node.attr == "parent":
        return base.parent
    # `tmp_path.parent` is left, but whatever else is had from it is the test's.
    return OWN_PLACE if base is OWN_PLACE and node.attr != "parent" else UNKNOWN


def _of_call(node: ast.Call, names: Names, depth: int) -> Any:
    called = names.meaning(node.func).names
    arguments = [value_of(each, names, depth - 1) for each in node.args]
    if called & _PATHS:
        joined = _joined(arguments, "/")
        return PurePath(joined) if type(joined) is str else joined
    if called & _JOINING:
        return _joined(arguments, "/")
    if called & _SAME and arguments:
        return arguments[0]
    if called & _PARENT and type(arguments[0] if arguments else None) is str:
        return posixpath.dirname(arguments[0])
    if any(name.startswith("tempfile.") for name in called):
        return OWN_PLACE
    if isinstance(node.func, ast.Attribute):
        base = value_of(node.func.value, names, depth - 1)
        if base is OWN_PLACE:
            return OWN_PLACE
        if issubclass(type(base), PurePath):
            if node.func.attr in _SAME_METHODS:
                return base
            if node.func.attr == "joinpath":
                return _joined([base, *arguments], "/")
    return UNKNOWN


def _joined(parts: list[Any], separator: str) -> Any:
    """Parts of a path put together; what begins in a place of one's own stays there."""
    if OWN_PLACE in parts:
        return OWN_PLACE
    texts = [
        str(part) if issubclass(type(part), (str, int, PurePath)) else None
        for part in parts
    ]
    if not texts or None in texts:
        return UNKNOWN
    if separator:
        return PurePath(*[text for text in texts if text is not None])
    return "".join(text for text in texts if text is not None)


def _plain(value: Any) -> Any:
    """A value that is what it is: a number, a text, a path, or a tuple of them."""
    if type(value) is tuple:
        return tuple(_plain(each) for each in value)
    is_plain = issubclass(type(value), (str, int, PurePath))
    return value if is_plain else UNKNOWN
