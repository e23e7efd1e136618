"""Rates: tests start no more often than they may, by the engine's clock alone."""

from __future__ import annotations

import selectors
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from fasttest import _core
from fasttest.engine.executor import Executor
from fasttest.engine.hub import Hub
from fasttest.engine.poller import PortablePoller
from fasttest.engine.rates import Rate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fasttest.engine.poller import Poller
    from fasttest.engine.stream import Stream

# Seconds of the fake clock: the period of the rate of all these tests.
PERIOD = 10.0


@dataclass(frozen=True)
class _Loops:
    factory: None = None
    debug: None = None
    policy: None = None
    puts_back: bool = False


@dataclass
class Suite:
    """Tests that claim one rate, and the times at which they were called.

    Attributes:
        clock: The hub's.
        starts: How many may start in a period.
        call: What a test does.
        set_up_: What the set-up of a fixture does.
        keep: Asked whether the outcome of a test counts.
        skips: Which tests are not even set up.
        called: When each test was called.
        errors: What left the tests.
    """

    clock: Any
    starts: int
    call: Callable[[Stream], object] = lambda stream: None
    set_up_: Callable[[], object] = lambda: None
    keep: Callable[[int], bool] = lambda test: True
    skips: Callable[[int], bool] = lambda test: False
    called: list[tuple[int, float]] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin the plan."""
        self.plan = _core.Plan()
        self.rate = self.plan.add_rate("rate", self.starts)
        self.fixture = self.plan.add_fixture("fixture")

    def add(self, count: int, loop: int = _core.NO_LOOP, **options: Any) -> None:
        """Add so many tests with a fixture of their own."""
        entry = (self.fixture, _core.OWN, [], _core.NO_LOOP)
        closure = self.plan.add_closure(_core.SESSION, [entry])
        for _ in range(count):
            claims = [(self.rate, 1)]
            self.plan.add_test(closure, loop=loop, claims=claims, **options)

    def executor(self, concurrency: int = 8, **options: Any) -> Executor:
        """An executor for all of them."""
        self.plan.prepare()
        hub = Hub(self.clock, options.pop("poller", self.clock.poller))
        periods = {self.rate: PERIOD}
        return Executor(
            self, self.plan, concurrency, hub=hub, periods=periods, **options
        )

    @property
    def times(self) -> list[float]:
        """When tests were called."""
        return [time for _, time in self.called]

    def run(self, stream: Stream) -> None:
        """Set up, call, and tear down."""
        try:
            if not self.skips(stream.test):
                stream.set_up()
                self.called.append((stream.test, self.clock.now))
                self.call(stream)
        finally:
            stream.tear_down(keep=lambda: self.keep(stream.test))

    def set_up(self, stream: Stream, entry: int, instance: int) -> None:
        """Do what is to be done."""
        self.set_up_()

    def set_up_error(self, stream: Stream, entry: int, instance: int) -> BaseException:
        """No test has the fixture of another."""
        raise AssertionError

    def tear_down(self, stream: Stream | None, entry: int, instance: int) -> None:
        """There is nothing to tear down."""

    def loop_options(self, stream: Stream, loop: int) -> _Loops:
        """The defaults."""
        return _Loops()

    def crashed(self, test: int, error: BaseException) -> None:
        """Keep the error."""
        self.errors.append(error)


def wait(seconds: float) -> None:
    """Wait by the hub's clock."""
    with selectors.DefaultSelector() as selector:
        selector.select(seconds)


@pytest.mark.parametrize("text", ["1/s", "10/s", "600/min", "7/h", "99999999999/s"])
def test_a_rate_is_a_number_of_tests_and_a_period(text: str) -> None:
    """It is shown as it was written, unless it is no limit at all."""
    rate = Rate.parse(text)
    assert str(rate) == text or rate.starts == 2**31 - 1
    assert rate.period == {"s": 1, "min": 60, "h": 3600}[text.partition("/")[2]]


@pytest.mark.parametrize(
    "text",
    ["", "10", "10/", "/s", "0/s", "-1/s", "1.5/s", "10 / s", "10/sec", 10, None],
)
def test_nothing_else_is_a_rate(text: object) -> None:
    """What somebody takes for a rate must not be passed over."""
    with pytest.raises(ValueError, match='as in "10/s", "10/min" or "10/h"'):
        Rate.parse(text)


def test_no_window_has_more_starts_than_the_rate(clock: Any) -> None:
    """Also when nothing is in flight any more; and the end waits for no period."""
    suite = Suite(clock, 3, lambda stream: wait(1))
    suite.add(7)
    suite.executor().run()
    assert suite.called == [(0, 0), (1, 0), (2, 0), (3, 10), (4, 10), (5, 10), (6, 20)]
    assert clock.now == 21


def test_tests_that_have_not_ended_do_not_keep_their_starts(clock: Any) -> None:
    """A rate does not limit how many are in flight."""
    suite = Suite(clock, 1, lambda stream: wait(100))
    suite.add(3)
    suite.executor().run()
    assert suite.times == [0, 10, 20]
    assert clock.now == 120


def test_a_period_begins_with_the_call(clock: Any) -> None:
    """Else tests which wait in their set-up together would be called together."""
    suite = Suite(clock, 2, set_up_=lambda: wait(5))
    suite.add(4)
    suite.executor().run()
    assert suite.times == [5, 5, 20, 20]


