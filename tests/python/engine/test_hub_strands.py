"""Strands: order, parking, results, and how the hub ends."""

from __future__ import annotations

import contextvars
import sys
import threading
from collections.abc import Callable
from typing import Any

import greenlet  # type: ignore[import-untyped]
import pytest

from fasttest.engine.hub import Hub, HubDeadlockError, Strand

Run = Callable[..., list[Any]]
_variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")


def _spawn(hub: Hub, function: Callable[..., object], *args: object) -> Strand:
    return hub.spawn(function, *args, context=contextvars.copy_context())


def _resume(strands: list[Strand]) -> None:
    for strand in strands:
        strand.resume()


def test_strands_run_in_the_order_in_which_they_became_ready(
    hub: Hub, run: Run
) -> None:
    """First in, first out: no strand overtakes another or starves it."""
    seen: list[str] = []
    strands: list[Strand] = []

    def strand(name: str) -> None:
        seen.append(f"{name} starts")
        hub.park()
        seen.append(f"{name} ends")

    def resume_reversed() -> bool:
        for each in reversed(strands):
            each.resume()
        strands.clear()
        return False

    strands.extend(_spawn(hub, strand, name) for name in "abc")
    hub.run(resume_reversed)
    assert seen == [
        "a starts",
        "b starts",
        "c starts",
        "c ends",
        "b ends",
        "a ends",
    ]


def test_on_idle_admits_one_strand_after_another(hub: Hub) -> None:
    """Admission when idle: the next starts once all before it have been left."""
    seen: list[str] = []
    names = iter("abc")

    def admit() -> bool:
        name = next(names, None)
        if name is None:
            return False
        seen.append(f"admit {name}")
        _spawn(hub, seen.append, f"run {name}")
        return True

    hub.run(admit)
    assert seen == ["admit a", "run a", "admit b", "run b", "admit c", "run c"]


def test_park_returns_what_resume_was_given(hub: Hub) -> None:
    """The value is how an owner answers a parked strand."""
    strand = _spawn(hub, hub.park)

    def answer() -> bool:
        if not strand.finished:
            strand.resume("answer")
        return False

    hub.run(answer)
    assert strand.result == "answer"


def test_throw_raises_where_the_strand_is_parked(hub: Hub) -> None:
    """An owner can end a wait with an exception, which the strand may handle."""

    def guarded() -> str:
        try:
            hub.park()
        except LookupError as error:
            return f"caught {error}"
        return "not raised"

    strand = _spawn(hub, guarded)
    _spawn(hub, lambda: strand.throw(LookupError("thrown")))
    hub.run(lambda: False)
    assert strand.result == "caught thrown"


def test_an_exception_ends_its_strand_and_no_other(hub: Hub) -> None:
    """A failing strand is a stored exception, told to its owner."""
    error = ZeroDivisionError()
    ended: list[Strand] = []

    def fail() -> None:
        raise error

    failing = _spawn(hub, fail)
    failing.on_exit = ended.append
    other = _spawn(hub, lambda: "fine")
    hub.run(lambda: False)
    assert failing.exception is error
    assert ended == [failing]
    assert other.result == "fine"


def test_a_strand_which_is_not_parked_cannot_be_resumed(hub: Hub) -> None:
    """Resuming twice would lose a value; the message names the strand and its state."""
    strand = _spawn(hub, hub.park)

    def resume_twice() -> None:
        strand.resume()
        with pytest.raises(RuntimeError, match=r"Hub\.park.*ready.* not parked"):
            strand.resume()

    resumer = _spawn(hub, resume_twice)
    hub.run(lambda: False)
    assert resumer.exception is None
    with pytest.raises(RuntimeError, match=r"finished.* not parked"):
        strand.resume()
    with pytest.raises(RuntimeError, match="cannot be thrown at"):
        strand.throw(ValueError())


def test_strands_that_wait_for_each_other_are_named(hub: Hub) -> None:
    """A deadlock is a bug of the owner: it must be an error and not a hang."""
    for name in ("first", "second"):
        hub.spawn(hub.park, context=contextvars.copy_context(), name=name)
    with pytest.raises(HubDeadlockError, match="parked strands: first, second"):
        hub.run(lambda: False)


def test_only_a_strand_of_the_hub_can_be_parked(hub: Hub, run: Run) -> None:
    """Neither the hub nor a foreign greenlet inside a strand can be left."""
    with pytest.raises(RuntimeError, match="Only a running strand"):
        hub.park()

    def foreign() -> None:
        with pytest.raises(RuntimeError, match="Only a running strand"):
            hub.park()

    run(lambda: greenlet.greenlet(foreign).switch())


def test_another_thread_resumes_a_parked_strand(hub: Hub) -> None:
    """The hub waits for the thread, although nothing else could resume the strand."""
    strand = _spawn(hub, lambda: hub.park(threadsafe=True))
    thread = threading.Timer(0.01, lambda: strand.resume_threadsafe("from afar"))

    def start() -> bool:
        if not thread.is_alive() and not strand.finished:
            thread.start()
        return False

    hub.run(start)
    thread.join()
    assert strand.result == "from afar"


