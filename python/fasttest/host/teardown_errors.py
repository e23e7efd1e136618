"""What the teardown of an item raised, grouped as pytest groups it."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _pytest import nodes

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup


class TeardownErrors:
    """Collects errors by the node whose teardown raised them; no error stops the rest.

    As in pytest's ``SetupState``: one error is raised alone, several of one node as a
    group, and several nodes' as a group of these.
    """

    def __init__(self) -> None:
        self._by_node: dict[nodes.Node | None, list[BaseException]] = {}

    def __bool__(self) -> bool:
        return bool(self._by_node)

    @contextlib.contextmanager
    def of(self, node: nodes.Node | None) -> Iterator[None]:
        """Take note of what is raised inside, as an error of this node."""
        try:
            yield
        except BaseException as error:
            self.add(node, error)

    def add(self, node: nodes.Node | None, error: BaseException) -> None:
        """Take note of an error of a node."""
        self._by_node.setdefault(node, []).append(error)

    def raise_all(self) -> None:
        """Raise what was noted; return if that is nothing."""
        errors = [
            found[0]
            if len(found) == 1
            else BaseExceptionGroup(f"errors while tearing down {node!r}", found[::-1])
            for node, found in self._by_node.items()
        ]
        if len(errors) == 1:
            raise errors[0]
        if errors:
            raise BaseExceptionGroup("errors during test teardown", errors[::-1])
