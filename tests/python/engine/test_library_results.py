"""What a suite built from plain callables reports."""

from __future__ import annotations

import asyncio
import functools
import traceback

import pytest

import fasttest
from fasttest import Outcome, Phase


def test_sync_and_async_tests_run_and_pass() -> None:
    """Both kinds of callables are tests; the report counts them."""
    suite = fasttest.Suite()
    ran = []

    @suite.test
    def plain() -> None:
        ran.append("plain")

    @suite.test
    async def asynchronous() -> None:
        ran.append("asynchronous")

    report = suite.run()

    assert sorted(ran) == ["asynchronous", "plain"]
    assert report.ok
    assert report.counts == {
        Outcome.PASSED: 2,
        Outcome.FAILED: 0,
        Outcome.ERROR: 0,
        Outcome.SKIPPED: 0,
    }


def test_an_error_is_its_tests_alone() -> None:
    """A test that raises, even a BaseException, fails; the others go on."""
    suite = fasttest.Suite()
    error = ValueError("first line\nsecond line")

    @suite.test
    async def raises() -> None:
        raise error

    @suite.test
    def exits() -> None:
        raise SystemExit(3)

    @suite.test
    async def passes() -> None: ...

    report = suite.run()
    failed, left, passed = report.results

    assert (failed.outcome, failed.phase, failed.error) == (
        Outcome.FAILED,
        Phase.CALL,
        error,
    )
    assert isinstance(left.error, SystemExit)
    assert passed.outcome is Outcome.PASSED
    assert report.failures == (failed, left)
    assert not report.ok
    assert str(failed) == "FAILED raises - call: ValueError: first line"


def test_errors_of_fixtures_are_told_from_failures() -> None:
    """As in pytest: a set-up or teardown that raises is an error, a call a failure."""
    suite = fasttest.Suite()

    @suite.fixture
    def broken() -> None:
        raise LookupError("no such thing")

    @suite.fixture
    def leaves_a_mess() -> object:
        yield
        raise OSError("cannot clean up")

    @suite.test
    def is_not_called(broken: None) -> None:
        pytest.fail("called although its fixture failed")

    @suite.test
    def passes_first(leaves_a_mess: None) -> None: ...

    @suite.test
    def fails_twice(leaves_a_mess: None) -> None:
        raise ValueError

    setup, teardown, both = suite.run().results

    assert (setup.outcome, setup.phase) == (Outcome.ERROR, Phase.SETUP)
    assert Phase.CALL not in setup.durations
    assert (teardown.outcome, teardown.phase) == (Outcome.ERROR, Phase.TEARDOWN)
    assert both.outcome is Outcome.FAILED
    assert [failure.phase for failure in both.failures] == [Phase.CALL, Phase.TEARDOWN]


def test_tracebacks_begin_in_the_authors_code() -> None:
    """Neither the engine nor asyncio is where anybody would look for the cause."""
    suite = fasttest.Suite()

    @suite.fixture(scope="session")
    async def fails_in_set_up() -> None:
        raise ValueError

    @suite.fixture
    def fails_in_teardown() -> object:
        yield
        raise ValueError

    @suite.test
    async def fails(fails_in_teardown: None) -> None:
        raise ValueError

    for name in ("one", "two"):
        suite.add_test(lambda fails_in_set_up: None, name=name)

    failures = [f for result in suite.run().results for f in result.failures]
    first_frames = [
        traceback.extract_tb(failure.error.__traceback__)[0].name
        for failure in failures
    ]

    assert first_frames == ["fails", "fails_in_teardown", *["fails_in_set_up"] * 2]


