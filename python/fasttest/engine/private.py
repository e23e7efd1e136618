"""Private names of asyncio and its neighbours: the only engine module to touch them.

Checked on CPython 3.10.13, 3.11.7, 3.12.1 and 3.13.0. What is known of a newer version
stands behind a version check.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import signal
import sys
from asyncio import events, tasks
from collections import deque
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import contextvars
    from collections.abc import Callable, Iterable, Sized

    from fasttest.engine.loops import Turn

# Running loop, its current task (only where that is kept per thread), what the thread
# does with coroutines, policy, the policy's current loop, whether it was set.
LoopState: TypeAlias = tuple[
    "asyncio.AbstractEventLoop | None",
    "asyncio.Task[Any] | None",
    Any,
    Any,
    "asyncio.AbstractEventLoop | None",
    bool,
]

# mypy knows no private names, hence these untyped views of the modules.
_events: Any = events
_tasks: Any = tasks
_importlib: Any = importlib
_signal: Any = signal
_TASK_PER_THREAD = sys.version_info >= (3, 14)

# The globals of every frame that imports a module.
IMPORT_GLOBALS: dict[str, Any] = vars(_importlib._bootstrap)
# ``signal.getsignal`` without the detour that makes an enumeration of small integers:
# that took ten times as long.
get_signal_handler = _signal._signal.getsignal
# The same for setting one, which tests may patch or have noted.
set_signal_handler = _signal._signal.signal

get_running_loop = _events._get_running_loop
_set_running_loop = _events._set_running_loop
_get_asyncgen_hooks = sys.get_asyncgen_hooks
_set_asyncgen_hooks = sys.set_asyncgen_hooks
_get_origin_depth = sys.get_coroutine_origin_tracking_depth
_set_origin_depth = sys.set_coroutine_origin_tracking_depth


def ensure_policy() -> None:
    """Have the policy made now, so that strands do not each make one of their own."""
    if _events._event_loop_policy is None:
        _events._init_event_loop_policy()


def get_loop_state() -> LoopState:
    """What asyncio keeps per thread or process and which has to be per strand."""
    running = get_running_loop()
    task = None
    if _TASK_PER_THREAD and running is not None:
        task = _tasks._swap_current_task(running, None)
    # A loop in debug mode changes the depth while it runs, as it does the hooks.
    coroutines = _get_asyncgen_hooks(), _get_origin_depth()
    policy = _events._event_loop_policy
    # A policy that is not derived from asyncio's own keeps its loop where it likes.
    local = getattr(policy, "_local", None)
    if local is None:
        return running, task, coroutines, policy, None, False
    return (
        running,
        task,
        coroutines,
        policy,
        local._loop,
        getattr(local, "_set_called", False),
    )


def set_loop_state(state: LoopState) -> None:
    """Put back what ``get_loop_state`` returned."""
    running, task, (hooks, origin_depth), policy, current, set_called = state
    # Setting it asks the operating system for the process's id.
    if get_running_loop() is not running:
        _set_running_loop(running)
    if task is not None:
        _tasks._swap_current_task(running, task)
    _set_asyncgen_hooks(*hooks)
    _set_origin_depth(origin_depth)
    _events._event_loop_policy = policy
    local = getattr(policy, "_local", None)
    if local is not None:
        local._loop = current
        local._set_called = set_called


def set_current_loop(state: LoopState) -> None:
    """Make the loop that was current in ``state`` so again, and nothing else."""
    now = get_loop_state()
    if now[3] is state[3]:
        set_loop_state((*now[:4], *state[4:]))


def set_policy(
    policy: asyncio.AbstractEventLoopPolicy,
) -> asyncio.AbstractEventLoopPolicy:
    """Make ``policy`` the current one; returns the one before."""
    ensure_policy()
    former: asyncio.AbstractEventLoopPolicy = _events._event_loop_policy
    _events._event_loop_policy = policy
    return former


def selector_of(loop: asyncio.AbstractEventLoop) -> object | None:
    """The selector a loop waits with, if it is a selector loop."""
    selector: object | None = getattr(loop, "_selector", None)
    return selector


def loop_of(selector: object) -> asyncio.AbstractEventLoop | None:
    """The running loop, if it waits with this selector."""
    loop: asyncio.AbstractEventLoop | None = get_running_loop()
    return loop if loop is not None and selector_of(loop) is selector else None


def postpone_timers(
    loop: asyncio.AbstractEventLoop, after: float, seconds: float
) -> None:
    """Have the timers of a loop that are due after a moment of its time come later.

    They stay in their order, so the heap stays one.
    """
    for handle in getattr(loop, "_scheduled", ()):
        if handle._when > after:
            handle._when += seconds


def callbacks_of(loop: asyncio.AbstractEventLoop) -> Sized | None:
    """What a loop has to call."""
    callbacks: Sized | None = getattr(loop, "_ready", None)
    return callbacks


class _Callbacks(deque[Any]):
    """What a loop is to call, of which some come with something to do around them."""

    def __init__(
        self,
        callbacks: Iterable[Any],
        turn_of: Callable[[contextvars.Context, object], Turn | None],
    ) -> None:
        super().__init__(callbacks)
        self._turn_of = turn_of

    def popleft(self) -> Any:
        handle = super().popleft()
        turn = self._turn_of(handle._context, handle._callback)
        return handle if turn is None else _HandleInTurn(handle, turn)


class _HandleInTurn:
    """A loop's handle, run with what is to be done around it."""

    __slots__ = ("_handle", "_turn")

    def __init__(self, handle: Any, turn: Turn) -> None:
        self._handle = handle
        self._turn = turn

    def __getattr__(self, name: str) -> Any:
        return getattr(self._handle, name)

    def __repr__(self) -> str:
        return repr(self._handle)

    def _run(self) -> None:
        self._turn.begin()
        try:
            self._handle._run()
        finally:
            self._turn.end()


