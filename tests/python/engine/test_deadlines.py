"""Time limits: whose time counts, and how a strand learns that it is over."""

from __future__ import annotations

import asyncio
import contextvars
import os
import selectors
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from fasttest.engine.hub import Hub, Strand
from fasttest.engine.limits import Found
from fasttest.engine.loops import OwnLoop, SharedLoop
from fasttest.engine.strand import State

if TYPE_CHECKING:
    from traceback import StackSummary

    from fasttest.engine.limits import Deadline, Limit, Notice

Run = Callable[..., list[Any]]


class TimedOut(BaseException):
    """What is raised in a strand whose time is over."""


@pytest.fixture
def fake(clock: Any) -> Hub:
    """A hub that takes no time to wait."""
    return Hub(clock, clock.poller)


def _limit(hub: Hub, seconds: float, **options: Any) -> Limit:
    """Limit the strand that runs."""
    strand = hub.current
    assert strand is not None

    def throw(error: BaseException) -> bool:
        waits = strand.state is State.WAITING
        if waits:
            strand.throw(error)
        return waits

    options.setdefault("throw", throw)
    return hub.deadlines.limit(strand, seconds, TimedOut, **options)


def _wait(seconds: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.select(seconds)


def _time_when_over(limit: Limit, clock: Any) -> float:
    """Wait; returns when that was cut short by the limit, and -1 if it was not."""
    try:
        _wait(50)
    except TimedOut:
        return float(clock.now)
    finally:
        limit.end()
    return -1


def _spawn(hub: Hub, function: Callable[..., object], *args: object) -> Strand:
    return hub.spawn(function, *args, context=contextvars.copy_context())


def test_a_strand_that_waits_is_thrown_at_when_its_time_is_over(
    fake: Hub, clock: Any
) -> None:
    """Of twenty, each with a limit of its own, only the one that waits longer."""
    ended: list[tuple[int, float]] = []

    def test(number: int) -> None:
        limit = _limit(fake, 100)
        try:
            _wait(5000 if number == 7 else number)
        except TimedOut:
            ended.append((number, clock.now))
        limit.end()

    for number in range(20):
        _spawn(fake, test, number)
    fake.run(lambda: False)
    assert ended == [(7, 100)]
    assert not fake.deadlines.active


def test_others_turns_do_not_count(fake: Hub, clock: Any) -> None:
    """A test that could go on is not to fail because of its company."""

    def patient() -> float:
        limit = _limit(fake, 100)
        for _ in range(3):
            _wait(30)
        began = clock.now
        with pytest.raises(TimedOut):
            _wait(5000)
        limit.end()
        return clock.now - began

    def busy() -> None:
        for _ in range(3):
            clock.now += 1000
            _wait(1)

    strand = _spawn(fake, patient)
    _spawn(fake, busy)
    fake.run(lambda: False)
    assert clock.now > 3000
    assert strand.result == 10


def test_a_wait_counts_whatever_others_do_meanwhile(fake: Hub, clock: Any) -> None:
    """It would have taken as long without them."""

    def patient() -> float:
        limit = _limit(fake, 100)
        with pytest.raises(TimedOut):
            _wait(5000)
        limit.end()
        return clock.now

    def busy() -> None:
        for _ in range(30):
            clock.now += 15
            _wait(1)

    strand = _spawn(fake, patient)
    _spawn(fake, busy)
    fake.run(lambda: False)
    assert 100 <= strand.result <= 115


def test_what_a_strand_computes_itself_counts(fake: Hub, clock: Any) -> None:
    """Before it waits, and without its having given way."""

    def test() -> float:
        limit = _limit(fake, 100)
        clock.now += 80
        return _time_when_over(limit, clock)

    strand = _spawn(fake, test)
    fake.run(lambda: False)
    assert strand.result == 100


def test_who_was_not_told_in_time_is_told_in_the_end(fake: Hub, clock: Any) -> None:
    """Another strand had its turn when the time was over, and the wait as well."""

    def late() -> None:
        limit = _limit(fake, 100)
        _wait(150)
        with pytest.raises(TimedOut):
            limit.check()
        limit.check()  # once is enough
        limit.end()

    def busy() -> None:
        clock.now += 1000

    def in_time() -> None:
        limit = _limit(fake, 100)
        _wait(50)
        limit.check()
        limit.end()

    strands = [_spawn(fake, each) for each in (late, in_time, busy)]
    fake.run(lambda: False)
    assert [strand.exception for strand in strands] == [None] * 3


def test_a_limit_that_has_ended_is_none(fake: Hub, clock: Any) -> None:
    """A test that has failed may take its time, also if others have limits."""

    def test() -> None:
        limit = _limit(fake, 100)
        limit.end()
        limit.resume()
        _wait(150)
        clock.now += 1000
        limit.check()

    def other() -> None:
        limit = _limit(fake, 5000)
        _wait(2000)
        limit.end()

    strand = _spawn(fake, test)
    _spawn(fake, other)
    fake.run(lambda: False)
    assert strand.exception is None


def test_the_time_of_a_pause_does_not_count(fake: Hub, clock: Any) -> None:
    """A test waits in it for another one's set-up, which pytest would have done."""

    def test() -> float:
        limit = _limit(fake, 100)
        _wait(50)
        limit.pause()
        clock.now += 1000
        _wait(1000)
        limit.resume()
        clock.now += 40
        return _time_when_over(limit, clock)

    strand = _spawn(fake, test)
    fake.run(lambda: False)
    assert strand.result == 2100


def test_what_follows_the_limit_has_an_end_as_well(fake: Hub, clock: Any) -> None:
    """A teardown that hangs would keep the whole run."""
    fake.deadlines.grace = 30
    seen: list[float] = []

    def test() -> None:
        limit = _limit(fake, 100)
        for _ in range(3):
            try:
                _wait(5000)
            except TimedOut:
                seen.append(clock.now)
        limit.end()

    _spawn(fake, test)
    fake.run(lambda: False)
    assert seen == [100, 130, 160]


def test_a_strand_that_cannot_be_thrown_at_is_asked_again(fake: Hub) -> None:
    """It is about to run, or waits where it would leave something half done."""
    answers = iter([False, False, True])

    def throw(error: BaseException) -> bool:
        thrown = next(answers)
        if thrown:
            strand.throw(error)
        return thrown

    def test() -> None:
        limit = _limit(fake, 100, throw=throw)
        with pytest.raises(TimedOut):
            _wait(5000)
        limit.end()

    strand = _spawn(fake, test)
    fake.run(lambda: False)
    assert strand.exception is None
    assert next(answers, None) is None


def test_a_test_on_a_shared_loop_is_cancelled_there(hub: Hub, run: Run) -> None:
    """Its task must not go on beside the tests that follow on the loop."""
    seen: list[str] = []

    async def hang() -> None:
        try:
            await asyncio.sleep(20)
        finally:
            seen.append("cleaned up")

    def test() -> None:
        shared = SharedLoop(hub)
        strand = hub.current
        assert strand is not None
        limit = _limit(hub, 0.02, throw=lambda error: shared.throw(strand, error))
        with pytest.raises(TimedOut):
            shared.run(hang())
        limit.end()
        shared.run(asyncio.sleep(0))
        seen.append("went on")
        shared.close()

    run(test)
    assert seen == ["cleaned up", "went on"]


def test_a_poller_on_a_shared_loop_comes_to_its_end(hub: Hub, run: Run) -> None:
    """The loop is never idle, and nobody's clock would go on if all waited for it."""

    async def poll() -> None:
        while True:  # noqa: ASYNC110 - never to be idle is the point
            await asyncio.sleep(0)

    def test() -> None:
        shared = SharedLoop(hub)
        strand = hub.current
        assert strand is not None
        limit = _limit(hub, 0.1, throw=lambda error: shared.throw(strand, error))
        with pytest.raises(TimedOut):
            shared.run(poll())
        limit.end()
        shared.close()

    run(test)


def _compute() -> None:
    while True:
        ...


@pytest.mark.parametrize("hold_up", [_compute, lambda: time.sleep(20)])
@pytest.mark.parametrize("alone", [True, False])
def test_a_strand_that_does_not_give_way_is_interrupted(
    hub: Hub, run: Run, hold_up: Callable[[], None], alone: bool
) -> None:
    """In its own frames, so that the report shows where it was."""
    hub.alone = alone
    before = signal.getsignal(signal.SIGALRM)

    def test() -> None:
        limit = _limit(hub, 0.05)
        with pytest.raises(TimedOut) as caught:
            hold_up()
        assert limit.fired
        assert hold_up.__code__ in [each.frame.code.raw for each in caught.traceback]
        limit.end()

    threads = len(sys._current_frames())
    run(test)
    assert len(sys._current_frames()) == threads
    assert signal.getsignal(signal.SIGALRM) is before


@pytest.mark.slow
def test_the_engines_own_work_is_not_interrupted(hub: Hub, run: Run) -> None:
    """Half done, it could not be gone on with."""

    def work(limit: Limit) -> None:
        while True:
            limit.pause()
            limit.resume()

    def test() -> None:
        for _ in range(10):
            limit = _limit(hub, 0.001)
            with pytest.raises(TimedOut) as caught:
                work(limit)
            interrupted = caught.traceback[-2]
            assert interrupted.path.samefile(__file__)
            limit.end()

    run(test)


def test_a_lone_strand_that_waits_in_place_is_interrupted(hub: Hub, run: Run) -> None:
    """So it is run again: nobody but it waits, and the hub is not asked."""
    hub.alone = True

    def test() -> None:
        limit = _limit(hub, 0.05)
        own = OwnLoop(hub)
        with pytest.raises(TimedOut):
            own.run(asyncio.sleep(20))
        own.close()
        limit.end()

    run(test)


@pytest.mark.slow
def test_who_computes_on_a_shared_loop_is_interrupted(hub: Hub, run: Run) -> None:
    """And not those who wait there for their turn."""
    whose: contextvars.ContextVar[Strand] = contextvars.ContextVar("whose")
    hub.deadlines.whose = whose.get
    loops: list[SharedLoop] = []

    async def compute() -> str:
        await asyncio.sleep(0.01)
        try:
            _compute()
        except TimedOut:
            return "interrupted"
        return ""

    async def wait() -> str:
        await asyncio.sleep(0.02)
        return "undisturbed"

    def test(what: Callable[[], Any], seconds: float) -> str:
        if not loops:
            loops.append(SharedLoop(hub))
        limit = _limit(hub, seconds, throw=lambda error: False)
        whose.set(limit.strand)
        try:
            return str(loops[0].run(what(), contextvars.copy_context()))
        finally:
            limit.end()

    strands = [
        _spawn(hub, test, wait, 0.1),
        _spawn(hub, test, compute, 0.2),
        _spawn(hub, test, wait, 0.1),
    ]
    hub.run(lambda: False)
    loops[0].loop.close()
    results = [strand.result for strand in strands]
    assert results == ["undisturbed", "interrupted", "undisturbed"]


@pytest.mark.slow
def test_a_strand_that_holds_on_is_named_and_given_up(hub: Hub, run: Run) -> None:
    """Catching whatever comes, it would keep the run for ever."""
    hub.deadlines.grace = 0.2
    told: list[tuple[str, list[str]]] = []
    released = threading.Event()
    watchdog = hub.deadlines.watchdog
    watchdog.on_blocked = lambda limit, stack: told.append(("named", _names(stack)))

    def give_up(limit: Limit, stack: StackSummary) -> None:
        told.append(("given up", _names(stack)))
        released.set()

    watchdog.on_stuck = give_up

    def stubborn() -> None:
        limit = _limit(hub, 0.05)
        while not released.is_set():
            try:
                _compute_until(released)
            except TimedOut:
                told.append(("raised", []))
        limit.end()

    run(stubborn)
    assert [what for what, _ in told] == ["raised", "named", "given up"]
    assert all("stubborn" in names for _, names in told[1:])


def _names(stack: StackSummary) -> list[str]:
    return [frame.name for frame in stack]


def _compute_until(event: threading.Event) -> None:
    while not event.is_set():
        ...


def _hold_up_without_signals(event: threading.Event) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    try:
        event.wait(20)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})


