"""The ``fasttest`` command: pytest's, with fasttest as its run loop."""

from __future__ import annotations

import sys


def main() -> int:
    """Run pytest's command line with fasttest loaded.

    Returns:
        pytest's exit code.
    """
    import pytest

    # The module itself and not the package, which is imported already: pytest warns of
    # plugins whose assertions it cannot rewrite any more.
    sys.argv[1:1] = ["-p", "fasttest.host.plugin"]
    return pytest.console_main()
