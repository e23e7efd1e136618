"""The syntax trees of functions, by file and one by one."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fasttest.isolation.analysis.sources import Excerpts, Sources
from fasttest.isolation.codes import codes

if TYPE_CHECKING:
    import types

MODULES = [
    "argparse",
    "ast",
    "asyncio.base_events",
    "inspect",
    "typing",
    "unittest.mock",
]


def functions_of(path: str) -> list[types.CodeType]:
    """The code of all that a file defines with ``def``."""
    tree = ast.parse(Path(path).read_bytes())
    names = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    return [
        each for each in codes(compile(tree, path, "exec")) if each.co_name in names
    ]


@pytest.mark.parametrize("module", MODULES)
def test_an_excerpt_is_what_the_file_has(module: str) -> None:
    """Whatever decorates, nests, or closes a function."""
    path = importlib.import_module(module).__file__
    assert path is not None
    files, excerpts = Sources(), Excerpts()
    compared = 0
    for code in functions_of(path):
        expected, found = files.node(code), excerpts.node(code)
        if expected is None or found is None:
            assert found is expected
            continue
        assert ast.dump(found) == ast.dump(expected), code
        compared += 1
    assert compared > 50


SOURCE = '''
def outer():
    def inner(a=(
        1,
    )):
        """Text
with less indentation"""
        return [
            open(
                "name",
                "w",
            )
            # nothing more
        ]
    return inner

def one(): return 1

class Class:
    @property
    def decorated(self):
        yield """
{a}
"""
        if False:
            never()
'''


def test_parts_without_code_do_no_harm(tmp_path: Path) -> None:
    """Brackets, comments, texts, and what the compiler leaves out."""
    file = tmp_path / "source.py"
    file.write_text(SOURCE, "utf-8")
    files, excerpts = Sources(), Excerpts()
    names = []
    for code in functions_of(str(file)):
        expected, found = files.node(code), excerpts.node(code)
        assert expected is not None
        assert found is not None
        names.append(found.name)
        assert ast.dump(found) == ast.dump(expected)
    assert sorted(names) == ["decorated", "inner", "one", "outer"]


def test_what_has_no_source_has_no_tree(tmp_path: Path) -> None:
    """A lambda, code from a string, a file that has gone or has changed."""
    space: dict[str, types.FunctionType] = {}
    exec("def made(): pass", space)
    named = lambda: None  # noqa: E731
    file = tmp_path / "gone.py"
    file.write_text("def gone(): pass\n")
    code = functions_of(str(file))[0]
    changed = functions_of(str(file))[0]
    file.write_text("x = 1\n")
    for each in (space["made"].__code__, named.__code__, code, changed):
        assert Excerpts().node(each) is None
    file.unlink()
    assert Excerpts().node(code) is None