@pytest.mark.slow
@pytest.mark.parametrize("thread", [True, False])
def test_a_strand_that_no_signal_reaches_is_given_up(hub: Hub, thread: bool) -> None:
    """On another thread than the main one, or while signals are blocked."""
    hub.deadlines.grace = 0.1
    given_up = threading.Event()
    hub.deadlines.watchdog.on_stuck = lambda limit, stack: given_up.set()

    def test() -> bool:
        limit = _limit(hub, 0.05)
        try:
            if thread:
                _compute_until(given_up)
            else:
                _hold_up_without_signals(given_up)
        except TimedOut:
            pass  # the signal that was held back
        limit.end()
        return given_up.is_set()

    strand = _spawn(hub, test)
    if thread:
        worker = threading.Thread(target=hub.run, args=(lambda: False,))
        worker.start()
        worker.join(20)
    else:
        hub.run(lambda: False)
    assert strand.result is True


def test_a_fatal_limit_gives_the_run_up_at_once(fake: Hub) -> None:
    """With no exception before it."""
    given_up: list[Limit] = []
    fake.deadlines.watchdog.on_stuck = lambda limit, stack: given_up.append(limit)

    def test() -> None:
        limit = _limit(fake, 100, fatal=True)
        with pytest.raises(TimedOut):
            _wait(5000)
        assert given_up == [limit]
        limit.end()

    strand = _spawn(fake, test)
    fake.run(lambda: False)
    assert strand.exception is None


