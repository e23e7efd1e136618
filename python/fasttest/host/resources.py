"""What tests hold while they run, by their marks and by the project's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import pytest

from fasttest.host.configuration import FILE
from fasttest.host.isolation_marks import MARKS, stated
from fasttest.host.path_patterns import PathPatterns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from _pytest import nodes

    from fasttest import _core
    from fasttest.engine.rates import Rate
    from fasttest.host.closures import Closure
    from fasttest.host.configuration import Configuration, Need

T = TypeVar("T")

# Of what is wrong with marks, the first few are enough to see what it is.
_ERRORS_SHOWN = 10


class Resources:
    """Fills a plan with resources, and tells what of them each item claims.

    A resource is either *counted*, up to its limit, or *read and written*: then its
    capacity is that of all tests together, of which a reader claims one unit and a
    writer every one. One that only has a *rate* is held by any number; a rate is a row
    of its own in the plan, beside that of what is held.

    Args:
        plan: The plan.
        session: The session with its collected items.
        configuration: The project's.

    Attributes:
        rates: The rates in the plan that items claim.

    Raises:
        pytest.UsageError: Marks are wrong, or contradict each other.
    """

    def __init__(
        self,
        plan: _core.Plan,
        session: pytest.Session,
        configuration: Configuration,
    ) -> None:
        self.rates: dict[int, Rate] = {}
        self._plan = plan
        self._configuration = configuration
        self._most = max(1, len(session.items))
        self._serial = PathPatterns(configuration.serial)
        self._paths = PathPatterns(tuple(configuration.paths))
        self._unused_fixtures = dict.fromkeys(configuration.fixtures)
        self._by_item: dict[pytest.Item, tuple[Need, ...]] = {}
        self._by_collector: dict[nodes.Node, tuple[Need, ...]] = {}
        self._by_closure: dict[int, tuple[Need, ...]] = {}
        # By name: what is claimed with as many units as are held, and with one.
        self._held: dict[str, int] = {}
        self._started: dict[str, int] = {}
        # Of each resource the limit, the rate, and who reads it, with where that is
        # said.
        self._limits: dict[str, tuple[int, str]] = {}
        self._rates: dict[str, tuple[Rate, str]] = {}
        self._readers: dict[str, str] = {}
        self._errors: dict[str, str] = {}  # where they were first met
        self._read_configuration()
        self._read_marks(session.items)
        self._check_readers()
        if self._errors:
            raise pytest.UsageError(*self._shown_errors())

    def serial(self, item: pytest.Item) -> str | None:
        """Why the configuration has an item run alone; None if it does not."""
        if not self._configuration.serial:
            return None
        for pattern in self._serial.matching(item.nodeid):
            return f"serial in {FILE}: {pattern.text}"
        return None

    def claims(self, item: pytest.Item, closure: Closure) -> list[tuple[int, int]]:
        """The plan's resources that an item claims, with the units of each."""
        needs = self._by_item.get(item, ()) if self._by_item else ()
        if self._configuration.fixtures:
            needs += self._of_fixtures(closure)
        if self._configuration.paths:
            for pattern in self._paths.matching(item.nodeid):
                needs += self._configuration.paths[pattern]
        return [claim for need in needs for claim in self._of_need(need)]

    def unused(self) -> list[str]:
        """What of the configuration concerned none of the items."""
        patterns = {"serial": self._serial, "paths": self._paths}
        found = [
            f"{key}: {pattern.text!r} matches no test"
            for key, of_key in patterns.items()
            for pattern in of_key.unused
        ]
        return found + [
            f"fixtures: no test has a fixture {name!r}"
            for name in self._unused_fixtures
        ]

    def _of_need(self, need: Need) -> Iterator[tuple[int, int]]:
        name = need.resource
        is_read = name in self._readers
        is_rated = name in self._rates
        if is_read or name in self._limits or not is_rated:
            capacity = self._most if is_read else self._limits.get(name, (1, ""))[0]
            resource = self._held.get(name)
            if resource is None:
                resource = self._plan.add_resource(name, capacity)
                self._held[name] = resource
            yield resource, capacity if is_read and need.write else 1
        if is_rated:
            resource = self._started.get(name)
            if resource is None:
                rate, _ = self._rates[name]
                resource = self._plan.add_rate(name, rate.starts)
                self._started[name] = resource
                self.rates[resource] = rate
            yield resource, 1

    def _of_fixtures(self, closure: Closure) -> tuple[Need, ...]:
        found = self._by_closure.get(closure.id)
        if found is None:
            by_fixture = self._configuration.fixtures
            names = {entry.argname for entry in closure.entries} & by_fixture.keys()
            for name in names:
                self._unused_fixtures.pop(name, None)
            found = tuple(need for name in sorted(names) for need in by_fixture[name])
            self._by_closure[closure.id] = found
        return found

    def _read_configuration(self) -> None:
        configuration = self._configuration
        for name, bounds in configuration.resources.items():
            if bounds.limit is not None:
                self._limits[name] = bounds.limit, FILE
            if bounds.rate is not None:
                self._rates[name] = bounds.rate, FILE
        for needs in (*configuration.fixtures.values(), *configuration.paths.values()):
            for need in needs:
                if not need.write:
                    self._readers.setdefault(need.resource, FILE)

    def _read_marks(self, items: Sequence[pytest.Item]) -> None:
        parent: nodes.Node | None = None
        inherited: tuple[Need, ...] = ()
        for item in items:
            if item.parent is not parent:
                parent = item.parent
                inherited = self._of_collector(parent)
            needs = inherited
            for mark in item.own_markers:
                if mark.name in MARKS:
                    needs += self._of_mark(mark, item)
            if needs:
                self._by_item[item] = needs

    def _of_collector(self, node: nodes.Node | None) -> tuple[Need, ...]:
        """What the marks on a collector, and on those above it, say."""
        if node is None:
            return ()
        found = self._by_collector.get(node)
        if found is None:
            found = self._of_collector(node.parent)
            for mark in node.own_markers:
                found += self._of_mark(mark, node)
            self._by_collector[node] = found
        return found

    def _of_mark(self, mark: pytest.Mark, node: nodes.Node) -> tuple[Need, ...]:
        try:
            found = tuple(stated(mark))
        except ValueError as error:
            self._errors.setdefault(str(error), node.nodeid)
            return ()
        for each in found:
            name = each.need.resource
            if not each.need.write:
                self._readers.setdefault(name, node.nodeid)
            if each.limit is not None:
                self._state(self._limits, "limit", name, each.limit, node)
            if each.rate is not None:
                self._state(self._rates, "rate", name, each.rate, node)
        return tuple(each.need for each in found)

    def _state(
        self,
        known: dict[str, tuple[T, str]],
        what: str,
        name: str,
        value: T,
        node: nodes.Node,
    ) -> None:
        """Take note of what a mark on a node says of a resource."""
        stated, where = known.setdefault(name, (value, node.nodeid))
        if stated != value:
            self._errors.setdefault(
                f"{name!r} has a {what} of {value} here and of {stated} in "
                f"{where}: say it in one place, or the same in both",
                node.nodeid,
            )

    def _check_readers(self) -> None:
        for name, reader in self._readers.items():
            limit, where = self._limits.get(name, (1, ""))
            if name in self._rates and name not in self._limits:
                rate, where = self._rates[name]
                self._errors.setdefault(
                    f"{name!r} is only read here and has a rate of {rate} in {where}, "
                    "which without a limit lets any number write at once: where some "
                    "tests read, one at a time writes; say limit=1 beside the rate, "
                    "or leave write=False out",
                    reader,
                )
            if limit > 1:
                self._errors.setdefault(
                    f"{name!r} is only read here and has a limit of {limit} in "
                    f"{where}: where some tests read, one at a time writes; "
                    "leave one of the two out",
                    reader,
                )

    def _shown_errors(self) -> list[str]:
        texts = [f"{where}: {text}" for text, where in self._errors.items()]
        more = len(texts) - _ERRORS_SHOWN
        return [*texts[:_ERRORS_SHOWN], *([f"… and {more} more"] if more > 0 else [])]
