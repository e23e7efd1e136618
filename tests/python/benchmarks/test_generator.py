"""The suites the benchmarks generate are what they say they are."""

from __future__ import annotations

import asyncio
import re
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from comparison import catalogue, hostile, mixed, overhead, process, sleeping
from comparison.runners import REFERENCE

if TYPE_CHECKING:
    from pathlib import Path

    from comparison.suite import Suite

SMALL = [
    sleeping.by_scope("function", "mark", tests=4, seconds=0),
    sleeping.by_scope("module", "mark", tests=4, seconds=0, files=2),
    sleeping.by_scope("class", "mark", tests=12, seconds=0),
    sleeping.by_scope("class", "ini", tests=4, seconds=0),
    sleeping.by_scope("session", "mark", tests=4, seconds=0),
    sleeping.by_scope("module", "pytestmark", tests=4, seconds=0),
    sleeping.by_scope("session", "ini", tests=4, seconds=0),
    sleeping.alternating(tests=4, seconds=0),
    sleeping.with_fixture(tests=4, seconds=0),
    sleeping.cases(tests=4, seconds=0),
    overhead.empty_async(tests=4, files=2),
    overhead.trivial_sync(tests=4, files=2),
    mixed.mixed(3, files=2, pieces=12),
    hostile.hostile(3, number=24),
]


def test_the_same_seed_gives_the_same_files() -> None:
    """Figures of two days are comparable only if the suites did not change."""
    assert catalogue.all_suites(7) == catalogue.all_suites(7)


def test_another_seed_gives_another_mixed_suite() -> None:
    """A seed that changed nothing would mean that one suite is all there is."""
    assert mixed.mixed(1).files != mixed.mixed(2).files


def test_names_are_unique() -> None:
    """``--only`` and the JSON file go by name."""
    names = Counter(suite.name for suite in catalogue.all_suites(1))
    assert set(names.values()) == {1}


@pytest.mark.slow
def test_each_suite_holds_the_stated_number_of_tests(tmp_path: Path) -> None:
    """A speed-up over 200 tests is none if pytest finds 150 of them."""
    # The largest suite takes seconds to collect: the next test counts its functions.
    suites = [s for s in catalogue.all_suites(1) if s.expected.total < 5_000]
    for suite in suites:
        suite.write(tmp_path / suite.name)
    # One process collects all suites; importlib mode lets file names repeat.
    modes = ["--collect-only", "-qq", "--import-mode=importlib", "--rootdir=."]
    command = [sys.executable, "-m", "pytest", "-p", "pytest_asyncio.plugin", *modes]
    listing = process.run([*command, "-c", "/dev/null"], tmp_path).output

    found: Counter[str] = Counter()
    for name, number in re.findall(r"^([\w-]+)/.*: (\d+)$", listing, re.MULTILINE):
        found[name] += int(number)

    assert found == {suite.name: suite.expected.total for suite in suites}


def test_the_sizes_are_those_the_promises_are_about() -> None:
    """What is promised of 10,000 tests is not shown by 1,000."""
    suites = {suite.name: suite for suite in catalogue.all_suites(1)}
    largest = suites["trivial-sync"].files.values()
    names = [set(re.findall(r"^def (test_\w+)", text, re.M)) for text in largest]

    assert sum(len(found) for found in names) == 10_000
    assert suites["trivial-sync"].expected.total == 10_000
    assert suites["empty-async"].expected.total == 2_000
    assert suites["sleep-function"].expected.total == 200


@pytest.mark.slow
@pytest.mark.parametrize("suite", SMALL, ids=lambda suite: suite.name)
def test_pytest_reports_the_stated_counts(suite: Suite, tmp_path: Path) -> None:
    """Stock pytest is the judge of what a correct run of a suite reports."""
    suite.write(tmp_path)

    finished = process.run(REFERENCE.command(suite), tmp_path)

    assert finished.exit_code == 0, finished.output
    assert REFERENCE.read_counts(finished.output) == suite.expected
    assert "warning" not in finished.output, "a warning costs one runner time"


def test_a_suite_with_a_wide_loop_notices_a_second_loop() -> None:
    """A runner that gives each test its own loop must not win the session suites."""
    wait = _wait_of(sleeping.by_scope("session", "ini", tests=2, seconds=0))

    asyncio.run(wait("session"))
    with pytest.raises(AssertionError, match="a scope had two loops"):
        asyncio.run(wait("session"))


def test_a_suite_with_own_loops_notices_a_shared_one() -> None:
    """A runner that puts all tests on one loop must not win the default suite."""
    wait = _wait_of(sleeping.by_scope("function", "ini", tests=2, seconds=0))

    async def both() -> None:
        await wait("test 0")
        await wait("test 1")

    with pytest.raises(AssertionError, match="scopes shared a loop"):
        asyncio.run(both())


def _wait_of(suite: Suite) -> Any:
    """The helper all tests of a sleeping suite call."""
    namespace: dict[str, Any] = {}
    exec(suite.files["test_sleep_00.py"], namespace)
    return namespace["wait"]
