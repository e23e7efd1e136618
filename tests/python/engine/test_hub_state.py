"""What asyncio and the interpreter keep per thread is each strand's own."""

from __future__ import annotations

import asyncio
import bdb
import contextvars
import cProfile
import json
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

    from fasttest.engine.hub import Hub, Strand

Run = Callable[..., list[Any]]


def _park_between(
    hub: Hub, run: Run, first: Callable[[], object], then: Callable[[], object]
) -> list[Any]:
    """Run ``first`` in two strands, then ``then`` in both of them; what it returned."""
    strands: list[Strand] = []

    def strand() -> object:
        first()
        hub.park()
        return then()

    def resume() -> None:
        for each in strands:
            each.resume()

    strands += [hub.spawn(strand, context=contextvars.copy_context()) for _ in "ab"]
    run(resume)
    assert [each.exception for each in strands] == [None, None]
    return [each.result for each in strands]


def test_the_origins_of_coroutines_are_tracked_for_each_strand(
    hub: Hub, run: Run
) -> None:
    """A loop in debug mode turns it on while it runs, for its own strand only."""
    depths = iter((3, 5))
    before = sys.get_coroutine_origin_tracking_depth()
    found = _park_between(
        hub,
        run,
        lambda: sys.set_coroutine_origin_tracking_depth(next(depths)),
        sys.get_coroutine_origin_tracking_depth,
    )
    assert found == [3, 5]
    assert sys.get_coroutine_origin_tracking_depth() == before


def _current_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_event_loop_policy().get_event_loop()
    except RuntimeError:
        return None


def test_the_current_loop_is_each_strands_own(hub: Hub, run: Run) -> None:
    """One strand's ``asyncio.run`` clears its own current loop and no other's."""
    loops = [asyncio.new_event_loop() for _ in "ab"]
    unset = iter(loops)
    found = _park_between(
        hub, run, lambda: asyncio.set_event_loop(next(unset)), _current_loop
    )
    for loop in loops:
        loop.close()
    assert found == loops


def test_later_strands_find_the_current_loop_that_was_left(hub: Hub) -> None:
    """As in pytest, where a test runs after the one that set or cleared the loop."""
    loop = asyncio.new_event_loop()
    found = []
    steps = iter(
        [
            lambda: asyncio.set_event_loop(loop),
            lambda: found.append(_current_loop()),
            lambda: asyncio.run(asyncio.sleep(0)),
            lambda: found.append(_current_loop()),
        ]
    )

    def admit() -> bool:
        step = next(steps, None)
        if step is not None:
            hub.spawn(step, context=contextvars.copy_context())
        return step is not None

    hub.run(admit)
    loop.close()
    assert found == [loop, None]


def test_the_policy_is_each_strands_own(hub: Hub, run: Run) -> None:
    """A policy set by a test is in force for it, and for others only after its end."""
    policies = [asyncio.DefaultEventLoopPolicy() for _ in "ab"]
    unset = iter(policies)
    before = asyncio.get_event_loop_policy()
    found = _park_between(
        hub,
        run,
        lambda: asyncio.set_event_loop_policy(next(unset)),
        asyncio.get_event_loop_policy,
    )
    assert found == policies
    assert asyncio.get_event_loop_policy() is before


def test_a_running_loop_is_seen_by_its_strand_alone(hub: Hub, run: Run) -> None:
    """Neither the hub nor another strand may believe itself inside the loop."""
    seen: list[object] = []

    async def wait() -> asyncio.AbstractEventLoop:
        await asyncio.sleep(0.001)
        return asyncio.get_running_loop()

    def idle() -> bool:
        seen.append(asyncio._get_running_loop())
        return False

    running = run(
        lambda: asyncio.run(wait()),
        lambda: seen.append(asyncio._get_running_loop()),
        on_idle=idle,
    )[0]
    assert isinstance(running, asyncio.AbstractEventLoop)
    assert set(seen) == {None}


