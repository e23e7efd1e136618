"""Objects of modules which tear-downs undo: what counts, and what does not."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import types
from typing import TYPE_CHECKING, Any

import pytest

from fasttest.isolation.shared_objects import SharedObjects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Thing:
    """An object that can be changed."""

    state = 0
    parts: dict[str, int] = {}  # noqa: RUF012 - shared, which is what this is about

    def start(self) -> None:
        """Change it."""

    stop = start


thing, other = Thing(), Thing()
space = types.SimpleNamespace(thing=thing)
cache: dict[str, int] = {}
log = logging.getLogger(__name__)
NAME = "text"


def make(*_: object, **__: object) -> None:
    """Do something to what is given."""


@contextlib.contextmanager
def running(_: object) -> Iterator[None]:
    """Do something to what is given, and undo it."""
    yield


def _calls_its_methods() -> Iterator[None]:
    thing.start()
    yield
    thing.stop()


def _gives_it() -> Iterator[None]:
    make(thing)
    try:
        yield
    finally:
        make(it=thing)


def _by_another_name() -> Iterator[None]:
    mine = space.thing
    mine.start()
    yield
    space.thing.stop()


def _within() -> Iterator[None]:
    with running(thing):
        yield


def _stores() -> Iterator[None]:
    cache["x"] = 1
    yield
    del cache["x"]


def _sets() -> Iterator[None]:
    thing.state = 1
    yield
    thing.state = 0


def _part_of_a_class() -> Iterator[None]:
    Thing.parts["x"] = 1
    yield
    Thing.parts.clear()


def _registers(request: Any) -> None:
    thing.start()
    request.addfinalizer(thing.stop)


def _only_before() -> Iterator[None]:
    thing.start()
    yield


def _only_after() -> Iterator[None]:
    yield
    thing.stop()


def _another() -> Iterator[None]:
    thing.start()
    yield
    other.stop()


def _reads() -> Iterator[int]:
    cache.copy  # noqa: B018 - nothing is done to it
    yield thing.state + len(NAME)
    _ = thing.state


def _tells() -> Iterator[None]:
    log.info("begin")
    yield
    log.info("end")


def _standard() -> Iterator[None]:
    os.environ.pop("x", None)
    sys.path.append("x")
    yield
    os.environ.pop("x", None)
    sys.path.remove("x")


def _its_own() -> Iterator[None]:
    mine = Thing()
    mine.start()
    yield
    mine.stop()


THING = f"object {__name__}.thing"
FIXTURES = {
    _calls_its_methods: [THING],
    _gives_it: [THING],
    _by_another_name: [THING],
    _within: [THING],
    _stores: [f"object {__name__}.cache"],
    _sets: [THING],
    _part_of_a_class: [f"object {__name__}.Thing.parts"],
    _registers: [THING],
    _only_before: [],
    _only_after: [],
    _another: [],
    _reads: [],
    _tells: [],
    _standard: [],
    _its_own: [],
}


@pytest.mark.parametrize(
    ("fixture", "found"),
    FIXTURES.items(),
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_what_a_fixture_does_and_undoes(
    fixture: Callable[..., Any], found: list[str]
) -> None:
    """A call, an argument or a store, before the yield and after it."""
    objects = SharedObjects()
    for _ in range(2):  # looked at, and remembered
        both = objects.done([fixture]) & objects.undone([fixture])
        names = objects.names(both)
        # By whichever name it is met first.
        assert [each.replace("space.thing", "thing") for each in names] == found


def test_one_object_has_one_name() -> None:
    """Whoever takes it, under whatever name, waits for all others."""
    objects = SharedObjects()
    fixtures = [_calls_its_methods, _by_another_name]
    assert len({*objects.names(objects.undone(fixtures))}) == 1


class Case:
    """A case with a test that does something to what its tear-down undoes."""

    def test_it(self) -> None:
        """A test."""
        thing.start()
        other.start()

    def tearDown(self) -> None:
        """Undo half of it."""
        thing.stop()


def test_a_tear_down_undoes_what_the_test_has_done() -> None:
    """Its own deeds are not among what is done before it."""
    objects = SharedObjects()
    functions = [Case.test_it, Case.tearDown]
    assert objects.names(objects.undone(functions)) == [THING]
    assert objects.done([Case.tearDown]) == frozenset()
    assert THING in objects.names(objects.done(functions))


@pytest.mark.parametrize("function", [len, print, object(), make])
def test_anything_can_be_asked_about(function: Any) -> None:
    """What has no source, or no code, does nothing that is known."""
    objects = SharedObjects()
    assert objects.done([function]) == objects.undone([function]) == frozenset()
