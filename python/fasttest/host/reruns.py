"""``--reruns``: pytest-rerunfailures' option, which fasttest leaves to that plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

_OPTION = "--reruns"


def check(parser: pytest.Parser, args: list[str]) -> None:
    """Say what is missing where reruns are asked for that nobody provides.

    Raises:
        pytest.UsageError: The option is given, and nobody has it.
    """
    # Whoever has the option, a plugin or a conftest, takes it out of what is left.
    if _is_in(args) and _is_in(parser.parse_known_and_unknown_args(args)[1]):
        raise pytest.UsageError(
            f"{_OPTION} is an option of pytest-rerunfailures, which is not "
            "installed: pip install pytest-rerunfailures"
        )


def _is_in(args: Iterable[str]) -> bool:
    return any(arg.partition("=")[0] == _OPTION for arg in args)
