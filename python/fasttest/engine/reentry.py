"""Where a strand must not be left although it waits."""

from __future__ import annotations

import gc
import signal
import sys
import weakref
from types import CodeType
from typing import Any

from fasttest.engine.private import IMPORT_GLOBALS, get_signal_handler

_FINALIZER_CODE = weakref.finalize.__call__.__code__
_SIGNALS = sorted(signal.valid_signals())


def must_block() -> bool:
    """Whether the caller runs in an import, a finalizer, a signal handler, a doctest.

    Another strand could then see a half-imported module, print to what the doctest has
    put in the place of ``sys.stdout``, or find itself in the middle
    of something that the interrupted code takes to be done at once. Costs a few
    microseconds: it looks at each frame of the strand.
    """
    callbacks = _callback_codes()
    frame = sys._getframe(1)
    while True:
        code = frame.f_code
        if (
            frame.f_globals is IMPORT_GLOBALS
            or code.co_name == "__del__"
            or code in callbacks
        ):
            return True
        if frame.f_back is None:
            return False
        frame = frame.f_back


def _callback_codes() -> set[CodeType]:
    functions: list[Any] = [get_signal_handler(number) for number in _SIGNALS]
    functions += gc.callbacks
    codes = {_FINALIZER_CODE}
    doctest = sys.modules.get("doctest")
    if doctest is not None:
        codes.add(doctest.DocTestRunner.run.__code__)
    for function in functions:
        # A partial's function counts; what has no Python code cannot run a loop.
        code = getattr(getattr(function, "func", function), "__code__", None)
        if isinstance(code, CodeType):
            codes.add(code)
    return codes