def test_there_is_no_second_thread_while_the_process_forks(hub: Hub, run: Run) -> None:
    """Python warns of that, and it may deadlock the child."""
    threads = len(sys._current_frames())

    def test() -> None:
        limit = _limit(hub, 20)
        while len(sys._current_frames()) == threads:
            time.sleep(0)  # until it runs
        child = os.fork()
        if child == 0:
            os._exit(0)
        assert len(sys._current_frames()) == threads
        os.waitpid(child, 0)
        limit.end()

    run(test)


def _notice(hub: Hub, seconds: float, told: list[Any], **options: Any) -> Notice:
    """Have it noted when the strand that runs takes long, and how it is found."""
    strand = hub.current
    assert strand is not None
    deadlines = hub.deadlines

    def tell(found: Found) -> None:
        told.append((strand.name, deadlines.clock(), found))

    return deadlines.notice(strand, seconds, tell, **options)


def test_of_a_strand_that_waits_long_is_told_once(fake: Hub) -> None:
    """It goes on undisturbed, with its limit."""
    told: list[Any] = []

    def test() -> str:
        notice, limit = _notice(fake, 100, told), _limit(fake, 700)
        _wait(500)
        with pytest.raises(TimedOut):
            _wait(5000)
        notice.end()
        limit.end()
        return "undisturbed"

    strand = _spawn(fake, test)
    fake.run(lambda: False)
    assert strand.result == "undisturbed"
    assert told == [(strand.name, 100, Found.WAITING)]
    assert not fake.deadlines.active


