"""Tracebacks that begin where the author of a test wants to read."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

# How a test or a fixture is called is of no interest: it is the same each time.
_CALLERS = tuple(
    f"{folder}{os.sep}"
    for folder in (Path(__file__).parents[1], Path(asyncio.__file__).parent)
)


def hide_callers(error: BaseException) -> BaseException:
    """Drop the frames of fasttest and asyncio from the start of a traceback.

    Returns:
        The same exception; unchanged if there are no other frames.
    """
    frame = error.__traceback__
    while frame and frame.tb_frame.f_code.co_filename.startswith(_CALLERS):
        frame = frame.tb_next
    return error.with_traceback(frame) if frame else error
