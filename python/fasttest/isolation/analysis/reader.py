"""Reads one function: what its lines do to the process, and what it calls."""

from __future__ import annotations

import ast
import logging
import os
import sys
import types
from collections.abc import MutableMapping, MutableSequence, MutableSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fasttest.isolation.analysis import rules
from fasttest.isolation.analysis.model import Category, Effect, Finding
from fasttest.isolation.analysis.names import UNKNOWN, Meaning, Names, function_of
from fasttest.isolation.analysis.resources import file_resource, port_resource
from fasttest.isolation.process_state import (
    PATCHING_FIXTURES,
    PATCHING_LIBRARIES,
    STANDARD_STREAMS,
)

if TYPE_CHECKING:
    from fasttest.isolation.analysis.sources import FunctionNode

_CONTAINERS = (MutableMapping, MutableSequence, MutableSet)


@dataclass(frozen=True)
class Routine:
    """A function to be read.

    Attributes:
        function: The function.
        cls: The class whose method it is, if it is one.
        owner: Where the instance is kept whose method it is, if a module has it.
    """

    function: types.FunctionType
    cls: type | None = field(default=None, hash=False)  # its class may not have any
    owner: str | None = None


@dataclass(frozen=True)
class Reading:
    """What there is to say of a function.

    Attributes:
        findings: Its lines.
        calls: What it calls.
        mentions: What it names and may hand on, to a thread for instance.
    """

    findings: tuple[Finding, ...]
    calls: tuple[Routine, ...]
    mentions: tuple[Routine, ...]


def read(node: FunctionNode, names: Names, file: str) -> Reading:
    """Read a function.

    Args:
        node: Its syntax tree.
        names: What its names stand for.
        file: Where it is.
    """
    reader = _Reader(node, names, file)
    for each in ast.iter_child_nodes(node):
        reader.visit(each)
    return Reading(
        tuple(dict.fromkeys(reader.findings)),
        tuple(dict.fromkeys(reader.calls)),
        tuple(dict.fromkeys(reader.mentions)),
    )


