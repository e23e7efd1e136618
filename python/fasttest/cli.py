"""The ``fasttest`` command: pytest's, with fasttest as its run loop."""

from __future__ import annotations

import importlib
import sys

# What is no run of pytest's, by first argument: the module and the function that takes
# the arguments after it. ``./verify`` is a path, as it is for pytest.
_SUBCOMMANDS = {
    "analyze": "fasttest.host.analyze:main",
    "verify": "fasttest.host.verify.command:main",
}


def main() -> int:
    """Run pytest's command line with fasttest loaded, or a subcommand.

    Returns:
        pytest's exit code, or the subcommand's.
    """
    if len(sys.argv) > 1 and sys.argv[1] in _SUBCOMMANDS:
        module, _, function = _SUBCOMMANDS[sys.argv[1]].partition(":")
        code: int = getattr(importlib.import_module(module), function)(sys.argv[2:])
        return code

    import pytest

    # The module itself and not the package, which is imported already: pytest warns of
    # plugins whose assertions it cannot rewrite any more.
    sys.argv[1:1] = ["-p", "fasttest.host.plugin"]
    return pytest.console_main()