def test_a_period_begins_when_the_test_has_begun_to_wait(clock: Any) -> None:
    """What it does before that is then outside of all other windows."""

    def take_time(stream: Stream) -> None:
        clock.now += 3

    suite = Suite(clock, 1, take_time)
    suite.add(2)
    suite.executor().run()
    assert suite.times == [0, 13]


def test_tests_on_a_shared_loop_keep_to_it(clock: Any) -> None:
    """They are called in the strand of the loop."""
    times = []

    async def body() -> None:
        times.append(clock.now)

    suite = Suite(clock, 2, lambda stream: stream.loop(0).run(body()))
    suite.add(4, suite.plan.add_loop(_core.SESSION))
    suite.executor().run()
    assert times == [0, 0, 10, 10]


def test_who_does_not_claim_it_is_not_held_up(clock: Any) -> None:
    """Nor does the hub miss what comes before the period is over."""
    suite = Suite(clock, 1, lambda stream: wait(4))
    suite.add(2)
    closure = suite.plan.add_closure(_core.SESSION, [])
    for _ in range(2):
        suite.plan.add_test(closure)
    suite.executor(2).run()
    assert suite.called == [(0, 0), (2, 0), (3, 4), (1, 10)]


def test_a_failed_set_up_has_started(clock: Any) -> None:
    """Its fixtures may have used what the rate is for."""

    def fail() -> None:
        raise OSError

    suite = Suite(clock, 1, set_up_=fail)
    suite.add(3)
    suite.executor().run()
    assert [type(error) for error in suite.errors] == [OSError] * 3
    assert clock.now == 20


@pytest.mark.parametrize("fails", [False, True])
def test_a_test_that_lingers_does_not_keep_its_start(clock: Any, fails: bool) -> None:
    """The last of a module waits in its teardown for others, which need the start."""

    def fail() -> None:
        if fails:
            raise OSError

    suite = Suite(clock, 1, set_up_=fail)
    module = suite.plan.add_scope_instance(_core.Scope.MODULE, _core.SESSION)
    closure = suite.plan.add_closure(
        module, [(suite.fixture, _core.OWN, [], _core.NO_LOOP)]
    )
    for expected_wait in (0.0, 0.0, 1.0):
        claims = [(suite.rate, 1)]
        suite.plan.add_test(closure, claims=claims, expected_wait=expected_wait)
    suite.executor().run()
    assert clock.now == 20
    assert suite.called == ([] if fails else [(2, 0), (0, 10), (1, 20)])


def test_a_test_that_is_skipped_has_not_started(clock: Any) -> None:
    """Hundreds that do nothing must not take minutes."""
    suite = Suite(clock, 1, skips=lambda test: test != 7)
    suite.add(9)
    suite.executor().run()
    assert suite.called == [(7, 0)]
    assert clock.now == 10  # for those after it; by themselves they take no time


def test_exclusive_tests_wait_as_well(clock: Any) -> None:
    """They start alone, which is nothing to whom the rate is for."""
    suite = Suite(clock, 1)
    suite.add(2, exclusive=True)
    suite.add(1)
    suite.executor().run()
    assert suite.times == [0, 10, 20]


def test_a_second_run_is_a_start(clock: Any) -> None:
    """Whoever the rate is for sees it twice."""
    asked: list[int] = []

    def keep(test: int) -> bool:
        asked.append(test)
        return asked.count(test) > 1

    suite = Suite(
        clock, 2, lambda stream: wait(1) if clock.now < 1 else None, keep=keep
    )
    suite.add(2)
    suite.executor().run()
    assert suite.called == [(0, 0), (1, 0), (0, 10), (1, 10)]


def test_one_by_one_tests_run_in_their_order(clock: Any) -> None:
    """With a concurrency of 1 a rate is not heeded, as it is not by pytest."""
    suite = Suite(clock, 1)
    suite.add(3)
    executor = suite.executor(concurrency=1)
    executor.run()
    assert executor.rates is None
    assert suite.called == [(0, 0), (1, 0), (2, 0)]


def test_a_run_that_is_stopped_waits_for_no_rate(clock: Any) -> None:
    """Nobody is left who could use it."""
    suite = Suite(clock, 1, lambda stream: executor.stop())
    suite.add(3)
    executor = suite.executor()
    executor.run()
    assert executor.core.dropped() == [1, 2]
    assert clock.now == 0


@pytest.fixture
def default_handler() -> Iterator[None]:
    """Python's own handler for SIGINT, as it is when a run begins."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("default_handler")
def test_ctrl_c_ends_the_waiting_for_a_rate(clock: Any) -> None:
    """No test is in flight that could be interrupted."""

    class Interrupted(PortablePoller):
        def poll(self, timeout: float | None) -> list[int]:
            if timeout:
                signal.raise_signal(signal.SIGINT)
            return super().poll(0)

    def poller() -> Poller:
        return Interrupted()

    suite = Suite(clock, 1)
    suite.add(2)
    executor = suite.executor(poller=poller)
    with pytest.raises(KeyboardInterrupt):
        executor.run()
    assert executor.core.dropped() == [1]
