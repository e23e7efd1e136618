"""One measured process: a clean environment, a clock round the whole of it."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# A run that takes longer hangs: the slowest honest one takes half a minute.
TIMEOUT = 300.0


@dataclass(frozen=True)
class Finished:
    """How a process ended; ``exit_code`` is None if it was stopped as too slow."""

    seconds: float
    exit_code: int | None
    output: str


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Keep runners from being set up by variables, and let them cache bytecode.

    Without bytecode on disk every run would compile the suite again, which hides the
    difference between runners and is not what users see from the second run on.
    """
    unwanted = ("PYTEST_", "KARVA_", "RUSTEST_", "PYTHONDONTWRITEBYTECODE")
    kept = {k: v for k, v in environment.items() if not k.startswith(unwanted)}
    # karva finds its worker through the path and the interpreter through VIRTUAL_ENV.
    path = os.pathsep.join([sysconfig.get_path("scripts"), kept.get("PATH", "")])
    return {
        **kept,
        "PATH": path,
        "VIRTUAL_ENV": sys.prefix,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }


def run(
    command: Sequence[str],
    folder: Path,
    *,
    variables: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT,
) -> Finished:
    """Run a command to its end, from start of the process to its exit."""
    environment = {**clean_environment(os.environ), **(variables or {})}
    # Output goes to a file: a pipe could be kept open by a worker left behind.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        start = time.perf_counter()
        with subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process:
            # Not ``wait(timeout)``, which looks every 50 ms only.
            timer = threading.Timer(timeout, process.kill)
            timer.start()
            exit_code: int | None = process.wait()
        if timer.finished.is_set():
            exit_code = None
        timer.cancel()
        seconds = time.perf_counter() - start
        output.seek(0)
        return Finished(seconds, exit_code, output.read())
