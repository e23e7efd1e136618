"""What the tests of the engine share: a hub, and a way to run strands on it."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any

import pytest

from fasttest.engine.hub import Hub, Strand
from fasttest.engine.poller import Poller, PortablePoller

Run = Callable[..., list[Any]]


class FakeClock:
    """A clock, and pollers by whose waits it goes forward; tests may set it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now

    def poller(self) -> Poller:
        """A poller which takes no time to wait."""
        clock = self

        class Patient(PortablePoller):
            def poll(self, timeout: float | None) -> list[int]:
                assert timeout is not None
                clock.now += timeout
                return super().poll(0)

        return Patient()


@pytest.fixture
def clock() -> FakeClock:
    """A clock for a hub, which takes its pollers from it as well."""
    return FakeClock()


@pytest.fixture
def hub() -> Hub:
    """A hub of the test's own."""
    return Hub()


@pytest.fixture
def run(hub: Hub) -> Run:
    """Runs functions, each in a strand; returns their results, raises their errors."""

    def run_strands(*functions: Callable[[], Any], **options: Any) -> list[Any]:
        def fail_fast(strand: Strand) -> None:
            if strand.exception is not None:
                raise strand.exception

        strands = []
        for function in functions:
            strand = hub.spawn(function, context=contextvars.copy_context())
            strand.on_exit = fail_fast
            strands.append(strand)
        hub.run(options.pop("on_idle", lambda: False), **options)
        return [strand.result for strand in strands]

    return run_strands
