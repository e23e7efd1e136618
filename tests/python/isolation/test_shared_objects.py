"""Objects of modules which tear-downs undo: what counts, and what does not."""

from __future__ import annotations

import contextlib
import enum
import logging
import os
import sys
import types
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from fasttest.isolation.process_state import ProcessState
from fasttest.isolation.shared_objects import SharedObjects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Thing:
    """An object that can be changed."""

    state = 0
    parts: dict[str, int] = {}  # noqa: RUF012 - shared, which is what this is about

    def start(self, *_: object) -> None:
        """Change it."""

    stop = find = start


class Mode(enum.Enum):
    """A constant."""

    TEST = "test"


thing, other = Thing(), Thing()
space = types.SimpleNamespace(thing=thing, overrides={})
cache: dict[str, int] = {}
HEADERS = {"x": "y"}
log = logging.getLogger(__name__)
NAME = "text"


def create_all(*_: object, **__: object) -> None:
    """Do something to what is given."""


drop_all = create_all


@contextlib.contextmanager
def running(_: object) -> Iterator[None]:
    """Do something to what is given, and undo it."""
    yield


def _starts_and_stops() -> Iterator[None]:
    thing.start()
    yield
    thing.stop()


def _is_given() -> Iterator[None]:
    create_all(thing)
    try:
        yield
    finally:
        drop_all(it=thing)


def _is_given_to_something_made() -> Iterator[None]:
    Holder().start(thing)
    yield
    Holder().stop(thing)


def _by_another_name() -> Iterator[None]:
    mine = space.thing
    mine.start()
    yield
    space.thing.stop()


def _in_branches(request: Any) -> Iterator[None]:
    thing.start()
    if request.param:
        yield
    else:
        yield
    thing.stop()


def _hands_on(run: Any) -> Iterator[None]:
    run(thing.start)
    yield
    run(thing.stop)


def _fills_and_clears() -> Iterator[None]:
    cache["x"] = 1
    yield
    cache.clear()


def _stores_and_deletes() -> Iterator[None]:
    cache["x"] = 1
    yield
    del cache["x"]


def _fills_and_replaces() -> Iterator[None]:
    space.overrides["x"] = 1
    yield
    space.overrides = {}


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


def _clears_twice() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def _another() -> Iterator[None]:
    thing.start()
    yield
    other.stop()


def _deletes_what_it_made() -> Iterator[None]:
    thing.start(1)
    yield
    thing.find(1)


def _within() -> Iterator[None]:
    with running(thing), mock.patch.object(thing, "state", 1):
        yield


def _makes_something_of_it() -> Iterator[None]:
    mine = Holder(thing, cache)
    mine.start(thing)
    yield
    mine.stop(HEADERS)


def _reads() -> Iterator[int]:
    cache.get("x")
    yield thing.state + len(NAME) + len(cache)
    cache.copy()


def _constants() -> Iterator[None]:
    create_all(Mode.TEST, HEADERS, NAME)
    yield
    drop_all(Mode.TEST, HEADERS, NAME)


def _logs() -> Iterator[None]:
    log.setLevel(10)
    yield
    log.handlers.clear()


def _standard() -> Iterator[None]:
    os.environ["X"] = "y"
    sys.path.append("x")
    yield
    os.environ.clear()
    sys.path.clear()


def _its_own() -> Iterator[None]:
    mine = Thing()
    mine.start()
    yield
    mine.stop()


class Single(Thing):
    """Something of which there is one."""

    _instance: Thing | None = None

    def __new__(cls) -> Any:
        """Make it once."""
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance


class Meta(type):
    """What keeps an instance of each class."""

    _instances: dict[type, Any] = {}  # noqa: RUF012 - one for all, as people write it

    def __call__(cls, *args: object) -> Any:
        """Make it once."""
        if cls not in Meta._instances:
            Meta._instances[cls] = super().__call__(*args)
        return Meta._instances[cls]


class Kept(Thing, metaclass=Meta):
    """Another of which there is one."""


class Made(Thing):
    """Something of which each call makes another."""

    def __new__(cls) -> Any:
        """Make it."""
        return super().__new__(cls)


class Holder(Thing):
    """Something that a fixture makes."""

    def __init__(self, *_: object) -> None:
        """Hold something."""


