"""A whole pytest suite, run from Python."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SUITE = """
import asyncio
import pytest

@pytest.mark.asyncio
async def test_passes():
    await asyncio.sleep(0)

def test_fails():
    raise AssertionError
"""

_RUNNER = """
import sys
import fasttest

class Plugin:
    def pytest_collection_modifyitems(self, items):
        print("collected", len(items))

print("exit code", fasttest.run(sys.argv[1:], plugins=[Plugin()]))
"""


def _run(directory: Path, *args: str) -> str:
    (directory / "test_it.py").write_text(_SUITE)
    (directory / "pytest.ini").write_text(
        "[pytest]\nasyncio_default_fixture_loop_scope = function\n"
    )
    # Not the options of the run which this test is part of.
    environment = {k: v for k, v in os.environ.items() if k != "PYTEST_ADDOPTS"}
    done = subprocess.run(
        [sys.executable, "-c", _RUNNER, "-q", "-p", "no:cacheprovider", *args],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


def test_a_pytest_suite_is_run_with_pytests_exit_code(tmp_path: Path) -> None:
    """Async tests run, plugins are passed on, failures show in the exit code."""
    output = _run(tmp_path)

    assert "collected 2" in output
    assert "1 failed, 1 passed" in output
    assert "exit code 1" in output


def test_arguments_are_pytests(tmp_path: Path) -> None:
    """Such as the selection of tests, and the options of fasttest."""
    output = _run(tmp_path, "-k", "passes", "--concurrency=2")

    assert "1 passed, 1 deselected" in output
    assert "exit code 0" in output
