"""Which executor does a test's work, where one worker would serve all tests."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasttest.isolation.own_executors import OwnExecutors

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def single() -> Iterator[ThreadPoolExecutor]:
    """An executor with one worker."""
    with ThreadPoolExecutor(1, "single") as executor:
        yield executor


def executor_of(
    own: OwnExecutors, executor: ThreadPoolExecutor, test: str | None
) -> ThreadPoolExecutor:
    """The executor that does what a test submits."""
    return own.of(executor, lambda: test)


_EVENTS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(["submit", "end"])), max_size=30
)


@given(_EVENTS)
def test_no_two_tests_at_once_have_the_same(events: list[tuple[str, str]]) -> None:
    """A test has one until its end, the executor itself if no other has that."""
    with ThreadPoolExecutor(1) as executor:
        own = OwnExecutors(lambda _: True)
        having: dict[str, ThreadPoolExecutor] = {}
        for test, what in events:
            if what == "end":
                own.end(test)
                having.pop(test, None)
                continue
            found = executor_of(own, executor, test)
            if test not in having:
                assert (found is executor) == (executor not in having.values())
            assert having.setdefault(test, found) is found
            assert len(set(having.values())) == len(having)
        for test in having:
            own.end(test)


def test_who_has_a_twin_is_in_one_thread_like_the_others(
    single: ThreadPoolExecutor,
) -> None:
    """It has the name it would have alone, and ends with the test."""
    own = OwnExecutors(lambda _: True)
    assert executor_of(own, single, "left") is single
    twin = executor_of(own, single, "right")
    thread = twin.submit(threading.current_thread).result()
    assert thread.name == single.submit(threading.current_thread).result().name
    assert twin.submit(threading.current_thread).result() is thread
    own.end("right")
    thread.join()


def test_what_outlives_tests_shares_it_with_all(single: ThreadPoolExecutor) -> None:
    """But for a test that has a twin already: its work stays in one thread."""
    own = OwnExecutors(lambda _: True)
    executor_of(own, single, "left")
    twin = executor_of(own, single, "right")
    assert executor_of(own, single, None) is single
    assert executor_of(own, single, "later") is single
    assert executor_of(own, single, "right") is twin
    own.end("right")
    assert executor_of(own, single, "right") is single


def test_others_are_shared() -> None:
    """Those with several workers, those which nobody declared, those shut down."""
    with ThreadPoolExecutor(2) as several, ThreadPoolExecutor(1) as other:
        own = OwnExecutors(lambda executor: executor is not other)
        for executor in (several, other):
            assert executor_of(own, executor, "left") is executor
            assert executor_of(own, executor, "right") is executor
    ended = ThreadPoolExecutor(1)
    ended.shutdown()
    assert executor_of(own, ended, "left") is ended
    assert executor_of(own, ended, "right") is ended
