"""The runs inside of upstream's tests are fasttest's: their results mean something."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("run", ["runpytest_inprocess", "runpytest_subprocess"])
def test_inner_runs_are_fasttests(pytester: pytest.Pytester, run: str) -> None:
    """Without the takeover all would pass, by pytest-asyncio itself."""
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile("def test_it(): ...")
    result = getattr(pytester, run)()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["fasttest: up to * tests in flight"])
