"""Integers that stand for the values of parametrized fixtures."""

from __future__ import annotations

from typing import Any


class ParameterKeys:
    """Integers for the values of one parametrized fixture; equal values share one."""

    def __init__(self) -> None:
        self._hashed: dict[Any, int] = {}
        self._values: list[Any] = []

    def key(self, value: Any) -> int:
        """The value's integer, equality being that of pytest's fixture cache."""
        try:
            key = self._hashed.get(value)
            if key is None:
                key = self._hashed[value] = len(self._values)
                self._values.append(value)
            return key
        except TypeError:
            return self._search(value)

    def _search(self, value: Any) -> int:
        for key, known in enumerate(self._values):
            if known is value or _equal(known, value):
                return key
        self._values.append(value)
        return len(self._values) - 1


def _equal(left: Any, right: Any) -> bool:
    # Comparing may raise or give no truth value, as NumPy's arrays do.
    try:
        return bool(left == right)
    except (ValueError, RuntimeError):
        return False
