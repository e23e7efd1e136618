"""What cannot be a suite is refused, with the reason and the way out."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

import fasttest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


def _generator() -> Iterator[None]:
    yield


async def _async_generator() -> AsyncIterator[None]:
    yield


async def _coroutine() -> None: ...


def _plain() -> None: ...


def _positional(x: int, /) -> None: ...


@pytest.mark.parametrize(
    ("add", "message"),
    [
        (lambda s: s.add_test(_generator), "'_generator' is a generator"),
        (lambda s: s.add_test(_async_generator), "body would never run"),
        (lambda s: s.add_test(_plain, params={"x": [1]}), "no argument 'x'"),
        (lambda s: s.add_test(_plain, loop_scope="module"), "needs no loop"),
        (lambda s: s.add_test(_coroutine, loop_scope="modul"), "no scope 'modul'"),
        (lambda s: s.add_test(_positional), "positional-only"),
        (lambda s: (s.add_test(_plain), s.add_test(_plain)), "member '_plain' already"),
        (lambda s: s.add_fixture(_plain, scope="global"), "no scope 'global'"),
        (lambda s: s.add_fixture(_plain, loop_scope="session"), "needs no loop"),
        (
            lambda s: s.add_fixture(_coroutine, scope="module", loop_scope="class"),
            "would outlive its loop",
        ),
        (lambda s: s.group("g", "function"), "a package, a module or a class"),
        (lambda s: s.module("m").package("p"), "wider than the module it is in"),
        (lambda s: s.resource("db", capacity=0), "at least 1"),
        (
            lambda s: s.resource("db", rate="10"),
            "cannot have a rate of '10'",
        ),
        (lambda s: (s.resource("db"), s.resource("db")), "'db' already"),
        (lambda s: s.run(concurrency=0), "at least 1"),
        (lambda s: s.run(max_failures=-1), "0 means no limit"),
        (lambda s: type(s)(loop_scope="thread"), "no scope 'thread'"),
    ],
)
def test_a_contradiction_is_refused_where_it_is_declared(
    add: Callable[[fasttest.Suite], Any], message: str
) -> None:
    """The message names the thing and the rule."""
    with pytest.raises(ValueError, match=message):
        add(fasttest.Suite())


def test_a_cycle_of_fixtures_is_refused_with_its_path() -> None:
    """Nothing is run: the suite cannot be planned."""
    suite = fasttest.Suite()
    suite.add_fixture(lambda b: b, name="a")
    suite.add_fixture(lambda a: a, name="b")
    suite.add_test(lambda a: pytest.fail("was run"), name="test")

    with pytest.raises(fasttest.FixtureCycleError, match="a -> b -> a"):
        suite.run()


def test_a_fixture_that_would_outlive_another_is_refused_with_its_path() -> None:
    """A session fixture cannot hold on to what ends with a test."""
    suite = fasttest.Suite()
    suite.add_fixture(lambda: 1, name="short")
    suite.add_fixture(lambda short: short, name="long", scope="session")
    suite.add_test(lambda long: None, name="test")

    with pytest.raises(fasttest.ScopeMismatchError, match="long -> short"):
        suite.run()


def test_a_wide_fixture_cannot_need_a_tests_parameter() -> None:
    """It is made once, and the parameter differs from test to test."""
    suite = fasttest.Suite()
    suite.add_fixture(lambda: "default", name="user", scope="session")
    suite.add_fixture(lambda user: user, name="account", scope="session")
    suite.add_test(lambda user, account: None, name="t", params={"user": ["ada"]})

    with pytest.raises(fasttest.ScopeMismatchError, match=r"t: .*account -> user"):
        suite.run()


def test_an_unknown_fixture_is_refused_by_name() -> None:
    """Also where the one who asks is a fixture in an inner group."""
    suite = fasttest.Suite()
    module = suite.module("orders")
    module.add_fixture(lambda databse: databse, name="orders")
    module.add_test(lambda orders: None, name="test")

    with pytest.raises(fasttest.FixtureLookupError, match=r"orders::test: .*databse"):
        suite.run()


def test_fixtures_of_another_group_are_unknown() -> None:
    """A fixture serves its own group and those in it."""
    suite = fasttest.Suite()
    suite.module("one").add_fixture(lambda: 1, name="private")
    suite.module("two").add_test(lambda private: None, name="test")

    with pytest.raises(fasttest.FixtureLookupError, match="private"):
        suite.run()


def test_an_unknown_resource_is_refused_with_those_there_are() -> None:
    """A typing error would otherwise lift the limit."""
    suite = fasttest.Suite()
    suite.resource("db")
    suite.add_test(_plain, resources=["bd"])

    with pytest.raises(fasttest.PlanError, match=r"'bd', which its suite lacks .* db"):
        suite.run()


def test_unknown_options_are_refused() -> None:
    """They are keyword arguments like others."""
    with pytest.raises(TypeError, match="fail_fast"):
        fasttest.Suite().run(fail_fast=True)  # type: ignore[call-arg]


def test_decorators_leave_the_function_as_it_is() -> None:
    """It can still be called, or be added to another suite."""
    suite = fasttest.Suite()

    assert suite.test(_plain) is _plain
    assert suite.test(name="other")(_plain) is _plain
    assert suite.fixture(_plain) is _plain
    assert suite.fixture(scope="session")(_plain) is _plain


def test_callable_objects_and_defaults_are_understood() -> None:
    """An argument with a default is not a fixture; ``__call__`` may be async."""
    suite = fasttest.Suite()
    called = []

    class Check:
        async def __call__(self, clock: Callable[[], float] = time.monotonic) -> None:
            called.append((asyncio.get_running_loop(), clock()))

    suite.add_test(Check())

    (result,) = suite.run().results

    assert result.name == "Check"
    assert len(called) == 1
