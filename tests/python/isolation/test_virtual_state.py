"""Laws of what a test changes for itself: nobody else sees it, and it sees nobody's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import types
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasttest.isolation.cells import (
    MISSING,
    Attribute,
    Cell,
    Contents,
    MappingItem,
    SignalHandler,
    contents_of,
)
from fasttest.isolation.virtual_state import VirtualState


def _alone() -> bool:
    """No thread serves the test."""
    return False


class Base:
    """Has an attribute that others inherit."""

    inherited = "base"


class Slotted:
    """Keeps its attribute in a slot."""

    __slots__ = ("value",)


class World:
    """Something of each kind that tests change."""

    def __init__(self) -> None:
        self.module = types.ModuleType("changed")
        self.module.value = "first"  # type: ignore[attr-defined]
        self.child = type("Child", (Base,), {"own": staticmethod(len)})
        self.slotted = Slotted()
        self.slotted.value = "first"
        self.table = {"kept": "first"}
        self.places: list[Any] = ["first"]

    def cells(self) -> list[Cell]:
        """A cell of each."""
        return [
            Attribute(self.module, "value"),
            Attribute(self.module, "absent"),
            Attribute(self.child, "own"),
            Attribute(self.child, "inherited"),
            Attribute(self.slotted, "value"),
            MappingItem(self.table, "kept"),
            MappingItem(self.table, "new"),
        ]

    def look(self) -> list[Any]:
        """What is in all of the cells."""
        return [cell.read() for cell in self.cells()]


# Who goes on, which cell he changes, and to what; None undoes his change.
_STEPS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 6),
        st.none() | st.sampled_from(["a", "b", MISSING]),
    ),
    max_size=40,
)


@given(_STEPS)
def test_each_sees_its_own_and_all_others_see_nothing(
    steps: list[tuple[int, int, Any]],
) -> None:
    """After any interleaving, and the world is in the end as it was."""
    world = World()
    before = world.look()
    states = [VirtualState(_alone) for _ in range(4)]
    views = [list(before) for _ in range(4)]
    for who, where, value in steps:
        states[who].resume()
        assert world.look() == views[who]
        cell = world.cells()[where]
        states[who].note(cell)
        views[who][where] = before[where] if value is None else value
        cell.write(views[who][where])
        states[who].park()
        assert world.look() == before
    for state in states:
        state.resume()
        for cell, value in zip(world.cells(), before, strict=True):
            cell.write(value)
        state.end()
    assert world.look() == before


_ITEMS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 3), max_size=3)


@given(st.lists(st.tuples(st.integers(0, 2), _ITEMS), max_size=20))
def test_contents_of_a_mapping_are_each_tests_own(
    steps: list[tuple[int, dict[str, int]]],
) -> None:
    """As ``patch.dict`` has it: whatever is done to the mapping inside."""
    table = {"a": 0, "z": 9}
    states = [VirtualState(_alone) for _ in range(3)]
    views = [dict(table) for _ in range(3)]
    for who, items in steps:
        states[who].resume()
        assert table == views[who]
        states[who].note(contents_of(table))
        table.clear()
        table.update(items)
        views[who] = items
        states[who].park()
        assert table == {"a": 0, "z": 9}


def test_a_change_that_is_not_undone_stays() -> None:
    """A test that leaves a patch behind does so under pytest as well."""
    world = World()
    state = VirtualState(_alone)
    cell = Attribute(world.module, "value")
    state.note(cell)
    cell.write("left")
    state.park()
    state.resume()
    state.end()
    assert cell.read() == "left"


def test_what_others_change_for_good_is_not_undone_with_a_patch() -> None:
    """The patch remembers a value that is out of date by the time it is undone."""
    world = World()
    cell = Attribute(world.module, "value")
    patching = VirtualState(_alone)
    patching.note(cell)
    cell.write("patched")
    patching.park()
    cell.write("for good")
    patching.resume()
    assert cell.read() == "patched"
    cell.write("first")
    patching.park()
    assert cell.read() == "for good"


@pytest.mark.parametrize("added", [[], ["by another"]])
def test_a_list_follows_what_others_do_to_it_for_good(added: list[str]) -> None:
    """Patchers that one test stops are stopped for all, the test's own are its own."""
    shared = object()
    places: list[Any] = [shared]
    state = VirtualState(_alone)
    state.note(Contents(places))
    places.append("mine")
    state.park()
    assert places == [shared]
    places[:] = added
    state.resume()
    assert places == ["mine", *added]


