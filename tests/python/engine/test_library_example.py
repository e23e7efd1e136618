"""The example of a custom runner does what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_EXAMPLE = Path(__file__).parents[3] / "examples" / "library"


def _run(script: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, script],
        cwd=_EXAMPLE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.slow
def test_the_command_line_runner_reports_each_check() -> None:
    """One line per check as it ends, then the summary."""
    *results, summary = _run("run_checks.py")

    assert len(results) == 22
    assert all(line.startswith("PASSED ") for line in results)
    assert summary.startswith("22 passed in ")


@pytest.mark.slow
def test_the_monitor_goes_on_while_the_checks_run() -> None:
    """The same checks, beside a program's own event loop."""
    *results, summary, alive = _run("monitor.py")

    assert len(results) == 22
    assert summary.startswith("22 passed in ")
    assert alive == "still alive: True"
