"""The short way: who may take it, and that nobody can tell afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from fasttest.host import private
from fasttest.host.hooks import Listeners
from fasttest.host.quick import QuickWay
from fasttest.host.suite import Suite

pytest_plugins = ["pytester"]

pytestmark = [
    pytest.mark.usefixtures("dialect"),
    # Inner runs inherit the filters; there warnings are reported as for any suite.
    pytest.mark.filterwarnings("default"),
]


Collect: TypeAlias = Callable[..., list[pytest.Item]]


@pytest.fixture
def collect(pytester: pytest.Pytester) -> Collect:
    """Collects files, written as for ``makepyfile``, with these options."""

    def collect(
        *options: str, source: str = "def test_it(): pass", **files: str
    ) -> list[pytest.Item]:
        pytester.makepyfile(**{"test_it": source, **files})
        items, _ = pytester.inline_genitems(*options)
        return items

    return collect


def way(items: list[pytest.Item]) -> QuickWay:
    """The short way of the items' session."""
    session = items[0].session
    return QuickWay(session, Listeners(session), ())


def takers(items: list[pytest.Item]) -> list[str]:
    """The names of the items that may take the short way."""
    suite, quick = Suite(items[0].session), way(items)
    closures = [suite.closure_of(item)[0] for item in items]
    return [
        item.name
        for item, closure in zip(items, closures, strict=True)
        if quick.may_take(item, closure)
    ]


@pytest.mark.parametrize("option", [(), ("-q",), ("-v",), ("-x",), ("--tb=short",)])
def test_a_plain_test_may_take_it(collect: Collect, option: tuple[str, ...]) -> None:
    """This is what ten thousand tests at ten microseconds need."""
    assert takers(collect(*option)) == ["test_it"]


@pytest.mark.parametrize(
    "option", ["--junitxml=x.xml", "--durations=3", "--stepwise", "-rP", "-rA", "-rp"]
)
def test_nobody_may_where_all_reports_are_looked_at(
    collect: Collect, option: str
) -> None:
    """They would miss the reports of set-up and teardown, or what was printed."""
    expected = ["test_it"] if option == "-rp" else []
    assert takers(collect(option)) == expected


MARKED = """
    import pytest

    def test_plain(): pass

    @pytest.mark.skip
    def test_skipped(): pass

    @pytest.mark.skipif(False, reason="never")
    def test_not_skipped(): pass

    @pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.xfail)])
    def test_parametrized(n): pass

    @pytest.mark.custom
    def test_custom(): pass

    @pytest.mark.xfail
    class TestClass:
        def test_method(self): pass
"""


def test_a_mark_that_pytest_acts_on_needs_all_phases(collect: Collect) -> None:
    """On the test, on its parameter or on anything above it."""
    names = takers(collect(source=MARKED))
    assert names == ["test_plain", "test_parametrized[1]", "test_custom"]


FIXTURES = """
    import pytest

    @pytest.fixture
    def own(): ...

    @pytest.fixture(scope="module")
    def wide(): ...

    def test_own(own): pass
    def test_wide(wide): pass

    @pytest.mark.parametrize("n", [1])
    def test_parameter(n): pass

    async def test_async(): pass
"""


def test_a_test_with_fixtures_of_its_own_goes_the_long_way(collect: Collect) -> None:
    """Their set-up and teardown have durations and output of their own."""
    names = takers(collect("--asyncio-mode=auto", source=FIXTURES))
    assert names == ["test_wide", "test_parameter[1]", "test_async"]


def test_a_conftest_that_reads_reports_closes_it(
    pytester: pytest.Pytester, collect: Collect
) -> None:
    """It is somebody who looks."""
    pytester.makeconftest("def pytest_runtest_logreport(report): pass")
    assert takers(collect()) == []


