"""What the analyzer finds in a collected test, its fixtures and its marks."""

from __future__ import annotations

import dataclasses
import inspect
import types
from typing import TYPE_CHECKING, Any

from fasttest.host import private
from fasttest.host.guests import functions_of
from fasttest.isolation.analysis.model import Category, Effect, Finding
from fasttest.isolation.analysis.reach import Reach
from fasttest.isolation.analysis.rules import CATEGORY_OF_KIND
from fasttest.isolation.analysis.suite import Planned, TestFacts
from fasttest.isolation.process_state import (
    PATCHING_FIXTURES,
    PATCHING_MARKS,
    Kind,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest
    from _pytest import nodes

    from fasttest.host.closures import Closure
    from fasttest.host.exclusive import Verdict
    from fasttest.host.run import Run

# Marks by which people ask that tests do not run at the same time.
_REQUESTS = ("serial", "xdist_group")


class FactsFinder:
    """Finds what there is to say of the tests of a run that is planned.

    Args:
        run: The run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._reach = Reach(self._is_read)
        self._root = run.suite.session.config.rootpath
        self._by_package: dict[str, bool] = {}

    def facts(self, test: int) -> TestFacts:
        """What is known of a test, by its index."""
        suite = self._run.suite
        item, closure = suite.items[test], suite.closures[test]
        verdict = self._run.verdict(test)
        own = [*self._of_code(item), *self._of_fixtures(item, closure, closure.own)]
        own += _of_arguments(item, closure, closure.own, own)
        own += _of_marks(item)
        wide: list[tuple[str, Finding]] = []
        for index in closure.wide:
            entry = closure.entries[index]
            where = f"{entry.argname} of instance {entry.scope_instance}"
            found = list(self._of_fixtures(item, closure, [index]))
            found += _of_arguments(item, closure, [index], found)
            wide += (
                (where, _of_a_wide_fixture(each))
                for each in found
                if not _is_of_own_class(item, each)
            )
        on_wide_loop = suite.plan.loop_of(test) >= 0 or any(
            entry.loop >= 0 for entry in closure.entries
        )
        own = [_seen_by_planner(each, verdict) for each in own]
        if any(each.category is Category.DIRECTORY for each in own):
            own = [_in_own_directory(each) for each in own]
        if on_wide_loop:
            own = [_on_wide_loop(each) for each in own]
        holders = [(each, item.nodeid) for each in own] + [(f, h) for h, f in wide]
        kinds = sorted(kind.value for kind in verdict.kinds)
        return TestFacts(
            item.nodeid,
            tuple(dict.fromkeys(finding for finding, _ in holders)),
            tuple(
                dict.fromkeys(
                    (finding.resource, holder)
                    for finding, holder in holders
                    if finding.resource is not None and finding.effect is Effect.SHARED
                )
            ),
            Planned(verdict.alone, tuple(kinds), verdict.resources),
            self._run.durations.known(item),
            tuple(_requests(item)),
            not PATCHING_FIXTURES.keys().isdisjoint(private.argument_names(item)),
        )

    def _is_read(self, module: str) -> bool:
        """Whether a module belongs to the project, installed elsewhere or not."""
        if self._run.is_project(module):
            return True
        package = module.partition(".")[0]
        if package not in self._by_package:
            self._by_package[package] = any(
                (folder / package / "__init__.py").exists()
                for folder in (self._root, self._root / "src")
            )
        return self._by_package[package]

    def _of_code(self, item: pytest.Item) -> Iterator[Finding]:
        cls = getattr(item, "cls", None)
        for function in self._run.exclusive.functions(item):
            yield from self._reach.findings(function, cls)

    def _of_fixtures(
        self, item: pytest.Item, closure: Closure, indexes: list[int]
    ) -> Iterator[Finding]:
        cls = getattr(item, "cls", None)
        for function in functions_of(closure, indexes):
            is_method = next(iter(_arguments(function)), None) in ("self", "cls")
            yield from self._reach.findings(function, cls if is_method else None)


def _arguments(function: Any) -> list[str]:
    code = getattr(inspect.unwrap(function), "__code__", None)
    if not isinstance(code, types.CodeType):
        return []
    return list(code.co_varnames[: code.co_argcount])


def _of_arguments(
    item: pytest.Item, closure: Closure, indexes: list[int], found: list[Finding]
) -> Iterator[Finding]:
    """The fixtures which change the process, where no call of theirs was found."""
    for index in indexes:
        name = closure.entries[index].argname
        if name in PATCHING_FIXTURES and not any(
            each.text.startswith(f"calls {name}.") for each in found
        ):
            kind = PATCHING_FIXTURES[name]
            yield _at_test(item, kind, f"has the fixture {name}")


def _of_marks(item: pytest.Item) -> Iterator[Finding]:
    for mark in item.iter_markers():
        if mark.name in PATCHING_MARKS and mark.name not in _REQUESTS:
            kind = PATCHING_MARKS[mark.name]
            yield _at_test(item, kind, f"has the mark {mark.name}")


def _at_test(item: pytest.Item, kind: Kind | None, text: str) -> Finding:
    _, line, _ = item.location
    return Finding(
        CATEGORY_OF_KIND[kind],
        Effect.ALONE if kind is None else Effect.OWN,
        text,
        str(item.path),
        (line or 0) + 1,
        getattr(item, "originalname", None) or item.name,
    )


def _is_of_own_class(item: pytest.Item, finding: Finding) -> bool:
    """Whether a class's set-up leaves something on the class, for its tests."""
    cls = getattr(item, "cls", None)
    return finding.attribute is not None and finding.attribute[0] is cls is not None


def _of_a_wide_fixture(finding: Finding) -> Finding:
    """What a fixture wider than the test changes is not each test's own."""
    if finding.effect is not Effect.OWN:
        return finding
    text = f"{finding.text}, in a fixture wider than the test"
    return dataclasses.replace(finding, effect=Effect.ALONE, text=text)


def _on_wide_loop(finding: Finding) -> Finding:
    """What is changed on a loop wider than the test is seen by whoever runs there."""
    if finding.effect is not Effect.OWN:
        return finding
    text = f"{finding.text}, on a loop wider than the test"
    return dataclasses.replace(finding, effect=Effect.ALONE, text=text)


def _seen_by_planner(finding: Finding, verdict: Verdict) -> Finding:
    """An attribute of which the planner gives the test a copy is not shared."""
    if finding.attribute is None:
        return finding
    owner, name = finding.attribute
    for known, attribute in verdict.attributes:
        if known is owner and attribute == name:
            return dataclasses.replace(finding, effect=Effect.OWN)
    return finding


def _in_own_directory(finding: Finding) -> Finding:
    """A relative path means another file where the working directory is changed."""
    resource = finding.resource or ""
    if finding.category is Category.FILE and not resource.startswith("file /"):
        return dataclasses.replace(finding, effect=Effect.OWN)
    return finding


def _requests(item: pytest.Item) -> Iterator[tuple[str, str]]:
    for name in _REQUESTS:
        node: nodes.Node | None = item
        while node is not None:
            if any(mark.name == name for mark in node.own_markers):
                yield name, node.nodeid
                break
            node = node.parent
