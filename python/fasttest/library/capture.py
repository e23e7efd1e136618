"""Capturing of output, also by several runs at once on different threads."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from fasttest.engine.output import routed_output

if TYPE_CHECKING:
    from collections.abc import Iterator


class _SharedRouting:
    """Routes ``sys.stdout`` and ``sys.stderr`` while anybody wants it.

    They are the process's, so runs that overlap must not each replace and restore them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._routing = contextlib.ExitStack()

    @contextlib.contextmanager
    def used(self) -> Iterator[None]:
        with self._lock:
            if not self._users:
                self._routing.enter_context(routed_output())
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._routing.close()


captured_output = _SharedRouting().used
