"""Signals: handlers of tests work, Ctrl-C ends the run in order, twice at once."""

from __future__ import annotations

import asyncio
import contextvars
import os
import selectors
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest

from fasttest.engine.hub import Hub, Strand
from fasttest.engine.loops import OwnLoop, SharedLoop

Run = Callable[..., list[Any]]


class TimedOut(BaseException):
    """What a handler like that of pytest-timeout raises."""


@pytest.fixture
def alarm() -> Iterator[Callable[[], None]]:
    """Starts a timer whose signal handler raises ``TimedOut``."""

    def handle(*_: object) -> NoReturn:
        raise TimedOut

    before = signal.signal(signal.SIGALRM, handle)
    yield lambda: signal.setitimer(signal.ITIMER_REAL, 0.01)  # type: ignore[misc]
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def default_handler() -> Iterator[None]:
    """Python's own handler for SIGINT, as it is when a run begins."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    after = signal.signal(signal.SIGINT, before)
    assert after is signal.default_int_handler


def _wait_for_ever() -> None:
    with selectors.DefaultSelector() as selector:
        selector.select(10)


def _interrupt_soon() -> None:
    # From a thread: the main thread is to be met while it waits.
    threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGINT)).start()


def _interrupt_when_idle() -> Callable[[], bool]:
    """For ``on_idle``: an interrupt once all strands wait."""
    first = iter([_interrupt_soon])

    def interrupt() -> bool:
        next(first, _nothing)()
        return False

    return interrupt


def _spawn(hub: Hub, function: Callable[..., object], *args: object) -> Strand:
    return hub.spawn(function, *args, context=contextvars.copy_context())


@pytest.mark.parametrize("alone", [True, False])
def test_a_handler_raises_in_the_test_that_waits_alone(
    hub: Hub, run: Run, alarm: Callable[[], None], alone: bool
) -> None:
    """pytest-timeout's exception has to leave the test's own ``select``."""
    hub.alone = alone

    def test() -> str:
        loop = OwnLoop(hub)
        try:
            alarm()
            loop.run(asyncio.sleep(10))
        except TimedOut:
            return "timed out"
        finally:
            loop.close()
        return "slept"

    assert run(test) == ["timed out"]


@pytest.mark.parametrize("set_foreground", [True, False])
def test_an_alarm_during_a_servers_work_is_the_tests(
    hub: Hub, alarm: Callable[[], None], set_foreground: bool
) -> None:
    """Raised in the server's frames it would be lost there, and the test hang."""
    served: list[str] = []

    async def work() -> None:
        await asyncio.sleep(0.001)
        signal.raise_signal(signal.SIGALRM)
        served.append("undisturbed")

    async def serve() -> asyncio.Task[None]:
        return asyncio.create_task(work())

    def test() -> None:
        server = SharedLoop(hub)
        kept.append(server.run(serve()))
        own = OwnLoop(hub)
        with pytest.raises(TimedOut):
            own.run(asyncio.sleep(10))
        own.close()
        server.close()

    kept: list[asyncio.Task[None]] = []
    strand = _spawn(hub, test)
    hub.foreground = strand if set_foreground else None
    hub.run(lambda: False)
    assert strand.exception is None
    assert served == ["undisturbed"]


def test_an_alarm_during_the_hubs_own_work_is_the_tests(
    hub: Hub, run: Run, alarm: Callable[[], None]
) -> None:
    """It must not end the run."""
    alarms = iter([signal.raise_signal])

    def idle() -> bool:
        next(alarms, lambda _: None)(signal.SIGALRM)
        return False

    def test() -> None:
        with pytest.raises(TimedOut):
            _wait_for_ever()

    run(test, on_idle=idle)


def test_an_alarm_is_raised_in_the_coroutine_that_runs(
    hub: Hub, run: Run, alarm: Callable[[], None]
) -> None:
    """Though on a shared loop it runs in another strand than its test."""

    async def compute_for_ever() -> str:
        await asyncio.sleep(0)
        try:
            signal.raise_signal(signal.SIGALRM)
        except TimedOut:
            return "raised here"
        return "lost"

    def test() -> str:
        shared = SharedLoop(hub)
        try:
            return shared.run(compute_for_ever())
        finally:
            shared.close()

    assert run(test) == ["raised here"]


def test_a_handler_that_raises_nothing_leaves_the_test_waiting(
    hub: Hub, run: Run
) -> None:
    """It is called once, in the test's frames, and the handler is there again."""
    called: list[str] = []

    def handle(_: int, frame: Any) -> None:
        while frame.f_code is not test.__code__:
            frame = frame.f_back
        called.append(frame.f_code.co_name)

    def test() -> str:
        shared = SharedLoop(hub)
        own = OwnLoop(hub)
        shared.loop.call_later(0.001, signal.raise_signal, signal.SIGALRM)
        own.run(asyncio.sleep(0.01))
        assert signal.getsignal(signal.SIGALRM) is handle
        own.close()
        shared.close()
        return "waited"

    before = signal.signal(signal.SIGALRM, handle)
    try:
        assert run(test) == ["waited"]
    finally:
        signal.signal(signal.SIGALRM, before)
    assert called == ["test"]


