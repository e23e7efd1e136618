"""The core decides: whatever happens in a run is one of its actions."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from fasttest import Request, Suite, _core
from fasttest.library.options import Options
from fasttest.library.planned import PlannedSuite
from fasttest.library.work import SuiteRun

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_KINDS = {
    _core.OPEN_LOOP: "open loop",
    _core.SET_UP: "set up",
    _core.CALL: "call",
    _core.TEAR_DOWN: "tear down",
    _core.CLOSE_LOOP: "close loop",
}


class Recorder:
    """Stands in for the orchestrator: hands everything on, and keeps the actions."""

    def __init__(
        self, plan: _core.Plan, concurrency: int, seed: int | None = None
    ) -> None:
        self.actions: list[str] = []
        self._core = _core.Orchestrator(plan, concurrency, seed)

    def __getattr__(self, name: str) -> Any:
        """Whatever else the orchestrator has."""
        return getattr(self._core, name)

    def admit(self, idle: bool = True) -> Any:
        """As the orchestrator's."""
        return self._keep(self._core.admit(idle))

    def done(self, test: int, ok: bool) -> Any:
        """As the orchestrator's."""
        return self._keep(self._core.done(test, ok))

    def request(self, *arguments: Any) -> Any:
        """As the orchestrator's."""
        return self._keep(self._core.request(*arguments))

    def get_ready(self) -> Any:
        """As the orchestrator's."""
        return [self._keep(action) for action in self._core.get_ready()]

    def _keep(self, action: Any) -> Any:
        if action[0] in _KINDS:
            self.actions.append(_KINDS[action[0]])
        return action


class NotedLoop(asyncio.SelectorEventLoop):
    """An event loop that notes when it is opened and closed."""

    happened: list[str]

    def __init__(self) -> None:
        super().__init__()
        self.happened.append("open loop")

    def close(self) -> None:
        """As of any loop."""
        if not self.is_closed():
            self.happened.append("close loop")
        super().close()


def _suite(happened: list[str]) -> Suite:
    """All there is: scopes, loops, parameters, requests, failures, batches of one."""
    suite = Suite()

    @suite.fixture(scope="session")
    async def wide() -> AsyncIterator[None]:
        happened.append("set up")
        yield
        happened.append("tear down")

    @suite.fixture(scope="module", params=[1, 2])
    def parametrized(wide: None, request: Request) -> Iterator[None]:
        happened.append("set up")
        yield
        happened.append("tear down")

    @suite.fixture
    async def own() -> AsyncIterator[None]:
        happened.append("set up")
        yield
        happened.append("tear down")

    @suite.fixture
    def dynamic(wide: None) -> Iterator[None]:
        happened.append("set up")
        yield
        happened.append("tear down")
        raise OSError

    @suite.test
    async def alone() -> None:
        happened.append("call")

    @suite.test
    def sync(request: Request) -> None:
        happened.append("call")
        request.get("dynamic")

    module = suite.module("m")

    @module.test(loop_scope="module")
    async def first(parametrized: None, own: None) -> None:
        happened.append("call")
        await asyncio.sleep(0)

    @module.test(loop_scope="module")
    async def second(parametrized: None) -> None:
        happened.append("call")
        raise ValueError

    return suite


def test_the_run_is_the_actions_of_the_core() -> None:
    """Every loop, set-up, call and teardown, each once and in the core's order."""
    happened: list[str] = []
    recorders: list[Recorder] = []

    def make_core(plan: _core.Plan, concurrency: int) -> Any:
        recorders.append(Recorder(plan, concurrency))
        return recorders[-1]

    class Loop(NotedLoop):
        pass

    Loop.happened = happened
    # One after another, so that things happen in the order in which they are handed
    # out; the sum of them does not depend on it.
    options = Options(concurrency=1, loop_factory=Loop)
    run = SuiteRun(PlannedSuite(_suite(happened)), options, None, make_core)
    report = run.perform()

    (recorder,) = recorders
    assert happened == recorder.actions
    assert {kind: happened.count(kind) for kind in _KINDS.values()} == {
        # That of one test, the module's, and the session's for the wide fixture.
        "open loop": 3,
        "set up": 6,
        "call": 6,
        "tear down": 6,
        "close loop": 3,
    }
    assert len(report.results) == 6


def test_a_core_that_hands_out_nothing_runs_nothing() -> None:
    """The engine starts no test by itself."""
    happened: list[str] = []

    class Idle(Recorder):
        def admit(self, idle: bool = True) -> Any:
            return (_core.NOTHING, -1, -1, -1)

    run = SuiteRun(
        PlannedSuite(_suite(happened)),
        Options(),
        None,
        lambda plan, concurrency: Idle(plan, concurrency),  # type: ignore[arg-type,return-value]
    )
    report = run.perform()

    assert happened == []
    assert report.results == ()
