"""Which threads may be there to see what a test has patched."""

from __future__ import annotations

import _thread
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from fasttest.isolation.threads import Threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """Set when what the test has started may end, which it has before the next test."""
    before = len(sys._current_frames())
    event = threading.Event()
    yield event
    event.set()
    while len(sys._current_frames()) > before:
        pass


class Running:
    """Some tests, of which one runs."""

    def __init__(self) -> None:
        self.running: str | None = None
        self.in_flight = {"left", "right"}
        self.threads = Threads(lambda: self.running, self.in_flight.__contains__)

    def start(self, running: str | None, function: Callable[[], Any]) -> None:
        """Start a thread in the name of a test."""
        self.running = running
        with self.threads.noticed():
            threading.Thread(target=function).start()


def test_alone_nobody_is_served() -> None:
    """The main thread is whose it is."""
    assert not Running().threads.may_serve("left")


def test_a_thread_serves_who_started_it(over: threading.Event) -> None:
    """Another test's thread does that test's work."""
    tests = Running()
    tests.start("left", over.wait)
    assert tests.threads.may_serve("left")
    assert not tests.threads.may_serve("right")


@pytest.mark.parametrize("starter", [None, "ended"])
def test_a_thread_of_no_test_in_flight_may_serve_all(
    over: threading.Event, starter: str | None
) -> None:
    """A server that a fixture started, say."""
    tests = Running()
    tests.start(starter, over.wait)
    assert tests.threads.may_serve("left")


def test_a_thread_that_threading_does_not_know_may_serve_all(
    over: threading.Event,
) -> None:
    """C extensions start their own."""
    began = threading.Event()

    def run() -> None:
        began.set()
        over.wait()

    tests = Running()
    tests.start("right", over.wait)
    assert not tests.threads.may_serve("left")
    _thread.start_new_thread(run, ())
    began.wait()
    assert tests.threads.may_serve("left")


def test_an_idle_pool_serves_nobody_and_a_busy_one_does(over: threading.Event) -> None:
    """Its threads stay when the work is done."""
    tests = Running()
    tests.running = "left"
    began = threading.Event()
    with tests.threads.noticed(), ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        # The result is there a moment before the thread waits again.
        while tests.threads.may_serve("left"):
            pass
        pool.submit(lambda: (began.set(), over.wait()))
        began.wait()
        assert tests.threads.may_serve("left")
        over.set()