class _Reader(ast.NodeVisitor):
    def __init__(self, node: FunctionNode, names: Names, file: str) -> None:
        self.findings: list[Finding] = []
        self.calls: list[Routine] = []
        self.mentions: list[Routine] = []
        self._names = names
        self._file = file
        self._name = node.name
        self._patching = {
            name: kind
            for name, kind in PATCHING_FIXTURES.items()
            if name in names.parameters
        }
        self._elsewhere = 0  # in a function inside which others may call, on a thread
        self._called_here = {
            each.func.id
            for each in ast.walk(node)
            if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)
        }

    def _find(
        self,
        node: ast.AST,
        category: Category,
        effect: Effect,
        text: str,
        resource: str | None = None,
        attribute: tuple[Any, str] | None = None,
    ) -> None:
        if effect in (Effect.HOLDS_UP, Effect.COMPUTES) and self._elsewhere:
            return
        line: int = getattr(node, "lineno", 0)
        self.findings.append(
            Finding(
                category,
                effect,
                text,
                self._file,
                line,
                self._name,
                resource,
                attribute,
            )
        )

    # Functions inside.

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """A function inside: called here, or by whoever gets it."""
        elsewhere = node.name not in self._called_here
        self._elsewhere += elsewhere
        self.generic_visit(node)
        self._elsewhere -= elsewhere

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """An expression which somebody else calls."""
        self._elsewhere += 1
        self.generic_visit(node)
        self._elsewhere -= 1

    # Assignments.

    def visit_Assign(self, node: ast.Assign) -> None:
        """What is assigned may be seen by others."""
        for target in node.targets:
            self._change(target)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """What is changed in place may be seen by others."""
        self._change(node.target)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """What is assigned may be seen by others."""
        if node.value is not None:
            self._change(node.target)
        self.generic_visit(node)

    def visit_Delete(self, node: ast.Delete) -> None:
        """What is deleted may be missed by others."""
        for target in node.targets:
            self._change(target)
        self.generic_visit(node)

    def _change(self, target: ast.expr) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            for each in target.elts:
                self._change(each)
        elif isinstance(target, ast.Starred):
            self._change(target.value)
        elif isinstance(target, ast.Name):
            if target.id in self._names.declared_global:
                place = f"{self._names.module}.{target.id}"
                self._shared(target, Category.GLOBAL, f"assigns {place}", place)
        elif isinstance(target, ast.Attribute):
            self._change_attribute(target)
        elif isinstance(target, ast.Subscript):
            self._change_content(target, self._names.meaning(target.value))

    def _change_attribute(self, target: ast.Attribute) -> None:
        base = self._names.meaning(target.value)
        if base.place is None:
            return
        place = f"{base.place}.{target.attr}"
        text = f"assigns {place}"
        if base.value is sys:
            # The hooks and tracers are everybody's.
            is_stream = target.attr in STANDARD_STREAMS
            effect = Effect.OWN if is_stream else Effect.ALONE
            self._find(target, Category.PROCESS, effect, text)
        elif issubclass(type(base.value), types.ModuleType):
            attribute = (base.value, target.attr)
            self._shared(target, Category.GLOBAL, text, place, attribute)
        elif issubclass(type(base.value), type):
            attribute = (base.value, target.attr)
            self._shared(target, Category.CLASS_ATTRIBUTE, text, place, attribute)
        elif base.value is not UNKNOWN or base.made_of is not None:
            self._shared(target, Category.SINGLETON, text, base.place)

    def _change_content(self, target: ast.AST, base: Meaning) -> None:
        """Something is put into a container, or taken out."""
        if base.value is os.environ:
            text = "changes os.environ"
            self._find(target, Category.ENVIRONMENT, Effect.OWN, text)
        elif base.place is not None and issubclass(type(base.value), _CONTAINERS):
            self._shared(
                target, Category.GLOBAL, f"changes what is in {base.place}", base.place
            )

    def _shared(
        self,
        node: ast.AST,
        category: Category,
        text: str,
        resource: str,
        attribute: tuple[Any, str] | None = None,
    ) -> None:
        self._find(node, category, Effect.SHARED, text, resource, attribute)

    # Calls.

    def visit_Call(self, node: ast.Call) -> None:
        """What a call does by itself, and what it leads to."""
        called = self._names.meaning(node.func)
        self._by_name(node, called)
        self._by_method(node)
        for resource, category in (
            (port_resource(node, self._names), Category.PORT),
            (file_resource(node, called.names, self._names), Category.FILE),
        ):
            if resource is not None:
                verb = "listens on" if category is Category.PORT else "writes"
                self._shared(node, category, f"{verb} {resource}", resource)
        routine = self._routine(node.func, called)
        if routine is not None:
            (self.mentions if self._elsewhere else self.calls).append(routine)
        self._visit_parts(node)

    def _visit_parts(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute):
            self.visit(node.func.value)
        elif not isinstance(node.func, ast.Name):
            self.visit(node.func)
        for each in (*node.args, *node.keywords):
            self.visit(each)

    def _by_name(self, node: ast.Call, called: Meaning) -> None:
        for name in sorted(called.names):
            if name in rules.CALLS:
                self._find(node, *rules.CALLS[name], f"calls {name}")
                return
            if name in rules.STATE_OF:
                state = rules.STATE_OF[name]
                self._shared(node, Category.PROCESS, f"calls {name}", state)
                return
            if name.partition(".")[0] in PATCHING_LIBRARIES:
                text = f"calls {name}"
                self._find(node, Category.PATCH, Effect.ALONE, text)
                return

    def _by_method(self, node: ast.Call) -> None:
        """What a method does to the object whose it is."""
        if not isinstance(node.func, ast.Attribute):
            return
        owner, method = node.func.value, node.func.attr
        if isinstance(owner, ast.Name) and owner.id in self._patching:
            kind = self._patching[owner.id]
            category = rules.PATCHING_METHODS.get(method, rules.CATEGORY_OF_KIND[kind])
            effect = Effect.ALONE if kind is None else Effect.OWN
            self._find(node, category, effect, f"calls {owner.id}.{method}")
            return
        if method in rules.STATE_OF_METHOD:
            state = rules.STATE_OF_METHOD[method]
            self._shared(node, Category.PROCESS, f"calls {method}", state)
        if method in rules.CHANGING_METHODS:
            self._change_content(node, self._names.meaning(owner))
        elif method == "setLevel":
            self._set_level(node, owner)

    def _set_level(self, node: ast.Call, owner: ast.expr) -> None:
        logger = self._names.meaning(owner).value
        if issubclass(type(logger), logging.Logger):
            text = f"sets the level of logger {logger.name}"
            self._find(node, Category.PROCESS, Effect.OWN, text)

    def visit_Name(self, node: ast.Name) -> None:
        """A function that is named, and not called, is called by somebody else."""
        if isinstance(node.ctx, ast.Load) and not self._names.is_local(node.id):
            routine = self._routine(node, self._names.meaning(node))
            if routine is not None and routine.cls is None:
                self.mentions.append(routine)

    def _routine(self, node: ast.expr, called: Meaning) -> Routine | None:
        """What is to be read of something that is called."""
        if issubclass(type(called.value), type):
            function = function_of(vars(called.value).get("__init__"))
            return None if function is None else Routine(function, called.value)
        function = function_of(called.value)
        if function is None:
            return None
        if not isinstance(node, ast.Attribute):
            return Routine(function)
        base = self._names.meaning(node.value)
        if base.made_of is not None:
            return Routine(function, base.made_of, base.place)
        if issubclass(type(base.value), type):
            return Routine(function, base.value)
        if base.value is UNKNOWN or issubclass(type(base.value), types.ModuleType):
            return Routine(function)
        return Routine(function, type(base.value), base.place)

    # Loops.

    def visit_For(self, node: ast.For) -> None:
        """A long loop that never waits computes."""
        waits = any(isinstance(each, ast.Await) for each in ast.walk(node))
        if not waits:
            self._long_range(node.iter)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        """A long loop in an expression."""
        self._long_range(node.iter)
        self.generic_visit(node)

    def _long_range(self, node: ast.expr) -> None:
        if (
            isinstance(node, ast.Call)
            and self._names.meaning(node.func).value is range
            and any(
                isinstance(each, ast.Constant)
                and type(each.value) is int
                and each.value >= rules.MANY_TIMES
                for each in node.args
            )
        ):
            text = f"loops over {ast.unparse(node)}"
            self._find(node, Category.COMPUTING, Effect.COMPUTES, text)
