"""What the teardown of an item raised, grouped as pytest groups it."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _pytest import nodes

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup


_OUTCOMES = (Exception, pytest.fail.Exception, pytest.skip.Exception)


class TeardownErrors:
    """Collects errors by the node whose teardown raised them; no error stops the rest.

    As in pytest's ``SetupState``: one error is raised alone, several of one node as a
    group, and several nodes' as a group of these; but one that is no outcome, such as
    KeyboardInterrupt, is raised alone whatever else there is.
    """

    def __init__(self) -> None:
        self._by_node: dict[nodes.Node | None, list[BaseException]] = {}
        self._no_outcome: BaseException | None = None

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
        if self._no_outcome is None and not isinstance(error, _OUTCOMES):
            self._no_outcome = error
        self._by_node.setdefault(node, []).append(error)

    def include(self, other: TeardownErrors) -> None:
        """Take over what another has noted."""
        for node, errors in other._by_node.items():
            for error in errors:
                self.add(node, error)

    def raise_all(self) -> None:
        """Raise what was noted; return if that is nothing."""
        if self._no_outcome is not None:
            raise self._no_outcome
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
