"""The loop of a single test: as asyncio's Runner has it."""

from __future__ import annotations

import asyncio
import contextvars
import selectors
import sys
import threading
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING, Any

import pytest

from fasttest.engine.loops import OwnLoop

if TYPE_CHECKING:
    from fasttest.engine.hub import Hub

Run = Callable[..., list[Any]]
_variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")


async def _nothing() -> None: ...


def test_tests_of_their_own_loops_overlap(hub: Hub, run: Run) -> None:
    """Each waits until all have come; one after the other they never would."""
    arrived: list[asyncio.Event] = []

    async def meet() -> None:
        event = asyncio.Event()
        loops.append(asyncio.get_running_loop())
        arrived.append(event)
        if len(arrived) == 20:
            for loop, waiting in zip(loops, arrived, strict=True):
                loop.call_soon_threadsafe(waiting.set)
        await asyncio.wait_for(event.wait(), 10)

    def test() -> None:
        own = OwnLoop(hub)
        own.run(meet())
        own.close()

    loops: list[asyncio.AbstractEventLoop] = []
    run(*[test] * 20)
    assert len({id(loop) for loop in loops}) == 20


def test_a_test_sees_its_own_tasks_only(hub: Hub, run: Run) -> None:
    """``all_tasks`` is what suites check for leftovers with."""

    async def count() -> int:
        await asyncio.sleep(0.001)
        return len(asyncio.all_tasks())

    def test() -> int:
        own = OwnLoop(hub)
        try:
            return own.run(count())
        finally:
            own.close()

    assert run(test, test) == [1, 1]


def test_the_loop_is_current_until_it_is_closed(hub: Hub, run: Run) -> None:
    """Then there is none, as after ``asyncio.run``."""

    def test() -> None:
        own = OwnLoop(hub)
        assert asyncio.get_event_loop_policy().get_event_loop() is own.loop
        own.close()
        with pytest.raises(RuntimeError, match="no current event loop"):
            asyncio.get_event_loop_policy().get_event_loop()

    run(test)


def test_a_coroutine_runs_in_the_context_it_is_given(hub: Hub, run: Run) -> None:
    """In itself and not in a copy: two runs in one context share its variables."""

    async def change() -> str:
        before = _variable.get("unset")
        _variable.set(f"{before} and changed")
        await asyncio.sleep(0)
        return before

    def test() -> list[str]:
        own = OwnLoop(hub)
        context = contextvars.copy_context()
        values = [own.run(change(), context) for _ in range(2)]
        values.append(context[_variable])
        own.close()
        return [*values, _variable.get("unset")]

    first = "unset and changed"
    assert run(test) == [["unset", first, f"{first} and changed", "unset"]]


def test_a_task_made_in_a_given_context_looks_like_any_other(
    hub: Hub, run: Run
) -> None:
    """Its name, stack and result are those of the coroutine, also on Python 3.10."""

    async def named() -> tuple[str, list[str]]:
        task = asyncio.current_task()
        assert task is not None
        await asyncio.sleep(0)
        return repr(task), [frame.f_code.co_name for frame in task.get_stack()]

    def test() -> tuple[str, list[str]]:
        own = OwnLoop(hub)
        try:
            return own.run(named(), contextvars.copy_context())
        finally:
            own.close()

    text, stack = run(test)[0]
    assert "named() running" in text
    assert stack[-1] == "named"


@pytest.mark.parametrize(
    "error", [asyncio.CancelledError, SystemExit, KeyboardInterrupt, ValueError]
)
def test_exceptions_leave_run_as_they_are(
    hub: Hub, run: Run, error: type[BaseException]
) -> None:
    """Also those which asyncio treats apart; the loop can be used afterwards."""

    async def fail() -> None:
        raise error("message")

    def test() -> bool:
        own = OwnLoop(hub)
        with pytest.raises(error) as caught:
            own.run(fail())
        # Python 3.10 loses the message of a cancellation on its way through the task.
        assert caught.value.args in (("message",), ())
        own.run(_nothing())
        own.close()
        return True

    assert run(test) == [True]


def test_a_stopped_loop_is_an_error(hub: Hub, run: Run) -> None:
    """A test that stops its loop has not run to its end."""

    async def stop() -> None:
        asyncio.get_running_loop().stop()
        await asyncio.sleep(10)

    def test() -> None:
        own = OwnLoop(hub)
        with pytest.raises(RuntimeError, match="Event loop stopped before Future"):
            own.run(stop())
        own.close()

    run(test)


