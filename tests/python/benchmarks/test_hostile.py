"""The suite in which every test changes the process: it is one, and none notices."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from comparison import hostile
from comparison.process import clean_environment

if TYPE_CHECKING:
    from pathlib import Path

    from comparison.suite import Suite

# Fifty of them have been run; a few show what a change breaks.
ROUNDS = os.environ.get("HOSTILE_ROUNDS", "4")


def test_every_change_is_made_together_with_others() -> None:
    """A change that no test makes, or that is always alone, would show nothing."""
    suite = hostile.hostile(seed=1)
    tests = [
        test
        for path, source in suite.files.items()
        if path.startswith("test_")
        for test in source.split("async def test_")[1:]
    ]
    assert len(tests) == hostile.TESTS == suite.expected.passed
    for name, change in hostile.CHANGES_THERE_ARE.items():
        part = (change.begin or change.check).splitlines()[0]
        assert sum(part in test for test in tests) > 5, name
    assert all("await asyncio.sleep(0." in test for test in tests)


def test_the_same_seed_gives_the_same_tests() -> None:
    """Figures of two days are figures of one suite."""
    assert hostile.hostile(seed=3).files == hostile.hostile(seed=3).files
    assert hostile.hostile(seed=3).files != hostile.hostile(seed=4).files


_HOSTILE = hostile.hostile(seed=1, number=104, red=True)

SUITES = {
    "own loops": (_HOSTILE, ()),
    # There turns change with every callback.
    "one loop": (_HOSTILE, ("-o", "asyncio_default_test_loop_scope=session")),
    "not shared": (hostile.not_shared(seed=1), ()),
}


@pytest.mark.slow
@pytest.mark.parametrize(("suite", "options"), SUITES.values(), ids=SUITES)
def test_no_test_notices_the_others(
    tmp_path: Path, suite: Suite, options: tuple[str, ...]
) -> None:
    """One by one and in rounds of hostile orders, without a second chance."""
    suite.write(tmp_path)
    verify = ["-m", "fasttest", "verify", f"--rounds={ROUNDS}", "--seed=1"]
    done = subprocess.run(
        [sys.executable, *verify, "-p", "no:cacheprovider", *options],
        cwd=tmp_path,
        env=clean_environment(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rounds = [line for line in done.stdout.splitlines() if "--seed=" in line]
    assert len(rounds) == 1 + int(ROUNDS)  # the first of them one by one
    for line in rounds:
        for number, outcome in re.findall(r"(\d+) (\w+)", str(suite.expected)):
            assert f"{number} {outcome}" in line, done.stdout
