"""Warnings that are shown once, told apart by test instead of by process."""

from __future__ import annotations

import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# Actions under which Python shows a warning once for a place, a module or at all.
# pytest makes it forget what was shown at the beginning of each test.
_ONCE = ("default", "module", "once")


class OncePerTest:
    """Applies those actions to each test by itself while ``applied``.

    Python remembers what it has shown in the modules' registries, which concurrent
    tests share: only the first of twenty would see its warning. So every warning is
    shown, and what a test has seen already is dropped here.
    """

    def __init__(self) -> None:
        self._filters: list[Any] = []
        self._default = "default"
        self._modules: dict[str, str] = {}

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Show each warning every time meanwhile; inside ``catch_warnings``."""
        self._filters = list(warnings.filters)
        self._default = warnings.defaultaction  # type: ignore[attr-defined]
        always = [(_always(action), *rest) for action, *rest in self._filters]
        warnings.filters[:] = always  # type: ignore[index]
        warnings.defaultaction = _always(self._default)  # type: ignore[attr-defined]
        try:
            yield
        finally:
            warnings.defaultaction = self._default  # type: ignore[attr-defined]

    def is_new(self, message: warnings.WarningMessage, seen: set[Any]) -> bool:
        """Whether a test that has seen ``seen`` is to be shown the message."""
        action = self._action(message)
        if action not in _ONCE:
            return True
        key = (str(message.message), message.category, message.filename)
        if action == "default":
            key += (message.lineno,)  # type: ignore[assignment]
        if key in seen:
            return False
        seen.add(key)
        return True

    def _action(self, shown: warnings.WarningMessage) -> str:
        text = str(shown.message)
        for action, message, category, module, line in self._filters:
            if (
                (message is None or message.match(text))
                and issubclass(shown.category, category)
                and (module is None or module.match(self._module(shown.filename)))
                and line in (0, shown.lineno)
            ):
                return str(action)
        return self._default

    def _module(self, filename: str) -> str:
        """The name of the module that warned, which filters go by.

        What was shown says only its file. A file of no module has the name which
        ``warnings.warn_explicit`` makes up.
        """
        if filename not in self._modules:
            names = (
                name
                for name, module in list(sys.modules.items())
                if getattr(module, "__file__", None) == filename
            )
            made_up = filename.removesuffix(".py") or "<unknown>"
            self._modules[filename] = next(names, made_up)
        return self._modules[filename]


def _always(action: str) -> str:
    return "always" if action in _ONCE else action
