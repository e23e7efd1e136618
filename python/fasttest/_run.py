"""A whole pytest suite under fasttest, from Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def run(args: Sequence[str] = (), plugins: Sequence[object] | None = None) -> int:
    """Run pytest with fasttest as its run loop, in this process.

    Like ``pytest.main``, it leaves the imported test modules behind.

    Args:
        args: pytest's command-line arguments and fasttest's.
        plugins: Plugin objects, or names of plugin modules, to register with pytest.

    Returns:
        pytest's exit code: 0 if all tests passed; see ``pytest.ExitCode``.
    """
    # A custom runner that never comes here does without pytest.
    import pytest

    # The module and not the package, which is imported already: see ``cli``.
    return int(pytest.main(["-p", "fasttest.host.plugin", *args], plugins))
