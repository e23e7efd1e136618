"""What the executor asks of a suite: the only thing it knows about tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from fasttest.engine.stream import Stream


class LoopOptions(Protocol):
    """How one event loop is made."""

    @property
    def factory(self) -> Callable[[], asyncio.AbstractEventLoop] | None:
        """Makes the loop; None: the policy does."""

    @property
    def debug(self) -> bool | None:
        """Whether the loop is in asyncio's debug mode."""

    @property
    def policy(self) -> asyncio.AbstractEventLoopPolicy | None:
        """In force while the loop is open; None: the one that is."""

    @property
    def puts_back(self) -> bool:
        """Whether the loop that was current before is so again after closing."""


class Work(Protocol):
    """What a suite is made of: the only thing the executor knows about tests."""

    def run(self, stream: Stream) -> None:
        """Run one test in its own strand, by means of the stream; report it."""

    def set_up(self, stream: Stream, entry: int, instance: int) -> None:
        """Create the value of a fixture; an exception is a failed set-up."""

    def set_up_error(self, stream: Stream, entry: int, instance: int) -> BaseException:
        """The error with which the set-up of ``instance`` failed earlier."""

    def tear_down(self, stream: Stream | None, entry: int, instance: int) -> None:
        """Tear a fixture down; ``stream`` is None when no test is left to do it."""

    def loop_options(self, stream: Stream, loop: int) -> LoopOptions:
        """How to make a loop; ``loop`` is an id of the plan or ``OWN_LOOP``."""

    def crashed(self, test: int, error: BaseException) -> None:
        """Take note of an exception that left ``run``: an error of this test alone.

        ``test`` is -1 where a teardown failed with no test left to blame.
        """
