"""The event loops that tests and fixtures run on, as the engine is told."""

from __future__ import annotations

from typing import Any

import pytest

from fasttest.host import asyncio_dialect as dialect
from fasttest.host import asyncio_version

pytest_plugins = ["pytester"]

pytestmark = pytest.mark.usefixtures("dialect")


def collect(
    pytester: pytest.Pytester, source: str, *args: str
) -> dict[str, pytest.Function]:
    """The items of a module, by name."""
    items, _ = pytester.inline_genitems(pytester.makepyfile(source), *args)
    return {item.name: item for item in items if isinstance(item, pytest.Function)}


def add_mark(item: pytest.Item, **kwargs: str) -> None:
    """Mark an item as a conftest does, after collection and before other marks."""
    mark = pytest.Mark("asyncio", (), kwargs, _ispytest=True)
    item.add_marker(pytest.MarkDecorator(mark, _ispytest=True), append=False)


def definition(item: pytest.Function, name: str) -> pytest.FixtureDef[Any]:
    """The fixture that an item gets under a name."""
    return item._fixtureinfo.name2fixturedefs[name][-1]


TESTS = """
    import pytest

    @pytest.mark.asyncio
    async def test_plain(): pass

    @pytest.mark.asyncio(loop_scope="module")
    async def test_module(): pass

    @pytest.mark.asyncio(loop_scope="class")
    class TestClass:
        async def test_inherited(self): pass

        @pytest.mark.asyncio
        async def test_hidden(self): pass

    async def test_unmarked(): pass

    @pytest.mark.asyncio
    def test_sync(): pass
"""


def test_the_closest_mark_decides_the_loop_scope(pytester: pytest.Pytester) -> None:
    """A mark without arguments hides a wider one: only the closest mark is read."""
    items = collect(pytester, TESTS)
    assert {name: dialect.test_loop_scope(item) for name, item in items.items()} == {
        "test_plain": "function",
        "test_module": "module",
        "test_inherited": "class",
        "test_hidden": "function",
        "test_unmarked": None,
        "test_sync": None,
    }


def test_the_ini_file_decides_for_the_others(pytester: pytest.Pytester) -> None:
    """The default is for tests whose mark names no scope, in both modes."""
    items = collect(
        pytester,
        TESTS,
        "--asyncio-mode=auto",
        "-o",
        "asyncio_default_test_loop_scope=session",
    )
    scopes = {name: dialect.test_loop_scope(item) for name, item in items.items()}
    assert scopes["test_plain"] == scopes["test_unmarked"] == "session"
    assert scopes["test_module"] == "module"


def test_a_mark_added_after_collection_counts(pytester: pytest.Pytester) -> None:
    """The documented way to run a whole suite on one loop adds marks in a conftest."""
    item = collect(pytester, TESTS)["test_module"]
    add_mark(item, loop_scope="session")
    assert dialect.test_loop_scope(item) == "session"
    dialect.check_test(item)


def test_a_wrong_mark_added_late_fails_the_set_up(pytester: pytest.Pytester) -> None:
    """Planning goes on with the default scope; the test's set-up says what is wrong."""
    item = collect(pytester, TESTS)["test_module"]
    add_mark(item, loop_scope="bogus")
    assert dialect.test_loop_scope(item) == "function"
    with pytest.raises(pytest.fail.Exception, match="'bogus'"):
        dialect.check_test(item)


FIXTURES = """
    import pytest
    import pytest_asyncio

    @pytest_asyncio.fixture
    async def bare(): pass

    @pytest_asyncio.fixture(scope="module")
    async def module(): yield

    @pytest_asyncio.fixture(scope="module", loop_scope="session")
    async def named(): yield

    @pytest_asyncio.fixture
    def sync(): pass

    @pytest_asyncio.fixture(loop_scope="bogus")
    async def wrong(): pass

    @pytest.fixture
    async def plain_coroutine(): pass

    @pytest.fixture
    async def plain_generator(): yield

    @pytest.fixture
    def plain_sync(): pass

    class TestMethods:
        @pytest_asyncio.fixture(loop_scope="class")
        async def method(self): pass

        def test_it(self, bare, module, named, sync, wrong, plain_coroutine,
                    plain_generator, plain_sync, method, unused_tcp_port): pass
"""
NAMES = (
    *("bare", "module", "named", "sync", "wrong", "method"),
    *("plain_coroutine", "plain_generator", "plain_sync", "unused_tcp_port"),
)


