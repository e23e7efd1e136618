"""Ctrl-C while a suite runs."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import pytest

from fasttest import Suite

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture
def events() -> list[str]:
    """What happened, in order."""
    return []


@pytest.fixture
def suite(events: list[str]) -> Suite:
    """A suite in which two tests wait, the second of them after Ctrl-C."""
    suite = Suite()

    @suite.fixture(scope="session")
    def wide() -> Iterator[None]:
        yield
        events.append("-wide")

    @suite.fixture
    async def own(wide: None) -> AsyncIterator[None]:
        yield
        await asyncio.sleep(0)
        events.append("-own")

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            events.append("cancelled")

    @suite.test
    async def waits(own: None) -> None:
        await wait()

    @suite.test
    async def is_interrupted(own: None) -> None:
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)
        await wait()

    return suite


def test_interrupting_cancels_the_tests_and_tears_everything_down(
    suite: Suite, events: list[str]
) -> None:
    """Then ``run`` raises; the tests have no results, as nobody knows their outcome."""
    results: list[object] = []

    with pytest.raises(KeyboardInterrupt):
        suite.run(results.append)

    assert sorted(events[:-1]) == ["-own", "-own", "cancelled", "cancelled"]
    assert events[-1] == "-wide"
    assert results == []


def test_pythons_handler_is_back_afterwards(suite: Suite) -> None:
    """The engine's own is for the time of the run."""
    before = signal.getsignal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        suite.run()

    assert signal.getsignal(signal.SIGINT) is before
