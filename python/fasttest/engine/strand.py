"""Strands: what the hub runs, each in a greenlet and with a thread state of its own."""

from __future__ import annotations

import contextlib
import enum
import sys
import threading
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

import greenlet  # type: ignore[import-untyped]

from fasttest.engine.private import LoopState, get_loop_state, set_loop_state

if TYPE_CHECKING:
    import contextvars
    from collections.abc import Callable, Iterator, Sized
    from types import FrameType

    from fasttest.engine.hub import Hub
    from fasttest.engine.limits import Deadline
    from fasttest.engine.time_accounts import Account

T = TypeVar("T")

_UNSET: Any = object()

# Who knows for which strand a thread works, while a run knows.
_of_thread: list[Callable[[], Strand | None]] = []

# asyncio's state, trace function, profile function.
ThreadState: TypeAlias = tuple[LoopState, Any, Any]

GreenletExit = greenlet.GreenletExit
getcurrent = greenlet.getcurrent
make_greenlet = greenlet.greenlet


class State(enum.Enum):
    """Where a strand stands."""

    READY = "ready"
    RUNNING = "running"
    PARKED = "parked"  # until somebody resumes it
    WAITING = "waiting"  # for a descriptor or a timer
    FINISHED = "finished"


class Guard(Protocol):
    """Keeps what a strand has changed in the process from all others."""

    def may_be_left(self) -> bool:
        """Whether the strand may be left where it waits for events."""

    def park(self) -> None:
        """The strand is about to be left."""

    def resume(self) -> None:
        """The strand has come back."""


class Strand:
    """One line of execution on the hub's thread. Made by ``Hub.spawn``.

    Attributes:
        name: For messages.
        number: What the hub notes while it runs; -1 for none.
        background: Whether it only serves others, as the strand of a shared loop
            does: the hub does not wait for it to end.
        context: The context in which its function runs.
        clients: The strands that wait for what this one, in the background, does.
        data: A slot for the owner.
        deadlines: Its time limits, and the notices of it.
        account: Of the time that passes for limits; None if for none.
        served_by: The strand in the background on whose work it waits.
        guard: Told whenever the strand is left and comes back; None if nobody is.
        on_exit: Called on the hub with the strand once it has finished.
        result: What its function returned.
        exception: What its function raised; it ends the strand, never the hub.
    """

    __slots__ = (
        "__weakref__",
        "_arguments",
        "_error",
        "_function",
        "_killer",
        "_value",
        "account",
        "background",
        "callbacks",
        "clients",
        "context",
        "data",
        "deadlines",
        "descriptor",
        "due",
        "exception",
        "greenlet",
        "guard",
        "hub",
        "name",
        "number",
        "on_exit",
        "ready_at",
        "result",
        "served_by",
        "state",
        "ticket",
        "waits_in_place",
    )

    def __init__(
        self,
        hub: Hub,
        function: Callable[..., object],
        arguments: tuple[object, ...],
        context: contextvars.Context,
        name: str,
        background: bool,
    ) -> None:
        self.hub = hub
        self.name = name
        self.number = -1
        self.background = background
        self.context = context
        self.clients: set[Strand] = set()
        self.data: Any = None
        self.deadlines: tuple[Deadline, ...] = ()
        self.account: Account | None = None
        self.served_by: Strand | None = None
        self.guard: Guard | None = None
        self.on_exit: Callable[[Strand], object] | None = None
        self.result: Any = None
        self.exception: BaseException | None = None
        self.state = State.READY
        self.greenlet: Any = None
        # What it waits for: a descriptor, and the ticket of its timer (0: none). A
        # timer whose ticket is not its strand's is void.
        self.descriptor: int | None = None
        self.ticket = 0
        # Where others may put calls for the loop that waits meanwhile.
        self.callbacks: Sized | None = None
        # When the timer ends its wait, at the latest.
        self.due: float | None = None
        # When it could go on, by the hub's clock; of an event, when it was seen.
        self.ready_at = 0.0
        self.waits_in_place = False
        self._function = function
        self._arguments = arguments
        # The state of the thread where the strand was unwound unfinished.
        self._killer: ThreadState | None = None
        self._value: Any = None
        self._error: BaseException | None = None

    def __repr__(self) -> str:
        return f"<Strand {self.name!r} {self.state.value}>"

    @property
    def finished(self) -> bool:
        """Whether its function has returned or raised."""
        return self.state is State.FINISHED

    @property
    def frame(self) -> FrameType | None:
        """Where it was left; None if it runs, or has not begun."""
        frame: FrameType | None = getattr(self.greenlet, "gr_frame", None)
        return frame

    def resume(self, value: object = None) -> None:
        """Let a parked strand go on; its ``park`` returns ``value``.

        It becomes ready; it does not run before the caller has left for the hub.

        Raises:
            RuntimeError: If the strand is not parked, or has been resumed already.
        """
        if self.state is not State.PARKED:
            raise RuntimeError(f"{self!r} cannot be resumed: it is not parked.")
        self._value = value
        self.hub.make_ready(self)

    def throw(self, error: BaseException) -> None:
        """Raise ``error`` in a strand where it is parked or waits.

        Raises:
            RuntimeError: If the strand neither is parked nor waits.
        """
        if self.state is not State.PARKED and self.state is not State.WAITING:
            raise RuntimeError(f"{self!r} cannot be thrown at: it is not parked.")
        self._error = error
        self.hub.make_ready(self)

    def resume_threadsafe(self, value: object = None) -> None:
        """Resume from any thread. The strand should ``park(threadsafe=True)``."""
        self.hub.call_threadsafe(self.resume, value)

    def prepare(self, carrier: Any) -> None:
        """Give the strand the greenlet that will carry it out."""
        self.greenlet = carrier
        carrier.strand = self
        carrier.gr_context = self.context

    def execute(self) -> None:
        """Carry out the function; called in the strand's greenlet, once."""
        hub = self.hub
        # A tracer of its own, as in a thread: coverage's keeps a stack of the frames
        # it saw, and strands that shared one would pop each other's.
        trace = threading.gettrace() or hub.tracing[0]
        profile = threading.getprofile() or hub.tracing[1]
        started = hub.base
        if callable(profile):
            sys.setprofile(profile)
        if trace is not None:
            sys.settrace(trace)
        try:
            self.result = self._function(*self._arguments)
        except GreenletExit:
            raise
        except BaseException as error:
            self.exception = error
        finally:
            # Here, where it was put on; see `_switch_to_hub`.
            if sys.gettrace() is not None:
                sys.settrace(None)
            if callable(sys.getprofile()):
                sys.setprofile(None)
            self.state = State.FINISHED
            left = get_loop_state()
            if left[3:] != started[3:] and not self.background:
                # As with pytest, what a test does to policy and current loop is what
                # the next one finds.
                hub.inherit(left)
            set_loop_state(hub.base)
            if self._killer is not None:
                set_thread_state(self._killer)
            del self._function, self._arguments, self.context

    def leave(self) -> Any:
        """Switch to the hub until it is this strand's turn again.

        Whoever calls it has noted what the strand waits for.
        """
        alarms = self.hub.alarms
        self._value = self._error = None
        self._switch_to_hub()
        while self.waits_in_place:
            # Nothing else can go on, so the waiting is done here: a signal handler
            # that raises then does so in this strand's own frames, as without a hub.
            self.waits_in_place = False
            alarms.deliver(self)
            self.hub.wait()
            self._switch_to_hub()
        value, error = self._value, self._error
        self._value = self._error = None
        alarms.deliver(self)
        if error is not None:
            raise error
        return value

    def _switch_to_hub(self) -> None:
        # The tracer is taken off and put back in the same frame: it then sees as many
        # returns as calls, which is what coverage's stack of frames lives on.
        trace, profile = sys.gettrace(), sys.getprofile()
        alarms, guard = self.hub.alarms, self.guard
        mine = get_loop_state()
        try:
            if trace is not None:
                sys.settrace(None)
            if callable(profile):
                sys.setprofile(None)
            alarms.hold(self)
            if guard is not None:
                guard.park()
            set_loop_state(self.hub.base)
            self.hub.greenlet.switch()
            if guard is not None:
                guard.resume()
        except GreenletExit:
            # Nobody will resume it any more: it is unwound wherever its last
            # reference went, and must leave no trace there.
            self._killer = get_thread_state()
            raise
        finally:
            set_loop_state(mine)
            alarms.release(self)
            if callable(profile):
                sys.setprofile(profile)
            if trace is not None:
                sys.settrace(trace)
                be_traced()


