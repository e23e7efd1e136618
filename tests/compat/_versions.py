"""Which versions are installed: some of what is compared began, or ended, with one."""

from __future__ import annotations

import importlib.metadata
import platform

import pytest
from packaging.requirements import Requirement


def installed(requirement: str) -> bool:
    """Tell whether a distribution is installed in such a version.

    Args:
        requirement: As for pip, ``pytest-asyncio>=1.4``; ``python>=3.11`` as well.
    """
    asked = Requirement(requirement)
    version = _version(asked.name)
    return version is not None and asked.specifier.contains(version, prereleases=True)


def needing(requirement: str) -> pytest.MarkDecorator:
    """Mark a test to be skipped, with the reason, where another version is installed.

    Args:
        requirement: As for ``installed``.
    """
    name = Requirement(requirement).name
    reason = f"needs {requirement}; this is {name} {_version(name)}"
    return pytest.mark.skipif(not installed(requirement), reason=reason)


def _version(name: str) -> str | None:
    if name == "python":
        return platform.python_version()
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


# What pytest makes of an async test that no plugin runs.
UNHANDLED = "failed" if installed("pytest>=8.4") else "skipped"
