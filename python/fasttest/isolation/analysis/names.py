"""What the names in a function stand for, as far as that is certain without running it.

The modules are imported, as the tests have been collected: a global name stands for the
object that is there. Of objects nothing is asked that could run their code.
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import sys
import types
from typing import TYPE_CHECKING, Any, NamedTuple

from fasttest.isolation.codes import home_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fasttest.isolation.analysis.sources import FunctionNode

UNKNOWN: Any = object()

# Where things say they come from, and where people have them from.
_PUBLIC = {
    "_io": "io",
    "_locale": "locale",
    "_signal": "signal",
    "_socket": "socket",
    "asyncio.events": "asyncio",
    "mock.mock": "unittest.mock",
    "nt": "os",
    "posix": "os",
    "_pytest.recwarn": "pytest",
}


class Meaning(NamedTuple):
    """What an expression stands for.

    Attributes:
        names: The dotted names under which it is known; none if it is a local value.
        value: The object, if it is there already.
        made_of: The class of which it is an instance, if it is made when the test runs.
        place: Where it is kept, from a module on; None if no module leads to it.
    """

    names: frozenset[str] = frozenset()
    value: Any = UNKNOWN
    made_of: type | None = None
    place: str | None = None


NOTHING = Meaning()


class Names:
    """The names of one function.

    Args:
        node: The function.
        globals_: What it sees of its module.
        cells: What it sees of the functions around it.
        cls: The class whose method it is, if it is one.
        owner: Where the instance is kept whose method it is, if a module has it.
    """

    def __init__(
        self,
        node: FunctionNode,
        globals_: Mapping[str, Any],
        cells: Mapping[str, Any],
        cls: type | None = None,
        owner: str | None = None,
    ) -> None:
        self.module: str = str(globals_.get("__name__", ""))
        self._globals = globals_
        self._cells = cells
        self._cls = cls
        self._owner = owner
        self.declared_global: set[str] = set()
        self.parameters: set[str] = set()
        self._imports: dict[str, str] = {}
        self._bound: dict[str, list[ast.expr | None]] = {}
        self._asked: set[str] = set()
        for each in ast.walk(node):
            self._bind(each)
        for name in self.declared_global:
            self._bound.pop(name, None)
        positional = [*node.args.posonlyargs, *node.args.args]
        self._first = positional[0].arg if cls is not None and positional else None
        self._is_of_class = any(
            isinstance(each, ast.Name) and each.id == "classmethod"
            for each in node.decorator_list
        )

    def _bind(self, node: ast.AST) -> None:
        if isinstance(node, ast.Global):
            self.declared_global.update(node.names)
        elif isinstance(node, ast.arg):
            self.parameters.add(node.arg)
            self._bound.setdefault(node.arg, []).append(None)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self._bind_import(node)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            self._bind_to(node.targets[0], node.value)
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)):
            self._bind_to(node.target, node.value)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            self._bind_to(node.optional_vars, node.context_expr)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            self._bound.setdefault(node.id, [])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            self._bound.setdefault(node.name, []).append(None)
        elif isinstance(node, ast.AugAssign):
            self._bind_to(node.target, None)

    def _bind_to(self, target: ast.expr, value: ast.expr | None) -> None:
        if isinstance(target, ast.Name):
            self._bound.setdefault(target.id, []).append(value)

    def _bind_import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
                path = f"{node.module}.{alias.name}"
            else:
                path = alias.name if alias.asname else alias.name.partition(".")[0]
            name = alias.asname or alias.name.partition(".")[0]
            if not getattr(node, "level", 0):
                self._imports[name] = path

    def assigned(self, name: str) -> ast.expr | None:
        """What a local name is assigned, if that is done in one place."""
        values = self._bound.get(name, [])
        return values[0] if len(values) == 1 else None

    def is_local(self, name: str) -> bool:
        """Whether a name is the function's own."""
        return name in self._bound or name in self._imports

    def meaning(self, node: ast.expr) -> Meaning:
        """What an expression stands for."""
        if isinstance(node, ast.Name):
            return self._of_name(node.id)
        if isinstance(node, ast.Attribute):
            return member(self.meaning(node.value), node.attr)
        if isinstance(node, ast.Await):
            return self.meaning(node.value)
        if isinstance(node, ast.Call):
            return self._of_call(node)
        return NOTHING

    def _of_call(self, node: ast.Call) -> Meaning:
        called = self.meaning(node.func)
        if called.value is type and len(node.args) == 1:
            made_of = self.meaning(node.args[0]).made_of
            return NOTHING if made_of is None else known(made_of)
        if issubclass(type(called.value), type):
            return Meaning(made_of=called.value)
        return NOTHING

    def _of_name(self, name: str) -> Meaning:
        if name == self._first:
            assert self._cls is not None
            if self._is_of_class:
                return known(self._cls)
            return Meaning(made_of=self._cls, place=self._owner)
        if name in self._imports:
            return _imported(self._imports[name])
        if name in self._bound:
            value = self.assigned(name)
            if value is None or name in self._asked:
                return NOTHING
            self._asked.add(name)
            try:
                return self.meaning(value)
            finally:
                self._asked.discard(name)
        if name in self._cells:
            return known(self._cells[name])
        if name in self._globals:
            return known(self._globals[name], f"{self.module}.{name}")
        if hasattr(builtins, name):
            return known(getattr(builtins, name), f"builtins.{name}")
        return NOTHING