def test_of_a_strand_that_has_been_interrupted_is_told_later(
    fake: Hub, clock: Any
) -> None:
    """A notice that comes after the limit is of what follows."""
    told: list[Any] = []
    fake.deadlines.grace = 1000

    def test() -> None:
        notice, limit = _notice(fake, 300, told), _limit(fake, 100)
        with pytest.raises(TimedOut):
            _wait(5000)
        _wait(500)
        notice.end()
        limit.end()

    strand = _spawn(fake, test)
    fake.run(lambda: False)
    assert strand.exception is None
    assert told == [(strand.name, 300, Found.WAITING)]


def test_of_a_strand_in_time_nobody_is_told(fake: Hub, clock: Any) -> None:
    """Nor of one which has waited for the turns of others, or been paused."""
    told: list[Any] = []

    def patient() -> None:
        notice = _notice(fake, 100, told)
        for _ in range(3):
            _wait(30)
        notice.pause()
        clock.now += 500
        notice.resume()
        notice.end()
        _wait(500)

    def busy() -> None:
        for _ in range(3):
            clock.now += 1000
            _wait(1)

    _spawn(fake, patient)
    _spawn(fake, busy)
    fake.run(lambda: False)
    assert told == []


@pytest.mark.slow
def test_of_a_strand_that_does_not_give_way_the_watchdog_tells(
    hub: Hub, run: Run
) -> None:
    """From its thread, so that nothing happens in that of the strand."""
    told: list[int] = []

    def test() -> str:
        assert hub.current is not None
        given = threading.Event()

        def tell(found: Found) -> None:
            assert found is Found.RUNNING
            told.append(threading.get_ident())
            given.set()

        notice = hub.deadlines.notice(hub.current, 0.05, tell)
        _compute_until(given)
        notice.end()
        return "undisturbed"

    assert run(test) == ["undisturbed"]
    assert len(told) == 1
    assert told != [threading.get_ident()]


