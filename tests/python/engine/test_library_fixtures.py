"""Fixtures of a suite: who gets which, how often they are made, how they end."""

from __future__ import annotations

import contextvars
import inspect
from typing import TYPE_CHECKING, Any

import pytest

import fasttest
from fasttest import Outcome, Request, Suite

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_BY_NAME = inspect.Parameter.KEYWORD_ONLY


@pytest.fixture
def events() -> list[str]:
    """What happened, in order."""
    return []


def _noted(events: list[str], name: str, *argnames: str) -> Any:
    """A generator fixture that notes its set-up and its teardown."""

    def fixture(**needed: object) -> Iterator[str]:
        events.append(f"+{name}")
        yield name
        events.append(f"-{name}")

    parameters = [inspect.Parameter(arg, _BY_NAME) for arg in argnames]
    fixture.__name__ = name
    fixture.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return fixture


def _noting(events: list[str], name: str) -> Any:
    return lambda: events.append(name)


def test_each_fixture_is_made_once_in_its_scope(events: list[str]) -> None:
    """One instance per suite, package, module, class and test."""
    suite = Suite()
    for scope in ("session", "package", "module", "class", "function"):
        suite.add_fixture(
            _noted(events, f"{scope}_"), name=f"{scope}_", scope=scope, autouse=True
        )
    for package in ("p", "q"):
        module = suite.package(package).module("m")
        for name in ("C", "D"):
            group = module.class_(name)
            for test in ("one", "two"):
                group.add_test(_noting(events, test), name=test)

    assert suite.run(concurrency=1).ok
    made = [event for event in events if event.startswith("+")]
    ended = [event for event in events if event.startswith("-")]
    expected = {"session_": 1, "package_": 2, "module_": 2, "class_": 4, "function_": 8}
    for name, count in expected.items():
        assert made.count(f"+{name}") == ended.count(f"-{name}") == count, name
    assert made[:5] == [f"+{name}" for name in expected]
    assert ended[-5:] == [f"-{name}" for name in reversed(expected)]


def test_teardown_is_the_reverse_of_set_up(events: list[str]) -> None:
    """Nothing ends before what was built on it."""
    suite = Suite()
    suite.add_fixture(_noted(events, "a"), scope="session")
    suite.add_fixture(_noted(events, "b", "a"), scope="session")
    suite.add_fixture(_noted(events, "c", "b"))
    suite.add_fixture(_noted(events, "d", "c", "a"))
    suite.add_test(lambda d: events.append(d), name="test")

    suite.run()

    assert events == ["+a", "+b", "+c", "+d", "d", "-d", "-c", "-b", "-a"]


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
    module.add_fixture(_noted(events, "always"), autouse=True)
    module.add_test(_noting(events, "inside"), name="inside")
    suite.add_test(_noting(events, "outside"), name="outside")

    suite.run(concurrency=1)

    assert events == ["+always", "inside", "-always", "outside"]


def test_parameters_of_a_wide_fixture_are_never_alive_at_once(
    events: list[str],
) -> None:
    """Tests of one parameter follow one another, also beyond their module."""
    suite = Suite()

    @suite.fixture(scope="session", params=["sqlite", "postgres"])
    def database(request: Request) -> Iterator[str]:
        events.append(f"+{request.param}")
        yield request.param
        events.append(f"-{request.param}")

    for name in ("one", "two", "three"):
        suite.module(name).add_test(lambda database: events.append(database), name="t")

    report = suite.run()

    assert events == [
        *["+sqlite", "sqlite", "sqlite", "sqlite", "-sqlite"],
        *["+postgres", "postgres", "postgres", "postgres", "-postgres"],
    ]
    assert [result.name for result in report.results][:2] == [
        "one::t[sqlite]",
        "one::t[postgres]",
    ]


def test_a_failed_set_up_fails_all_that_need_it_with_the_same_error() -> None:
    """It is not tried again; tests that do not need it run."""
    suite = Suite()
    tried = []

    @suite.fixture(scope="session")
    async def database() -> None:
        tried.append(1)
        raise ConnectionError("refused")

    suite.add_fixture(lambda database: None, name="table", scope="module")
    for name in ("one", "two"):
        suite.add_test(lambda table: pytest.fail("called"), name=name)
    suite.add_test(lambda: None, name="independent")

    one, two, independent = suite.run().results

    assert len(tried) == 1
    assert one.outcome is two.outcome is Outcome.ERROR
    assert one.error is two.error
    assert independent.outcome is Outcome.PASSED


def test_no_teardown_error_stops_the_others(events: list[str]) -> None:
    """All fixtures end, and all errors are in the result of the last test."""
    suite = Suite()
    suite.add_fixture(_noted(events, "good"), scope="session")

    @suite.fixture(scope="session")
    def bad(good: str) -> Iterator[None]:
        yield
        raise OSError("first")

    @suite.fixture
    async def worse(bad: None) -> AsyncIterator[None]:
        yield
        raise OSError("second")

    suite.add_test(lambda good: None, name="earlier")
    suite.add_test(lambda worse: None, name="last")

    earlier, last = suite.run().results

    assert events == ["+good", "-good"]
    assert earlier.outcome is Outcome.PASSED
    assert [str(failure.error) for failure in last.failures] == ["second", "first"]


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


def test_the_package_scope_falls_back_to_the_next_wider_group(
    events: list[str],
) -> None:
    """Outside a class, a class fixture lives for one test, as in pytest."""
    suite = Suite()
    for scope in ("package", "class"):
        suite.add_fixture(_noted(events, scope), scope=scope, name=f"{scope}_")
    for name in ("one", "two"):
        suite.add_test(lambda package_, class_: None, name=name)

    assert suite.run(concurrency=1).ok
    assert events == ["+package", *["+class", "-class"] * 2, "-package"]


def test_fixtures_declared_twice_serve_the_later_one() -> None:
    """As names do in a module."""
    suite = Suite()
    seen: list[object] = []
    suite.add_fixture(lambda: 1, name="value")
    suite.add_fixture(lambda: 2, name="value")
    suite.add_test(lambda value: seen.append(value), name="test")

    suite.run()

    assert seen == [2]


def test_a_group_left_and_entered_again_is_set_up_anew(events: list[str]) -> None:
    """A parameter of a wider fixture can part the tests of a module."""
    suite = Suite()
    suite.add_fixture(
        lambda request: request.param, name="wide", params=[1, 2], scope="session"
    )
    suite.add_fixture(_noted(events, "narrow"), scope="module")
    for name in ("a", "b"):
        module = suite.module(name)
        module.add_test(lambda wide, narrow: None, name="test")

    assert suite.run(concurrency=1).ok
    assert events == ["+narrow", "-narrow"] * 4


def test_skipping_in_a_wide_fixture_skips_all_its_tests() -> None:
    """And says why in each of them."""
    suite = Suite()

    @suite.fixture(scope="session")
    def docker() -> None:
        fasttest.skip("no docker here")

    for name in ("one", "two"):
        suite.add_test(lambda docker: None, name=name)

    assert {(r.outcome, r.reason) for r in suite.run().results} == {
        (Outcome.SKIPPED, "no docker here")
    }