def test_current_is_the_strand_also_inside_its_own_greenlets(
    hub: Hub, run: Run
) -> None:
    """What is done in a greenlet that a test starts belongs to the test."""
    seen: list[Strand | None] = []

    def strand() -> None:
        seen.append(hub.current)
        greenlet.greenlet(lambda: seen.append(hub.current)).switch()

    def idle() -> bool:
        seen.append(hub.current)
        return False

    run(strand, on_idle=idle)
    assert isinstance(seen[0], Strand)
    assert seen == [seen[0], seen[0], None]


def test_whose_turn_it_is_can_be_read_from_outside(hub: Hub) -> None:
    """The owner gives the numbers, and the place; a strand without one is nobody's."""
    hub.turn = place = [7]
    seen: list[int] = []

    def strand() -> None:
        seen.extend(place)
        hub.park()
        seen.extend(place)

    strands = [_spawn(hub, strand) for _ in range(3)]
    for number, each in enumerate(strands[:2]):
        each.number = number

    def resume() -> bool:
        while strands:
            strands.pop().resume()
        return False

    hub.run(resume)
    assert seen == [0, 1, -1, -1, 1, 0]


def test_each_strand_has_its_context(hub: Hub) -> None:
    """A strand runs in the context it was given, itself and not a copy."""
    _variable.set("outside")
    contexts = [contextvars.copy_context() for _ in range(2)]

    def set_and_park(value: str) -> str:
        _variable.set(value)
        hub.park()
        return _variable.get()

    strands = [
        hub.spawn(set_and_park, str(number), context=context)
        for number, context in enumerate(contexts)
    ]
    _spawn(hub, _resume, strands)
    hub.run(lambda: False)
    assert [strand.result for strand in strands] == ["0", "1"]
    assert [context[_variable] for context in contexts] == ["0", "1"]
    assert _variable.get() == "outside"


def test_the_handled_exception_is_each_strands_own(hub: Hub) -> None:
    """``sys.exc_info`` and implicit chaining must not leak across a switch."""

    def handle(error: Exception) -> object:
        try:
            raise error
        except Exception:
            hub.park()
            return sys.exc_info()[1]

    errors = [ValueError("a"), KeyError("b")]
    strands = [_spawn(hub, handle, error) for error in errors]

    def resume() -> None:
        assert sys.exc_info() == (None, None, None)
        _resume(strands)

    resumer = _spawn(hub, resume)
    hub.run(lambda: False)
    assert resumer.exception is None
    assert [strand.result for strand in strands] == errors


def test_deep_stacks_are_kept_over_a_switch(hub: Hub) -> None:
    """Half of the recursion limit in each of twenty strands, all parked at once."""
    depth = sys.getrecursionlimit() // 2

    def descend(levels: int) -> int:
        if not levels:
            hub.park()
            return 0
        return 1 + max(map(descend, [levels - 1]))

    strands = [_spawn(hub, descend, depth // 2) for _ in range(20)]
    _spawn(hub, _resume, strands)
    hub.run(lambda: False)
    assert [strand.result for strand in strands] == [depth // 2] * 20


def test_after_step_is_called_after_every_step(hub: Hub) -> None:
    """The owner's pump sees each change as soon as the strand has been left."""
    steps: list[bool] = []
    strand = _spawn(hub, hub.park)

    def resume() -> bool:
        if not strand.finished:
            strand.resume()
        return False

    hub.run(resume, after_step=lambda: steps.append(strand.finished))
    assert steps == [False, True]


def test_background_strands_do_not_keep_the_hub_running(hub: Hub) -> None:
    """They stay parked, and go on if the hub runs again."""
    server = hub.spawn(hub.park, context=contextvars.copy_context(), background=True)
    hub.run(lambda: False)
    assert not server.finished
    server.resume()
    hub.run(lambda: False)
    assert server.finished


def test_the_hub_cannot_be_run_twice_at_once(hub: Hub, run: Run) -> None:
    """A hub has one thread and one loop."""
    with pytest.raises(RuntimeError, match="running already"):
        run(lambda: hub.run(lambda: False))


def test_an_abandoned_strand_unwinds_without_a_trace(hub: Hub) -> None:
    """It may be unwound anywhere: the state of the thread there must survive."""
    seen: list[object] = []

    def profile(frame: object, event: str, arg: object) -> None: ...

    def be_abandoned() -> None:
        sys.setprofile(profile)
        try:
            hub.park()
        finally:
            seen.append(sys.getprofile())

    strand = hub.spawn(
        be_abandoned, context=contextvars.copy_context(), background=True
    )
    hub.run(lambda: False)
    # What greenlet does when the last reference to one goes.
    strand.greenlet.throw()
    assert seen == [profile]
    assert sys.getprofile() is None


def test_the_body_of_a_strand_may_raise_greenlet_exit(hub: Hub) -> None:
    """It ends its greenlet for good; strands to come need another one."""

    def leave() -> None:
        raise greenlet.GreenletExit

    first = _spawn(hub, leave)
    second = _spawn(hub, lambda: "ran")
    hub.run(lambda: False)
    assert first.finished
    assert second.result == "ran"
