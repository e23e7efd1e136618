"""fasttest: runs pytest and pytest-asyncio suites concurrently, with their outcomes.

Names are imported when they are first used: ``pytest -p fasttest`` loads nothing of the
library, and the library nothing of pytest.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fasttest._core import (
        FixtureCycleError,
        FixtureLookupError,
        PlanError,
        ScopeMismatchError,
    )
    from fasttest._run import run
    from fasttest.library.groups import Group
    from fasttest.library.options import RunOptions
    from fasttest.library.report import (
        Failure,
        Outcome,
        Phase,
        Report,
        Result,
        Skipped,
        skip,
    )
    from fasttest.library.request import Request
    from fasttest.library.runner import ResultStream
    from fasttest.library.suite import Suite

    __version__: str

__all__ = [
    "Failure",
    "FixtureCycleError",
    "FixtureLookupError",
    "Group",
    "Outcome",
    "Phase",
    "PlanError",
    "Report",
    "Request",
    "Result",
    "ResultStream",
    "RunOptions",
    "ScopeMismatchError",
    "Skipped",
    "Suite",
    "__version__",
    "run",
    "skip",
]

# Read by pytest when it is started with ``-p fasttest``.
pytest_plugins = ["fasttest.host.plugin"]

_MODULES = {
    "Failure": "fasttest.library.report",
    "FixtureCycleError": "fasttest._core",
    "FixtureLookupError": "fasttest._core",
    "Group": "fasttest.library.groups",
    "Outcome": "fasttest.library.report",
    "Phase": "fasttest.library.report",
    "PlanError": "fasttest._core",
    "Report": "fasttest.library.report",
    "Request": "fasttest.library.request",
    "Result": "fasttest.library.report",
    "ResultStream": "fasttest.library.runner",
    "RunOptions": "fasttest.library.options",
    "ScopeMismatchError": "fasttest._core",
    "Skipped": "fasttest.library.report",
    "Suite": "fasttest.library.suite",
    "run": "fasttest._run",
    "skip": "fasttest.library.report",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        value: object = importlib.import_module("importlib.metadata").version(__name__)
    elif name in _MODULES:
        value = getattr(importlib.import_module(_MODULES[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value
