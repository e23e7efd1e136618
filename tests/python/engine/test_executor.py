"""The executor performs the core's actions, and keeps tests out of each other's way."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from fasttest import _core
from fasttest.engine.executor import Executor
from fasttest.engine.stream import Stream

if TYPE_CHECKING:
    from fasttest.engine.hub import Hub

Body = Callable[[Stream], None]


@dataclass(frozen=True)
class _Loops:
    factory: None = None
    debug: None = None
    policy: None = None
    puts_back: bool = False


@dataclass
class Suite:
    """The simplest work: bodies, and fixtures that take notes.

    Attributes:
        fixtures: What the set-up of each fixture's entry does, if anything.
        keep: Asked whether the outcome of a test counts.
        happened: What was done, in order.
        crashes: What ``crashed`` was told.
    """

    plan: _core.Plan = field(default_factory=_core.Plan)
    bodies: list[Body] = field(default_factory=list)
    fixtures: dict[int, Callable[[], None]] = field(default_factory=dict)
    keep: Callable[[int], bool] = lambda test: True
    happened: list[str] = field(default_factory=list)
    crashes: list[tuple[int, BaseException]] = field(default_factory=list)
    setup_errors: list[BaseException] = field(default_factory=list)
    streams: dict[int, Stream] = field(default_factory=dict)

    def add(
        self,
        body: Body,
        entries: Any = (),
        loop: int = _core.OWN_LOOP,
        **options: Any,
    ) -> int:
        """Add a test with its closure."""
        self.bodies.append(body)
        closure = self.plan.add_closure(_core.SESSION, entries)
        return self.plan.add_test(closure, loop=loop, **options)

    def executor(
        self, concurrency: int = 8, hub: Hub | None = None, **options: Any
    ) -> Executor:
        """An executor for all tests added."""
        self.plan.prepare()
        return Executor(self, self.plan, concurrency, hub=hub, **options)

    def run(self, stream: Stream) -> None:
        """Set up, call, and tear down."""
        self.streams[stream.test] = stream
        try:
            stream.set_up()
            self.note("call", stream.test)
            self.bodies[stream.test](stream)
        finally:
            stream.tear_down(
                lambda: self.note("end", stream.test),
                lambda: self.keep(stream.test),
            )

    def set_up(self, stream: Stream, entry: int, instance: int) -> None:
        """Take note, and do what the entry is to do."""
        self.note("set up", _name(entry, instance))
        if entry in self.fixtures:
            self.fixtures[entry]()

    def set_up_error(self, stream: Stream, entry: int, instance: int) -> BaseException:
        """The error of a set-up that another test did."""
        return self.setup_errors[0]

    def tear_down(self, stream: Stream | None, entry: int, instance: int) -> None:
        """Take note."""
        self.note("tear down", _name(entry, instance))

    def loop_options(self, stream: Stream, loop: int) -> _Loops:
        """The defaults."""
        return _Loops()

    def crashed(self, test: int, error: BaseException) -> None:
        """Keep the error."""
        self.crashes.append((test, error))

    def note(self, what: str, which: object) -> None:
        """Add to what happened."""
        self.happened.append(f"{what} {which}")


def _name(entry: int, instance: int) -> str:
    """A name for a fixture; the core has no entry for a wide one that ends."""
    return "wide" if instance >= 0 else f"own {entry}"


@pytest.fixture
def suite() -> Suite:
    """An empty suite."""
    return Suite()


def wide(suite: Suite) -> tuple[int, int, list[int], int]:
    """An entry for a fixture of session scope."""
    return suite.plan.add_fixture("wide"), _core.SESSION, [], _core.NO_LOOP


def own(suite: Suite) -> tuple[int, int, list[int], int]:
    """An entry for a fixture of function scope."""
    return suite.plan.add_fixture("own"), _core.OWN, [], _core.NO_LOOP


@pytest.fixture
def default_handler() -> Iterator[None]:
    """Python's own handler for SIGINT, as it is when a run begins."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Gate:
    """Where tests wait for one another, whatever their loops."""

    def __init__(self, parties: int) -> None:
        self._parties = parties
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def pass_by(self, stream: Stream) -> None:
        """The body of a test: wait on its own loop until all have come."""
        stream.loop(_core.OWN_LOOP).run(self.wait())

    async def wait(self) -> None:
        """Wait until all have come."""
        event = asyncio.Event()
        self._waiting.append((asyncio.get_running_loop(), event))
        if len(self._waiting) >= self._parties:
            for loop, each in self._waiting:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(each.set)
        await event.wait()


async def _for_ever() -> None:
    await asyncio.Event().wait()


def wait_for_ever(stream: Stream) -> None:
    """The body of a test that only Ctrl-C ends."""
    stream.loop(stream_loop(stream)).run(_for_ever())


