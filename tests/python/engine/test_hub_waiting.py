"""Waiting: whatever waits inside a strand lets the others go on."""

from __future__ import annotations

import asyncio
import contextvars
import os
import selectors
import socket
import sys
import threading
import time
import unittest
from collections.abc import Callable
from typing import Any

import pytest

from fasttest.engine.hub import Hub, Strand
from fasttest.engine.poller import EpollPoller, PortablePoller
from fasttest.engine.selector import HubSelector

Run = Callable[..., list[Any]]


class Meeting:
    """A place where ``count`` strands have to be at once; else the test times out."""

    def __init__(self, count: int) -> None:
        self._missing = count
        self._loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def join(self) -> None:
        """Return as soon as everybody has come."""
        self._missing -= 1
        event = asyncio.Event()
        self._loops.append((asyncio.get_running_loop(), event))
        if not self._missing:
            for loop, waiting in self._loops:
                loop.call_soon_threadsafe(waiting.set)
        await asyncio.wait_for(event.wait(), 10)


def test_two_hundred_loops_of_asyncio_run_overlap(run: Run) -> None:
    """The very case: sync code that runs a loop of its own, two hundred at a time."""
    meeting = Meeting(200)
    run(*[lambda: asyncio.run(meeting.join())] * 200)


def test_isolated_asyncio_test_cases_overlap(run: Run) -> None:
    """``unittest`` makes its loops itself; they wait in the hub all the same."""
    meeting = Meeting(2)

    class Case(unittest.IsolatedAsyncioTestCase):
        async def test_meeting(self) -> None:
            await meeting.join()

    results = run(*[Case("test_meeting").run for _ in range(2)])
    assert [result.wasSuccessful() for result in results] == [True, True]


def test_timers_end_in_the_order_of_their_deadlines(clock: Any) -> None:
    """None before its time, none after a later one, equal ones first come first."""
    hub = Hub(clock, clock.poller)
    ended: list[tuple[str, float]] = []

    def wait(name: str, seconds: float) -> None:
        with selectors.DefaultSelector() as selector:
            assert selector.select(seconds) == []
        ended.append((name, clock.now))

    for name, delay in {"a": 500, "b": 100, "c": 400, "d": 100, "e": 300}.items():
        hub.spawn(wait, name, delay, context=contextvars.copy_context())
    hub.run(lambda: False)
    assert ended == [("b", 100), ("d", 100), ("e", 300), ("c", 400), ("a", 500)]


@pytest.mark.parametrize("poller", [EpollPoller, PortablePoller])
def test_both_ends_of_a_connection_wait_in_strands(poller: type[EpollPoller]) -> None:
    """A server and its client, in two loops on one thread."""
    hub = Hub(poller=poller)
    address: list[Any] = []
    listening = threading.Event()

    async def serve() -> str:
        done = asyncio.get_running_loop().create_future()

        async def answer(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            line = await reader.readline()
            writer.write(line.upper())
            await writer.drain()
            writer.close()
            done.set_result(line.decode())

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        address.append(server.sockets[0].getsockname())
        listening.set()
        async with server:
            received = await done
        assert isinstance(received, str)
        return received

    async def ask() -> bytes:
        assert listening.is_set()
        reader, writer = await asyncio.open_connection(*address[0])
        writer.write(b"hello\n")
        answer = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return answer

    strands = [
        hub.spawn(asyncio.run, main(), context=contextvars.copy_context())
        for main in (serve, ask)
    ]
    hub.run(lambda: False)
    assert [strand.exception for strand in strands] == [None, None]
    assert [strand.result for strand in strands] == ["hello\n", b"HELLO\n"]


def test_a_subprocess_is_waited_for(run: Run) -> None:
    """The child's end reaches the loop by a thread or a descriptor, as versions vary.

    Two at once, each of which the other has to let go.
    """
    first, second = os.pipe()

    async def child(code: str, descriptor: int) -> tuple[bytes, int | None]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            code,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=[descriptor],
        )
        output, _ = await process.communicate()
        return output, process.returncode

    reading = f"import os; print(os.read({first}, 9).decode()); raise SystemExit(3)"
    writing = f"import os; os.write({second}, b'release')"
    results = run(
        lambda: asyncio.run(child(reading, first)),
        lambda: asyncio.run(child(writing, second)),
    )
    os.close(first)
    os.close(second)
    assert results == [(b"release\n", 3), (b"", 0)]


