"""The run of pytest's items goes through the core: it does what it is told, no more."""

from __future__ import annotations

import asyncio
import sys
import types
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from fasttest import _core
from fasttest.host.current import current_run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

pytest_plugins = ["pytester"]

# Bound here, as the tests replace it.
_Orchestrator = _core.Orchestrator

_KINDS = {
    _core.OPEN_LOOP: "open loop",
    _core.SET_UP: "set up",
    _core.CALL: "call",
    _core.TEAR_DOWN: "tear down",
    _core.CLOSE_LOOP: "close loop",
}

# The tests that meet; of test_session the one of the first parameter, as the second has
# to wait for the end of the first.
_PARTIES = 5

# Fixtures of pytest-asyncio's dialect, which no suite can take notes in.
_SHIPPED = ("event_loop_policy", "_loop_factory")

_CONFTEST = """
    import pytest
    import pytest_asyncio
    from journal import note

    @pytest_asyncio.fixture(scope="session", loop_scope="session")
    async def server():
        note("set up server")
        yield
        note("tear down server")

    @pytest.fixture(scope="module", params=["a", "b"])
    def kind(server, request):
        note("set up kind")
        yield request.param
        note("tear down kind")

    @pytest.fixture
    async def own(server):
        note("set up own")
        yield
        note("tear down own")

    @pytest.fixture(scope="module")
    def asked():
        note("set up asked")
        yield
        note("tear down asked")

    @pytest.fixture(scope="module")
    def broken(request):
        note("set up broken")
        request.addfinalizer(lambda: note("tear down broken"))
        raise OSError

    @pytest.fixture
    def brittle():
        note("set up brittle")
        yield
        note("tear down brittle")
        raise OSError
"""

_LOOPS = """
    import asyncio
    import pytest
    from journal import meet, note

    async def test_own_loop(own):
        note("call test_own_loop")
        await meet()

    async def test_batch_of_one():
        note("call test_batch_of_one")

    @pytest.mark.asyncio(loop_scope="session")
    async def test_session(kind, own):
        note(f"call test_session[{kind}]")
        await meet()

    @pytest.mark.asyncio(loop_scope="module")
    async def test_module(request):
        note("call test_module")
        await asyncio.sleep(0)
        request.getfixturevalue("asked")

    @pytest.mark.asyncio(loop_scope="module")
    async def test_module_again(brittle):
        note("call test_module_again")
        await meet()

    @pytest.mark.asyncio(loop_scope="class")
    class TestClass:
        async def test_first(self, own):
            note("call test_first")
            await meet()

        async def test_second(self):
            note("call test_second")
            await meet()
            raise ValueError
"""

_SYNC = """
    import asyncio
    import unittest
    import pytest
    from journal import note

    def setup_module():
        note("set up setup_module")

    def teardown_module():
        note("tear down setup_module")

    def test_sync(request):
        note("call test_sync")
        request.getfixturevalue("own")

    @pytest.mark.serial
    async def test_exclusive(own):
        note("call test_exclusive")
        await asyncio.sleep(0)

    @pytest.mark.parametrize("number", [0, 1])
    def test_never_called(broken, number):
        note(f"call test_never_called[{number}]")

    @pytest.mark.skip
    def test_skipped(own):
        note("call test_skipped")

    class TestGuest(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            note("set up setUpClass")

        @classmethod
        def tearDownClass(cls):
            note("tear down setUpClass")

        def test_guest(self):
            note("call test_guest")
"""


class NamedPlan(_core.Plan):
    """A plan that remembers the names behind the ids of tests and fixtures."""

    def __init__(self, session: pytest.Session) -> None:
        super().__init__()
        self.tests = [item.name for item in session.items]
        self.fixtures: dict[int, str] = {}
        self._rows: dict[int, Sequence[Any]] = {}
        self._entries: list[Sequence[Any]] = []

    def add_fixture(self, name: str) -> int:
        """As the plan's."""
        fixture = super().add_fixture(name)
        self.fixtures[fixture] = name
        return fixture

    def add_closure(self, scope_instance: int, entries: Sequence[Any]) -> int:
        """As the plan's."""
        closure = super().add_closure(scope_instance, entries)
        self._rows[closure] = entries
        return closure

    def add_test(self, closure: int, *rest: Any, **more: Any) -> int:
        """As the plan's."""
        self._entries.append(self._rows[closure])
        return super().add_test(closure, *rest, **more)

    def name_of(self, test: int, entry: int) -> str | None:
        """The fixture of an entry; None if it was asked for at run time."""
        entries = self._entries[test]
        known = 0 <= entry < len(entries)
        return self.fixtures[entries[entry][0]] if known else None


