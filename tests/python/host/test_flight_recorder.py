"""What is said of a run whose process ends in its midst."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

TITLE = "the process ended in the midst of the run"

CONFTEST = """
import pytest

pytest.ended = []

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    if call.when == "teardown":
        pytest.ended.append(item.name)
    return (yield)
"""

SUITE = """
    import asyncio, os, pytest

    async def test_waits():
        await asyncio.sleep(60)

    async def test_fails():
        await asyncio.sleep(0)
        assert [1] == [2], "for a reason"

    async def test_ends():
        while "test_fails" not in pytest.ended:
            await asyncio.sleep(0.001)
        END
    """

CRASH = """
import ctypes, faulthandler
faulthandler.disable()
ctypes.string_at(0)
"""


def _start(path: Path, source: str, *args: str) -> subprocess.Popen[str]:
    (path / "conftest.py").write_text(CONFTEST)
    (path / "test_it.py").write_text(source)
    (path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    command = [sys.executable, "-m", "fasttest", "-p", "no:cacheprovider", *args]
    return subprocess.Popen(
        command,
        cwd=path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def _output(process: subprocess.Popen[str]) -> list[str]:
    """What it printed, and what is said of it when it is gone."""
    try:
        return process.communicate(timeout=50)[0].splitlines()
    finally:
        process.kill()


def _suite(end: str) -> str:
    lines = (line.removeprefix("    ") for line in SUITE.splitlines())
    text = "\n".join(lines)
    return text.replace("END", "\n    ".join(end.strip().splitlines()))


def _said(lines: list[str]) -> list[str]:
    """What is said after the title."""
    titles = [number for number, line in enumerate(lines) if TITLE in line]
    assert len(titles) == 1, "\n".join(lines)
    return lines[titles[0] + 1 :]


ONE_LOOP = ("-o", "asyncio_default_test_loop_scope=module")


@pytest.mark.parametrize("args", [(), ONE_LOOP], ids=["own loops", "one loop"])
@pytest.mark.parametrize("end", ["os._exit(3)", "os.abort()", CRASH])
def test_who_was_in_flight_is_named_and_who_had_failed(
    tmp_path: Path, end: str, args: tuple[str, ...]
) -> None:
    """A failure which waits to be run again alone is not lost with the process."""
    process = _start(tmp_path, _suite(end), *args)
    assert _said(_output(process)) == [
        "Ran last: test_it.py::test_ends",
        "In flight:",
        "  test_it.py::test_waits",
        "Failed, and not reported yet:",
        "FAILED test_it.py::test_fails - AssertionError: for a reason",
    ]
    assert process.returncode not in (0, 1)


def test_a_failure_that_is_told_is_not_told_twice(tmp_path: Path) -> None:
    """The terminal has it already."""
    process = _start(tmp_path, _suite("os._exit(3)"), "-v", "--maxfail=9")
    lines = _output(process)
    # Reports are in the order of collection, and the first test does not end.
    assert "FAILED test_it.py::test_fails - AssertionError: for a reason" in lines
    process = _start(
        tmp_path, _suite("os._exit(3)"), "-v", "--maxfail=9", "-k", "not waits"
    )
    lines = _output(process)
    assert len([line for line in lines if "test_fails" in line]) == 1
    assert _said(lines) == ["Ran last: test_it.py::test_ends"]


# Fails beside others and alone, and then waits to be confirmed.
CONFIRMED = """
import asyncio, os, pathlib, pytest

async def test_beside():
    await asyncio.sleep(0.1)

async def test_fails():
    await asyncio.sleep(0)
    path = pathlib.Path("times.txt")
    times = len(path.read_text()) if path.exists() else 0
    path.write_text("x" * (times + 1))
    if times == 2:
        await asyncio.sleep(60)
    assert False, f"number {times}"
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_failure_that_is_being_confirmed_is_not_lost(
    tmp_path: Path, number: int
) -> None:
    """Nor does anybody wait for the experiment when the run is gone."""
    process = _start(tmp_path, CONFIRMED)
    times = tmp_path / "times.txt"
    deadline = time.monotonic() + 40
    while not times.exists() or len(times.read_text()) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    if number == signal.SIGTERM:  # as ``timeout`` does, to all processes of the group
        os.killpg(process.pid, number)
    else:
        process.kill()
    killed = time.monotonic()
    assert _said(_output(process)) == [
        "Failed, and not reported yet:",
        "FAILED test_it.py::test_fails - AssertionError: number 1",
    ]
    assert time.monotonic() - killed < 4  # an experiment may take five seconds


MANY = """
import asyncio, os, pytest

@pytest.mark.parametrize("n", range(30))
async def test_it(n):
    await asyncio.sleep(60)

async def test_last():
    os._exit(3)
"""


def test_not_all_of_a_crowd_are_named(tmp_path: Path) -> None:
    """Hundreds may be in flight."""
    said = _said(_output(_start(tmp_path, MANY)))
    assert said[0] == "Ran last: test_it.py::test_last"
    assert said[2] == "  test_it.py::test_it[0]"
    assert said[-1] == "  and 10 more"


@pytest.mark.parametrize(
    ("source", "args"),
    [
        (_suite("assert False"), ("-k", "not waits")),
        (_suite("pytest.exit('here')"), ("-k", "not waits")),
        (_suite("raise KeyboardInterrupt"), ()),
        (_suite("if os.fork() == 0: os._exit(3)"), ("-k", "not waits")),
        (_suite("..."), ("--timeout=1", "--timeout-method=thread")),
    ],
    ids=["failures", "pytest.exit", "interrupted", "a child of its own", "given up"],
)
def test_nothing_is_said_of_a_run_that_ends_by_itself(
    tmp_path: Path, source: str, args: tuple[str, ...]
) -> None:
    """However it ends, its own reports say all there is."""
    lines = _output(_start(tmp_path, source, *args))
    assert not any(TITLE in line for line in lines)
    assert any("test_fails" in line for line in lines)