@pytest.mark.slow
def test_who_computes_on_a_shared_loop_is_told_of(hub: Hub) -> None:
    """And not those who wait there for their turn."""
    whose: contextvars.ContextVar[Strand] = contextvars.ContextVar("whose")
    hub.deadlines.whose = whose.get
    loops: list[SharedLoop] = []
    told: list[Any] = []
    given = threading.Event()

    async def compute() -> None:
        await asyncio.sleep(0.01)
        _compute_until(given)

    async def wait() -> None:
        await asyncio.sleep(0.02)

    def test(what: Callable[[], Any]) -> None:
        if not loops:
            loops.append(SharedLoop(hub))
        strand = hub.current
        assert strand is not None
        whose.set(strand)

        def tell(found: Found) -> None:
            assert found is Found.RUNNING
            told.append(strand)
            given.set()

        notice = hub.deadlines.notice(strand, 0.3, tell)
        loops[0].run(what(), contextvars.copy_context())
        notice.end()

    strands = [
        _spawn(hub, test, wait),
        _spawn(hub, test, compute),
        _spawn(hub, test, wait),
        _spawn(hub, test, wait),
    ]
    hub.run(lambda: False)
    loops[0].loop.close()
    assert told == [strands[1]]


@pytest.mark.slow
def test_of_a_loop_that_no_signal_reaches_is_told_once(hub: Hub) -> None:
    """It may have been any of its strands; the stacks say more."""
    loops: list[SharedLoop] = []
    told: list[Found] = []
    given = threading.Event()

    async def hold_up() -> None:
        await asyncio.sleep(0.01)
        _hold_up_without_signals(given)

    async def wait() -> None:
        await asyncio.sleep(0.02)

    def test(what: Callable[[], Any]) -> None:
        if not loops:
            loops.append(SharedLoop(hub))
        assert hub.current is not None

        def tell(found: Found) -> None:
            told.append(found)
            given.set()

        notice = hub.deadlines.notice(hub.current, 0.6, tell)
        loops[0].run(what(), contextvars.copy_context())
        notice.end()

    _spawn(hub, test, hold_up)
    for _ in range(4):  # the work is divided evenly among them
        _spawn(hub, test, wait)
    hub.run(lambda: False)
    loops[0].loop.close()
    assert told == [Found.SERVED]


@pytest.mark.slow
@pytest.mark.parametrize("how", [Found.WAITING, Found.RUNNING])
def test_a_fatal_notice_gives_the_run_up(hub: Hub, run: Run, how: Found) -> None:
    """The strand does not go on meanwhile."""
    events: list[Any] = []
    given_up = threading.Event()

    def give_up(deadline: Deadline, stack: StackSummary) -> None:
        given_up.set()
        time.sleep(0.05)  # for what the strand would do
        events.append("given up")

    hub.deadlines.watchdog.on_stuck = give_up

    def test() -> None:
        assert hub.current is not None
        notice = hub.deadlines.notice(hub.current, 0.05, events.append, fatal=True)
        if how is Found.WAITING:
            while not given_up.is_set():
                _wait(0.01)
        else:
            _compute_until(given_up)
        notice.end()
        events.append("goes on")

    run(test)
    assert events == [how, "given up", "goes on"]
