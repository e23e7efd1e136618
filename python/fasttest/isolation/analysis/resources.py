"""Ports and files of a fixed name: what a call takes that only one test can have."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from fasttest.isolation.analysis.names import UNKNOWN
from fasttest.isolation.analysis.values import file_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fasttest.isolation.analysis.names import Names

WRITING_FUNCTIONS: dict[str, tuple[int, ...]] = {
    "aiofiles.os.makedirs": (0,),
    "aiofiles.os.mkdir": (0,),
    "aiofiles.os.remove": (0,),
    "os.makedirs": (0,),
    "os.mkdir": (0,),
    "os.mkfifo": (0,),
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.replace": (0, 1),
    "os.rmdir": (0,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.unlink": (0,),
    "shutil.copy": (1,),
    "shutil.copy2": (1,),
    "shutil.copyfile": (1,),
    "shutil.copytree": (1,),
    "shutil.move": (0, 1),
    "shutil.rmtree": (0,),
    "sqlite3.connect": (0,),
    "_sqlite3.connect": (0,),
    "aiosqlite.connect": (0,),
    "aiosqlite.core.connect": (0,),
}
"""Functions that write, and the positions of the paths which they change."""

OPENING = frozenset({"builtins.open", "io.open", "aiofiles.open", "codecs.open"})
WRITING_METHODS = frozenset(
    {
        "mkdir",
        "rename",
        "replace",
        "rmdir",
        "symlink_to",
        "touch",
        "unlink",
        "write_bytes",
        "write_text",
    }
)
"""Methods of a path that change what is there."""

SERVING: dict[str, int | None] = {
    "HTTPServer": None,
    "TCPServer": None,
    "TCPSite": 2,
    "ThreadingHTTPServer": None,
    "ThreadingTCPServer": None,
    "UDPServer": None,
    "bind": None,
    "create_datagram_endpoint": None,
    "create_server": 2,
    "listen": None,  # a number alone is a backlog, more often than not
    "make_server": 1,
    "run_app": None,
    "serve": 2,
    "start_server": 2,
}
"""Calls which listen, by last name, and the position of their port."""

PORT_KEYWORDS = frozenset({"port", "local_addr", "address", "server_address"})

_PORTS = range(1, 65536)


def port_resource(node: ast.Call, names: Names) -> str | None:
    """The port on which a call listens, if its number can be read."""
    last = last_name(node.func)
    if last not in SERVING:
        return None
    for value in _addresses(node, SERVING[last], names):
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
        if keyword.arg in PORT_KEYWORDS:
            yield value_of(keyword.value, names)


def file_resource(node: ast.Call, called: frozenset[str], names: Names) -> str | None:
    """The file that a call writes, if its path can be read and others may have it.

    Args:
        node: The call.
        called: The names of what is called.
        names: What names stand for.
    """
    for path in _written(node, called, names):
        file = file_of(value_of(path, names))
        if file is not None and file != ":memory:":
            return f"file {file}"
    return None


def _written(
    node: ast.Call, called: frozenset[str], names: Names
) -> Iterator[ast.expr]:
    """The paths at which a call changes something."""
    if called & OPENING:
        if _is_for_writing(node, 1, names):
            yield from node.args[:1]
        return
    for name in called:
        for position in WRITING_FUNCTIONS.get(name, ()):
            yield from node.args[position : position + 1]
    if last_name(node.func) == "start_unix_server":
        yield from node.args[1:2]
        yield from (each.value for each in node.keywords if each.arg == "path")
    elif isinstance(node.func, ast.Attribute):
        method = node.func.attr
        # `replace` of a text has two arguments.
        is_text = method == "replace" and len(node.args) != 1
        if method in WRITING_METHODS and not is_text:
            if _is_path(node.func.value, names):
                yield node.func.value
        elif method == "open" and _is_for_writing(node, 0, names):
            yield node.func.value


def _is_path(node: ast.expr, names: Names) -> bool:
    return type(value_of(node, names)) is not str


def _is_for_writing(node: ast.Call, position: int, names: Names) -> bool:
    return not set("wax+").isdisjoint(_mode(node, position, names))


def is_appending(node: ast.Call, called: frozenset[str], names: Names) -> bool:
    """Whether a call opens a file to add to it, as logs are written."""
    return "a" in _mode(node, 1 if called & OPENING else 0, names)


def _mode(node: ast.Call, position: int, names: Names) -> str:
    given = [each.value for each in node.keywords if each.arg == "mode"]
    given += node.args[position : position + 1]
    mode = value_of(given[0], names) if given else UNKNOWN
    return mode if type(mode) is str else ""


def last_name(node: ast.expr) -> str:
    """The last part of a dotted name; "" if it is none."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
