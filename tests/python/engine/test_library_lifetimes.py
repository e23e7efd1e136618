"""How long the fixtures of a suite live, and how they end."""

from __future__ import annotations

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
                group.add_test(lambda test=test: events.append(test), name=test)

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