class Recorder:
    """Stands in for the orchestrator: hands everything on, and holds it against deeds.

    Attributes:
        actions: What was handed out, in order.
        unasked: What happened without having been handed out.
        undone: What was answered without having happened.
    """

    def __init__(
        self, plan: NamedPlan, concurrency: int, seed: int | None = None
    ) -> None:
        self.actions: list[str] = []
        self.unasked: list[str] = []
        self.undone: list[str] = []
        self._core = _Orchestrator(plan, concurrency, seed)
        self._plan = plan
        self._pending: dict[int, str] = {}
        self._loops: dict[object, str] = {}
        self._wanted: dict[int, str] = {}
        self._instances: dict[int, str] = {}
        self._dynamic: dict[tuple[int, int], str] = {}

    def __getattr__(self, name: str) -> Any:
        """Whatever else the orchestrator has."""
        return getattr(self._core, name)

    def admit(self, idle: bool = True) -> Any:
        """As the orchestrator's."""
        return self._keep(self._core.admit(idle))

    def done(self, test: int, ok: bool) -> Any:
        """As the orchestrator's."""
        pending = self._pending.pop(test, None)
        if pending is not None:
            self.undone.append(pending)
        return self._keep(self._core.done(test, ok))

    def request(self, test: int, fixture: int, *arguments: Any) -> Any:
        """As the orchestrator's."""
        self._wanted[test] = self._plan.fixtures[fixture]
        return self._keep(self._core.request(test, fixture, *arguments))

    def get_ready(self) -> Any:
        """As the orchestrator's."""
        return [self._keep(action) for action in self._core.get_ready()]

    def happened(self, what: str) -> None:
        """Something was done; it must be the pending action of the test that runs."""
        self._happened(_running_test(), what)

    def opened(self, loop: object) -> str:
        """A loop was opened, and may have no other name than its action has."""
        what = self._pending.get(_running_test(), "open loop of nobody")
        self._loops[loop] = what.removeprefix("open loop ")
        self.happened(what)
        return what

    def closed(self, loop: object) -> str:
        """A loop was closed, maybe in the context of the test that had it opened."""
        what = f"close loop {self._loops.pop(loop)}"
        tests = [test for test, action in self._pending.items() if action == what]
        self._happened(tests[0] if tests else -1, what)
        return what

    def _happened(self, test: int, what: str) -> None:
        if self._pending.get(test) == what:
            del self._pending[test]
        else:
            self.unasked.append(what)

    def _keep(self, action: Any) -> Any:
        kind, test, entry, instance = action
        if kind in _KINDS:
            name = self._name(kind, test, entry, instance)
            # A collector's own set-up is pytest's and leaves no note.
            if name not in _SHIPPED and not name.startswith("<"):
                what = f"{_KINDS[kind]} {name}"
                self.actions.append(what)
                self._pending[test] = what
        return action

    def _name(self, kind: int, test: int, entry: int, instance: int) -> str:
        if kind in (_core.OPEN_LOOP, _core.CLOSE_LOOP):
            own = instance == _core.OWN_LOOP
            return f"of {self._plan.tests[test]}" if own else str(instance)
        if kind == _core.CALL:
            return self._plan.tests[test]
        name = self._instances.get(instance)
        if name is None and test >= 0:
            name = self._plan.name_of(test, entry)
            name = name or self._dynamic.setdefault((test, entry), self._wanted[test])
            if instance >= 0:
                self._instances[instance] = name
        assert name is not None
        return next((n for n in ("setUpClass", "setup_module") if n in name), name)


def _running_test() -> int:
    run = current_run.get()
    return -1 if run is None else run.stream.test


