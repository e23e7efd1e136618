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
        self.threads = Threads(lambda: self.running, lambda _: False)

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


def test_a_thread_of_no_test_may_serve_all(over: threading.Event) -> None:
    """A server that a fixture started, say."""
    tests = Running()
    tests.start(None, over.wait)
    assert tests.threads.may_serve("left")


def test_work_that_no_thread_has_begun_is_whose_it_is(over: threading.Event) -> None:
    """A worker looks as if it waited until it notices what is in its queue."""
    tests = Running()
    with tests.threads.noticed(), ThreadPoolExecutor(1) as pool:

        def is_there_for(*names: str) -> list[bool]:
            queue = pool._work_queue
            return [tests.threads._has_work_for(name, queue) for name in names]

        assert is_there_for("left", "right") == [False, False]
        tests.running = "left"
        begun = pool.submit(over.wait)
        while not begun.running():
            pass
        tests.running = "right"
        left = pool.submit(int)
        assert is_there_for("right", "other") == [True, False]
        tests.running = None
        last = pool.submit(int)
        assert is_there_for("right", "other") == [True, True]
        over.set()
        last.result()
        assert left.done()
        assert is_there_for("right", "other") == [False, False]


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


def test_work_serves_who_submitted_it(over: threading.Event) -> None:
    """Whoever it was that made the pool's thread start."""
    tests = Running()
    began = threading.Event()
    with tests.threads.noticed(), ThreadPoolExecutor(1) as pool:
        tests.running = "left"
        pool.submit(int).result()
        tests.running = "right"
        pool.submit(lambda: (began.set(), over.wait()))
        began.wait()
        assert tests.threads.may_serve("right")
        assert not tests.threads.may_serve("left")
        over.set()


def test_work_that_has_not_begun_counts(over: threading.Event) -> None:
    """A thread which looks idle may have been given work a moment ago."""
    tests = Running()
    tests.running = "left"
    before = sys.getswitchinterval()
    with tests.threads.noticed(), ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        while tests.threads.may_serve("left"):
            pass
        sys.setswitchinterval(10)  # no other thread gets a turn between the two
        try:
            pool.submit(over.wait)
            assert tests.threads.may_serve("left")
        finally:
            sys.setswitchinterval(before)
            over.set()


def test_a_thread_has_the_starter_of_the_one_that_started_it(
    over: threading.Event,
) -> None:
    """A test's threads are its own, however far down."""
    tests = Running()
    go, found = threading.Event(), []

    def start() -> None:
        go.wait()
        inner = threading.Thread(target=over.wait)
        inner.start()
        found.append(tests.threads.starter_of(inner))

    with tests.threads.noticed():
        tests.running = "left"
        outer = threading.Thread(target=start)
        outer.start()
        tests.running = None
        go.set()
        outer.join()
    assert found == ["left"]
    assert tests.threads.starter_of(threading.main_thread()) is None
