"""``fasttest verify`` and ``--detect-flaky``: what they find, and what they return."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from fasttest.host.verify.log import Log, Outcome
from fasttest.host.verify.rounds import Round
from fasttest.host.verify.verdicts import Cause, differing, judge

if TYPE_CHECKING:
    from pathlib import Path

INI = """[pytest]
addopts = -p no:randomly -p no:cacheprovider
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
"""

# Alone it sees its own number; of several at once only the last to write does.
COMPANY = """
    import asyncio, pytest

    number = 0

    @pytest.mark.parametrize("n", range(4))
    async def test_writes(n):
        global number
        number = n
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert number == n
"""

INDEPENDENT = """
    import asyncio, pytest

    @pytest.mark.parametrize("n", range(4))
    async def test_waits(n):
        await asyncio.sleep(0.001)

    def test_red():
        assert 0

    @pytest.mark.skip
    def test_skipped(): ...
"""

# The first run leaves a file; what it says is what the next ones find.
EVERY_OTHER = """
    import pathlib

    def test_flaky():
        file = pathlib.Path(__file__).with_name("runs.txt")
        runs = len(file.read_text()) if file.exists() else 0
        file.write_text("x" * (runs + 1))
        assert runs % 2

    def test_green(): ...
    def test_red(): assert 0
"""


def fasttest(
    folder: Path, source: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run the command on a suite of one file."""
    lines = source.splitlines()
    text = "\n".join(line[4:] for line in lines)
    (folder / "pytest.ini").write_text(INI)
    (folder / "test_it.py").write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "fasttest", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def ended(*words: str, options: tuple[str, ...] = (), code: int = 0) -> Round:
    """A round of tests which ended so, named by number."""
    outcomes = {f"test_{n}": Outcome((word,)) for n, word in enumerate(words)}
    return Round(options, code, 1.0, Log(outcomes), "")


@pytest.mark.slow
def test_a_test_that_depends_on_company_is_named_with_its_seed(tmp_path: Path) -> None:
    """And the printed command shows it again."""
    log = tmp_path / "found.json"
    done = fasttest(
        tmp_path, COMPANY, "verify", "--rounds=1", "--seed=5", f"--json={log}"
    )
    assert done.returncode == 1, done.stdout
    assert "test_it.py::test_writes[0]: depends on company" in done.stdout
    assert "fasttest --seed=5 --no-rescue" in done.stdout
    found = json.loads(log.read_text())
    assert (found["seed"], found["tests"]) == (5, 4)
    differing = {each["nodeid"]: each for each in found["differing"]}
    first = differing["test_it.py::test_writes[0]"]
    assert (first["serial"], first["cause"]) == ("passed", "company")
    assert first["seen"][0]["outcome"] == "failed"
    again = fasttest(tmp_path, COMPANY, *first["seen"][0]["command"].split()[1:])
    assert again.returncode == 1


@pytest.mark.slow
def test_tests_that_always_end_the_same_agree(tmp_path: Path) -> None:
    """Failing ones, too: whether they do depends on nobody."""
    done = fasttest(tmp_path, INDEPENDENT, "verify", "--rounds=1")
    assert done.returncode == 0, done.stdout
    assert "All 6 tests ended the same in every run." in done.stdout
    assert not (tmp_path / ".pytest_cache").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--rounds=0",), "'0' is no whole number from 1 on"),
        (("no_such_file.py",), "no_such_file.py"),
    ],
)
def test_wrong_usage_ends_with_pytests_code(
    tmp_path: Path, arguments: tuple[str, ...], text: str
) -> None:
    """Its own arguments as well as pytest's, whose message is shown."""
    done = fasttest(tmp_path, INDEPENDENT, "verify", *arguments)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert text in done.stdout + done.stderr


@pytest.mark.slow
def test_a_path_that_is_named_like_the_subcommand_is_a_path(tmp_path: Path) -> None:
    """Written as such, as for any shell."""
    (tmp_path / "verify").mkdir()
    (tmp_path / "verify" / "test_in_it.py").write_text("def test_in_it(): ...")
    done = fasttest(tmp_path, INDEPENDENT, "./verify", "-q")
    assert done.returncode == 0
    assert "1 passed" in done.stdout


@pytest.mark.slow
def test_a_flaky_test_gets_its_rate(tmp_path: Path) -> None:
    """One that always fails is not flaky."""
    done = fasttest(tmp_path, EVERY_OTHER, "--detect-flaky=4")
    assert done.returncode == 1
    rows = [line.split() for line in done.stdout.splitlines() if "::" in line]
    assert rows == [
        ["2", "2", "50%", "test_it.py::test_flaky"],
        ["0", "4", "0%", "test_it.py::test_red"],
    ]
    assert "1 of 3 tests is flaky in 4 runs, 1 failed in all" in done.stdout


@pytest.mark.slow
def test_without_a_flaky_test_the_exit_code_is_zero(tmp_path: Path) -> None:
    """Whatever else fails: that is what a plain run says."""
    done = fasttest(tmp_path, INDEPENDENT, "--detect-flaky=2")
    assert done.returncode == 0
    assert "0 of 6 tests are flaky in 2 runs, 1 failed in all" in done.stdout


def test_the_cause_is_the_simplest_that_explains_it() -> None:
    """Who differs with nothing changed is not held to depend on others."""
    serial = [
        ended("passed", "passed", "passed", "passed"),
        ended("failed", "passed", "passed", "passed"),
    ]
    shuffled = [ended("failed", "failed", "passed", "passed")]
    crowded = [ended("failed", "failed", "failed", "passed")]
    verdicts = list(judge(serial, shuffled, crowded))
    assert [(each.nodeid, each.cause) for each in verdicts] == [
        ("test_0", Cause.ITSELF),
        ("test_1", Cause.ORDER),
        ("test_2", Cause.COMPANY),
    ]
    assert verdicts[1].differing == (*shuffled, *crowded)


def test_a_test_that_has_not_been_run_differs() -> None:
    """As where a round crashed: it must not pass for agreement."""
    serial, torn = ended("passed", "passed"), ended("passed", code=-11)
    assert differing(serial, [torn])
    (verdict,) = judge([serial], [], [torn])
    assert verdict.nodeid == "test_1"
    assert str(torn.of("test_1")) == "not run"


def test_messages_are_not_compared() -> None:
    """They name addresses and times."""
    one = Round((), 1, 1.0, Log({"test": Outcome(("failed",), "at 0x1")}), "")
    other = Round((), 1, 1.0, Log({"test": Outcome(("failed",), "at 0x2")}), "")
    assert not differing(one, [other])