class Runs:
    """Runs of the sample suite on a core of the test's choice.

    Args:
        pytester: Runs pytest in this process.
        monkeypatch: Puts the recorder into the core's place.
    """

    def __init__(
        self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.happened: list[str] = []
        self.cores: list[Any] = []
        self._pytester = pytester
        self._monkeypatch = monkeypatch
        self._arrived: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
        self._parties = 1
        pytester.makeini(
            "[pytest]\nasyncio_mode = auto\nmarkers = serial\n"
            "asyncio_default_fixture_loop_scope = fixture-scope\n"
        )
        pytester.makeconftest(_CONFTEST)
        pytester.makepyfile(test_loops=_LOOPS, test_sync=_SYNC)
        journal = types.ModuleType("journal")
        vars(journal).update(note=self.note, meet=self.meet)
        monkeypatch.setitem(sys.modules, "journal", journal)

    def note(self, what: str) -> None:
        """Take note of what the suite does."""
        self.happened.append(what)
        for core in self.cores:
            core.happened(what)

    async def meet(self) -> None:
        """Wait until as many tests have come here as are to be in flight together."""
        event = asyncio.Event()
        self._arrived.append((asyncio.get_running_loop(), event))
        if len(self._arrived) == self._parties:
            for loop, each in self._arrived:
                loop.call_soon_threadsafe(each.set)
        if len(self._arrived) <= self._parties:
            await event.wait()

    def run(
        self,
        *arguments: str,
        parties: int = _PARTIES,
        core: Callable[..., Any] = Recorder,
    ) -> Any:
        """Run the suite; returns the core it ran on."""
        self._parties = parties

        def make_core(plan: Any, concurrency: int, seed: int | None) -> Any:
            self.cores.append(core(plan, concurrency, seed))
            return self.cores[-1]

        plugin = _Collected(make_core, self._monkeypatch)
        self._note_loops()
        options = ("-p", "fasttest.host.plugin", "-p", "no:cacheprovider")
        result = self._pytester.runpytest_inprocess(
            *options, *arguments, plugins=[plugin]
        )
        self.outcomes = result.parseoutcomes()
        (made,) = self.cores
        return made

    def _note_loops(self) -> None:
        loop, runs = asyncio.SelectorEventLoop, self
        opened, closed = loop.__init__, loop.close

        def init(self: Any, *args: Any, **kwargs: Any) -> None:
            opened(self, *args, **kwargs)
            runs.happened += [core.opened(self) for core in runs.cores]

        def close(self: Any) -> None:
            if not self.is_closed():
                runs.happened += [core.closed(self) for core in runs.cores]
            closed(self)

        self._monkeypatch.setattr(loop, "__init__", init)
        self._monkeypatch.setattr(loop, "close", close)


class _Collected:
    """A plugin that puts plan and core in place once the items are known."""

    def __init__(
        self, core: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self._core = core
        self._monkeypatch = monkeypatch

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """The run begins next."""
        self._monkeypatch.setattr(_core, "Plan", lambda: NamedPlan(session))
        self._monkeypatch.setattr(_core, "Orchestrator", self._core)


@pytest.fixture
def runs(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """The sample suite, to be run in this process."""
    return Runs(pytester, monkeypatch)


# Each test and each instance of a fixture, by their number.
_EXPECTED = {
    # Shared ones of session, module and class; of three async tests their own; and of
    # four other tests one for their function-scoped async fixture.
    "open loop": 10,
    "close loop": 10,
    "set up server": 1,
    "set up kind": 2,
    "set up broken": 1,
    "call test_own_loop": 1,
    "call test_batch_of_one": 1,
    "call test_session[a]": 1,
    "call test_guest": 1,
    "call test_exclusive": 1,
    "set up setUpClass": 1,
    "tear down setUpClass": 1,
    "set up setup_module": 1,
}


def _count(happened: list[str]) -> Counter[str]:
    return Counter(
        what[: what.index("loop") + 4] if " loop " in what else what
        for what in happened
    )


def test_one_at_a_time_happens_exactly_what_the_core_hands_out(runs: Runs) -> None:
    """Not only the same deeds but the same order, as nothing comes in between."""
    core = runs.run("--concurrency", "1", parties=1)
    assert runs.happened == core.actions
    assert _EXPECTED.items() <= _count(runs.happened).items()


@pytest.mark.parametrize("rescue", ["--verbose", "--no-rescue"])
def test_beside_one_another_each_deed_is_a_tests_pending_action(
    runs: Runs, rescue: str
) -> None:
    """Nothing is done before the core has asked for it or after it was answered."""
    core = runs.run(rescue)
    assert (core.unasked, core.undone) == ([], [])
    assert Counter(runs.happened) == Counter(core.actions)
    assert "call test_never_called[0]" not in runs.happened
    assert "call test_skipped" not in runs.happened


def test_the_suite_exercises_what_the_law_is_about(runs: Runs) -> None:
    """A law about loops, guests and failures is worth little where there are none."""
    runs.run("--no-rescue")
    # The set-ups of test_never_called and the teardown of test_module_again are errors.
    outcomes = {"passed": 10, "failed": 1, "skipped": 1, "errors": 3}
    assert runs.outcomes == outcomes
    assert _EXPECTED.items() <= _count(runs.happened).items()


def test_a_failure_beside_others_is_run_again_by_the_core(runs: Runs) -> None:
    """The second run of a failed test is the core's decision as well."""
    runs.run()
    again = [what for what in runs.happened if what == "call test_second"]
    assert len(again) == 2


class Idle(Recorder):
    """An orchestrator that never lets a test begin."""

    def admit(self, idle: bool = True) -> Any:
        """Nothing, ever."""
        return (_core.NOTHING, -1, -1, -1)


@pytest.mark.parametrize("concurrency", ["1", "8"])
def test_a_core_that_hands_out_nothing_runs_nothing(
    runs: Runs, concurrency: str
) -> None:
    """Neither guests nor exclusive tests have a way round the core."""
    runs.run("--concurrency", concurrency, core=Idle)
    assert runs.happened == []
    assert runs.outcomes == {}
