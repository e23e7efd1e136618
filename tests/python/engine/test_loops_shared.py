"""Loops of wider scopes: driven by a strand of their own, used by many tests."""

from __future__ import annotations

import asyncio
import contextvars
import selectors
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from fasttest.engine.loops import OwnLoop, SharedLoop

if TYPE_CHECKING:
    from fasttest.engine.hub import Hub, Strand

Run = Callable[..., list[Any]]
_variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")


async def _nothing() -> None: ...


async def _running_loop() -> asyncio.AbstractEventLoop:
    await asyncio.sleep(0)
    return asyncio.get_running_loop()


def _with_shared_loop(
    hub: Hub,
    run: Run,
    *users: Callable[[SharedLoop], object],
    **options: Any,
) -> list[Any]:
    """Run each user in a strand; the loop is open as long as there are any."""

    def host() -> list[Any]:
        shared = SharedLoop(hub, **options)
        me = hub.current
        assert me is not None
        strands = []
        left = list(users)

        def ended(strand: Strand) -> None:
            left.pop()
            if not left:
                me.resume()

        for user in users:
            strand = hub.spawn(user, shared, context=contextvars.copy_context())
            strand.on_exit = ended
            strands.append(strand)
        hub.park()
        shared.close()
        assert shared.loop.is_closed()
        for strand in strands:
            if strand.exception is not None:
                raise strand.exception
        return [strand.result for strand in strands]

    results: list[Any] = run(host)[0]
    return results


def test_tests_of_one_loop_overlap_on_it(hub: Hub, run: Run) -> None:
    """The second sets free what the first waits for."""
    events: list[asyncio.Event] = []

    async def wait() -> asyncio.AbstractEventLoop:
        events.append(asyncio.Event())
        await asyncio.wait_for(events[0].wait(), 10)
        return asyncio.get_running_loop()

    async def release() -> asyncio.AbstractEventLoop:
        events[0].set()
        return asyncio.get_running_loop()

    loops = _with_shared_loop(
        hub,
        run,
        lambda shared: shared.run(wait()),
        lambda shared: shared.run(release()),
    )
    assert loops[0] is loops[1]


def test_a_server_on_a_wide_loop_answers_tests_of_other_loops(
    hub: Hub, run: Run
) -> None:
    """The reason why it runs while tests of function scope do."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        writer.close()

    async def serve() -> asyncio.Server:
        return await asyncio.start_server(echo, "127.0.0.1", 0)

    async def ask(server: asyncio.Server) -> bytes:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"hello\n")
        answer = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return answer

    async def stop(server: asyncio.Server) -> None:
        server.close()
        await server.wait_closed()

    def test(shared: SharedLoop) -> bytes:
        server = shared.run(serve())
        own = OwnLoop(hub)
        answer = own.run(ask(server))
        own.close()
        shared.run(stop(server))
        return answer

    assert _with_shared_loop(hub, run, test) == [b"hello\n"]


def test_a_coroutine_runs_in_the_context_it_is_given_on_a_shared_loop(
    hub: Hub, run: Run
) -> None:
    """As on a test's own loop."""

    async def change() -> None:
        _variable.set("changed")

    def test(shared: SharedLoop) -> tuple[str, str]:
        context = contextvars.copy_context()
        shared.run(change(), context)
        return context[_variable], _variable.get("unset")

    assert _with_shared_loop(hub, run, test) == [("changed", "unset")]


@pytest.mark.parametrize(
    "error", [asyncio.CancelledError, SystemExit, KeyboardInterrupt, ValueError]
)
def test_an_exception_reaches_its_test_and_spares_the_loop(
    hub: Hub, run: Run, error: type[BaseException]
) -> None:
    """Even those which end any other loop: another test goes on in this one."""
    failed: list[asyncio.Event] = []

    async def fail() -> None:
        failed.append(asyncio.Event())
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(failed[0].set)
        raise error

    async def other() -> str:
        await asyncio.sleep(0)
        await asyncio.wait_for(failed[0].wait(), 10)
        return "undisturbed"

    def fail_test(shared: SharedLoop) -> None:
        with pytest.raises(error):
            shared.run(fail())

    results = _with_shared_loop(hub, run, fail_test, lambda shared: shared.run(other()))
    assert results == [None, "undisturbed"]


def test_a_test_that_stops_the_loop_fails_and_the_loop_goes_on(
    hub: Hub, run: Run
) -> None:
    """The next test of the scope finds it running."""

    async def stop() -> None:
        asyncio.get_running_loop().stop()
        await asyncio.sleep(10)

    def test(shared: SharedLoop) -> None:
        with pytest.raises(RuntimeError, match="Event loop stopped before Future"):
            shared.run(stop())
        shared.run(_nothing())

    _with_shared_loop(hub, run, test)


