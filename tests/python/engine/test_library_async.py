"""A suite that is run beside a running event loop."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

import fasttest
from fasttest import Outcome, Result, Suite

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class HeldUp:
    """A suite whose last test waits for ever, and what happened in it."""

    def __init__(self) -> None:
        self.suite = Suite()
        self.events: list[str] = []
        self.waiting = threading.Event()
        self.suite.add_fixture(self._wide, name="wide", scope="session")
        self.suite.add_fixture(self._own, name="own")
        self.suite.add_test(self._passes, name="passes")
        self.suite.add_test(self._waits, name="waits")

    async def _wide(self) -> AsyncIterator[None]:
        yield
        await asyncio.sleep(0)
        self.events.append("-wide")

    async def _own(self, wide: None) -> AsyncIterator[None]:
        yield
        await asyncio.sleep(0)
        self.events.append("-own")

    async def _passes(self) -> None: ...

    async def _waits(self, own: None) -> None:
        self.waiting.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.events.append("cancelled")
            raise

    @property
    def torn_down(self) -> bool:
        """Whether the waiting test was cancelled and everything torn down after it."""
        return self.events == ["cancelled", "-own", "-wide"]


@pytest.fixture
def held_up() -> HeldUp:
    """A suite that only ends if it is stopped."""
    return HeldUp()


def test_a_running_loop_goes_on_while_tests_run() -> None:
    """Each waits for the other, and one of the tests blocks its thread."""
    suite = Suite()
    in_test, in_caller = threading.Event(), threading.Event()

    @suite.test
    def blocks() -> None:
        in_test.set()
        assert in_caller.wait(10)

    async def caller() -> fasttest.Report:
        run = asyncio.create_task(suite.run_async())
        await asyncio.to_thread(in_test.wait, 10)
        in_caller.set()
        return await run

    report = asyncio.run(caller())

    assert report.ok, str(report)


def test_results_are_streamed_as_they_come() -> None:
    """The first is there while the second test waits for somebody to have seen it."""
    suite = Suite()
    seen = threading.Event()

    @suite.test
    async def waits() -> None:
        assert await asyncio.to_thread(seen.wait, 10)

    @suite.test
    async def ends_at_once() -> None: ...

    async def caller() -> tuple[list[str], fasttest.Report]:
        came = []
        results = suite.stream()
        # The last test lingers till the others have ended, as it closes the session.
        async for result in results:
            came.append(result.name)
            seen.set()
        return came, results.report

    suite.add_test(lambda: None, name="last")
    came, report = asyncio.run(caller())

    assert came == ["ends_at_once", "waits", "last"]
    assert [r.name for r in report.results] == ["waits", "ends_at_once", "last"]


def test_the_callback_is_called_on_the_callers_loop() -> None:
    """So that it may touch what belongs to the caller."""
    suite = Suite()
    suite.add_test(lambda: None, name="test")
    calls: list[Any] = []

    def on_result(result: Result) -> None:
        calls.append((result.outcome, asyncio.get_running_loop()))

    async def caller() -> None:
        await suite.run_async(on_result)
        assert calls == [(Outcome.PASSED, asyncio.get_running_loop())]

    asyncio.run(caller())


def test_cancelling_the_awaiting_task_stops_the_run(held_up: HeldUp) -> None:
    """Tests in flight are cancelled, and all is torn down before the task ends."""

    async def caller() -> None:
        run = asyncio.create_task(held_up.suite.run_async())
        await asyncio.to_thread(held_up.waiting.wait, 10)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert held_up.torn_down

    asyncio.run(caller())


def test_a_second_cancellation_does_not_leave_the_thread_behind(
    held_up: HeldUp,
) -> None:
    """Teardowns are waited for, however often the caller is cancelled."""

    async def caller() -> None:
        run = asyncio.create_task(held_up.suite.run_async())
        await asyncio.to_thread(held_up.waiting.wait, 10)
        run.cancel()
        await asyncio.sleep(0)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert held_up.torn_down

    asyncio.run(caller())


def test_leaving_the_block_of_a_stream_stops_the_run(held_up: HeldUp) -> None:
    """With ``async with`` everything is torn down when the block is left."""

    async def caller() -> None:
        async with held_up.suite.stream() as results:
            async for _ in results:
                await asyncio.to_thread(held_up.waiting.wait, 10)
                break
        assert held_up.torn_down
        with pytest.raises(RuntimeError, match="no report"):
            _ = results.report

    asyncio.run(caller())


def test_closing_the_iterator_of_a_stream_stops_the_run(held_up: HeldUp) -> None:
    """As with any asynchronous generator."""

    async def caller() -> None:
        async with aclosing(aiter(held_up.suite.stream())) as results:  # type: ignore[type-var]
            async for _ in results:
                await asyncio.to_thread(held_up.waiting.wait, 10)
                break
        assert held_up.torn_down

    asyncio.run(caller())


def test_an_abandoned_stream_ends_with_its_loop(held_up: HeldUp) -> None:
    """Nobody closes it; ``asyncio.run`` does so at its end at the latest."""

    async def caller() -> None:
        async for _ in held_up.suite.stream():
            await asyncio.to_thread(held_up.waiting.wait, 10)
            return

    asyncio.run(caller())

    assert held_up.torn_down


def test_what_a_callback_raises_stops_the_run(held_up: HeldUp) -> None:
    """Its error is raised when everything is torn down."""

    def on_result(result: Result) -> None:
        held_up.waiting.wait(10)
        raise ConnectionError("nobody listens")

    async def caller() -> None:
        with pytest.raises(ConnectionError, match="nobody listens"):
            await held_up.suite.run_async(on_result)
        assert held_up.torn_down

    asyncio.run(caller())


def test_a_test_that_interrupts_ends_the_run_with_all_teardowns() -> None:
    """``KeyboardInterrupt`` is for the runner, wherever it comes from."""
    suite = Suite()
    events = []

    @suite.fixture(scope="session", autouse=True)
    def wide() -> object:
        yield
        events.append("-wide")

    @suite.test
    async def interrupts() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        suite.run()
    assert events == ["-wide"]


def test_a_stream_is_iterated_over_once() -> None:
    """Its tests have been run by then."""
    suite = Suite()
    suite.add_test(lambda: None, name="test")

    async def caller() -> None:
        results = suite.stream()
        with pytest.raises(RuntimeError, match="has not started"):
            _ = results.report
        assert [result.name async for result in results] == ["test"]
        with pytest.raises(RuntimeError, match="once"):
            await anext(aiter(results))

    asyncio.run(caller())


def test_a_suite_that_cannot_be_planned_fails_before_anything_runs() -> None:
    """Also when it is awaited."""
    suite = Suite()
    suite.add_test(lambda unknown: None, name="test")

    with pytest.raises(fasttest.FixtureLookupError, match="unknown"):
        asyncio.run(suite.run_async())


def test_running_beside_a_loop_must_be_awaited() -> None:
    """``run`` would block the loop, as ``asyncio.run`` would."""

    async def caller() -> None:
        with pytest.raises(RuntimeError, match=r"await Suite\.run_async"):
            Suite().run()

    asyncio.run(caller())


def test_two_suites_can_run_at_once() -> None:
    """Their tests wait for each other, and their output is kept apart."""
    turns = [threading.Event(), threading.Event()]

    def suite_of(number: int) -> Suite:
        suite = Suite()

        @suite.test
        async def test() -> None:
            print("from", number)
            turns[number].set()
            assert await asyncio.to_thread(turns[1 - number].wait, 10)

        return suite

    async def caller() -> list[fasttest.Report]:
        return await asyncio.gather(*(suite_of(n).run_async() for n in (0, 1)))

    reports = asyncio.run(caller())

    assert [dict(report.results[0].output) for report in reports] == [
        {"stdout": "from 0\n"},
        {"stdout": "from 1\n"},
    ]
