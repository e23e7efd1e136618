"""How an event loop ends: everything ``asyncio.Runner.close`` does, whatever fails."""

from __future__ import annotations

import asyncio
import sys
from asyncio import constants
from typing import TYPE_CHECKING

from fasttest.engine import private

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any


def shut_down(loop: asyncio.AbstractEventLoop) -> BaseException | None:
    """Cancel and await the tasks left, end generators and executor, close the loop.

    Returns:
        The first exception of a step; the steps after it have been done as well, as
        far as the loop was still open.
    """
    if not asyncio.all_tasks(loop) and private.has_nothing_to_run(loop):
        loop.close()
        return None
    first: BaseException | None = None
    for step in (_cancel_all_tasks, _end_generators, _end_executor, _close):
        error = _attempt(step, loop)
        first = first or error
        if first is not None and loop.is_closed():
            break
    return first


def _attempt(
    step: Callable[[asyncio.AbstractEventLoop], None], loop: asyncio.AbstractEventLoop
) -> BaseException | None:
    try:
        step(loop)
    except BaseException as error:
        return error
    return None


def _cancel_all_tasks(loop: asyncio.AbstractEventLoop) -> None:
    left = asyncio.all_tasks(loop)
    if not left:
        return
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    for task in left:
        if not task.cancelled() and task.exception() is not None:
            loop.call_exception_handler(
                {
                    "message": "unhandled exception during asyncio.run() shutdown",
                    "exception": task.exception(),
                    "task": task,
                }
            )


def _end_generators(loop: asyncio.AbstractEventLoop) -> None:
    if loop.is_closed():
        # Before a coroutine is made that would never be awaited.
        raise RuntimeError("Event loop is closed")
    loop.run_until_complete(loop.shutdown_asyncgens())


def _end_executor(loop: asyncio.AbstractEventLoop) -> None:
    # typeshed gives the timeout to some loops only.
    shutdown: Callable[..., Coroutine[Any, Any, None]] = loop.shutdown_default_executor
    if sys.version_info >= (3, 12):
        loop.run_until_complete(shutdown(constants.THREAD_JOIN_TIMEOUT))
    else:
        loop.run_until_complete(shutdown())


def _close(loop: asyncio.AbstractEventLoop) -> None:
    loop.close()
