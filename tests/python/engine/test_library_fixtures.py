"""Fixtures of a suite: who gets which, and with what value."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING

import pytest

from fasttest import Outcome, Suite

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture
def events() -> list[str]:
    """What happened, in order."""
    return []


def test_fixtures_of_all_kinds_give_their_value() -> None:
    """Plain and generator functions, async or not."""
    suite = Suite()
    ended = []

    @suite.fixture
    def plain() -> str:
        return "plain"

    @suite.fixture
    def generator(plain: str) -> Iterator[str]:
        yield f"{plain}, generator"
        ended.append("generator")

    @suite.fixture
    async def coroutine(generator: str) -> str:
        return f"{generator}, coroutine"

    @suite.fixture
    async def async_generator(coroutine: str) -> AsyncIterator[str]:
        yield f"{coroutine}, async generator"
        ended.append("async generator")

    @suite.test
    def sync(async_generator: str) -> None:
        assert async_generator == "plain, generator, coroutine, async generator"

    @suite.test
    async def asynchronous(async_generator: str) -> None:
        assert async_generator == "plain, generator, coroutine, async generator"

    report = suite.run(concurrency=1)

    assert report.ok, str(report)
    assert ended == ["async generator", "generator"] * 2


def test_inner_groups_override_and_may_ask_for_the_outer_one() -> None:
    """A fixture that asks for its own name gets the one it overrides."""
    suite = Suite()
    module = suite.module("m")
    seen = []
    suite.add_fixture(lambda: "outer", name="value")
    suite.add_fixture(lambda value: f"user of {value}", name="user")
    module.add_fixture(lambda value: f"inner of {value}", name="value")
    module.add_test(lambda value, user: seen.append((value, user)), name="inside")
    suite.add_test(lambda value, user: seen.append((value, user)), name="outside")

    report = suite.run(concurrency=1)

    assert report.ok, str(report)
    assert seen == [
        ("inner of outer", "user of inner of outer"),
        ("outer", "user of outer"),
    ]


def test_parameters_given_to_a_test_override_a_fixture_for_its_fixtures() -> None:
    """As with pytest's direct parametrization."""
    suite = Suite()
    seen = []
    suite.add_fixture(lambda: "default", name="user")
    suite.add_fixture(lambda user: f"account of {user}", name="account")
    suite.add_test(
        lambda user, account: seen.append(account), name="t", params={"user": ["ada"]}
    )

    report = suite.run()

    assert report.ok, str(report)
    assert seen == ["account of ada"]


def test_autouse_fixtures_serve_their_group_alone(events: list[str]) -> None:
    """They are needed by tests that do not name them."""
    suite = Suite()
    module = suite.module("m")

    @module.fixture(autouse=True)
    def always() -> Iterator[None]:
        events.append("+always")
        yield
        events.append("-always")

    module.add_test(lambda: events.append("inside"), name="inside")
    suite.add_test(lambda: events.append("outside"), name="outside")

    suite.run(concurrency=1)

    assert events == ["+always", "inside", "-always", "outside"]


@pytest.mark.parametrize("times", [0, 2])
def test_a_generator_fixture_yields_exactly_once(times: int) -> None:
    """Anything else is an error of the phase in which it shows."""
    suite = Suite()

    @suite.fixture
    def plain() -> Iterator[None]:
        for _ in range(times):
            yield

    @suite.fixture
    async def asynchronous() -> AsyncIterator[None]:
        for _ in range(times):
            yield

    suite.add_test(lambda plain: None, name="sync")
    suite.add_test(lambda asynchronous: None, name="async")

    expected = {0: "did not yield", 2: "more than one 'yield'"}[times]
    for result in suite.run().results:
        assert result.outcome is Outcome.ERROR
        assert expected in str(result.error)


def test_context_variables_of_fixtures_are_seen_by_those_who_need_them() -> None:
    """Set by an async fixture or a wide one, reset by the fixture's own token."""
    variable = contextvars.ContextVar("variable", default="unset")
    suite = Suite()
    seen = []

    @suite.fixture(scope="session")
    async def wide() -> AsyncIterator[None]:
        token = variable.set("wide")
        yield
        variable.reset(token)
        seen.append(variable.get())

    @suite.fixture
    async def own(wide: None) -> None:
        seen.append(variable.get())
        variable.set("own")

    @suite.test
    async def first(own: None) -> None:
        seen.append(variable.get())

    @suite.test
    def second(wide: None) -> None:
        seen.append(variable.get())

    @suite.test
    def third() -> None:
        seen.append(variable.get())

    report = suite.run(concurrency=1)

    assert report.ok, str(report)
    assert seen == ["wide", "own", "wide", "unset", "unset"]
    assert variable.get() == "unset"


def test_fixtures_declared_twice_serve_the_later_one() -> None:
    """As names do in a module."""
    suite = Suite()
    seen: list[object] = []
    suite.add_fixture(lambda: 1, name="value")
    suite.add_fixture(lambda: 2, name="value")
    suite.add_test(lambda value: seen.append(value), name="test")

    suite.run()

    assert seen == [2]
