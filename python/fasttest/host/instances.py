"""The living fixtures and collectors which outlive a test."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from fasttest.host.teardown_errors import TeardownErrors

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from _pytest import nodes

    from fasttest.host.definitions import InstanceDef
    from fasttest.host.emissions import Emission


class Instances:
    """The living instances of fixtures and collectors which outlive a test.

    Attributes:
        fixtures: The fixtures' definitions, by instance.
        collectors: The collectors with a set-up of their own, by instance.
        finalizers: What else is to be called at a collector's end.
        emissions: What set-ups have emitted, if anything.
        made_room: What teardowns have emitted that made room for another parameter,
            by the test whose set-up they are part of.
    """

    def __init__(self) -> None:
        self.fixtures: dict[int, InstanceDef] = {}
        self.collectors: dict[int, nodes.Node] = {}
        self.finalizers: dict[int, list[Callable[[], object]]] = {}
        self.emissions: dict[int, Emission] = {}
        self.made_room: defaultdict[int, list[Emission]] = defaultdict(list)
        self._errors: dict[int, tuple[BaseException, TracebackType | None]] = {}

    def begin_collector(self, instance: int, collector: nodes.Node) -> None:
        """A collector with a set-up of its own is about to be set up."""
        self.collectors[instance] = collector
        self.finalizers[instance] = []

    def instance_of(self, collector: nodes.Node) -> int | None:
        """The instance of a living collector with a set-up of its own."""
        return next((i for i, c in self.collectors.items() if c is collector), None)

    def failure_of(
        self, collector: nodes.Node
    ) -> tuple[BaseException, TracebackType | None] | None:
        """With what the set-up of a living collector failed, if it did."""
        instance = self.instance_of(collector)
        return None if instance is None else self._errors.get(instance)

    def failed(self, instance: int, error: BaseException) -> None:
        """Remember with what the set-up of an instance failed."""
        self._errors[instance] = error, error.__traceback__

    def error(self, instance: int) -> BaseException:
        """The error of a failed set-up, with the traceback it had then."""
        if instance not in self._errors:
            return RuntimeError(
                "a fixture cannot be had: tests in flight wait for one another's "
                "fixtures in a circle, which they ask for with getfixturevalue. Let "
                "them name these fixtures as arguments."
            )
        error, traceback = self._errors[instance]
        return error.with_traceback(traceback)

    def tear_down(self, instance: int) -> None:
        """End an instance.

        Raises:
            BaseException: What its finalizers raised; all of them were run.
        """
        self.emissions.pop(instance, None)
        definition = self.fixtures.pop(instance, None)
        if definition is not None:
            definition.tear_down()
        collector = self.collectors.pop(instance, None)
        finalizers = self.finalizers.pop(instance, [])
        if collector is not None:
            finalizers.insert(0, collector.teardown)
        errors = TeardownErrors()
        for finalizer in reversed(finalizers):
            with errors.of(collector):
                finalizer()
        errors.raise_all()

    def node_of(self, instance: int) -> nodes.Node | None:
        """The node with which an instance ends."""
        definition = self.fixtures.get(instance)
        if definition is not None and definition.request is not None:
            node: nodes.Node = definition.request.node
            return node
        return self.collectors.get(instance)