def member(base: Meaning, name: str) -> Meaning:
    """What an attribute of something stands for."""
    names = frozenset(f"{each}.{name}" for each in base.names)
    place = None if base.place is None else f"{base.place}.{name}"
    if base.made_of is not None:
        if name == "__class__":
            return known(base.made_of)
        value = inspect.getattr_static(base.made_of, name, UNKNOWN)
        # What is the instance's own, and not its class's, is made when the test runs.
        is_method = function_of(value) is not None
        return _more_names(names, value if is_method else UNKNOWN, place)
    if base.value is UNKNOWN:
        return _more_names(names, UNKNOWN, place)
    if issubclass(type(base.value), types.ModuleType):
        value = vars(base.value).get(name, UNKNOWN)
        return _more_names(names, value, f"{home_of(base.value)}.{name}")
    value = inspect.getattr_static(base.value, name, UNKNOWN)
    if issubclass(type(value), (property, types.MemberDescriptorType)):
        value = UNKNOWN
    return _more_names(names, value, place)


def known(value: Any, place: str | None = None) -> Meaning:
    """What an object that is there stands for."""
    if issubclass(type(value), types.ModuleType):
        place = home_of(value)
    elif issubclass(type(value), type):
        place = f"{home_of(value)}.{value.__qualname__}"
    return _more_names(frozenset([place] if place else ()), value, place)


def _more_names(names: frozenset[str], value: Any, place: str | None) -> Meaning:
    return Meaning(names | frozenset(_own_names(value)), value, None, place)


def _own_names(value: Any) -> Iterator[str]:
    """The name by which an object knows itself."""
    value = function_of(value) or value
    if issubclass(type(value), types.ModuleType):
        yield _PUBLIC.get(home_of(value), home_of(value))
    elif issubclass(
        type(value),
        (type, types.FunctionType, types.BuiltinFunctionType, types.MethodType),
    ):
        module = getattr(value, "__module__", None)
        if isinstance(module, str):
            yield f"{_PUBLIC.get(module, module)}.{value.__qualname__}"


def function_of(value: Any) -> types.FunctionType | None:
    """The function behind what a class has under a name, if there is one."""
    if issubclass(type(value), functools.partial):
        value = value.func
    if issubclass(type(value), (staticmethod, classmethod, types.MethodType)):
        value = value.__func__
    return value if issubclass(type(value), types.FunctionType) else None


def _imported(path: str) -> Meaning:
    """What an import inside a function stands for, if the module is loaded already."""
    if path in sys.modules:
        return known(sys.modules[path])
    module, _, name = path.rpartition(".")
    if module in sys.modules:
        found = member(known(sys.modules[module]), name)
        return Meaning(found.names | {path}, found.value, None, found.place)
    return Meaning(frozenset({path}))


def cells_of(function: types.FunctionType) -> dict[str, Any]:
    """What a function sees of those around it."""
    values = {}
    for name, cell in zip(
        function.__code__.co_freevars, function.__closure__ or (), strict=True
    ):
        try:
            values[name] = cell.cell_contents
        except ValueError:
            continue  # not bound yet
    return values
