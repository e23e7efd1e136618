"""Tests that keep all others from running while nothing computes."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasttest.host import standstill
from fasttest.host.flight_recorder import FlightRecorder
from fasttest.host.standstill import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["pytester"]


@dataclass(frozen=True)
class Look:
    """What there is to be seen at one time.

    Attributes:
        waits: Whether all tests wait in their event loops.
        in_flight: How many there are.
        computed: What the process has computed by then.
    """

    waits: bool
    in_flight: int
    computed: str | None


_LOOKS = st.lists(
    st.builds(
        Look,
        st.sampled_from([False, False, False, True]),
        st.sampled_from([2, 2, 2, 1, 3]),
        st.sampled_from(["1", "1", "1", "2", None]),
    ),
    max_size=40,
)


@pytest.fixture
def signals() -> Iterator[list[int]]:
    """The signals that this process gets, of the kind a watch sends."""
    received: list[int] = []
    before = signal.signal(signal.SIGURG, lambda number, _: received.append(number))
    yield received
    signal.signal(signal.SIGURG, before)


def stands(look: Look) -> bool:
    """Whether a test may be holding up others at such a look."""
    return not look.waits and look.in_flight > 1 and look.computed is not None


def test_who_stands_still_for_long_gets_a_signal(signals: list[int]) -> None:
    """Not one that computes, that waits in its loop, or that is alone.

    Who goes on standing still gets it again after as long a time.
    """

    @given(_LOOKS)
    def check(looks: list[Look]) -> None:
        signals.clear()
        recorder = FlightRecorder(3)
        time = 0.0
        computed: str | None = None
        watch = Watch(recorder, os.getpid(), lambda: time, lambda _: computed)
        expected = 0
        since: tuple[str | None, float] | None = None
        for look in looks:
            time += standstill._SECONDS / 4
            computed = look.computed
            recorder.turn[1] = look.waits
            for test in range(3):
                (recorder.begin if test < look.in_flight else recorder.end)(test)
            watch.look()
            if not stands(look):
                since = None
            elif since is None or since[0] != look.computed:
                since = look.computed, time
            elif time - since[1] >= standstill._SECONDS:
                since = None
                expected += 1
            assert len(signals) == expected

    check()


def test_where_nobody_tells_what_a_process_computes_nothing_is_looked_at() -> None:
    """As where there is no ``/proc``."""
    recorder = FlightRecorder(1)
    assert Watch(recorder, 1, computed_by=lambda _: None).interval is None
    interval = Watch(recorder, 1, computed_by=lambda _: "1").interval
    assert interval is not None
    assert 0 < interval < standstill._SECONDS


SUITE = """
import asyncio, fcntl, pytest, threading

LOCK = threading.Lock()

@pytest.mark.parametrize("n", range(3))
async def test_lock(n):
    with LOCK:
        await asyncio.sleep(0.01)

@pytest.mark.parametrize("n", range(2))
async def test_file(n, tmp_path_factory):
    with open(tmp_path_factory.getbasetemp() / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        await asyncio.sleep(0.01)

@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("n", range(2))
async def test_on_one_loop(n):
    with LOCK:
        await asyncio.sleep(0.01)

async def test_beside():
    for _ in range(20):
        await asyncio.sleep(0.001)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")
def test_tests_that_wait_for_a_lock_of_another_end_as_under_pytest(
    pytester: pytest.Pytester,
) -> None:
    """Whatever the lock, and on whatever loop; a name says who was in the way."""
    pytester.makeini("[pytest]\nasyncio_mode = auto")
    pytester.makeconftest(
        "from fasttest.host import standstill\nstandstill._SECONDS = 0.3"
    )
    pytester.makepyfile(test_it=SUITE)
    result = pytester.runpytest_subprocess("-p", "fasttest.host.plugin", timeout=120)
    assert result.ret == 0
    result.assert_outcomes(passed=8)
    result.stdout.fnmatch_lines(
        ["CONFLICT test_it.py::test_lock* - failed beside other tests, passed alone"]
    )
