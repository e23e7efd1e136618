"""Which entries of the file of conflicts ``fasttest verify`` drops, and which stay."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from fasttest.host.conflicts import Conflict, read, update, write
from fasttest.host.verify.entries import Basis, Finding, Review
from fasttest.host.verify.log import Flight, Log, Outcome
from fasttest.host.verify.rounds import Round

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

_FILE = "fasttest-conflicts.toml"

# Fifty and more for a look that takes some minutes.
_VERIFY_RUNS = int(os.environ.get("VERIFY_RUNS", "2"))

_PASSED, _FAILED = Outcome(("passed",)), Outcome(("failed",), "assert 1 == 2\nwhere")
_ONE, _TWO, _THREE = (f"test_a.py::test_{name}" for name in ("one", "two", "three"))
_PAIR = Conflict((_ONE, _TWO), "both use port 8080")


@dataclass
class Suite:
    """A suite in memory, in place of ``Rounds``.

    Attributes:
        folder: Where its files are.
        there: The tests which its files have.
        outcome: How a test ends in a run of some tests, in which those of conflicts are
            kept apart.
        flight: When a test is in flight, which is the how manieth.
        exit_code: Of a run.
        made: What was run.
    """

    folder: Path
    there: list[str] = field(default_factory=lambda: [_ONE, _TWO, _THREE])
    outcome: Callable[[str, list[str], list[Conflict], str], Outcome] = lambda *_: (
        _PASSED
    )
    flight: Callable[[int], Flight] = lambda _: Flight(1.0, 2.0)
    exit_code: Callable[[str], int] = lambda _: 0
    made: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for test in self.there:
            (self.folder / test.partition("::")[0]).touch()

    def run(
        self,
        *options: str,
        limit: float | None = None,
        tests: Iterable[str] | None = None,
        conflicts: Iterable[Conflict] | None = None,
    ) -> Round:
        """Run it, or some of it."""
        text = " ".join(options)
        self.made.append(text)
        if "--collect-only" in options:
            assert tests is not None
            found = frozenset(tests).intersection(self.there)
            files = frozenset(test.partition("::")[0] for test in tests)
            return Round(options, 5, 1.0, Log(found=found, collected=files), "")
        chosen = self.there if tests is None else list(tests)
        apart = list(conflicts or ())
        outcomes = {test: self.outcome(test, chosen, apart, text) for test in chosen}
        flights = {test: self.flight(number) for number, test in enumerate(chosen)}
        log = Log(outcomes, self.folder, self.folder / _FILE, flights=flights)
        return Round(options, self.exit_code(text), 1.0, log, "")

    def review(
        self,
        *entries: Conflict,
        selected: Iterable[str] | None = None,
        differing: Iterable[str] = (),
        seed: int = 7,
    ) -> list[Finding]:
        """Find out which entries hold."""
        serial = self.run("--concurrency=1")
        if selected is not None:
            outcomes = {test: _PASSED for test in selected}
            log = Log(outcomes, self.folder, self.folder / _FILE)
            serial = Round((), 0, 1.0, log, "")
        crowded = [["--seed=7", "--no-rescue"], ["--seed=8", "--no-rescue"]]
        basis = Basis(serial, frozenset(differing), crowded, seed, None, 60.0)
        review = Review(self, basis, lambda *_: None)  # type: ignore[arg-type]
        return review.findings(entries)


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """Three tests that have nothing to do with each other."""
    return Suite(tmp_path)


def fates(findings: Iterable[Finding]) -> list[str]:
    """What is to become of entries."""
    return [each.fate for each in findings]


def test_what_does_not_clash_any_more_is_dropped(suite: Suite) -> None:
    """After trials of just its tests, and runs of all tests without it."""
    (finding,) = suite.review(_PAIR)
    assert finding == Finding(
        _PAIR,
        None,
        "its tests ended as one by one in 12 runs of just them and in 2 of all tests",
    )
    trials = [each for each in suite.made if "--conflicts=ignore" in each]
    assert trials[0] == "--conflicts=ignore --concurrency=1"
    assert trials[1:3] == ["--conflicts=ignore --no-rescue"] * 2
    assert trials[3:5] == [
        "--conflicts=ignore --no-rescue --seed=7",
        "--conflicts=ignore --no-rescue --seed=8 --concurrency=2",
    ]
    assert suite.made[-2:] == ["--seed=7 --no-rescue", "--seed=8 --no-rescue"]


def test_what_clashes_in_a_single_trial_stays(suite: Suite) -> None:
    """And is not tried any further."""
    suite.outcome = lambda test, chosen, apart, options: (
        _FAILED if test == _TWO and "--seed=9" in options else _PASSED
    )
    (finding,) = suite.review(_PAIR)
    assert finding == Finding(_PAIR, _PAIR, f"{_TWO} failed: assert 1 == 2")
    assert "--seed=9" in suite.made[-1]


@pytest.mark.parametrize("seed", range(20))
def test_a_clash_by_chance_is_not_missed(suite: Suite, seed: int) -> None:
    """One that happens every second time, in twenty runs of the command."""
    chance = random.Random(seed)

    def outcome(
        test: str, chosen: list[str], apart: list[Conflict], options: str
    ) -> Outcome:
        together = _ONE in chosen and _PAIR not in apart and "cy=1" not in options
        clashes = test == _TWO and together and chance.random() < 0.5
        return _FAILED if clashes else _PASSED

    suite.outcome = outcome
    assert fates(suite.review(_PAIR, seed=seed)) == ["stays"]


def test_what_clashes_in_a_run_of_all_tests_stays(suite: Suite) -> None:
    """As where it takes a third one; another entry that has passed is dropped."""
    other = Conflict((_ONE, _THREE), "")
    suite.outcome = lambda test, chosen, apart, options: (
        _FAILED if test == _TWO and options.startswith("--seed=8") else _PASSED
    )
    first, second = suite.review(_PAIR, other)
    assert first.left == _PAIR
    assert first.reason == f"{_TWO} failed: assert 1 == 2, in a run of all tests"
    assert second.left is None


def test_what_happens_to_others_without_it_speaks_for_an_entry(suite: Suite) -> None:
    """Unless it happens to them anyway."""
    suite.outcome = lambda test, chosen, apart, options: (
        _FAILED if test == _THREE and options.startswith("--seed=8") else _PASSED
    )
    assert fates(suite.review(_PAIR)) == ["stays"]
    assert fates(suite.review(_PAIR, differing=[_THREE])) == ["dropped"]


def test_an_entry_that_holds_is_respected_while_others_are_rehearsed(
    suite: Suite,
) -> None:
    """Or its failures would speak for those that share a test with it."""
    other = Conflict((_ONE, _THREE), "")
    suite.outcome = lambda test, chosen, apart, options: (
        _FAILED
        if test == _ONE
        and _TWO in chosen
        and _PAIR not in apart
        and "--no-rescue" in options
        else _PASSED
    )
    assert fates(suite.review(_PAIR, other)) == ["stays", "dropped"]


def test_a_failure_that_was_run_again_is_one(suite: Suite) -> None:
    """By a plugin, which hides it."""
    again = Outcome(("passed",), reran=True)
    suite.outcome = lambda test, chosen, apart, options: (
        again if "--seed=9" in options else _PASSED
    )
    (finding,) = suite.review(_PAIR)
    assert finding.left == _PAIR
    assert finding.reason == f"{_ONE} was run again"


@pytest.mark.parametrize(
    ("flight", "reason"),
    [
        (lambda n: Flight(n, n + 1), "its tests hardly ever met"),
        (
            lambda n: Flight(1 - n, 2, "mark serial"),
            f"its tests cannot meet: {_ONE} runs alone: mark serial",
        ),
        (lambda _: Flight(0.0, 0.0), "its tests hardly ever met"),
    ],
)
def test_tests_that_have_not_met_could_not_clash(
    suite: Suite, flight: Callable[[int], Flight], reason: str
) -> None:
    """One after another, as ever, or alone, or not run at all."""
    suite.flight = flight
    (finding,) = suite.review(_PAIR)
    assert (finding.left, finding.reason) == (_PAIR, reason)


def test_another_order_is_a_chance_to_clash(suite: Suite) -> None:
    """For tests that do not wait, of which the second relies on the first."""
    suite.flight = lambda n: Flight(10 - n, 10.5 - n)
    assert fates(suite.review(_PAIR)) == ["dropped"]


def test_what_needs_others_cannot_be_tried(suite: Suite) -> None:
    """Its tests do not end as ever with only each other there, even one by one."""
    suite.outcome = lambda test, chosen, apart, options: (
        _PASSED if _THREE in chosen else _FAILED
    )
    (finding,) = suite.review(_PAIR)
    assert finding.left == _PAIR
    assert finding.reason.endswith("one by one without the other tests")
    assert len(suite.made) == 2


@pytest.mark.parametrize("word", ["failed", "skipped", "xfailed"])
def test_who_cannot_fail_cannot_clash(suite: Suite, word: str) -> None:
    """Nothing is known of an entry with such a test."""
    suite.outcome = lambda test, *_: Outcome((word,)) if test == _ONE else _PASSED
    (finding,) = suite.review(_PAIR)
    assert (finding.left, finding.reason) == (_PAIR, f"{_ONE} could not clash: {word}")


def test_who_differs_anyway_says_nothing(suite: Suite) -> None:
    """It may be flaky, or depend on others."""
    (finding,) = suite.review(_PAIR, differing=[_TWO])
    assert (finding.left, finding.reason) == (
        _PAIR,
        f"{_TWO} ends differently in any case",
    )


def test_runs_that_do_not_end_say_nothing(suite: Suite) -> None:
    """Neither of just its tests nor of all: it may be the conflict that ends them."""
    suite.exit_code = lambda options: -11 if "--seed=8" in options else 0
    (finding,) = suite.review(_PAIR)
    assert (finding.left, finding.reason) == (_PAIR, "a run ended early")
    suite.exit_code = lambda options: -11 if options.startswith("--seed=8") else 0
    (finding,) = suite.review(_PAIR)
    assert finding.left == _PAIR
    assert finding.reason == "a run ended early, in a run of all tests"


def test_who_was_not_selected_is_left_untouched(suite: Suite) -> None:
    """There is such a test: nothing is known of it."""
    (finding,) = suite.review(_PAIR, selected=[_ONE])
    assert (finding.left, finding.reason) == (_PAIR, f"{_TWO} was not selected")


def test_who_is_no_more_is_taken_out(suite: Suite) -> None:
    """With its file, or of a file; two that are left are looked at."""
    gone = ["test_a.py::test_gone", "test_gone.py::test_it"]
    entries = [
        Conflict((_ONE, gone[0]), ""),
        Conflict((_ONE, _TWO, gone[1]), "text"),
        Conflict((_THREE, _TWO, gone[1]), "text"),
    ]
    suite.outcome = lambda test, chosen, apart, options: (
        _FAILED if test == _ONE and "ignore --no" in options else _PASSED
    )
    found = suite.review(*entries, selected=[_ONE, _TWO, _THREE])
    assert fates(found) == ["dropped", "shortened", "dropped"]
    assert found[0].reason == "fewer than two of its tests are still there"
    assert found[1].left == Conflict((_ONE, _TWO), "text")


def test_paths_that_are_no_files_say_nothing_of_who_is_there(suite: Suite) -> None:
    """A plugin's node ids may begin by anything."""
    strange = "feature::Scenario"
    entry = Conflict((_ONE, "other::Scenario"), "")
    (finding,) = suite.review(entry, selected=[_ONE, strange])
    assert finding.left == entry