@pytest.mark.parametrize(
    ("mode", "default", "expected"),
    [
        ("strict", "fixture-scope", "function module session function function class"),
        ("strict", "function", "function function session function function class"),
        ("auto", "module", "module module session module module class module module"),
    ],
)
def test_the_loop_scope_of_fixtures(
    pytester: pytest.Pytester, mode: str, default: str, expected: str
) -> None:
    """By argument, else by ini file, else the fixture's own scope; None if pytest's."""
    option = f"asyncio_default_fixture_loop_scope={default}"
    item = collect(pytester, FIXTURES, f"--asyncio-mode={mode}", "-o", option)[
        "test_it"
    ]
    scopes = {
        name: dialect.fixture_loop_scope(definition(item, name), item.config)
        for name in NAMES
    }
    known = expected.split()
    assert list(scopes.values()) == known + [None] * (len(NAMES) - len(known))


def test_nothing_runs_on_a_loop_when_turned_off(pytester: pytest.Pytester) -> None:
    """After ``-p no:asyncio`` even marked fixtures are pytest's, as with the plugin."""
    item = collect(pytester, FIXTURES, "-p", "no:asyncio", "-o", "addopts=")["test_it"]
    assert not dialect.is_active(item.config)
    assert dialect.fixture_loop_scope(definition(item, "bare"), item.config) is None


SET_UP_CHECKS = """
    import pytest
    from fasttest.host import asyncio_dialect

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(fixturedef, request):
        asyncio_dialect.warn_of_policy(fixturedef, request)
        asyncio_dialect.check_loop_scope(fixturedef, request)
        return (yield)
"""


def test_a_loop_must_live_as_long_as_its_fixtures(pytester: pytest.Pytester) -> None:
    """The error names both scopes, the way to the fixture and the way out."""
    pytester.makeconftest(SET_UP_CHECKS)
    pytester.makepyfile(
        """
        import pytest
        import pytest_asyncio

        @pytest_asyncio.fixture(scope="module", loop_scope="function")
        def inner(): pass

        @pytest.fixture(scope="module")
        def outer(inner): pass

        def test_it(outer): pass
        """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "ScopeMismatch: You tried to access the function scoped fixture "
            "_function_scoped_runner with a module scoped request object. "
            "Requesting fixture stack:",
            "test_*.py:7:  def outer(inner)",
            "test_*.py:4:  def inner()",
            "Requested fixture:",
            "the event loop of function scope; set loop_scope to 'module' or wider",
        ]
    )


def test_an_unknown_loop_scope_of_a_fixture_fails(pytester: pytest.Pytester) -> None:
    """pytest-asyncio finds no such fixture; here the error says what may be named."""
    pytester.makeconftest(SET_UP_CHECKS)
    pytester.makepyfile(
        """
        import pytest_asyncio
        @pytest_asyncio.fixture(loop_scope="bogus")
        def wrong(): pass
        def test_it(wrong): pass
        """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["fixture 'wrong' has an unexpected loop scope*"])


@pytest.mark.parametrize("overridden", [False, True])
def test_an_overridden_policy_is_deprecated(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, overridden: bool
) -> None:
    """Only a policy of the suite's own is warned of, at its set-up."""
    monkeypatch.setattr(asyncio_version, "followed", lambda _: (1, 5))
    pytester.makeconftest(SET_UP_CHECKS)
    policy = "import pytest\n@pytest.fixture\ndef event_loop_policy(): pass\n"
    pytester.makepyfile((policy if overridden else "") + "def test_it(): pass\n")
    result = pytester.runpytest_inprocess("-W", "default")
    result.assert_outcomes(passed=1, warnings=int(overridden))
    if overridden:
        result.stdout.fnmatch_lines(
            ['*Warning: Overriding the "event_loop_policy" fixture is deprecated*']
        )


def test_a_marked_sync_test_is_warned_of(pytester: pytest.Pytester) -> None:
    """It runs, but its mark does nothing; nobody else would tell."""
    items = collect(pytester, TESTS)
    with pytest.warns(pytest.PytestWarning, match="it is not an async function"):
        dialect.warn_before_call(items["test_sync"], {})


def test_async_and_unmarked_tests_are_not_warned_of(pytester: pytest.Pytester) -> None:
    """The project's filters make any warning here an error."""
    items = collect(pytester, TESTS)
    dialect.warn_before_call(items["test_plain"], {})
    dialect.warn_before_call(items["test_unmarked"], {})


def test_a_fixture_that_strict_mode_leaves_is_warned_of(
    pytester: pytest.Pytester,
) -> None:
    """Reached with pytest < 9.1, which hands the test an un-awaited coroutine."""
    item = collect(
        pytester,
        """
        import pytest
        @pytest.fixture
        async def mine(): pass
        @pytest.mark.asyncio
        async def test_it(mine): pass
        """,
    )["test_it"]
    definitions = item._fixtureinfo.name2fixturedefs
    with pytest.warns(
        pytest.PytestDeprecationWarning,
        match="asyncio test 'test_it' requested async @pytest.fixture 'mine' in strict",
    ):
        dialect.warn_before_call(item, definitions)
