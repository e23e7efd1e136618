"""Where a strand must not be left: there it blocks, as without a hub."""

from __future__ import annotations

import asyncio
import doctest
import gc
import os
import signal
import sys
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import greenlet  # type: ignore[import-untyped]
import pytest

if TYPE_CHECKING:
    from pathlib import Path

Run = Callable[..., list[Any]]


async def _wait() -> None:
    await asyncio.sleep(0.001)


class _Order:
    """Runs a loop where it must block, beside a strand that would overtake it."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.seen: list[str] = []

    def wait(self, *_: object) -> None:
        asyncio.run(_wait())
        self.seen.append("waited")

    def of(self, function: Callable[[], object]) -> list[str]:
        self._run(function, lambda: self.seen.append("other"))
        return self.seen


@pytest.fixture
def order(run: Run) -> _Order:
    """The order in which a wait and another strand come."""
    return _Order(run)


def test_elsewhere_the_other_strand_goes_first(order: _Order) -> None:
    """What the tests below rely on: a plain wait is overtaken."""
    assert order.of(order.wait) == ["other", "waited"]


def test_a_loop_in_another_thread_blocks_there(order: _Order) -> None:
    """Only the hub's own thread can switch."""

    def in_thread() -> None:
        thread = threading.Thread(target=order.wait)
        thread.start()
        thread.join()

    assert order.of(in_thread) == ["waited", "other"]


def test_a_loop_in_a_foreign_greenlet_blocks(order: _Order) -> None:
    """Whoever made the greenlet decides when it is left."""
    assert order.of(lambda: greenlet.greenlet(order.wait).switch()) == [
        "waited",
        "other",
    ]


def test_a_loop_run_by_an_import_blocks(
    order: _Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise another strand could import the module half-made."""
    (tmp_path / "waits_when_imported.py").write_text("import order_; order_.wait()")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "order_", order)
    assert order.of(lambda: __import__("waits_when_imported")) == ["waited", "other"]
    sys.modules.pop("waits_when_imported")


def test_a_loop_run_by_a_doctest_blocks(order: _Order) -> None:
    """It has replaced ``sys.stdout``: what others print would become its output."""
    test = doctest.DocTestParser().get_doctest(
        ">>> wait()", {"wait": order.wait}, "waiting", None, None
    )
    assert order.of(lambda: doctest.DocTestRunner().run(test)) == ["waited", "other"]


def test_a_loop_run_by_a_finalizer_blocks(order: _Order) -> None:
    """It may interrupt any line of code, also one that holds a lock."""

    class Finalized:
        def __del__(self) -> None:
            order.wait()

    class Plain:
        pass

    def finalize() -> None:
        finalized, plain = Finalized(), Plain()
        weakref.finalize(plain, order.wait)
        del finalized
        del plain

    assert order.of(finalize) == ["waited", "waited", "other"]


def test_a_loop_run_by_the_garbage_collector_blocks(order: _Order) -> None:
    """The same, for its callbacks."""

    def callback(phase: str, info: object) -> None:
        if phase == "start":
            order.wait()

    def collect() -> None:
        gc.callbacks.append(callback)
        try:
            gc.collect()
        finally:
            gc.callbacks.remove(callback)

    assert order.of(collect)[-2:] == ["waited", "other"]


def test_a_loop_run_by_a_signal_handler_blocks(order: _Order) -> None:
    """The same, for signals."""

    def interrupted() -> None:
        before = signal.signal(signal.SIGUSR1, order.wait)
        try:
            signal.raise_signal(signal.SIGUSR1)
        finally:
            signal.signal(signal.SIGUSR1, before)

    assert order.of(interrupted) == ["waited", "other"]


# Python 3.12 warns of forks in processes with threads; other tests leave some.
@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_a_forked_child_does_not_run_the_parents_strands(order: _Order) -> None:
    """It has copies of all strands, and must go on with the one that forked."""

    def fork() -> None:
        child = os.fork()
        if not child:
            order.wait()
            os._exit(len(order.seen))
        _, status = os.waitpid(child, 0)
        order.seen.append(f"child saw {os.waitstatus_to_exitcode(status)}")

    assert order.of(fork) == ["child saw 1", "other"]
