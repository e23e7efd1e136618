"""pytest's ``faulthandler_timeout`` for tests that overlap: who takes long is shown.

pytest has one timer for the process, which serves the tests that run alone. Beside
others each test has a notice of its own, by the clock of the time limits.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import faulthandler
import functools
import gc
import inspect
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

from fasttest.engine.limits import Found
from fasttest.host import private

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FrameType

    import pytest

    from fasttest.engine.deadlines import Deadlines
    from fasttest.engine.limits import Notice
    from fasttest.host.item_run import ItemRun

_PACKAGE = os.path.dirname(os.path.dirname(__file__)) + os.sep

# Frames of pytest's machinery, which lie between the run and the test's own.
_CALLERS = (_PACKAGE, f"{os.sep}_pytest{os.sep}", f"{os.sep}pluggy{os.sep}")


class StackDumps:
    """Shows the stacks of tests that take longer than the ini file says.

    Args:
        config: The configuration.
        deadlines: The hub's.

    Attributes:
        wanted: Whether they are to be shown.
    """

    def __init__(self, config: pytest.Config, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        found = private.faulthandler_timeout(config)
        self.wanted = found is not None
        self._seconds, self._exits, self._stderr = found or (0.0, False, -1)

    def begin(self, run: ItemRun) -> Notice:
        """Have a test shown if it takes long from now on."""
        strand = run.stream.strand
        assert strand is not None
        return self._deadlines.notice(
            strand,
            self._seconds,
            functools.partial(self._show, run),
            fatal=self._exits,
        )

    def _show(self, run: ItemRun, found: Found) -> None:
        """Write where a test waits, and where all threads are."""
        who = run.item.nodeid
        if found is Found.SERVED:
            who += ", or another test of its event loop"
        duration = datetime.timedelta(seconds=self._seconds)
        where = f"It waits at\n{_where(run)}\n" if found is Found.WAITING else ""
        text = f"\nTimeout ({duration})! {who}\n{where}"
        with contextlib.suppress(OSError):
            os.write(self._stderr, text.encode(errors="backslashreplace"))
            faulthandler.dump_traceback(self._stderr, all_threads=True)


def stacks_of(tasks: Iterable[asyncio.Task[Any]]) -> str:
    """Where tasks wait, each under its name."""
    return "\n".join(f"{task.get_name()}:\n{_stack(task)}" for task in tasks)


def trimmed(stack: traceback.StackSummary) -> str:
    """A stack from where the test or a fixture was called to where it left us."""
    frames = list(stack)
    while frames and frames[-1].filename.startswith(_PACKAGE):
        frames.pop()
    callers = [
        number
        for number, frame in enumerate(frames, 1)
        if any(part in frame.filename for part in _CALLERS)
    ]
    beginning = callers[-1] if callers and callers[-1] < len(frames) else 0
    return "".join(traceback.format_list(frames[beginning:]))


def _where(run: ItemRun) -> str:
    """Where a test waits: its tasks, or the frames of its strand."""
    strand = run.stream.strand
    assert strand is not None
    future = run.stream.awaited()
    if isinstance(future, asyncio.Task):
        return stacks_of([future])
    frame = strand.frame or sys._getframe()
    tasks = [task for loop in _running_loops(frame) for task in asyncio.all_tasks(loop)]
    return stacks_of(tasks) if tasks else trimmed(traceback.extract_stack(frame))


def _stack(task: asyncio.Task[Any]) -> str:
    frames = ((frame, frame.f_lineno) for frame in _awaited(task.get_coro()))
    return "".join(traceback.StackSummary.extract(frames).format())


def _awaited(awaited: Any) -> Iterator[FrameType]:
    """The frames of a coroutine and of all it awaits, one by the other."""
    while awaited is not None:
        if inspect.iscoroutine(awaited) and awaited.cr_frame is not None:
            yield awaited.cr_frame
            awaited = awaited.cr_await
        elif inspect.isasyncgen(awaited) and awaited.ag_frame is not None:
            yield awaited.ag_frame
            awaited = awaited.ag_await
        else:
            # What awaits a step of an async generator does not say of which.
            referents = gc.get_referents(awaited)
            awaited = next(filter(inspect.isasyncgen, referents), None)


def _running_loops(frame: FrameType | None) -> Iterator[asyncio.AbstractEventLoop]:
    """The event loops which frames run, the innermost first."""
    while frame is not None:
        if frame.f_code.co_name == "run_forever":
            loop = frame.f_locals.get("self")
            if isinstance(loop, asyncio.AbstractEventLoop):
                yield loop
        frame = frame.f_back
