"""A pytest plugin that measures the run phase from outside the runner.

Loaded with ``-p run_phase_probe``. It wraps ``pytest_runtestloop``, which both stock
pytest and fasttest implement, and looks at no single test, so that it costs neither
of them anything while tests run.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop() -> Generator[None, object, object]:
    """Write the seconds of the run phase to the file named in the environment."""
    start = time.perf_counter()
    try:
        return (yield)
    finally:
        seconds = time.perf_counter() - start
        Path(os.environ["RUN_PHASE_FILE"]).write_text(str(seconds), encoding="ascii")