def test_asynchronous_generators_belong_to_the_loop_that_began_them(run: Run) -> None:
    """The hooks for them are per thread; a loop shuts down its own and only those."""
    ended: list[str] = []

    async def generate(name: str) -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            ended.append(name)

    async def begin(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        generator = generate(name)
        await generator.__anext__()
        kept.append(generator)
        await asyncio.sleep(seconds)

    kept: list[AsyncIterator[int]] = []
    run(
        lambda: asyncio.run(begin("slow", 0.02)),
        lambda: asyncio.run(begin("fast", 0.001)),
        lambda: None,
    )
    assert ended == ["fast", "slow"]


def test_each_strand_starts_with_a_trace_function_of_its_own(
    hub: Hub, run: Run
) -> None:
    """As a thread does: tracers keep a stack of what they see."""
    calls: list[list[str]] = []

    def start(frame: FrameType, event: str, arg: object) -> Any:
        mine: list[str] = []
        calls.append(mine)

        def trace(frame: FrameType, event: str, arg: object) -> Any:
            if frame.f_code.co_name in ("first", "then"):
                mine.append(f"{event} {frame.f_code.co_name}")
            return trace

        sys.settrace(trace)
        return trace(frame, event, arg)

    def first() -> None: ...
    def then() -> None: ...

    before = sys.gettrace()
    threading.settrace(start)
    try:
        _park_between(hub, run, first, then)
    finally:
        threading.settrace(None)
    assert sys.gettrace() is before
    one = [f"{event} {name}" for name in ("first", "then") for event in _EVENTS]
    assert [mine for mine in calls if mine] == [one, one]


_EVENTS = ("call", "line", "return")


def test_a_debugger_stops_in_a_strand_and_follows_it_alone(hub: Hub, run: Run) -> None:
    """Set in the middle of a test, as ``breakpoint()`` does, it survives the switch."""
    stops: list[tuple[str, int]] = []

    class Debugger(bdb.Bdb):
        def user_line(self, frame: FrameType) -> None:
            if frame.f_code.co_filename == __file__:
                stops.append((frame.f_code.co_name, frame.f_lineno))
            self.set_step()

    debugger = Debugger()

    def debugged() -> None:
        debugger.set_trace()
        before = "park"
        hub.park()
        assert before == "park"
        debugger.set_quit()

    def other() -> None:
        strand.resume()

    strand = hub.spawn(debugged, context=contextvars.copy_context())
    before = sys.gettrace()
    sys.settrace(None)
    try:
        run(other)
    finally:
        sys.settrace(before)
    line = debugged.__code__.co_firstlineno
    assert isinstance(strand.exception, bdb.BdbQuit | None)
    assert stops == [("debugged", line + step) for step in (2, 3, 4, 5)]


def test_a_profiler_goes_on_after_a_switch(hub: Hub, run: Run) -> None:
    """``cProfile`` cannot be set from Python before 3.12; it must not break, then."""

    def work() -> None: ...

    def profiled() -> str:
        profile = cProfile.Profile()

        def body() -> None:
            work()
            hub.park()
            work()

        profile.runcall(body)
        names = {getattr(entry.code, "co_name", None) for entry in profile.getstats()}
        return "work" if "work" in names else "nothing"

    strand = hub.spawn(profiled, context=contextvars.copy_context())
    run(lambda: None, lambda: strand.resume())
    assert strand.result == "work"
    assert sys.getprofile() is None


_SCRIPT = """
import asyncio, contextvars, sys

def sync(number):
    if number % 2:
        number += 1
    return number

async def wait(number):
    for _ in range(3):
        await asyncio.sleep(0.001)
        number = sync(number)
    if number < 0:
        unreachable()
    return number

def test(number):
    before = number
    asyncio.run(wait(number))
    after = number
    return before, after

def serially():
    for number in range(4):
        test(number)

def with_hub():
    from fasttest.engine.hub import Hub, Strand
    hub = Hub()
    for number in range(4):
        hub.spawn(test, number, context=contextvars.copy_context())
    hub.run(lambda: False)

with_hub() if sys.argv[1] == "hub" else serially()
done = True
"""


@pytest.mark.slow
@pytest.mark.parametrize("core", ["ctrace", "pytrace", "sysmon"])
def test_coverage_sees_the_same_lines_with_a_hub_and_without(
    tmp_path: Path, core: str
) -> None:
    """Also after the hub has ended, and in code that runs on each side of a wait."""
    pytest.importorskip("coverage")
    if core == "sysmon" and sys.version_info < (3, 12):
        pytest.skip("sys.monitoring came with Python 3.12")
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(_SCRIPT))
    lines = {}
    for mode in ("serial", "hub"):
        data = tmp_path / mode
        command = [sys.executable, "-m", "coverage"]
        options = [f"--data-file={data}", "--include=script.py"]
        env = {"COVERAGE_CORE": core, "PYTHONPATH": ":".join(sys.path)}
        subprocess.run(
            [*command, "run", *options, str(script), mode],
            check=True,
            cwd=tmp_path,
            env=env,
        )
        report = tmp_path / f"{mode}.json"
        subprocess.run(
            [*command, "json", f"--data-file={data}", "-q", "-o", str(report)],
            check=True,
            cwd=tmp_path,
            env=env,
        )
        measured = json.loads(report.read_text())["files"]["script.py"]
        lines[mode] = set(measured["executed_lines"])
    # The two modes differ in the bodies of the functions that start them.
    source = script.read_text().splitlines()
    serially = {source.index("def serially():") + number for number in (2, 3)}
    start = source.index("def with_hub():") + 2
    with_hub = set(range(start, start + 5))
    assert len(lines["serial"]) > 20
    assert lines["hub"] - with_hub == lines["serial"] - serially
    assert with_hub <= lines["hub"]