def running_strand() -> Strand | None:
    """The strand whose greenlet runs, None in any other greenlet or thread."""
    strand: Strand | None = getattr(getcurrent(), "strand", None)
    return strand


def inherited(variable: contextvars.ContextVar[T | None]) -> T | None:
    """The value of a context variable, also for code that runs in an empty context.

    Libraries make such contexts for the tasks of an application, say; to the test they
    belong all the same.

    Args:
        variable: A variable which the strands of tests have set.

    Returns:
        Its value in the current context; where it was never set, that in the context of
        the strand that runs, or that the thread works for, unless it serves several
        others; None without any.
    """
    value = variable.get(_UNSET)
    if value is not _UNSET:
        found: T | None = value
        return found
    strand = running_strand()
    if strand is None:
        strands = (strand_of() for strand_of in _of_thread)
        strand = next((each for each in strands if each is not None), None)
    if strand is None or strand.background:
        return None
    context: contextvars.Context | None = getattr(strand, "context", None)
    return None if context is None else context.get(variable)


@contextlib.contextmanager
def threads_inherit(strand_of: Callable[[], Strand | None]) -> Iterator[None]:
    """Have code in other threads inherit from the strand it works for, meanwhile.

    Args:
        strand_of: The strand for which the current thread works; None if unknown.
    """
    _of_thread.append(strand_of)
    try:
        yield
    finally:
        _of_thread.remove(strand_of)


def be_traced() -> None:
    """Do nothing, under a trace function that was just put back.

    One written in C, as coverage's, can only be put back as if it were in Python, and
    sees but the frames it had marked until the next call. This is that call.
    """


def get_thread_state() -> ThreadState:
    """What ``set_thread_state`` puts back."""
    return get_loop_state(), sys.gettrace(), sys.getprofile()


def set_thread_state(state: ThreadState) -> None:
    """Put back all that is each strand's own."""
    loop_state, trace, profile = state
    set_loop_state(loop_state)
    # A profiler written in C (cProfile before Python 3.12) is no callable and cannot
    # be put back from Python: it is never taken off either.
    if callable(profile) or (profile is None and callable(sys.getprofile())):
        sys.setprofile(profile)
    if sys.gettrace() is not trace:
        sys.settrace(trace)