def test_loops_handle_signals_as_before(run: Run) -> None:
    """``loop.add_signal_handler`` works by the loop's own descriptor."""

    async def wait_for_signal() -> str:
        loop = asyncio.get_running_loop()
        received = asyncio.Event()
        loop.add_signal_handler(signal.SIGUSR1, received.set)
        os.kill(os.getpid(), signal.SIGUSR1)
        await asyncio.wait_for(received.wait(), 10)
        return "received"

    assert run(lambda: asyncio.run(wait_for_signal()), _nothing) == ["received", None]


def _nothing() -> None: ...


def test_a_handler_may_resume_a_strand(hub: Hub) -> None:
    """Also in the middle of the hub's wait, which has to end then."""
    strand = _spawn(hub, lambda: hub.park(threadsafe=True))
    other = _spawn(hub, lambda: hub.park(threadsafe=True))

    def handle(*_: object) -> None:
        strand.resume("by signal")
        other.resume("as well")

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    try:
        hub.run(lambda: False)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert (strand.result, other.result) == ("by signal", "as well")


def test_the_first_interrupt_of_a_waiting_hub_is_told_to_its_owner(hub: Hub) -> None:
    """It ends no strand by itself: what runs is cancelled by who runs it."""
    strands = [_spawn(hub, _wait_for_ever) for _ in range(2)]
    told: list[bool] = []

    def cancel() -> None:
        told.append(True)
        for strand in strands:
            strand.throw(asyncio.CancelledError())

    hub.run(_interrupt_when_idle(), on_interrupt=cancel)
    assert told == [True]
    errors = [type(strand.exception) for strand in strands]
    assert errors == [asyncio.CancelledError] * 2


def test_an_interrupt_while_a_strand_runs_is_raised_there(hub: Hub) -> None:
    """As in pytest; and a strand which it ends has interrupted the run."""
    told: list[bool] = []

    def test() -> None:
        signal.raise_signal(signal.SIGINT)

    strand = _spawn(hub, test)
    hub.run(lambda: False, on_interrupt=lambda: told.append(True))
    assert isinstance(strand.exception, KeyboardInterrupt)
    assert told == [True]


def test_an_interrupt_that_a_test_handles_is_none_of_the_run(hub: Hub) -> None:
    """Suites that test Ctrl-C send it themselves, more than once."""
    told: list[bool] = []

    def test() -> str:
        for _ in range(3):
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        return "passed"

    strand = _spawn(hub, test)
    hub.run(lambda: False, on_interrupt=lambda: told.append(True))
    assert strand.result == "passed"
    assert told == []


def test_the_second_interrupt_ends_the_run_at_once(hub: Hub) -> None:
    """Even if the tests would not let go of it."""
    seen: list[str] = []

    def stubborn() -> None:
        try:
            _wait_for_ever()
        except BaseException:
            seen.append("kept on")
            signal.raise_signal(signal.SIGINT)
            seen.append("not reached")

    strand = _spawn(hub, stubborn)
    _spawn(hub, _wait_for_ever)

    def cancel() -> None:
        strand.throw(asyncio.CancelledError())

    with pytest.raises(KeyboardInterrupt):
        hub.run(_interrupt_when_idle(), on_interrupt=cancel)
    assert seen == ["kept on"]
    assert not strand.finished


def test_the_second_interrupt_ends_a_waiting_run(hub: Hub) -> None:
    """When the teardowns after the first one do not come to an end."""
    _spawn(hub, _wait_for_ever)
    _spawn(hub, _wait_for_ever)
    with pytest.raises(KeyboardInterrupt):
        hub.run(_interrupt_when_idle(), on_interrupt=_interrupt_soon)


def test_without_an_owner_the_first_interrupt_ends_the_run(hub: Hub) -> None:
    """A hub nobody else looks after must still be stoppable."""
    _spawn(hub, _wait_for_ever)
    _spawn(hub, _wait_for_ever)
    with pytest.raises(KeyboardInterrupt):
        hub.run(_interrupt_when_idle())


def test_a_handler_put_in_place_of_the_hubs_interrupts_it_too(hub: Hub) -> None:
    """A loop that handled SIGINT leaves Python's own handler behind."""
    told: list[bool] = []

    def replace() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _interrupt_soon()
        _wait_for_ever()

    strands = [_spawn(hub, replace), _spawn(hub, _wait_for_ever)]

    def cancel() -> None:
        told.append(True)
        for strand in strands:
            strand.throw(asyncio.CancelledError())

    hub.run(lambda: False, on_interrupt=cancel)
    assert told == [True]


def test_somebody_elses_handler_is_left_alone(hub: Hub, run: Run) -> None:
    """Whoever handles SIGINT already has decided what Ctrl-C does."""
    received: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: received.append(number))
    try:
        run(lambda: signal.raise_signal(signal.SIGINT))
    finally:
        signal.signal(signal.SIGINT, before)
    assert received == [signal.SIGINT]


def test_a_hub_in_another_thread_leaves_signals_alone() -> None:
    """Only the main thread may set handlers."""
    hub = Hub()
    strand = _spawn(hub, lambda: signal.getsignal(signal.SIGINT))
    thread = threading.Thread(target=hub.run, args=(lambda: False,))
    thread.start()
    thread.join()
    assert strand.result is signal.default_int_handler