def test_a_thread_wakes_a_loop_that_waits(run: Run) -> None:
    """By ``run_in_executor`` and by ``call_soon_threadsafe``, from idle loops."""
    released = threading.Event()

    async def wait_for_thread() -> object:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, released.wait, 10)

    async def release_by_thread() -> object:
        loop = asyncio.get_running_loop()
        done = asyncio.Event()

        def work() -> None:
            released.set()
            loop.call_soon_threadsafe(done.set)

        thread = threading.Thread(target=work)
        thread.start()
        await asyncio.wait_for(done.wait(), 10)
        thread.join()
        return True

    mains = (wait_for_thread, release_by_thread)
    assert run(*[lambda main=main: asyncio.run(main()) for main in mains]) == [
        True,
        True,
    ]


def test_a_selector_of_a_tests_own_waits_in_the_hub(run: Run) -> None:
    """No loop needed: whoever uses ``selectors.DefaultSelector`` lets others go on."""
    reader, writer = socket.socketpair()

    def read() -> bytes:
        with selectors.DefaultSelector() as selector:
            selector.register(reader, selectors.EVENT_READ)
            assert len(selector.select()) == 1
        return reader.recv(9)

    with reader, writer:
        assert run(read, lambda: writer.send(b"here"))[0] == b"here"


def test_ready_descriptors_are_returned_without_leaving_the_strand(run: Run) -> None:
    """A strand is left only where it has to wait."""
    reader, writer = socket.socketpair()
    seen: list[str] = []

    def read() -> None:
        writer.send(b"here")
        with selectors.DefaultSelector() as selector:
            selector.register(reader, selectors.EVENT_READ)
            selector.select()
        seen.append("first")

    with reader, writer:
        run(read, lambda: seen.append("second"))
    assert seen == ["first", "second"]


def test_a_loop_that_another_strand_touched_can_be_woken(hub: Hub, run: Run) -> None:
    """``call_soon`` from the same thread does not interrupt a wait: ``wake`` does."""
    loops: list[asyncio.AbstractEventLoop] = []
    events: list[asyncio.Event] = []

    async def wait() -> None:
        loops.append(asyncio.get_running_loop())
        events.append(asyncio.Event())
        await asyncio.wait_for(events[0].wait(), 10)

    def touch() -> None:
        loops[0].call_soon(events[0].set)
        hub.wake(loops[0])

    run(lambda: asyncio.run(wait()), touch)


def test_closing_a_selector_ends_the_wait_with_it(run: Run) -> None:
    """The strand that waits sees what a blocking call would never have seen."""
    opened: list[selectors.BaseSelector] = []

    def wait() -> str:
        opened.append(selectors.DefaultSelector())
        try:
            opened[0].select()
        except ValueError as error:
            return str(error)
        return "no error"

    assert "closed" in run(wait, lambda: opened[0].close())[0]


def test_a_silent_timer_is_forgotten(hub: Hub, run: Run) -> None:
    """Strands woken by events leave void timers behind, which must not pile up."""
    first, second = socket.socketpair()

    def play(mine: socket.socket, serves: bool) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(mine, selectors.EVENT_READ)
            for number in range(500):
                if number or not serves:
                    selector.select(3600)
                    mine.recv(1)
                mine.send(b"x")

    with first, second:
        run(lambda: play(first, True), lambda: play(second, False))
    assert len(hub._waits._timers) < 200


def test_the_hubs_clock_cannot_be_patched(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test that freezes ``time`` must not stop the timers of others."""

    def freeze() -> None:
        monkeypatch.setattr(time, "monotonic", lambda: 0.0)

    def wait() -> str:
        with selectors.DefaultSelector() as selector:
            selector.select(0.001)
        return "woken"

    assert run(freeze, wait)[1] == "woken"


def test_selectors_are_the_hubs_only_while_it_runs(run: Run) -> None:
    """Nothing of it is left behind, not even by hubs inside of hubs."""
    before = selectors.DefaultSelector

    def inner() -> type[object]:
        other = Hub()
        other.spawn(lambda: None, context=contextvars.copy_context())
        other.run(lambda: False)
        return selectors.DefaultSelector

    assert run(inner) == [HubSelector]
    assert selectors.DefaultSelector is before
    assert before is not HubSelector


def test_a_lone_exclusive_strand_waits_in_its_frames(hub: Hub, run: Run) -> None:
    """With ``alone`` set nobody else is admitted, however long it waits."""
    hub.alone = True
    admitted: list[bool] = []

    def wait() -> None:
        with selectors.DefaultSelector() as selector:
            selector.select(0.001)
        assert not admitted

    def admit() -> bool:
        admitted.append(True)
        return False

    run(wait, on_idle=admit)
    assert admitted


def test_an_unfinished_strand_is_not_left_for_the_sake_of_a_spare_one(
    hub: Hub, run: Run
) -> None:
    """Greenlets are used again: each strand must still be a line of its own."""
    strands: list[Strand | None] = []

    def nested() -> None:
        strands.append(hub.current)
        asyncio.run(asyncio.sleep(0))

    for _ in range(3):
        run(nested, nested)
    assert len(set(strands)) == 6
