"""What the loops of all scopes have in common: how they are opened and used."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import sys
import traceback
import warnings
from typing import TYPE_CHECKING, Any, TypeVar

from fasttest.engine import private
from fasttest.engine.context import InContext
from fasttest.engine.selector import CAN_SWITCH, HubSelector

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from fasttest.engine.hub import Hub

T = TypeVar("T")

_CLOSING_FAILED = """\
An exception occurred during teardown of an asyncio.Runner. \
The reason is likely that you closed the underlying event loop in a test, \
which prevents the cleanup of asynchronous generators by the runner.
This warning will become an error in future versions of pytest-asyncio. \
Please ensure that your tests don't close the event loop. \
Here is the traceback of the exception triggered during teardown:
%s
"""


class ScopedLoop:
    """An open event loop, made the current one of the strand that opens it.

    Args:
        hub: The hub of the strand.
        factory: Makes the loop; None leaves that to the policy.
        debug: asyncio's debug mode; None leaves that to the environment.
        policy: In force from now until the loop is closed; None: no change.
        puts_back: Whether the loop that is current now is so again after closing;
            otherwise none is.

    Attributes:
        loop: The event loop.
        switchable: Whether other strands go on while the loop waits. If not, as with
            uvloop or Windows' proactor, it blocks them.
    """

    def __init__(
        self,
        hub: Hub,
        factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
        debug: bool | None = False,
        policy: asyncio.AbstractEventLoopPolicy | None = None,
        *,
        puts_back: bool = False,
    ) -> None:
        self._hub = hub
        self._before = private.get_loop_state() if puts_back else None
        self._policy = policy
        self._former = None if policy is None else private.set_policy(policy)
        try:
            self.loop = asyncio.new_event_loop() if factory is None else factory()
        except BaseException:
            self._restore_policy()
            raise
        asyncio.set_event_loop(self.loop)
        if debug is not None:
            self.loop.set_debug(debug)
        selector = private.selector_of(self.loop)
        self.switchable = CAN_SWITCH and isinstance(selector, HubSelector)
        if isinstance(selector, HubSelector):
            selector.trusted = True
        # What coroutines run in by default, one after another, as with a Runner.
        self._context = contextvars.copy_context()
        self._closed = False

    @contextlib.contextmanager
    def set_current(self) -> Iterator[None]:
        """Have ``asyncio.get_event_loop()`` return the loop in this strand."""
        before = private.get_loop_state()
        asyncio.set_event_loop(self.loop)
        try:
            yield
        finally:
            private.set_current_loop(before)

    def _create_task(
        self, coro: Coroutine[Any, Any, T], context: contextvars.Context | None
    ) -> asyncio.Task[T]:
        if not asyncio.iscoroutine(coro):
            raise ValueError(f"a coroutine was expected, got {coro!r}")
        if private.get_running_loop() is not None:
            raise RuntimeError(
                "Runner.run() cannot be called from a running event loop"
            )
        if self._closed:
            raise RuntimeError("Runner is closed")
        context = context or self._context
        if sys.version_info >= (3, 11):
            return self.loop.create_task(coro, context=context)
        stand_in: Coroutine[Any, Any, T] = InContext(coro, context)
        return self.loop.create_task(stand_in)

    def _finish(self, error: BaseException | None) -> None:
        """Leave no trace of the loop in this strand, and report how closing went."""
        # It knows the test, which knows the loop: a cycle.
        del self._context
        asyncio.set_event_loop(None)
        self._restore_policy()
        if self._before is not None:
            private.set_current_loop(self._before)
        if isinstance(error, RuntimeError):
            text = "".join(traceback.format_exception(error))
            warnings.warn(_CLOSING_FAILED % text, RuntimeWarning, stacklevel=3)
        elif error is not None:
            raise error

    def _restore_policy(self) -> None:
        if self._former is not None:
            private.set_policy(self._former)


def have_current_loop() -> None:
    """Make an event loop the current one, if none is and none has been."""
    with warnings.catch_warnings(), contextlib.suppress(RuntimeError):
        warnings.simplefilter("ignore", DeprecationWarning)
        asyncio.get_event_loop()