def test_a_mapping_follows_what_others_do_to_it_for_good() -> None:
    """An environment variable that another test sets and leaves is there to stay."""
    table = {"kept": 1, "dropped": 1, "changed": 1}
    state = VirtualState(_alone)
    state.note(contents_of(table))
    table["changed"] = 2
    state.park()
    del table["dropped"]
    table.update(changed=3, added=3)
    state.resume()
    assert table == {"kept": 1, "changed": 2, "added": 3}


def test_the_environment_is_parked_as_the_process_sees_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Child processes and C code see what ``os.environ`` says."""
    monkeypatch.setenv("SAMPLE_PARKED", "without")
    state = VirtualState(_alone)
    state.note(contents_of(os.environ))
    os.environ["SAMPLE_PARKED"] = "within"
    state.park()
    command = [sys.executable, "-c", "import os; print(os.environ['SAMPLE_PARKED'])"]
    assert subprocess.check_output(command, text=True).strip() == "without"
    state.resume()
    assert os.environ["SAMPLE_PARKED"] == "within"


def test_while_a_thread_serves_a_test_its_changes_stay() -> None:
    """The thread goes on while the test waits, and may be there to see the patch."""
    served = False
    state = VirtualState(lambda: served)
    cell = Attribute(World().module, "value")
    state.note(cell, stays=True)
    assert state.may_be_left()
    served = True
    assert state.may_be_left()
    cell.write("changed")
    assert not state.may_be_left()
    served = False
    assert state.may_be_left()


def test_a_pinned_cell_is_what_it_was_when_the_test_began() -> None:
    """Each test's fixture gives a class its own registry: the others' are not mine."""
    world = World()
    cell = Attribute(world.module, "value")
    state = VirtualState(_alone)
    state.note(cell, pinned=True)
    state.park()
    cell.write("another's")
    state.resume()
    assert cell.read() == "first"
    state.park()
    assert cell.read() == "another's"


@given(_STEPS)
def test_what_is_changed_for_all_everybody_sees(
    steps: list[tuple[int, int, Any]],
) -> None:
    """Whatever of its own the test has, which does so for a wider fixture."""
    world = World()
    states = [VirtualState(_alone) for _ in range(4)]
    cell = MappingItem(world.table, "wide")
    for who, where, value in steps:
        states[who].resume()
        states[who].note(world.cells()[where])
        states[who].note(contents_of(world.table))
        if value in (None, MISSING):
            with states[who].for_all():
                cell.write(where)
        else:
            world.cells()[where].write(value)
        seen = cell.read()
        states[who].park()
        assert cell.read() == seen
        for state in states:
            state.resume()
            assert cell.read() == seen
            state.park()


def test_what_was_the_tests_own_before_stays_its_own() -> None:
    """A fixture of the session that is asked for in the midst of a test."""
    state = VirtualState(_alone)
    table = {"kept": 0}
    state.note(contents_of(table))
    table["own"] = 1
    with state.for_all():
        table["wide"] = 2
    state.park()
    assert table == {"kept": 0, "wide": 2}
    state.resume()
    assert table == {"kept": 0, "own": 1, "wide": 2}
    del table["own"]
    state.park()
    assert table == {"kept": 0, "wide": 2}


class Resisting:
    """Takes a value once and then refuses to have it changed."""

    def __init__(self) -> None:
        self.__dict__["sealed"] = False

    def __setattr__(self, name: str, value: object) -> None:
        if self.sealed:
            raise AttributeError(name)
        self.__dict__[name] = value


def test_a_test_whose_change_cannot_be_parked_is_not_left_again() -> None:
    """It then runs as one that has to be alone does."""
    target: Any = Resisting()
    target.value = "first"
    state = VirtualState(_alone)
    state.note(Attribute(target, "value"))
    target.value = "changed"
    target.__dict__["sealed"] = True
    state.park()
    assert not state.may_be_left()


def test_a_test_with_a_signal_handler_is_not_left_until_it_is_undone() -> None:
    """The signal may come at any time."""
    state = VirtualState(_alone)
    state.note_fixed(SignalHandler(signal.SIGUSR1))
    assert state.may_be_left()
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    assert not state.may_be_left()
    signal.signal(signal.SIGUSR1, before)
    assert state.may_be_left()


def test_noting_a_cell_twice_changes_nothing() -> None:
    """A fixture and its test may patch the same; the first one found it clean."""
    world = World()
    state = VirtualState(_alone)
    cell = Attribute(world.module, "value")
    state.note(cell)
    cell.write("fixture")
    state.note(Attribute(world.module, "value"))
    cell.write("test")
    state.park()
    assert cell.read() == "first"