def test_run_refuses_what_a_runner_refuses(hub: Hub, run: Run) -> None:
    """With the same words."""

    async def nested(own: OwnLoop) -> None:
        coroutine = _nothing()
        try:
            own.run(coroutine)
        finally:
            coroutine.close()

    def test() -> None:
        own = OwnLoop(hub)
        with pytest.raises(ValueError, match="a coroutine was expected, got 1"):
            own.run(1)  # type: ignore[arg-type]
        with pytest.raises(RuntimeError, match="cannot be called from a running"):
            own.run(nested(own))
        own.close()

    run(test)


def test_closing_cancels_and_awaits_what_is_left(hub: Hub, run: Run) -> None:
    """Also the waiting that a cancelled task does on its way out."""
    seen: list[str] = []

    async def linger() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(0.001)
            seen.append("cancelled")

    async def leave_behind() -> None:
        kept.append(asyncio.create_task(linger()))
        await asyncio.sleep(0)

    kept: list[asyncio.Task[None]] = []

    def test() -> bool:
        own = OwnLoop(hub)
        own.run(leave_behind())
        own.close()
        return own.loop.is_closed()

    assert run(test) == [True]
    assert seen == ["cancelled"]
    assert kept[0].cancelled()


def test_an_exception_of_a_task_left_behind_is_reported_to_the_loop(
    hub: Hub, run: Run
) -> None:
    """It fails no test, but it is logged."""
    reported: list[dict[str, Any]] = []

    async def fail_when_cancelled() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            raise LookupError("left behind")

    async def leave_behind() -> None:
        kept.append(asyncio.create_task(fail_when_cancelled()))
        await asyncio.sleep(0)

    kept: list[asyncio.Task[None]] = []

    def test() -> None:
        own = OwnLoop(hub)
        own.loop.set_exception_handler(lambda _, context: reported.append(context))
        own.run(leave_behind())
        own.close()

    run(test)
    assert [str(context["exception"]) for context in reported] == ["left behind"]
    assert reported[0]["task"] is kept[0]


def test_closing_shuts_down_generators_and_the_executor(hub: Hub, run: Run) -> None:
    """Generators run their finally blocks, threads end before the loop does."""
    seen: list[str] = []

    async def generate() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            seen.append("generator")

    async def begin() -> None:
        generator = generate()
        kept.append(generator)
        await generator.__anext__()
        loop = asyncio.get_running_loop()
        threads.append(await loop.run_in_executor(None, threading.current_thread))

    kept: list[AsyncIterator[int]] = []
    threads: list[threading.Thread] = []

    def test() -> None:
        own = OwnLoop(hub)
        own.run(begin())
        own.close()

    run(test)
    assert seen == ["generator"]
    assert not threads[0].is_alive()


def test_closing_runs_the_callbacks_that_are_due(hub: Hub, run: Run) -> None:
    """As awaiting the shutdown would do, which is left out if there is none."""
    seen: list[str] = []

    async def schedule() -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(0, seen.append, "timer")
        loop.call_soon(loop.call_soon, seen.append, "callback")

    def test(close: Callable[[], Coroutine[Any, Any, None]]) -> list[str]:
        seen.clear()
        own = OwnLoop(hub)
        own.run(close())
        own.close()
        return list(seen)

    assert sorted(run(lambda: test(schedule))[0]) == ["callback", "timer"]
    assert run(lambda: test(_nothing)) == [[]]


def test_replaced_shutdown_methods_are_called(hub: Hub, run: Run) -> None:
    """A test may have patched its loop, or made it of a class of its own."""
    seen: list[str] = []

    class Loop(asyncio.SelectorEventLoop):
        async def shutdown_asyncgens(self) -> None:
            seen.append("class")

    async def shutdown() -> None:
        seen.append("instance")

    def test() -> None:
        own = OwnLoop(hub, Loop)
        own.run(_nothing())
        own.close()
        own = OwnLoop(hub)
        vars(own.loop)["shutdown_asyncgens"] = shutdown
        own.close()

    run(test)
    assert seen == ["class", "instance"]


def test_every_step_of_closing_is_done_though_one_fails(hub: Hub, run: Run) -> None:
    """The executor's threads end and the loop closes; the failure is a warning."""

    async def fail() -> None:
        raise RuntimeError("no shutdown")

    async def begin() -> threading.Thread:
        loop = asyncio.get_running_loop()
        vars(loop)["shutdown_asyncgens"] = fail
        return await loop.run_in_executor(None, threading.current_thread)

    def test() -> bool:
        own = OwnLoop(hub)
        thread = own.run(begin())
        with pytest.warns(RuntimeWarning, match="teardown of an asyncio.Runner") as got:
            own.close()
        assert "RuntimeError: no shutdown" in str(got[0].message)
        assert not thread.is_alive()
        return own.loop.is_closed()

    assert run(test) == [True]