THING = f"object {__name__}.thing"
CACHE = f"object {__name__}.cache"
FIXTURES = {
    _starts_and_stops: [THING],
    _is_given: [THING],
    _is_given_to_something_made: [THING],
    _by_another_name: [THING],
    _in_branches: [THING],
    _hands_on: [THING],
    _fills_and_clears: [CACHE],
    _stores_and_deletes: [CACHE],
    _fills_and_replaces: [f"object {__name__}.space.overrides"],
    _sets: [f"{THING}.state"],
    _part_of_a_class: [f"object {__name__}.Thing.parts"],
    _registers: [THING],
    _only_before: [],
    _only_after: [],
    _clears_twice: [],
    _another: [],
    _deletes_what_it_made: [],
    _within: [],
    _makes_something_of_it: [],
    _reads: [],
    _constants: [],
    _logs: [],
    _standard: [],
    _its_own: [],
}


def taken(*functions: Callable[..., Any]) -> list[str]:
    """What functions do to objects and undo."""
    objects = SharedObjects()
    undone = objects.undone(functions)
    return objects.names(objects.done(functions, undone))


@pytest.mark.parametrize(
    ("fixture", "found"),
    FIXTURES.items(),
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_what_a_fixture_does_and_undoes(
    fixture: Callable[..., Any], found: list[str]
) -> None:
    """What is done before the yield, and after it by what undoes what others did."""
    # By whichever name it is met first.
    names = [each.replace("space.thing", "thing") for each in taken(fixture)]
    assert names == found


def test_one_object_has_one_name() -> None:
    """Whoever takes it, under whatever name, waits for all others."""
    assert len(taken(_starts_and_stops, _by_another_name)) == 1


class Case:
    """A case with a test that does something to what its tear-down undoes."""

    def test_it(self) -> None:
        """A test."""
        thing.start()
        other.start()

    def test_other(self) -> None:
        """A test that has nothing to do with it."""
        other.start()

    def tearDown(self) -> None:
        """Undo half of it."""
        thing.stop()


def test_a_tear_down_undoes_what_the_test_has_done() -> None:
    """Its own deeds are not among what is done before it."""
    assert taken(Case.test_it, Case.tearDown) == [THING]
    assert taken(Case.test_other, Case.tearDown) == []
    assert taken(Case.tearDown) == []


def test_a_test_that_clears_does_something() -> None:
    """A fixture that clears beforehand does not, but who does so in between."""

    def test() -> None:
        cache.clear()

    assert taken(_clears_twice, test) == [CACHE]


@pytest.mark.parametrize("cls", [Single, Kept, Made])
def test_the_only_instance_is_one_object_wherever_it_is_asked_for(cls: Any) -> None:
    """Who undoes something of it, before or after others do something to it."""

    def starts() -> None:
        mine = cls()
        mine.start()

    def stops() -> None:
        cls().stop()

    found = [] if cls is Made else [f"object {__name__}.{cls.__qualname__}"]
    assert taken(starts, stops) == found
    assert taken(starts) == []
    objects = SharedObjects()
    assert objects.names(objects.only_instances([starts])) == found
    assert objects.only_instances([_starts_and_stops, _its_own]) == frozenset()


def test_equal_code_of_two_modules_is_about_two_objects() -> None:
    """Fixtures that are written alike name what is in their modules."""
    objects = SharedObjects()
    names = set()
    for name in ("one", "two"):
        module = types.ModuleType(name)
        vars(module).update(thing=Thing())
        function: Any = types.FunctionType(_starts_and_stops.__code__, vars(module))
        undone = objects.undone([function])
        names.update(objects.names(objects.done([function], undone)))
    assert names == {"object one.thing", "object two.thing"}


class Nowhere(types.ModuleType):
    """A module that does not say its name."""

    @property
    def __name__(self) -> str:  # type: ignore[override]
        """Refuse."""
        raise RuntimeError


class Proxy:
    """An object that can be asked for nothing yet."""

    @property
    def __class__(self) -> type:  # type: ignore[override]
        """Refuse."""
        raise RuntimeError

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    def __bool__(self) -> bool:
        raise RuntimeError


ODD = {
    "no name": Nowhere("nowhere"),
    "no module": type("NoModule", (), {"__module__": None}),
    "proxy": Proxy(),
    "mock": mock.MagicMock(),
    "builtin": len,
    "object": object(),
}


@pytest.mark.parametrize("name", ODD)
def test_nothing_of_an_object_is_run(name: str) -> None:
    """What a function names may be anything, and not ready yet."""
    odd: Any = ODD[name]
    code = _starts_and_stops.__code__
    function: Any = types.FunctionType(code, {"thing": odd, "__name__": "here"})
    assert taken(function) in ([], ["object here.thing"])
    state = ProcessState(lambda module: False)
    assert state.findings([function]) == []
