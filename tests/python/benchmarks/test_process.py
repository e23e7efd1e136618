"""Measured processes run in a known environment and are always ended."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from comparison import process

if TYPE_CHECKING:
    from pathlib import Path


def test_the_environment_lets_runners_cache_bytecode() -> None:
    """Else each run compiles the suite, which hides the runner's own time."""
    cleaned = process.clean_environment({"PYTHONDONTWRITEBYTECODE": "1", "HOME": "/h"})
    assert "PYTHONDONTWRITEBYTECODE" not in cleaned
    assert cleaned["HOME"] == "/h"


@pytest.mark.parametrize("name", ["PYTEST_ADDOPTS", "PYTEST_PLUGINS", "KARVA_PROFILE"])
def test_the_environment_does_not_set_up_runners(name: str) -> None:
    """Options of the person at the keyboard are not part of the comparison."""
    assert name not in process.clean_environment({name: "x"})


def test_installed_plugins_are_not_loaded_by_themselves() -> None:
    """No runner pays for plugins that happen to be installed."""
    assert process.clean_environment({})["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] == "1"


def test_a_process_gives_its_output_and_exit_code(tmp_path: Path) -> None:
    """Both streams count: runners differ in where they write errors."""
    script = (
        "import sys; print('out', flush=True); sys.stderr.write('err'); sys.exit(3)"
    )
    finished = process.run([sys.executable, "-c", script], tmp_path)
    assert (finished.exit_code, finished.output) == (3, "out\nerr")


def test_a_process_that_hangs_is_stopped(tmp_path: Path) -> None:
    """One runner that never ends must not keep the others from being measured."""
    script = "import threading; threading.Event().wait()"
    finished = process.run([sys.executable, "-c", script], tmp_path, timeout=0.1)
    assert finished.exit_code is None
