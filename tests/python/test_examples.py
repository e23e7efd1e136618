"""The example suite under fasttest, and under pytest with pytest-asyncio."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

_ROOT = Path(__file__).parents[2]
_WITHOUT_ASYNCIO = importlib.util.find_spec("pytest_asyncio") is None


def _leaves_loops() -> bool:
    version = importlib.metadata.version("pytest-asyncio")
    return tuple(map(int, version.split(".")[:2])) < (1, 4)


def _run(runner: str, folder: Path) -> tuple[str, dict[str, list[str]]]:
    """Run the suite; returns what was printed, and what became of each test."""
    junit = folder / "report.xml"
    command = [sys.executable, "-m", runner, "examples/bookshop", "-W", "error"]
    command += ["-p", "no:cacheprovider", f"--junitxml={junit}"]
    done = subprocess.run(
        command, cwd=_ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    cases = {
        f"{case.get('classname')}.{case.get('name')}": [child.tag for child in case]
        for case in ElementTree.parse(junit).getroot().iter("testcase")
    }
    return done.stdout, cases


@pytest.mark.slow
def test_the_bookshop_passes_without_conflicts(tmp_path: Path) -> None:
    """It shows what well-behaved suites gain, so no test may need a second run."""
    printed, cases = _run("fasttest", tmp_path)
    assert "48 passed" in printed
    assert "CONFLICT" not in printed
    assert set(map(tuple, cases.values())) == {()}


@pytest.mark.slow
@pytest.mark.skipif(
    _WITHOUT_ASYNCIO or _leaves_loops(),
    reason="no pytest-asyncio, or one that leaves a loop behind, which is an error",
)
def test_the_bookshop_is_an_ordinary_suite(tmp_path: Path) -> None:
    """The same tests pass under pytest: nothing in them is for fasttest."""
    folders = [tmp_path / "fasttest", tmp_path / "pytest"]
    for folder in folders:
        folder.mkdir()
    assert _run("fasttest", folders[0])[1] == _run("pytest", folders[1])[1]