def stream_loop(stream: Stream) -> int:
    """The loop of a test: its own, or the first of the plan's."""
    return _core.OWN_LOOP if stream.own_loop is not None else 0


@pytest.mark.parametrize("shared", [False, True])
def test_an_exception_that_leaves_a_test_is_that_tests_alone(
    suite: Suite, shared: bool
) -> None:
    """A bug in one test's reporting must not end the tests of its batch."""
    loop = suite.plan.add_loop(_core.SESSION) if shared else _core.OWN_LOOP
    gate, error = Gate(3), ZeroDivisionError()

    def body(stream: Stream) -> None:
        stream.loop(loop).run(gate.wait())
        if stream.test == 1:
            raise error

    for _ in range(3):
        suite.add(body, [own(suite)], loop)
    suite.executor().run()
    assert suite.crashes == [(1, error)]
    assert suite.happened.count("tear down own 0") == 3


def test_the_next_test_begins_when_all_others_wait(suite: Suite) -> None:
    """Tests that compute run one by one; waiting ones overlap."""
    gate = Gate(3)
    for body in (gate.pass_by, lambda _: None, gate.pass_by, gate.pass_by):
        suite.add(body)
    suite.executor().run()
    assert suite.happened[:5] == ["call 0", "call 1", "end 1", "call 2", "call 3"]


def test_before_a_wait_there_is_time_for_other_things(suite: Suite) -> None:
    """Not as long as a test can start, whoever waits."""
    event = asyncio.Event()
    suite.add(lambda stream: stream.loop(_core.OWN_LOOP).run(event.wait()))
    suite.add(lambda _: None)

    def before_wait() -> None:
        suite.note("time for", "others")
        if not event.is_set():
            loop = suite.streams[0].loop(_core.OWN_LOOP).loop
            loop.call_soon_threadsafe(event.set)

    suite.executor(before_wait=before_wait).run()
    assert suite.happened[:4] == ["call 0", "call 1", "end 1", "time for others"]