def test_a_test_can_be_skipped_from_within_or_by_a_fixture() -> None:
    """``skip`` is not caught by a test's own ``except Exception``."""
    suite = fasttest.Suite()

    @suite.fixture
    async def not_here() -> None:
        fasttest.skip("no network")

    @suite.test
    async def skips() -> None:
        try:
            fasttest.skip("not today")
        except Exception:
            pytest.fail("a test's own handler caught the skip")

    @suite.test
    def is_skipped(not_here: None) -> None: ...

    report = suite.run()

    assert [(r.outcome, r.reason) for r in report.results] == [
        (Outcome.SKIPPED, "not today"),
        (Outcome.SKIPPED, "no network"),
    ]
    assert report.ok


def test_results_are_in_order_of_definition_and_have_durations() -> None:
    """The order of completion is that of the callback, not of the report."""
    suite = fasttest.Suite(loop_scope="session")
    came: list[str] = []

    @suite.fixture(scope="session")
    async def second_is_done() -> asyncio.Event:
        return asyncio.Event()

    @suite.test
    async def first(second_is_done: asyncio.Event) -> None:
        await second_is_done.wait()

    @suite.test
    async def second(second_is_done: asyncio.Event) -> None:
        second_is_done.set()

    @suite.test
    async def last() -> None: ...

    report = suite.run(lambda result: came.append(result.name))

    assert [result.name for result in report.results] == ["first", "second", "last"]
    assert came.index("second") < came.index("first")
    assert all(set(result.durations) == set(Phase) for result in report.results)
    assert all(seconds >= 0 for r in report.results for seconds in r.durations.values())


def test_groups_and_parameters_make_the_name() -> None:
    """Names tell tests apart; equal texts of parameters are numbered."""
    suite = fasttest.Suite()

    @suite.fixture(params=["plain", None])
    def coding(request: fasttest.Request) -> object:
        return request.param

    with suite.package("shop") as shop, shop.module("orders") as orders:

        @orders.test(params={"size": [1, 1.5], "item": [object(), object()]})
        def total(size: float, item: object) -> None: ...

        @orders.test(name="coded")
        def anything(coding: str) -> None: ...

    suite.add_test(functools.partial(total, 1, item=2), name="partial")

    assert [result.name for result in suite.run().results] == [
        "shop::orders::total[1-item0]",
        "shop::orders::total[1-item1]",
        "shop::orders::total[1.5-item0]",
        "shop::orders::total[1.5-item1]",
        "shop::orders::coded[plain]",
        "shop::orders::coded[None]",
        "partial",
    ]


def test_parameters_reach_the_test() -> None:
    """Each combination is a run of its own."""
    suite = fasttest.Suite()
    seen = []

    @suite.test(params={"x": [1, 2], "y": "ab"})
    def pair(x: int, y: str) -> None:
        seen.append((x, y))

    suite.run()

    assert seen == [(1, "a"), (1, "b"), (2, "a"), (2, "b")]


def test_an_async_result_that_nobody_awaits_fails_the_test() -> None:
    """Such a test cannot fail, which is worse than failing."""
    suite = fasttest.Suite()

    async def body() -> None:
        raise AssertionError

    suite.add_test(lambda: body(), name="forgotten")

    (result,) = suite.run().results

    assert result.outcome is Outcome.FAILED
    assert "declare it with 'async def'" in str(result.error)


def test_the_report_reads_as_a_summary() -> None:
    """Passed tests are counted, the others named with their cause."""
    suite = fasttest.Suite()

    @suite.test
    def good() -> None: ...

    @suite.test
    def bad() -> None:
        raise ValueError("wrong")

    @suite.test
    def left_out() -> None:
        fasttest.skip("later")

    *lines, summary = str(suite.run()).splitlines()

    assert lines == ["FAILED bad - call: ValueError: wrong", "SKIPPED left_out - later"]
    assert summary.startswith("1 passed, 1 failed, 1 skipped in 0.")


def test_an_empty_suite_is_an_empty_report() -> None:
    """There is nothing to run and nothing that failed."""
    report = fasttest.Suite().run()

    assert report.results == ()
    assert str(report).startswith("no tests in ")