def test_remembered_failures_close_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, collect: Collect
) -> None:
    """What passes now is to be taken off the list of those that failed last."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p speaks_dialect")
    pytester.makepyfile(test_it="def test_it(): assert 0")
    assert pytester.runpytest_inprocess().ret == pytest.ExitCode.TESTS_FAILED
    assert takers(collect()) == []


KINDS = """
    import functools
    import unittest
    import pytest
    from base import Base, borrowed, decorated_elsewhere

    def test_function(): pass

    @pytest.mark.parametrize("n", [1, 2])
    def test_parametrized(n): pass

    def outer(function):
        @functools.wraps(function)
        def wrapper(): return function()
        return wrapper

    @outer
    def test_decorated(): pass

    def unwrapped(function):
        def wrapper(): return function()
        return wrapper

    @unwrapped
    def test_hidden(): pass

    test_borrowed = borrowed
    test_elsewhere = decorated_elsewhere(test_function)
    test_lambda = lambda: None

    class TestClass(Base):
        def test_method(self): pass

        @staticmethod
        def test_static(): pass

        @classmethod
        def test_of_class(cls): pass

        class TestInner:
            def test_inner(self): pass

    @pytest.mark.parametrize("n", ["a", "b"])
    class TestParametrized:
        def test_each(self, n): pass

    async def test_async(): pass

    class TestAsync:
        async def test_method(self): pass
"""

BASE = """
    import pytest

    def borrowed(): pass

    def decorated_elsewhere(function):
        def wrapper(): return function()
        return wrapper

    class Base:
        def test_inherited(self): pass

        @pytest.mark.parametrize("n", [1])
        def test_inherited_too(self, n): pass
"""


@pytest.fixture
def kinds(collect: Collect) -> list[pytest.Item]:
    """An item of each kind there is."""
    items = collect("--asyncio-mode=auto", source=KINDS, base=BASE)
    assert len(items) == 18
    return items


def test_the_location_is_that_of_pytest(kinds: list[pytest.Item]) -> None:
    """Told to the terminal, and by it to editors; found without reading the source."""
    quick = way(kinds)
    for item in kinds:
        assert isinstance(item, pytest.Function)
        assert quick._location(item) == item.location


def test_a_location_is_the_same_whoever_came_before(kinds: list[pytest.Item]) -> None:
    """A part of it is remembered from other tests of the file."""
    quick = way(kinds)
    for item in reversed(kinds):
        assert isinstance(item, pytest.Function)
        assert quick._location(item) == item.location


def test_the_report_is_pytests_as_far_as_it_goes(kinds: list[pytest.Item]) -> None:
    """The terminal reads these; keywords and sections nobody asks for are left out."""
    read = ("nodeid", "location", "outcome", "longrepr", "when", "sections", "start")
    for item in kinds:
        assert isinstance(item, pytest.Function)
        call: pytest.CallInfo[None] = pytest.CallInfo.from_call(lambda: None, "call")
        expected = pytest.TestReport.from_item_and_call(item, call)
        location = way([item])._location(item)
        report = private.passed_report(item, location, call.duration, call.start)
        for name in read:
            assert getattr(report, name) == getattr(expected, name), name
        assert report.stop == report.start + report.duration


IDLE = """
    import pytest

    made = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(item, call):
        report = yield
        made.append((item.name, report.when, report.outcome))
        return report

    def pytest_terminal_summary(terminalreporter):
        for line in made:
            terminalreporter.write_line(" ".join(("made", *line)))
"""

SHORT = """
    import pytest

    def test_passes(): pass
    def test_fails(): assert False

    @pytest.fixture(scope="module")
    def ends_badly():
        yield
        assert False

    def test_ends_badly(ends_badly): pass
"""


def test_a_failure_on_the_short_way_has_all_its_reports(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plugins that do nothing while tests pass count on the phases' order."""
    # The real one, where it is installed, is not the one that is asked for.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(pytest_rerunfailures=IDLE, test_short=SHORT)
    result = pytester.runpytest_subprocess(
        "-p", "fasttest.host.plugin", "-p", "pytest_rerunfailures"
    )
    assert [line for line in result.outlines if line.startswith("made")] == [
        "made test_fails setup passed",
        "made test_fails call failed",
        "made test_fails teardown passed",
        "made test_ends_badly setup passed",
        "made test_ends_badly call passed",
        "made test_ends_badly teardown failed",
    ]
    result.assert_outcomes(passed=2, failed=1, errors=1)
