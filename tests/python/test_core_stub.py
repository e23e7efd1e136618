"""The stub is the contract of the extension module."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_the_stub_agrees_with_the_built_module() -> None:
    """Names, signatures and defaults in `_core.pyi` are those of `_core`."""
    run = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "fasttest._core"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