def test_the_file_is_read_again_before_it_is_changed(tmp_path: Path) -> None:
    """What somebody has added meanwhile stays."""
    path = tmp_path / _FILE
    other, shorter = Conflict(("a", "b", "c"), ""), Conflict(("a", "b"), "")
    added = Conflict(("x", "y"), "by hand")
    write(path, [_PAIR, other, added])
    update(path, {_PAIR: None, other: shorter})
    assert read(path) == [shorter, added]


def test_a_file_that_is_to_stay_is_not_written(tmp_path: Path) -> None:
    """With all comments."""
    path = tmp_path / _FILE
    write(path, [_PAIR])
    path.write_text(text := f"# mine\n{path.read_text()}")
    update(path, {_PAIR: _PAIR})
    assert path.read_text() == text


# The command, on tests of which each pair shares a list.

_SOURCE = """\
import asyncio, pytest

pytestmark = pytest.mark.asyncio
names, places = {names}, {places}

async def enter(whom, name):
    shared = whom if isinstance(whom, list) else []
    shared.append(name)
    for _ in range(20):
        await asyncio.sleep(0.001)
    assert shared == [name]
    shared.clear()

async def test_first_name(): await enter(names, 1)
async def test_second_name(): await enter(names, 2)
async def test_first_place(): await enter(places, 1)
async def test_second_place(): await enter(places, 2)
"""