def test_an_exception_thrown_at_a_waiting_test_leaves_its_task_pending(
    hub: Hub, run: Run
) -> None:
    """As where a signal ends ``run_until_complete``; closing then cancels the task."""
    tasks: list[asyncio.Task[Any] | None] = []

    async def wait() -> None:
        tasks.append(asyncio.current_task())
        await asyncio.sleep(10)

    def test(shared: SharedLoop) -> None:
        strands.append(hub.current)
        with pytest.raises(LookupError, match="thrown"):
            shared.run(wait())
        assert tasks[0] is not None
        assert not tasks[0].done()

    def throw(shared: SharedLoop) -> None:
        shared.run(_nothing())
        assert strands[0] is not None
        strands[0].throw(LookupError("thrown"))

    strands: list[Strand | None] = []
    _with_shared_loop(hub, run, test, throw)
    assert tasks[0] is not None
    assert tasks[0].cancelled()


def _leave_behind(error: BaseException, seconds: float) -> Callable[[], Any]:
    """A coroutine function which leaves a task that raises ``error`` later."""

    async def fail() -> None:
        await asyncio.sleep(seconds)
        raise error

    async def leave() -> None:
        task = asyncio.create_task(fail())
        # Else asyncio logs that nobody asked for the exception.
        task.add_done_callback(lambda task: task.exception())

    return leave


def test_an_exit_of_a_task_left_behind_reaches_who_waits(hub: Hub, run: Run) -> None:
    """As it would leave the ``run_until_complete`` of the test that runs then."""

    def test(shared: SharedLoop) -> None:
        shared.run(_leave_behind(SystemExit(3), 0.001)())
        with pytest.raises(SystemExit, match="3"):
            shared.run(asyncio.sleep(10))
        shared.run(_nothing())

    _with_shared_loop(hub, run, test)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
def test_an_exit_of_a_task_that_nobody_waits_for_is_not_lost(
    hub: Hub, run: Run, error: BaseException
) -> None:
    """An interrupt is the hub's; anything else is reported to the loop."""
    reported: list[BaseException | None] = []

    def test(shared: SharedLoop) -> None:
        shared.loop.set_exception_handler(
            lambda _, context: reported.append(context["exception"])
        )
        shared.run(_leave_behind(error, 0.001)())
        own = OwnLoop(hub)
        own.run(asyncio.sleep(0.01))
        own.close()
        shared.run(_nothing())

    def run_interruptibly(*functions: Callable[[], object]) -> list[Any]:
        return run(*functions, on_interrupt=lambda: reported.append(None))

    _with_shared_loop(hub, run_interruptibly, test)
    expected = None if isinstance(error, KeyboardInterrupt) else error
    assert reported == [expected]


def test_others_see_a_loop_that_is_not_running(hub: Hub, run: Run) -> None:
    """As between two runs of a Runner: sync code may run something on it."""

    def test(shared: SharedLoop) -> None:
        loop = shared.loop
        assert not loop.is_running()
        assert loop.run_until_complete(_running_loop()) is loop
        future = loop.create_future()
        loop.call_soon(future.set_result, "done")
        assert loop.run_until_complete(future) == "done"
        loop.call_soon(loop.stop)
        loop.run_forever()

        async def check() -> None:
            assert loop.is_running()
            with pytest.raises(RuntimeError, match="already running"):
                loop.run_forever()

        shared.run(check())

    _with_shared_loop(hub, run, test)


def test_a_thread_sees_a_loop_that_runs(hub: Hub, run: Run) -> None:
    """It may schedule callbacks, and it is told the truth."""

    def in_thread(loop: asyncio.AbstractEventLoop) -> tuple[bool, object]:
        future = asyncio.run_coroutine_threadsafe(_running_loop(), loop)
        return loop.is_running(), future.result(10)

    async def from_thread() -> tuple[bool, object]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, in_thread, loop)

    running, loop = _with_shared_loop(
        hub, run, lambda shared: shared.run(from_thread())
    )[0]
    assert running
    assert loop is not None


def test_nothing_is_run_from_inside_a_running_loop(hub: Hub, run: Run) -> None:
    """Neither on the shared loop nor from a test on another one."""

    async def nested(shared: SharedLoop) -> str:
        coroutine = _nothing()
        with pytest.raises(RuntimeError, match="cannot be called from a running"):
            shared.run(coroutine)
        coroutine.close()
        future = shared.loop.create_future()
        with pytest.raises(RuntimeError, match=r"running"):
            shared.loop.run_until_complete(future)
        return "refused"

    def on_own_loop(shared: SharedLoop) -> str:
        own = OwnLoop(hub)
        try:
            return own.run(nested(shared))
        finally:
            own.close()

    results = _with_shared_loop(
        hub, run, on_own_loop, lambda shared: shared.run(nested(shared))
    )
    assert results == ["refused", "refused"]


def test_call_runs_a_function_inside_the_loop(hub: Hub, run: Run) -> None:
    """Where futures can be made and gathered; also from inside the loop itself."""

    async def inside(shared: SharedLoop) -> str:
        return shared.call(lambda: "at once")

    def test(shared: SharedLoop) -> list[object]:
        with pytest.raises(LookupError):
            shared.call({}.__getitem__, "missing")
        return [
            shared.call(asyncio.get_running_loop) is shared.loop,
            shared.run(inside(shared)),
        ]

    assert _with_shared_loop(hub, run, test) == [[True, "at once"]]


