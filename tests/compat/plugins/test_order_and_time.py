"""Plugins that choose, order, repeat and time tests, or stop the clock."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from .._agreement import Row, Runs, rows
from .._table import SETTINGS, Feature, Table

if TYPE_CHECKING:
    from pathlib import Path

_AUTO = "asyncio_mode = auto"
_LOOP_TIME_PLUGINS = ("looptime_plugin", "looptime_timeproxies")

# They come together only if a plugin which has nothing to do leaves them alone.
_TOGETHER = Feature(
    """
    import pytest
    from gate import arrive

    @pytest.mark.parametrize("n", range(20))
    async def test_together(n):
        await arrive("together")
    """
)

_TIMEOUTS = {
    "marks": Feature(
        """
        import asyncio, pytest, time

        @pytest.mark.timeout(0.2)
        async def test_waits_too_long():
            await asyncio.sleep(20)

        @pytest.mark.timeout(0.2)
        def test_computes_too_long():
            while True: ...

        @pytest.mark.timeout(0.2)
        def test_blocks_too_long():
            time.sleep(20)

        @pytest.mark.timeout(0.2)
        def test_runs_a_loop_too_long():
            asyncio.run(asyncio.sleep(20))

        @pytest.mark.timeout(10)
        async def test_in_time():
            await asyncio.sleep(0.003)

        @pytest.fixture
        async def slow():
            await asyncio.sleep(20)

        @pytest.mark.timeout(0.2)
        async def test_slow_fixture(slow): ...

        @pytest.fixture
        async def stuck_at_the_end():
            yield
            await asyncio.sleep(20)

        @pytest.mark.timeout(0.2)
        async def test_slow_end(stuck_at_the_end): ...

        @pytest.mark.timeout(5, func_only=True)
        async def test_only_the_function(): ...
        """,
        sees="passed failed error",
    ),
    "limited_together": Feature(
        """
        import pytest
        from gate import arrive

        pytestmark = pytest.mark.timeout(20)

        @pytest.mark.parametrize("n", range(20))
        async def test_together(n):
            await arrive("limited")

        @pytest.mark.parametrize("n", range(20))
        @pytest.mark.timeout(20, func_only=True)
        async def test_function_only(n):
            await arrive("function only")
        """
    ),
    "company_computes": Feature(
        """
        import asyncio, pytest, time
        from gate import arrive

        @pytest.mark.parametrize("n", range(20))
        @pytest.mark.timeout(0.7)
        async def test_in_company(n):
            await arrive("company")
            await asyncio.sleep(0.01)
            time.sleep(0.05)
            await asyncio.sleep(0.01)
        """
    ),
    "other_ways": Feature(
        """
        import asyncio, pytest

        @pytest.mark.timeout(20, method="thread")
        async def test_thread():
            await asyncio.sleep(0.003)

        @pytest.mark.timeout(20, "signal")
        async def test_signal():
            await asyncio.sleep(0.003)

        @pytest.mark.timeout(0)
        async def test_none():
            await asyncio.sleep(0.003)
        """,
    ),
    "together": _TOGETHER,
}

# In tables of their own since each failure costs a run several limits.
_TIMEOUTS_IN_COMPANY = {
    "one_hangs": Feature(
        """
        import asyncio, pytest
        from journal import note

        @pytest.fixture
        async def noted(request):
            lane = request.node.name
            note(lane, "set up")
            yield lane
            note(lane, "torn down")

        @pytest.mark.parametrize("n", range(20))
        @pytest.mark.timeout(1)
        async def test_one_of_twenty(n, noted):
            try:
                await asyncio.sleep(20 if n == 7 else 0.01)
            finally:
                note(noted, "cleaned up")
        """,
        sees="passed failed",
    ),
    "shared": Feature(
        """
        import asyncio, pytest

        pytestmark = pytest.mark.asyncio(loop_scope="module")

        @pytest.mark.timeout(0.3)
        async def test_waits_too_long():
            await asyncio.sleep(20)

        @pytest.mark.timeout(0.3)
        async def test_computes_too_long():
            await asyncio.sleep(0.003)
            while True: ...

        @pytest.mark.parametrize("n", range(10))
        @pytest.mark.timeout(10)
        async def test_in_time(n):
            await asyncio.sleep(0.01)

        @pytest.fixture(scope="module")
        async def never():
            await asyncio.sleep(20)

        @pytest.mark.timeout(1)
        async def test_of_slow_set_up(never): ...

        @pytest.mark.timeout(1)
        async def test_of_failed_set_up(never): ...
        """,
        sees="passed failed error",
    ),
    "kinds": Feature(
        """
        import asyncio, pytest, threading, time, unittest

        class TestCase(unittest.IsolatedAsyncioTestCase):
            @pytest.mark.timeout(0.2)
            async def test_waits_too_long(self):
                await asyncio.sleep(20)

            @pytest.mark.timeout(10)
            async def test_in_time(self):
                await asyncio.sleep(0.003)

        @pytest.mark.timeout(0.2)
        @pytest.mark.xfail(reason="too slow")
        async def test_expected():
            await asyncio.sleep(20)

        @pytest.mark.timeout(0.2)
        async def test_patching(monkeypatch):
            monkeypatch.setattr(time, "sleep", None)
            await asyncio.sleep(20)

        @pytest.mark.timeout(0.2)
        async def test_waits_for_a_thread():
            stop = threading.Event()
            try:
                await asyncio.get_running_loop().run_in_executor(None, stop.wait, 20)
            finally:
                stop.set()

        @pytest.mark.timeout(0.2)
        async def test_lets_nothing_pass():
            try:
                await asyncio.sleep(20)
            except BaseException:
                pass

        @pytest.mark.timeout(0.2)
        def test_catches_it():
            try:
                time.sleep(20)
            except BaseException:
                pass
        """,
        sees="passed failed xfailed",
    ),
}

_TIMEOUTS_AND_FAILURES = {
    "after_a_failure": Feature(
        """
        import asyncio, pytest, time

        @pytest.fixture
        async def slow_end():
            yield
            await asyncio.sleep(1.5)

        @pytest.fixture
        def slow_sync_end():
            yield
            time.sleep(1.5)

        @pytest.mark.timeout(1)
        async def test_failed(slow_end):
            assert False

        @pytest.mark.timeout(1)
        def test_failed_sync(slow_sync_end):
            assert False

        @pytest.mark.timeout(1)
        async def test_timed_out(slow_end, slow_sync_end):
            await asyncio.sleep(20)

        @pytest.mark.timeout(1)
        async def test_skipped_and_slow(slow_end):
            pytest.skip("but its teardown counts")
        """,
        sees="failed skipped error",
    ),
}

_TIMEOUT_FOR_ALL = {
    "all": Feature(
        """
        import asyncio, pytest

        async def test_waits_too_long():
            await asyncio.sleep(20)

        async def test_in_time():
            await asyncio.sleep(0.003)

        @pytest.mark.timeout(0)
        async def test_without_limit():
            await asyncio.sleep(0.5)
        """,
        sees="passed failed",
    ),
}

_SESSION_IN_TIME = {"together": _TOGETHER}

_SESSION_TIMEOUT = {
    "session": Feature(
        """
        import asyncio, pytest

        @pytest.mark.parametrize("n", range(4))
        async def test_waits(n):
            await asyncio.sleep(0.3)
        """
    ),
}

_CLOCKS = {
    "freezer": Feature(
        """
        import asyncio, datetime, pytest, time

        @pytest.mark.freeze_time("2020-02-02")
        async def test_marked():
            assert datetime.date.today() == datetime.date(2020, 2, 2)

        def test_moved(freezer):
            freezer.move_to("2021-01-01")
            assert datetime.date.today().year == 2021
            freezer.tick(86400)
            assert datetime.date.today().day == 2

        @pytest.mark.parametrize("n", range(5))
        async def test_beside(n):
            assert datetime.date.today().year > 2021
            await asyncio.sleep(0.003)
            assert time.time() > 1.7e9

        @pytest.mark.freeze_time("2020-02-02")
        def test_wrong():
            assert datetime.date.today().year == 2021
        """,
        sees="passed failed",
    ),
    "freezegun": Feature(
        """
        import asyncio, datetime, freezegun, pytest

        @freezegun.freeze_time("2020-02-02")
        def test_decorated():
            assert datetime.date.today().year == 2020

        def test_block():
            with freezegun.freeze_time("2020-02-02"):
                assert datetime.date.today().year == 2020

        @pytest.fixture
        def long_ago():
            from freezegun import freeze_time
            with freeze_time("2020-02-02"):
                yield

        @pytest.mark.parametrize("n", range(2))
        async def test_own_fixture(long_ago, n):
            await asyncio.sleep(0)
            assert datetime.date.today().year == 2020

        @pytest.mark.parametrize("n", range(5))
        async def test_beside(n):
            await asyncio.sleep(0.003)
            assert datetime.date.today().year > 2021
        """
    ),
    "travelling": Feature(
        """
        import asyncio, datetime, pytest, time_machine as tm

        def test_fixture(time_machine):
            time_machine.move_to(datetime.datetime(2020, 2, 2))
            assert datetime.date.today().year == 2020

        @pytest.mark.time_machine(datetime.datetime(2019, 2, 2), tick=False)
        async def test_marked():
            assert datetime.date.today().year == 2019

        @tm.travel(datetime.datetime(2018, 2, 2))
        async def test_decorated():
            await asyncio.sleep(0)
            assert datetime.date.today().year == 2018

        @pytest.fixture
        def long_ago():
            with tm.travel(datetime.datetime(2017, 2, 2)):
                yield

        async def test_own_fixture(long_ago):
            await asyncio.sleep(0)
            assert datetime.date.today().year == 2018

        @pytest.mark.parametrize("n", range(5))
        async def test_beside(n):
            await asyncio.sleep(0.003)
            assert datetime.date.today().year > 2021
        """,
        sees="passed failed",
    ),
}

_LOOP_TIME = {
    "marked": Feature(
        """
        import asyncio, pytest, time
        from gate import arrive

        @pytest.fixture
        async def together(looptime):
            began = asyncio.get_running_loop().time()
            await arrive("virtual time")
            assert asyncio.get_running_loop().time() > began

        @pytest.mark.looptime(start=100)
        @pytest.mark.parametrize("n", range(20))
        async def test_virtual(n, together, looptime):
            began = time.monotonic()
            await asyncio.sleep(n * 1000)
            assert looptime == 100 + n * 1000
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.Event().wait(), 50)
            assert asyncio.get_running_loop().time() == 150 + n * 1000
            await asyncio.to_thread(time.sleep, 0.01)
            assert time.monotonic() < began + 30

        @pytest.mark.looptime(end=10)
        async def test_end_of_time():
            await asyncio.sleep(20)

        @pytest.mark.looptime(False)
        async def test_real():
            began = time.monotonic()
            await asyncio.sleep(0.02)
            assert time.monotonic() >= began + 0.02

        @pytest.mark.looptime
        def test_sync():
            time.sleep(0.001)

        @pytest.mark.looptime
        async def test_wrong(looptime):
            await asyncio.sleep(5)
            assert looptime < 5
        """,
        sees="passed failed",
        needs="python>=3.11",
    ),
    "shared": Feature(
        """
        import asyncio, pytest

        pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.looptime]

        @pytest.mark.parametrize("n", range(10))
        async def test_one_clock(n):
            loop = asyncio.get_running_loop()
            began = loop.time()
            await asyncio.sleep(1000)
            assert loop.time() - began == pytest.approx(1000)
        """,
        needs="python>=3.11",
    ),
}

_LOOP_TIME_FOR_ALL = {
    "all": Feature(
        """
        import asyncio, pytest

        @pytest.fixture
        async def slow():
            await asyncio.sleep(0.01)
            yield asyncio.get_running_loop().time()
            await asyncio.sleep(0.01)

        @pytest.mark.parametrize("n", range(20))
        async def test_virtual(n, slow, looptime):
            began = asyncio.get_running_loop().time()
            tasks = [asyncio.create_task(asyncio.sleep(m * 100)) for m in range(n)]
            await asyncio.gather(*tasks, asyncio.sleep(300))
            assert looptime - began == max(300, (n - 1) * 100)
        """,
        needs="python>=3.11",
    ),
}

_RERUNS = {
    "flaky": Feature(
        """
        import asyncio, pytest

        tries = {"async": 0, "sync": 0, "never": 0, "fixture": 0}

        @pytest.mark.flaky(reruns=2)
        async def test_second_time():
            tries["async"] += 1
            await asyncio.sleep(0.003)
            assert tries["async"] == 2

        @pytest.mark.flaky(reruns=2)
        def test_third_time():
            tries["sync"] += 1
            assert tries["sync"] == 3

        @pytest.mark.flaky(reruns=1)
        async def test_never():
            tries["never"] += 1
            assert False, tries["never"]

        @pytest.fixture
        async def shaky():
            tries["fixture"] += 1
            await asyncio.sleep(0)
            assert tries["fixture"] == 2

        @pytest.mark.flaky(reruns=1)
        async def test_shaky_fixture(shaky): ...

        @pytest.mark.flaky(reruns=1, only_rerun=["OSError"])
        async def test_not_for_this_error():
            assert False

        def test_not_flaky():
            assert False
        """,
        sees="passed failed",
    ),
    "together": _TOGETHER,
}


def _repeated(root: Path, text: str) -> object:
    """The lines about the passes that did not count."""
    return sorted(re.findall(r"^RERUN .*|^\t\S+ .*on attempt.*", text, re.MULTILINE))


_RERUN_ALL = {
    "all": Feature(
        """
        import asyncio

        tries = []

        async def test_second_time():
            tries.append(1)
            await asyncio.sleep(0.003)
            assert len(tries) == 2

        async def test_never():
            await asyncio.sleep(0.003)
            assert False

        def test_fine(): ...
        """,
        sees="passed failed",
    ),
}

_RETRIES = {
    "retried": Feature(
        """
        import asyncio, pytest

        tries = []

        @pytest.mark.flaky(retries=2)
        async def test_second_time():
            tries.append(1)
            await asyncio.sleep(0.003)
            assert len(tries) == 2

        @pytest.mark.flaky(retries=1)
        def test_never():
            assert False

        async def test_plain_failure():
            await asyncio.sleep(0.003)
            assert False
        """,
        sees="passed failed",
    ),
    "together": _TOGETHER,
}

_ORDERED = {
    "ordered": Feature(
        """
        import pytest
        from journal import note

        @pytest.mark.order(3)
        def test_third(): note("ordered", "third")

        @pytest.mark.order(1)
        def test_first(): note("ordered", "first")

        @pytest.mark.order("last")
        def test_last(): note("ordered", "last")

        @pytest.mark.order(2)
        def test_second(): note("ordered", "second")
        """
    ),
    "together": _TOGETHER,
}

_RANDOM = {
    "seeded": Feature(
        """
        import asyncio, random
        from journal import note

        from_the_start = random.random()

        async def test_async():
            note("async", f"{random.random()} {random.random()}")
            await asyncio.sleep(0.003)
            note("async", f"{random.random()}")

        def test_sync():
            note("sync", f"{random.random()}")

        async def test_fails():
            await asyncio.sleep(0.003)
            assert random.random() < 0
        """,
        sees="passed failed",
    ),
    "seeded_together": Feature(
        """
        import asyncio, gate, pytest, random
        from journal import note

        @pytest.fixture(autouse=True)
        async def drawn(request):
            first = random.random()
            await gate.arrive("fixture", 6)
            yield first, random.random()
            note(request.node.name, f"in the teardown: {random.random()}")

        @pytest.mark.parametrize("n", range(20))
        async def test_draws(n, drawn):
            random.randbytes(n)
            drawn = *drawn, random.random(), random.gauss(0, 1)
            await gate.arrive("test", 6)
            drawn = *drawn, random.gauss(0, 1), random.random()
            await asyncio.sleep(0.001)
            note(f"draws {n}", f"{drawn} {random.random()}")

        @pytest.mark.parametrize("n", range(20))
        async def test_seeds(n):
            random.seed(3)
            await gate.arrive("seeds", 6)
            assert random.random() == random.Random(3).random()
        """
    ),
    "seeded_on_a_wide_loop": Feature(
        """
        import asyncio, pytest, random
        from journal import note

        @pytest.mark.asyncio(loop_scope="module")
        @pytest.mark.parametrize("n", range(3))
        async def test_on_a_wide_loop(n):
            await asyncio.sleep(0.001)
            note(f"wide {n}", f"{random.random()}")
        """
    ),
    "shuffled": Feature(
        """
        import pytest

        @pytest.mark.parametrize("n", range(10))
        async def test_each(n): ...

        class TestMore:
            def test_one(self): ...
            def test_two(self): ...
        """
    ),
}

_SHUFFLED_ONLY = {"together": _TOGETHER}

_BENCHMARKED = {
    "measured": Feature(
        """
        import asyncio, pytest

        def test_fast(benchmark):
            assert benchmark(lambda: 1 + 1) == 2

        def test_pedantic(benchmark):
            benchmark.pedantic(sum, args=([1, 2],), rounds=2, iterations=2)

        def test_wrong(benchmark):
            assert benchmark(lambda: 1) == 2

        @pytest.mark.benchmark(group="one", wrong=1)
        def test_wrong_mark(benchmark): ...

        @pytest.mark.parametrize("n", range(5))
        async def test_beside(n):
            await asyncio.sleep(0.003)
        """,
        sees="passed failed error",
    ),
    "together": _TOGETHER,
}


def _benchmarks(root: Path, text: str) -> object:
    return sorted(set(re.findall(r"^(test_\w+) +[\d.,]+ ", text, re.MULTILINE)))


_ENVIRONMENT = {
    "environment": Feature(
        """
        import asyncio, os

        async def test_set():
            await asyncio.sleep(0.003)
            assert os.environ["SAMPLE"] == "a value"

        async def test_wrong():
            assert os.environ["SAMPLE"] == "another"
        """,
        sees="passed failed",
    ),
    "together": _TOGETHER,
}

_MEASURED_BY_CODSPEED = {
    "marked": Feature(
        """
        import pytest

        @pytest.mark.benchmark
        def test_marked():
            assert sum(range(10)) == 45

        def test_fixture(benchmark):
            assert benchmark(lambda: 2) == 3
        """,
        sees="passed error",
    ),
    "together": _TOGETHER,
}

_TABLES = (
    Table("timeouts", _TIMEOUTS, _AUTO),
    Table("timeouts-in-company", _TIMEOUTS_IN_COMPANY, _AUTO),
    Table("timeouts-and-failures", _TIMEOUTS_AND_FAILURES, _AUTO),
    Table("timeout-for-all", _TIMEOUT_FOR_ALL, _AUTO, steps=(("--timeout=0.2",),)),
    Table("timeout-in-ini", _TIMEOUT_FOR_ALL, f"{_AUTO}\ntimeout = 0.2"),
    Table(
        "timeout-in-environment",
        _TIMEOUT_FOR_ALL,
        _AUTO,
        env={"PYTEST_TIMEOUT": "0.2"},
        settings=SETTINGS[1:2],
    ),
    # What is in flight when the time is over comes to its end, so that with several in
    # flight more tests pass than under pytest.
    Table(
        "session-timeout",
        _SESSION_TIMEOUT,
        _AUTO,
        steps=(("--session-timeout=0.2",),),
        settings=SETTINGS[:1],
    ),
    Table("session-in-time", _SESSION_IN_TIME, f"{_AUTO}\nsession_timeout = 50"),
    Table("clocks", _CLOCKS, _AUTO, plugins=("freezer", "time_machine")),
    Table("loop-time", _LOOP_TIME, _AUTO, plugins=_LOOP_TIME_PLUGINS),
    Table(
        "loop-time-for-all",
        _LOOP_TIME_FOR_ALL,
        _AUTO,
        steps=(("--looptime",),),
        plugins=_LOOP_TIME_PLUGINS,
    ),
    Table("reruns", _RERUNS, _AUTO, plugins=("rerunfailures",), leaves=_repeated),
    Table(
        "rerun-all",
        _RERUN_ALL,
        _AUTO,
        steps=(("--reruns=1",),),
        plugins=("rerunfailures",),
        leaves=_repeated,
    ),
    Table(
        "reruns-in-ini",
        _RERUN_ALL,
        f"{_AUTO}\nreruns = 1",
        plugins=("rerunfailures",),
        leaves=_repeated,
    ),
    Table("retries", _RETRIES, _AUTO, plugins=("pytest-retry",), leaves=_repeated),
    Table("order", _ORDERED, _AUTO, plugins=("pytest_order",), settings=SETTINGS[:1]),
    Table(
        "random",
        _RANDOM,
        _AUTO,
        steps=(("--randomly-seed=7",),),
        plugins=("randomly",),
    ),
    Table(
        "shuffled-only",
        _SHUFFLED_ONLY,
        _AUTO,
        steps=(("--randomly-seed=7", "--randomly-dont-reset-seed"),),
        plugins=("randomly",),
    ),
    Table(
        "benchmark",
        _BENCHMARKED,
        _AUTO,
        steps=(("--benchmark-max-time=0.01", "--benchmark-min-rounds=2"),),
        plugins=("benchmark",),
        leaves=_benchmarks,
    ),
    Table("env", _ENVIRONMENT, f"{_AUTO}\nenv =\n    SAMPLE=a value", plugins=("env",)),
    Table("codspeed", _MEASURED_BY_CODSPEED, _AUTO, plugins=("codspeed",)),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_order_and_time_agree(runs: Runs, row: Row) -> None:
    """What a plugin does to a test it does here, and to no other."""
    runs.check(row)
