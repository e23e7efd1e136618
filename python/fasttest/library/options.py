"""How a suite is run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class RunOptions(TypedDict, total=False):
    """Keyword arguments of ``Suite.run``, ``run_async`` and ``stream``; all optional.

    Attributes:
        concurrency: Tests in flight at most; 1 runs one after another. By default as
            many as the limit on open files allows.
        max_failures: Start no further test after so many have failed; 0 is no limit.
        capture: Whether what tests write to ``sys.stdout`` and ``sys.stderr`` goes into
            their results; True by default.
        rescue: Whether a test that failed beside others is run once more, alone, and
            only that counts.
        loop_factory: Makes the event loops; by default asyncio's policy does. The waits
            of loops with a selector of their own, as uvloop's, do not overlap.
        debug: asyncio's debug mode for these loops; by default the environment's.
    """

    concurrency: int | None
    max_failures: int
    capture: bool
    rescue: bool
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None
    debug: bool | None


@dataclass(frozen=True, slots=True)
class Options:
    """``RunOptions`` with all defaults filled in; the same attributes."""

    concurrency: int | None = None
    max_failures: int = 0
    capture: bool = True
    rescue: bool = False
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    debug: bool | None = None

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ValueError: If one is out of range.
        """
        if self.concurrency is not None and self.concurrency < 1:
            raise ValueError(f"concurrency is {self.concurrency}; at least 1 is needed")
        if self.max_failures < 0:
            raise ValueError(f"max_failures is {self.max_failures}; 0 means no limit")


@dataclass(frozen=True, slots=True)
class LoopOptions:
    """How the event loops of a run are made; what the executor asks for.

    Attributes:
        factory: Makes a loop; None leaves that to the policy.
        debug: asyncio's debug mode; None leaves that to the environment.
        policy: None, as a suite never changes the policy.
        puts_back: Whether a closed loop leaves the one current that was before it.
    """

    factory: Callable[[], asyncio.AbstractEventLoop] | None
    debug: bool | None
    policy: None = None
    puts_back: bool = False