def test_cancelling_ends_the_runs_of_one_strand_or_of_all(hub: Hub, run: Run) -> None:
    """What Ctrl-C does; tasks left behind by others are not touched."""
    waiting: list[Strand | None] = []

    def wait(shared: SharedLoop) -> str:
        waiting.append(hub.current)
        with pytest.raises(asyncio.CancelledError):
            shared.run(asyncio.sleep(10))
        return "cancelled"

    def cancel(shared: SharedLoop) -> list[bool]:
        first = shared.cancel_running(waiting[0])
        shared.run(_nothing())
        others = shared.cancel_running()
        shared.run(_nothing())
        return [first, others, shared.cancel_running()]

    results = _with_shared_loop(hub, run, wait, wait, wait, cancel)
    assert results == ["cancelled"] * 3 + [[True, True, False]]


def test_closing_cancels_what_tests_left_behind(hub: Hub, run: Run) -> None:
    """Until then it runs, also while no test of the scope does."""
    seen: list[str] = []

    async def linger() -> None:
        try:
            while True:
                seen.append("tick")
                await asyncio.sleep(0.001)
        finally:
            await asyncio.sleep(0)
            seen.append("cancelled")

    async def leave_behind() -> None:
        kept.append(asyncio.create_task(linger()))

    kept: list[asyncio.Task[None]] = []

    def test(shared: SharedLoop) -> None:
        shared.run(leave_behind())
        own = OwnLoop(hub)
        own.run(asyncio.sleep(0.01))
        own.close()

    _with_shared_loop(hub, run, test)
    assert seen.count("tick") > 1
    assert seen[-1] == "cancelled"


def test_a_run_that_is_in_progress_ends_when_the_loop_is_closed(
    hub: Hub, run: Run
) -> None:
    """Cancelled if it is a task; nobody waits for ever for a loop that is gone."""
    loops: list[SharedLoop] = []

    def wait_for_task() -> None:
        with pytest.raises(asyncio.CancelledError):
            loops[0].run(asyncio.sleep(10))

    def wait_for_future() -> None:
        with pytest.raises(RuntimeError, match="Event loop stopped before Future"):
            loops[0].loop.run_until_complete(loops[0].loop.create_future())

    run(
        lambda: loops.append(SharedLoop(hub)),
        wait_for_task,
        wait_for_future,
        lambda: loops[0].close(),
    )


def test_closing_twice_is_closing_once(hub: Hub, run: Run) -> None:
    """And a closed loop says so."""

    def test() -> None:
        shared = SharedLoop(hub)
        shared.close()
        shared.close()
        coroutine = _nothing()
        with pytest.raises(RuntimeError, match="Runner is closed"):
            shared.run(coroutine)
        coroutine.close()

    run(test)


def test_a_loop_that_a_test_closed_fails_later_tests_and_warns(
    hub: Hub, run: Run
) -> None:
    """pytest-asyncio's outcome, for loops closed from inside sync code."""

    def test() -> None:
        shared = SharedLoop(hub)
        shared.run(_nothing())
        shared.loop.close()
        coroutine = _nothing()
        with pytest.raises(RuntimeError, match="Event loop is closed"):
            shared.run(coroutine)
        coroutine.close()
        with pytest.warns(RuntimeWarning, match="teardown of an asyncio.Runner"):
            shared.close()

    run(test)


def test_opening_makes_the_loop_current_and_closing_clears_that(
    hub: Hub, run: Run
) -> None:
    """In the strands that open and close it, as a Runner does in its thread."""

    def current() -> asyncio.AbstractEventLoop:
        return asyncio.get_event_loop_policy().get_event_loop()

    def test() -> None:
        shared = SharedLoop(hub)
        assert current() is shared.loop
        assert shared.call(current) is shared.loop
        shared.close()
        with pytest.raises(RuntimeError, match="no current event loop"):
            current()

    run(test)


def test_the_policy_of_a_shared_loop_is_in_force_in_its_own_strand(
    hub: Hub, run: Run
) -> None:
    """Code on the loop may be called while any other test is under way."""
    policy = asyncio.DefaultEventLoopPolicy()
    found = _with_shared_loop(
        hub,
        run,
        lambda shared: shared.call(asyncio.get_event_loop_policy),
        policy=policy,
    )
    assert found == [policy]


def test_a_loop_that_cannot_switch_runs_in_the_calling_strand(
    hub: Hub, run: Run
) -> None:
    """Blocking, one run after another, with the same results."""

    def test(shared: SharedLoop) -> object:
        assert not shared.switchable
        return shared.run(_running_loop()) is shared.loop, shared.call(lambda: 1)

    assert (
        _with_shared_loop(
            hub,
            run,
            test,
            test,
            factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector()),
        )
        == [(True, 1)] * 2
    )


def test_a_shared_loop_needs_a_strand_to_wait_in(hub: Hub, run: Run) -> None:
    """On the hub itself nobody could run the loop meanwhile."""
    loops: list[SharedLoop] = []
    run(lambda: loops.append(SharedLoop(hub)))
    coroutine = asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="only be used in a strand"):
        loops[0].run(coroutine)
    coroutine.close()
    run(lambda: loops[0].close())
