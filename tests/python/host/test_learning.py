"""Conflicts: who with whom is found out, named, remembered, and kept apart."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fasttest.host.conflicts import read

_SUITE = Path(__file__).parents[2] / "suites" / "conflicts"
_FILE = "fasttest-conflicts.toml"

# What the planted suite's pairs of tests have in common, as their names say.
_PAIRS = {
    "port": ("of_the_first", "of_the_second"),
    "file": ("of_the_first", "of_the_second"),
    "table": ("of_the_first", "of_the_second"),
    "counter": ("of_the_first", "of_the_second"),
    "patch": ("that_leaks", "that_is_seen"),
    "directory": ("that_is_left", "that_is_used"),
    "variable": ("that_is_set", "that_is_read"),
    "order": ("that_prepares", "that_relies_on_it"),
    "class": ("of_the_first", "of_the_second"),
    "cache": ("of_the_first", "of_the_second"),
}


class Suite:
    """A copy of the planted suite, and runs of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "shared").mkdir()
        for source in _SUITE.glob("*.py"):
            shutil.copy(source, folder)
        (folder / "pytest.ini").write_text("[pytest]\n")

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run it."""
        return subprocess.run(
            [sys.executable, "-m", "fasttest", "-p", "no:cacheprovider", *args],
            cwd=self.folder,
            env={**os.environ, "SHARED_FOLDER": str(self.folder / "shared")},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def pairs(self) -> set[tuple[str, ...]]:
        """The tests of the conflicts which are remembered."""
        return {conflict.tests for conflict in read(self.folder / _FILE)}


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """A copy of its own."""
    return Suite(tmp_path)


def _planted() -> set[tuple[str, ...]]:
    return {
        tuple(f"test_conflicts.py::test_{what}_{which}" for which in pair)
        for what, pair in _PAIRS.items()
    }


def test_unasked_a_run_learns_what_it_has_time_for(suite: Suite) -> None:
    """It names the other test, and keeps them apart from then on."""
    first = suite.run("-k", "port or cache")
    assert first.returncode == 0
    assert {tests[0].split("_")[2] for tests in suite.pairs()} == {"port", "cache"}
    assert "both use port 47113" in first.stdout
    assert "fasttest-conflicts.toml" in first.stdout
    assert "CONFLICT" not in suite.run("-k", "port or cache").stdout


def test_who_has_the_run_stop_does_not_wait_for_it(suite: Suite) -> None:
    """The conflict is reported all the same."""
    (suite.folder / "test_red.py").write_text("def test_red(): assert False")
    run = suite.run("-x", "-k", "port or red")
    assert run.returncode == 1
    assert "CONFLICT test_conflicts.py::test_port" in run.stdout
    assert not (suite.folder / _FILE).exists()


def test_planted_conflicts_are_found_and_kept_apart(suite: Suite) -> None:
    """Each with the right other, and none is left in the next run."""
    first = suite.run("--conflicts=learn")
    assert first.returncode == 0, first.stdout
    assert "failed beside other tests, passed alone" in first.stdout
    assert suite.pairs() == _planted(), first.stdout
    second = suite.run("--no-rescue")
    assert second.returncode == 0, second.stdout
    assert "CONFLICT" not in second.stdout


def test_the_reason_names_what_both_use(suite: Suite) -> None:
    """In the report, and in the file."""
    run = suite.run("-k", "port or cache", "--conflicts=learn")
    reasons = {
        each.tests[0].split("_")[2]: each.why for each in read(suite.folder / _FILE)
    }
    assert reasons["port"].startswith("both use port 47113; ")
    assert "address already in use" in reasons["port"]
    assert all(why in run.stdout for why in reasons.values())


def test_keep_learns_nothing_new(suite: Suite) -> None:
    """What is remembered is respected, and the rest only reported."""
    suite.run("-k", "port", "--conflicts=learn")
    run = suite.run("-k", "port or file", "--conflicts=keep")
    assert run.returncode == 0
    assert {tests[0] for tests in suite.pairs()} == {
        "test_conflicts.py::test_port_of_the_first"
    }
    assert "test_port" not in run.stdout
    assert "CONFLICT test_conflicts.py::test_file_of_the_first" in run.stdout
    assert "--conflicts=learn finds out with which tests" in run.stdout


def test_ignore_lets_them_meet(suite: Suite) -> None:
    """As if there were no file."""
    suite.run("-k", "port", "--conflicts=learn")
    run = suite.run("-k", "port", "--conflicts=ignore", "--no-rescue")
    assert run.returncode == 1


def test_a_wrong_file_is_a_usage_error(suite: Suite) -> None:
    """Before anything runs."""
    (suite.folder / _FILE).write_text("[[conflict]]\n")
    run = suite.run()
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"{_FILE}: conflict 1 needs tests" in run.stderr
