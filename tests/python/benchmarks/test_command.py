"""``python benchmarks/run.py`` from its options to its table."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import run
from comparison import catalogue, run_phase, runners, sleeping

if TYPE_CHECKING:
    from pathlib import Path

    from comparison.suite import Suite

TINY = sleeping.by_scope("function", "mark", tests=2, seconds=0, name="tiny")


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the suites by one that takes no time."""

    def one_suite(seed: int) -> list[Suite]:
        return [TINY]

    monkeypatch.setattr(catalogue, "all_suites", one_suite)
    monkeypatch.setattr(run_phase, "TESTS", 2)
    monkeypatch.setattr(run_phase, "SECONDS", 0.0)


@pytest.mark.slow
@pytest.mark.usefixtures("tiny")
def test_the_command_measures_and_prints_and_writes(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One way through everything, with a peer that is there and one that is not."""
    absent = replace(runners.RUNNERS["karva"], distributions=("no-such-runner",))
    monkeypatch.setitem(runners.RUNNERS, "karva", absent)
    figures = tmp_path / "figures.json"

    status = run.main(
        ["--subject=pytest-asyncio", "--peers=karva", "--repeat=2", f"--json={figures}"]
    )

    table = capsys.readouterr().out
    assert "not installed: no-such-runner" in table
    assert "plain gather" in table
    suites = json.loads(figures.read_text())["suites"]
    assert list(suites) == ["tiny", "run-phase"]
    reference, karva = suites["tiny"]
    assert len(reference["seconds"]) == 2
    assert karva["reason"] == "not installed: no-such-runner"
    assert status == 0


@pytest.mark.slow
@pytest.mark.usefixtures("tiny")
def test_a_subject_that_cannot_run_a_suite_fails_the_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Continuous integration looks at the status, not at the table."""
    broken = replace(runners.FASTTEST, distributions=(), arguments=("-c", "pass"))
    monkeypatch.setitem(runners.RUNNERS, "fasttest", broken)

    status = run.main(["--only=tiny", "--peers=pytest-asyncio", "--repeat=1"])

    assert "no counts (exit 0) instead of 2 passed" in capsys.readouterr().out
    assert status == 1


def test_a_name_that_selects_nothing_is_an_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A misspelt suite must not look like a run without findings."""
    assert run.main(["--only=slep-*"]) == 2
    assert "slep-*" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--peers=nose", "--repeat=0", "--subject=nose"])
def test_options_are_checked(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is measured, which takes minutes."""
    with pytest.raises(SystemExit) as stopped:
        run.main([option])
    assert stopped.value.code == 2
    assert option.partition("=")[0] in capsys.readouterr().err
