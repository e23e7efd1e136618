"""The syntax trees of functions, from the files they were compiled from."""

from __future__ import annotations

import ast
import tokenize
import warnings
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import types

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


def parse(file: str) -> ast.Module | None:
    """The syntax tree of a file; None if it cannot be had."""
    try:
        with tokenize.open(file) as source:
            text = source.read()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes; they were compiled already
            return ast.parse(text, file)
    except (OSError, SyntaxError, ValueError, RecursionError):
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