def test_no_more_tests_are_in_flight_than_allowed(suite: Suite) -> None:
    """The cap holds down open files and memory."""
    gates = [Gate(2), Gate(2)]
    most = 0

    def body(stream: Stream) -> None:
        nonlocal most
        most = max(most, len(executor.in_flight()))
        gates[stream.test // 2].pass_by(stream)

    for _ in range(4):
        suite.add(body)
    executor = suite.executor(concurrency=2)
    executor.run()
    assert most == 2


def test_every_dependant_of_a_failed_set_up_gets_its_error(suite: Suite) -> None:
    """It is set up once, and never tried again."""
    error = OSError()

    def fail() -> None:
        suite.setup_errors.append(error)
        raise error

    suite.fixtures[0] = fail
    entry = wide(suite)
    for _ in range(3):
        suite.add(lambda _: None, [entry])
    suite.executor().run()
    assert suite.happened.count("set up wide") == 1
    assert suite.crashes == [(0, error), (1, error), (2, error)]


def test_a_test_waits_for_the_group_of_another_parameter(suite: Suite) -> None:
    """Two parameters of one wide fixture are never alive at once."""
    gate = Gate(2)
    entry = wide(suite)
    suite.add(gate.pass_by, [entry], params=[0])
    suite.add(lambda _: None, [entry], params=[1])
    # Begins when the second test waits for the first.
    suite.add(gate.pass_by)
    suite.executor().run()
    happened = [what for what in suite.happened if not what.startswith("end")]
    assert happened[:3] == ["set up wide", "call 0", "call 2"]
    assert happened[3:] == ["tear down wide", "set up wide", "call 1", "tear down wide"]


def test_waiting_for_others_in_teardown_is_accounted_for(suite: Suite) -> None:
    """Otherwise --durations would blame a test for those that it waited for."""
    gate = Gate(2)
    module = suite.plan.add_scope_instance(_core.Scope.MODULE, _core.SESSION)
    closure = suite.plan.add_closure(
        module, [(suite.plan.add_fixture("module"), module, [], _core.NO_LOOP)]
    )
    suite.bodies += [gate.pass_by, lambda _: None]
    for _ in range(2):
        suite.plan.add_test(closure, loop=_core.OWN_LOOP)
    # Lets the first test end, when the second is done already.
    suite.add(gate.pass_by)
    suite.executor().run()
    assert suite.streams[0].lingered == 0
    assert suite.streams[1].lingered > 0


def test_an_outcome_that_does_not_count_is_had_again_alone(suite: Suite) -> None:
    """Nothing else is in flight in the second run, and its outcome counts as it is."""
    gate, asked, beside = Gate(2), [], []

    def keep(test: int) -> bool:
        asked.append(test)
        return test != 0

    def body(stream: Stream) -> None:
        beside.append((stream.test, executor.core.in_flight()))
        if len(beside) <= 2:
            gate.pass_by(stream)

    suite.keep = keep
    for _ in range(2):
        suite.add(body, [own(suite)])
    executor = suite.executor()
    executor.run()
    assert sorted(asked) == [0, 1]
    assert beside == [(0, 1), (1, 2), (0, 1)]


def test_who_was_never_beside_others_is_not_asked(suite: Suite) -> None:
    """An outcome reached alone is what pytest would have said."""
    asked = []

    def keep(test: int) -> bool:
        asked.append(test)
        return False

    suite.keep = keep
    suite.add(lambda _: None)
    suite.add(lambda _: None, exclusive=True)
    suite.executor().run()
    assert asked == []
    assert suite.happened.count("call 0") == 1


def test_stopping_lets_what_runs_end(suite: Suite) -> None:
    """As -x does: no further test, but all teardowns, and then the error."""
    gate, error = Gate(2), pytest.fail.Exception("enough")

    def body(stream: Stream) -> None:
        if stream.test == 1:
            executor.stop(error)
            executor.stop(ValueError("the first error counts"))
        gate.pass_by(stream)

    entries = [wide(suite), own(suite)]
    for _ in range(4):
        suite.add(body, entries)
    executor = suite.executor(concurrency=2)
    with pytest.raises(pytest.fail.Exception) as raised:
        executor.run()
    assert raised.value is error
    ends = [what for what in suite.happened if what.startswith("tear down")]
    assert sorted(ends) == ["tear down own 1", "tear down own 1", "tear down wide"]
    assert executor.core.dropped() == [2, 3]


@pytest.mark.parametrize("shared", [False, True])
def test_an_interrupt_cancels_what_runs_and_tears_it_down(
    suite: Suite, hub: Hub, shared: bool
) -> None:
    """Ctrl-C once: no new test begins, and nothing that is open stays open."""
    loop = suite.plan.add_loop(_core.SESSION) if shared else _core.OWN_LOOP

    def press(stream: Stream) -> None:
        hub.interrupt()
        wait_for_ever(stream)

    for body in (wait_for_ever, press, wait_for_ever):
        suite.add(body, [own(suite)], loop)
    executor = suite.executor(concurrency=2, hub=hub)
    with pytest.raises(KeyboardInterrupt):
        executor.run()
    assert [what for what in suite.happened if "call" in what] == ["call 0", "call 1"]
    assert suite.happened.count("tear down own 0") == 2
    assert all(stream.cancelled for stream in suite.streams.values())
    assert not executor.loops
    assert [type(error) for _, error in suite.crashes] == [asyncio.CancelledError] * 2


def test_an_interrupt_ends_the_wait_of_a_sync_test(suite: Suite, hub: Hub) -> None:
    """One that runs a loop of its own has no task the engine knows of."""
    seen = []

    def press(stream: Stream) -> None:
        hub.interrupt()

    def body(stream: Stream) -> None:
        try:
            asyncio.run(_for_ever())
        except KeyboardInterrupt:
            seen.append("interrupted")
            raise

    suite.add(body, [own(suite)], _core.NO_LOOP)
    suite.add(press, [own(suite)], _core.NO_LOOP)
    with pytest.raises(KeyboardInterrupt):
        suite.executor(hub=hub).run()
    assert seen == ["interrupted"]
    assert suite.happened.count("tear down own 0") == 2


def test_after_an_interrupt_set_ups_are_not_begun(suite: Suite, hub: Hub) -> None:
    """A test in the midst of its set-up goes straight to its teardown."""
    suite.fixtures[0] = hub.interrupt
    park = _core.OWN_LOOP

    def fixture_that_waits() -> None:
        suite.streams[0].loop(park).run(asyncio.sleep(0.001))

    suite.fixtures[1] = fixture_that_waits
    names = ("a", "b", "c")
    entries: list[Any] = [
        (suite.plan.add_fixture(name), _core.OWN, [], park) for name in names
    ]
    suite.add(lambda _: None, entries)
    with pytest.raises(KeyboardInterrupt):
        suite.executor(hub=hub).run()
    ends = ["tear down own 1", "tear down own 0", "end 0"]
    assert suite.happened == ["set up own 0", "set up own 1", *ends]


@pytest.mark.usefixtures("default_handler")
def test_a_second_interrupt_is_obeyed_at_once(suite: Suite, hub: Hub) -> None:
    """Whoever presses twice does not want to wait for teardowns."""

    def stubborn(stream: Stream) -> None:
        try:
            wait_for_ever(stream)
        finally:
            signal.raise_signal(signal.SIGINT)

    def press(stream: Stream) -> None:
        hub.interrupt()

    suite.add(stubborn, [own(suite)])
    suite.add(press)
    with pytest.raises(KeyboardInterrupt):
        suite.executor(hub=hub).run()
    assert suite.happened.count("tear down own 0") == 0