class Planted:
    """A suite with two conflicts, and commands run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / _FILE
        (folder / "pytest.ini").write_text(
            "[pytest]\naddopts = -p no:randomly -p no:cacheprovider\n"
        )
        self.write()

    def write(self, *, names: str = "[]", places: str = "[]") -> None:
        """Write the tests; what is no list is shared by nobody."""
        text = _SOURCE.format(names=names, places=places)
        (self.folder / "test_it.py").write_text(text)

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run a command."""
        return subprocess.run(
            [sys.executable, "-m", "fasttest", *args],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def remembered(self) -> list[str]:
        """What the conflicts in the file are about."""
        return [each.tests[0].rpartition("_")[2] for each in read(self.path)]


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    """A suite the conflicts of which are known."""
    suite = Planted(tmp_path)
    learnt = suite.run("--conflicts=learn")
    assert learnt.returncode == 0, learnt.stdout
    assert suite.remembered() == ["name", "place"]
    return suite


@pytest.mark.slow
def test_what_was_mended_is_dropped(planted: Planted) -> None:
    """And nothing else: not what still clashes, nor what was not looked at."""
    planted.write(names="None")
    before = planted.path.read_text()
    log = planted.folder / "found.json"
    done = planted.run("verify", "--rounds=1", "--keep-conflicts", f"--json={log}")
    assert done.returncode == 0, done.stdout
    assert "left as it is, as --keep-conflicts says" in done.stdout
    assert planted.path.read_text() == before
    pair = "test_it.py::test_first_name, test_it.py::test_second_name"
    assert f"  dropped: {pair}\n    its tests ended as one by one" in done.stdout
    name, place = json.loads(log.read_text())["conflicts"]
    assert name["tests"] == pair.split(", ")
    assert (name["fate"], place["fate"]) == ("dropped", "stays")
    planted.write(names="None", places="None")
    assert planted.run("verify", "--rounds=1", "-k", "name").returncode == 0
    assert planted.remembered() == ["place"]


@pytest.mark.slow
def test_what_was_not_mended_stays(planted: Planted) -> None:
    """Whatever the seed."""
    before = planted.path.read_text()
    for run in range(_VERIFY_RUNS):
        done = planted.run("verify", "--rounds=1", f"--seed={run}")
        assert done.returncode == 0, done.stdout
        assert planted.path.read_text() == before, done.stdout


@pytest.mark.slow
def test_tests_that_are_gone_are_dropped(planted: Planted) -> None:
    """Unless nobody can know: a file that cannot be collected may have them."""
    file = planted.folder / "test_it.py"
    text = file.read_text()
    (planted.folder / "test_other.py").write_text("def test_other(): ...")
    file.write_text(f"import no_such_module\n{text}")
    assert planted.run("verify", "--rounds=1", "test_other.py").returncode == 0
    assert planted.remembered() == ["name", "place"]
    file.write_text(text.replace("test_first_name", "test_renamed"))
    done = planted.run("verify", "--rounds=1", "test_other.py")
    assert "fewer than two of its tests are still there" in done.stdout
    assert planted.remembered() == ["place"]
    file.unlink()
    planted.run("verify", "--rounds=1", "test_other.py")
    assert not planted.path.exists()


@pytest.mark.slow
def test_a_run_that_was_to_ignore_the_file_leaves_it(planted: Planted) -> None:
    """Nothing is said of its entries."""
    before = planted.path.read_text()
    planted.write(names="None", places="None")
    done = planted.run("verify", "--rounds=1", "--conflicts=ignore")
    assert done.returncode == 0, done.stdout
    assert _FILE not in done.stdout
    assert planted.path.read_text() == before


@pytest.mark.slow
@pytest.mark.parametrize("option", ["-s", "--concurrency=1"])
def test_where_tests_do_not_overlap_nothing_is_dropped(
    planted: Planted, option: str
) -> None:
    """They have not met."""
    before = planted.path.read_text()
    planted.write(names="None", places="None")
    done = planted.run("verify", "--rounds=1", option)
    assert "its tests cannot meet: " in done.stdout
    assert planted.path.read_text() == before