def test_a_loop_that_the_test_closed_is_a_warning(hub: Hub, run: Run) -> None:
    """pytest-asyncio's text; nothing is left un-awaited."""

    def test() -> None:
        own = OwnLoop(hub)
        own.run(_nothing())
        own.loop.close()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            own.close()
        assert [warning.category for warning in caught] == [RuntimeWarning]
        text = str(caught[0].message)
        assert "you closed the underlying event loop in a test" in text
        assert text.endswith("RuntimeError: Event loop is closed\n\n")

    run(test)


def test_errors_that_are_no_runtime_errors_are_raised_by_close(
    hub: Hub, run: Run
) -> None:
    """After every step has been done."""

    async def fail() -> None:
        raise LookupError("no shutdown")

    def test() -> None:
        own = OwnLoop(hub)
        vars(own.loop)["shutdown_asyncgens"] = fail
        with pytest.raises(LookupError, match="no shutdown"):
            own.close()
        assert own.loop.is_closed()
        own.close()

    run(test)


def test_cancelling_ends_a_run_that_waits(hub: Hub, run: Run) -> None:
    """What Ctrl-C does to the tests that run; whoever waits is woken for it."""
    loops: list[OwnLoop] = []

    def test() -> None:
        loops.append(OwnLoop(hub))
        with pytest.raises(asyncio.CancelledError):
            loops[0].run(asyncio.sleep(10))
        assert not loops[0].cancel_running()
        loops[0].close()

    assert run(test, lambda: loops[0].cancel_running()) == [None, True]


def test_the_policy_is_in_force_while_the_loop_is_open(hub: Hub, run: Run) -> None:
    """It makes the loop, and is seen by the code of the test."""

    class Policy(asyncio.DefaultEventLoopPolicy):
        pass

    policy = Policy()

    def test() -> None:
        before = asyncio.get_event_loop_policy()
        own = OwnLoop(hub, policy=policy)
        assert asyncio.get_event_loop_policy() is policy
        assert policy.get_event_loop() is own.loop
        own.close()
        assert asyncio.get_event_loop_policy() is before

    run(test)


@pytest.mark.parametrize("puts_back", [False, True])
def test_the_loop_before_is_current_again_if_it_is_to_be(
    hub: Hub, run: Run, puts_back: bool
) -> None:
    """Suites for pytest-asyncio before 1.4 ask for the loop in their sync code."""

    def test() -> None:
        before = asyncio.new_event_loop()
        asyncio.set_event_loop(before)
        own = OwnLoop(hub, puts_back=puts_back)
        assert asyncio.get_event_loop() is own.loop
        own.close()
        if puts_back:
            assert asyncio.get_event_loop() is before
        else:
            with pytest.raises(RuntimeError, match="no current event loop"):
                asyncio.get_event_loop()
        asyncio.set_event_loop(None)
        before.close()

    run(test)


def test_a_factory_that_fails_leaves_the_policy_as_it_was(hub: Hub, run: Run) -> None:
    """Opening failed: nobody will close."""

    def fail() -> asyncio.AbstractEventLoop:
        raise LookupError("no loop")

    def test() -> None:
        before = asyncio.get_event_loop_policy()
        with pytest.raises(LookupError, match="no loop"):
            OwnLoop(hub, fail, policy=asyncio.DefaultEventLoopPolicy())
        assert asyncio.get_event_loop_policy() is before

    run(test)


def test_debug_mode_is_what_it_is_set_to(
    hub: Hub, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Off by default whatever the environment says; None leaves it to that."""
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
    expected = not sys.flags.ignore_environment

    def test() -> list[bool]:
        loops = [OwnLoop(hub), OwnLoop(hub, debug=True), OwnLoop(hub, debug=None)]
        debug = [own.loop.get_debug() for own in loops]
        for own in loops:
            own.close()
        return debug

    assert run(test) == [[False, True, expected]]


def test_a_loop_with_another_selector_runs_and_blocks(hub: Hub, run: Run) -> None:
    """Not switchable, said so, and otherwise the same."""
    seen: list[str] = []

    def test() -> bool:
        own = OwnLoop(
            hub, lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())
        )
        own.run(asyncio.sleep(0.001))
        seen.append("first")
        own.close()
        return own.switchable

    assert run(test, lambda: seen.append("second"))[0] is False
    assert seen == ["first", "second"]


def test_set_current_lasts_as_long_as_its_block(hub: Hub, run: Run) -> None:
    """Sync fixtures of a loop find it as the current one, others do not."""

    def test() -> None:
        own = OwnLoop(hub)
        asyncio.set_event_loop(None)
        with own.set_current():
            assert asyncio.get_event_loop_policy().get_event_loop() is own.loop
        with pytest.raises(RuntimeError, match="no current event loop"):
            asyncio.get_event_loop_policy().get_event_loop()
        own.close()

    run(test)