def take_turns(
    loop: asyncio.AbstractEventLoop,
    turn_of: Callable[[contextvars.Context, object], Turn | None],
) -> None:
    """Have a loop's callbacks run in the turns of those in whose context they run.

    Args:
        loop: A loop of asyncio's own.
        turn_of: Whose turn a callback is, by its context and what is to be called; None
            for nobody's.
    """
    untyped: Any = loop
    untyped._ready = _Callbacks(untyped._ready, turn_of)


def is_asyncios_own(callback: Any) -> bool:
    """Whether a callback runs nobody's code but asyncio's: no step of a task."""
    if isinstance(callback, functools.partial):
        callback = callback.func
    if isinstance(getattr(callback, "__self__", None), asyncio.Task):
        return False
    module = getattr(callback, "__module__", None) or ""
    return str(module).partition(".")[0] == "asyncio"


def check_runnable(loop: asyncio.AbstractEventLoop) -> None:
    """Raise what ``loop.run_forever`` raises if it may not be called here and now."""
    untyped: Any = loop
    untyped._check_closed()
    untyped._check_running()


def has_nothing_to_run(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether one more turn of an idle loop would call nobody's code.

    If so, awaiting the shutdown of generators and executor has no effect and can be
    left out. Only for asyncio's own selector loop as it comes: a subclass or a loop
    with replaced methods always gets the full treatment.
    """
    if type(loop) is not asyncio.SelectorEventLoop:
        return False
    state = vars(loop)
    return not (
        state["_ready"]
        or state["_scheduled"]
        or state["_default_executor"] is not None
        or len(state["_asyncgens"])
        or state["_closed"]
        or state["_debug"]
        or "shutdown_asyncgens" in state
        or "shutdown_default_executor" in state
        # The loop's own wake-up socket is the one descriptor it always has.
        or len(state["_selector"].get_map()) > 1
    )
