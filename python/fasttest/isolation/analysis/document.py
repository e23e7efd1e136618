"""The analysis as a JSON document."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from fasttest.isolation.analysis.model import Kind

if TYPE_CHECKING:
    from collections import Counter

    from fasttest.isolation.analysis.model import Finding
    from fasttest.isolation.analysis.suite import SuiteFacts, TestFacts

VERSION = 1
"""Of the document's form; raised when a field changes its meaning or goes away."""


def document(suite: SuiteFacts, root: str) -> dict[str, Any]:
    """All that is known of a suite, to be written as JSON.

    Args:
        suite: The suite.
        root: The folder to which the names of files are relative.
    """
    numbers: dict[Finding, int] = {}
    tests = [_test(test, numbers) for test in suite.tests]
    cost = suite.cost()
    kinds = suite.kinds()
    return {
        "version": VERSION,
        "root": root,
        "summary": {
            "tests": len(suite.tests),
            "classes": {kind.value: count for kind, count in sorted_kinds(kinds)},
            "alone": cost.tests,
            "alone_by_argument_names": sum(
                test.has_patching_argument for test in suite.tests
            ),
            "seconds_alone": round(cost.seconds, 3),
            "seconds_known": round(cost.known, 3),
            "tests_measured": cost.measured,
        },
        "tests": tests,
        "findings": [_finding(each, root) for each in numbers],
        "conflicts": [
            {
                "resource": conflict.resource,
                "users": [
                    {"nodeid": nodeid, "finding": numbers[finding]}
                    for nodeid, finding in conflict.users
                ],
            }
            for conflict in suite.conflicts()
        ],
        "removable_marks": [
            {"mark": each.mark, "where": each.where, "tests": list(each.tests)}
            for each in suite.removable_marks()
        ],
    }


def relative(file: str, root: str) -> str:
    """The name of a file as seen from the root, or from where packages are."""
    if file.startswith(os.path.join(root, "")):
        return os.path.relpath(file, root)
    return file.rpartition(f"site-packages{os.sep}")[2]


def sorted_kinds(kinds: Counter[Kind]) -> list[tuple[Kind, int]]:
    """The classes with their counts, in the order in which they are defined."""
    return [(kind, kinds[kind]) for kind in reversed(list(Kind))]


def _test(test: TestFacts, numbers: dict[Finding, int]) -> dict[str, Any]:
    for finding in test.findings:
        numbers.setdefault(finding, len(numbers))
    return {
        "nodeid": test.nodeid,
        "class": test.kind.value,
        "planner": {
            "alone": test.planned.alone,
            "own": list(test.planned.own),
            "turns": list(test.planned.turns),
        },
        "disagreement": test.disagreement,
        "seconds": test.seconds,
        "findings": [numbers[finding] for finding in test.findings],
    }


def _finding(finding: Finding, root: str) -> dict[str, Any]:
    return {
        "category": finding.category.value,
        "effect": finding.effect.value,
        "text": finding.text,
        "file": relative(finding.file, root),
        "line": finding.line,
        "function": finding.function,
        "resource": finding.resource,
    }
