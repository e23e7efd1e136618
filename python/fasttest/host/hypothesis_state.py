"""What Hypothesis keeps for the test in the midst of an example, and whose it is.

It keeps the current test, its reporter and its settings per thread, and seeds the
global random number generators for the time of each example. Of two tests that take
turns on one thread each has to find its own: it is part of the test's virtual state.

Checked against Hypothesis 6.100 and 6.170. Where one keeps its state elsewhere, its
tests run alone.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

from fasttest.host import private
from fasttest.isolation.cells import MISSING, Attribute

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from fasttest.isolation.cells import Cell

# What explains a failed comparison, in the manner of Hypothesis's list of such places.
_LOCATIONS = ("/fasttest/host/private.py", "/fasttest/host/routing.py")


def is_given(item: pytest.Item) -> bool:
    """Whether an item is a test under ``@hypothesis.given``, or a state machine."""
    function = getattr(item, "obj", None)
    return hasattr(function, "hypothesis") or bool(
        getattr(function, "is_hypothesis_test", False)
    )


def handle_of(item: Any) -> Any:
    """Where Hypothesis keeps a test's function; one for all parameters of a test.

    What it knows of the run of a test is kept by function and thread: of the tests of
    one function one runs at a time.
    """
    return item.obj.hypothesis


def can_take_turns(item: pytest.Item) -> bool:
    """Whether such an item may be left while it waits.

    A method must not be run with two instances of its class, but pytest makes a case of
    unittest's anew for a second run.
    """
    return (
        not private.is_test_case(item)
        and any(True for _ in _variables())
        and hasattr(sys.modules.get("hypothesis.internal.entropy"), "RANDOMS_TO_MANAGE")
    )


def _leave_out_of_explanations() -> None:
    """Have the lines of fasttest left out of what Hypothesis says about a failure.

    It names the lines which only failing examples run, and leaves pytest's out.
    """
    scrutineer: Any = sys.modules.get("hypothesis.internal.scrutineer")
    known: tuple[str, ...] | None = getattr(scrutineer, "UNHELPFUL_LOCATIONS", None)
    if known is not None and not set(known).issuperset(_LOCATIONS):
        scrutineer.UNHELPFUL_LOCATIONS = (*known, *_LOCATIONS)


def begin() -> Iterator[Cell]:
    """A test begins: the places which are to be its own.

    The random number generators come last: whether they are seeded says one of the
    variables.
    """
    _leave_out_of_explanations()
    for variable in _variables():
        yield Attribute(variable, "value")
    yield _RecursionLimit()
    yield _Generators()


class _RecursionLimit:
    """How deep calls may be, which Hypothesis raises while it runs a test."""

    key = "recursion limit"

    def read(self) -> int:
        """See ``Cell``."""
        return sys.getrecursionlimit()

    def write(self, value: int) -> None:
        """See ``Cell``."""
        with contextlib.suppress(RecursionError):  # we are deeper than that
            sys.setrecursionlimit(value)

    def same(self, one: int, other: int) -> bool:
        """See ``Cell``."""
        return one == other

    def follow(self, mine: int, before: int, now: int) -> int:
        """See ``Cell``."""
        return mine


class _Generators:
    """The random number generators, as far as Hypothesis has seeded them."""

    key = "random number generators"

    def read(self) -> object:
        """Their states in the midst of an example, ``MISSING`` outside of it."""
        if not _in_example():
            return MISSING
        return [(each, each.getstate()) for each in _generators()]

    def write(self, value: Any) -> None:
        """Set the states.

        What they were before an example is Hypothesis's secret. Any other state will do
        then, but not the seeded one, with which each example of each test begins.
        """
        if value is MISSING:
            for each in _generators():
                each.seed()
        else:
            for each, state in value:
                each.setstate(state)

    def same(self, one: object, other: object) -> bool:
        """Whether neither was read in the midst of an example."""
        return one is other

    def follow(self, mine: object, before: object, now: object) -> object:
        """See ``Cell``."""
        return mine


def _in_example() -> bool:
    """Whether Hypothesis has seeded the random number generators."""
    hypothesis: Any = sys.modules["hypothesis"]
    return bool(hypothesis.currently_in_test_context())


def _variables() -> Iterator[Any]:
    """Hypothesis's variables that have a value per thread."""
    home = sys.modules.get("hypothesis.utils.dynamicvariables")
    kind = getattr(home, "DynamicVariable", None)
    if kind is None:
        return
    found: dict[int, Any] = {}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "hypothesis":
            for value in list(vars(module).values()):
                if isinstance(value, kind) and id(value) not in found:
                    found[id(value)] = value
                    yield value


def _generators() -> list[Any]:
    """The random number generators which Hypothesis seeds."""
    entropy: Any = sys.modules["hypothesis.internal.entropy"]
    return list(entropy.RANDOMS_TO_MANAGE.values())
