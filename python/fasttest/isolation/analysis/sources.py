"""The syntax trees of functions, from the files they were compiled from."""

from __future__ import annotations

import ast
import tokenize
import warnings
from typing import TYPE_CHECKING, TypeAlias

from fasttest.isolation.codes import codes

if TYPE_CHECKING:
    import types

# Lines after the last one with code in which a function may go on.
_CLOSING = 20

FunctionNode: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"


class Sources:
    """Reads each file once."""

    def __init__(self) -> None:
        self._functions: dict[str, dict[tuple[str, int], FunctionNode]] = {}

    def node(self, code: types.CodeType) -> FunctionNode | None:
        """The function of which ``code`` was made; None if its source is not there."""
        file = code.co_filename
        if file not in self._functions:
            self._functions[file] = _functions(file)
        return self._functions[file].get((code.co_name, code.co_firstlineno))


class Excerpts:
    """Reads of each file no more than the functions that are asked for.

    For a few functions out of many: parsing a file takes a hundred times as long as
    reading it.
    """

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {}
        self._whole = Sources()

    def node(self, code: types.CodeType) -> FunctionNode | None:
        """As of ``Sources``, but that lines are counted from the function's first."""
        file = code.co_filename
        if file not in self._lines:
            self._lines[file] = _lines(file) or []
        lines = self._lines[file]
        first, last = code.co_firstlineno, _last_line(code)
        # What closes an expression that goes over several lines has no code.
        for end in range(last, min(last + _CLOSING, len(lines)) + 1):
            node = _only_function("".join(lines[first - 1 : end]))
            if node is not None and node.name == code.co_name:
                return node
        return self._whole.node(code)


def _parsed(text: str, name: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes; they were compiled already
            return ast.parse(text, name)
    except (SyntaxError, ValueError, RecursionError):
        return None


def parse(file: str) -> ast.Module | None:
    """The syntax tree of a file; None if it cannot be had."""
    lines = _lines(file)
    return None if lines is None else _parsed("".join(lines), file)


def _lines(file: str) -> list[str] | None:
    try:
        with tokenize.open(file) as source:
            return source.readlines()
    except (OSError, SyntaxError, ValueError):
        return None


def _last_line(code: types.CodeType) -> int:
    """The last line of a function for which there is code."""
    lines = (line for each in codes(code) for *_, line in each.co_lines())
    return max(filter(None, lines), default=code.co_firstlineno)


def _only_function(text: str) -> FunctionNode | None:
    """The function that a text, indented or not, defines; None if it is not one."""
    indented = text[:1].isspace()
    tree = _parsed(f"if True:\n{text}" if indented else text, "<excerpt>")
    statements: list[ast.stmt] = [] if tree is None else tree.body
    if statements and isinstance(statements[0], ast.If) and indented:
        statements = statements[0].body
    if len(statements) == 1 and isinstance(
        statements[0], (ast.FunctionDef, ast.AsyncFunctionDef)
    ):
        return statements[0]
    return None


def _functions(file: str) -> dict[tuple[str, int], FunctionNode]:
    tree = parse(file)
    if tree is None:
        return {}
    return {
        (node.name, first_line(node)): node
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }


def first_line(node: FunctionNode) -> int:
    """The line at which a function begins for its code: that of its decorators."""
    return min([node.lineno, *(each.lineno for each in node.decorator_list)])
