"""Which functions become items that run on an event loop, and what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fasttest.host import asyncio_items

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytest_plugins = ["pytester"]

pytestmark = [
    pytest.mark.usefixtures("dialect"),
    # Inner runs inherit the filters; there warnings are reported as for any suite.
    pytest.mark.filterwarnings("default"),
]

SUITE = """
    import unittest
    import pytest

    async def test_unmarked(): pass

    @pytest.mark.asyncio
    async def test_marked(): pass

    @pytest.mark.asyncio
    async def test_generator():
        yield

    @pytest.mark.asyncio
    def test_sync(): pass

    @pytest.mark.asyncio
    class TestMethods:
        async def test_method(self): pass

        @staticmethod
        async def test_static(): pass

        @classmethod
        async def test_class(cls): pass

    test_object = staticmethod(test_marked)

    class TestUnit(unittest.IsolatedAsyncioTestCase):
        async def test_unit(self): pass
"""


def names(items: list[pytest.Item]) -> list[str]:
    """The items as ``--collect-only`` shows them, without their parents."""
    return [repr(item) for item in items]


def test_strict_mode_takes_up_what_is_marked(pytester: pytest.Pytester) -> None:
    """Unmarked async functions may belong to another plugin, such as anyio's."""
    items, _ = pytester.inline_genitems(pytester.makepyfile(SUITE))
    assert names(items) == [
        "<Function test_unmarked>",
        "<Coroutine test_marked>",
        "<AsyncGenerator test_generator>",
        "<Function test_sync>",
        "<Coroutine test_method>",
        "<Coroutine test_static>",
        "<Coroutine test_class>",
        "<Function test_object>",
        "<TestCaseFunction test_unit>",
    ]


def test_auto_mode_takes_up_all_and_marks_them(pytester: pytest.Pytester) -> None:
    """The mark is added, so that ``-m asyncio`` selects unmarked functions too."""
    path = pytester.makepyfile(SUITE)
    items, _ = pytester.inline_genitems(path, "--asyncio-mode=auto")
    assert names(items)[0] == "<Coroutine test_unmarked>"
    assert names(items)[7] == "<AsyncStaticMethod test_object>"
    assert items[0].get_closest_marker("asyncio")
    assert not items[-1].get_closest_marker("asyncio")


def test_an_async_generator_is_expected_to_fail(pytester: pytest.Pytester) -> None:
    """It cannot be a test; saying so beats passing without having run."""
    path = pytester.makepyfile(
        """
        import pytest
        @pytest.mark.asyncio
        async def test_generator():
            yield
        """
    )
    result = pytester.runpytest_inprocess(path, "-rx")
    result.assert_outcomes(xfailed=1, warnings=1)
    result.stdout.fnmatch_lines(
        [
            "*PytestCollectionWarning: Tests based on asynchronous generators are not "
            "supported. test_generator will be ignored.",
        ]
    )


def test_the_item_keeps_what_pytest_gave_it(pytester: pytest.Pytester) -> None:
    """Parameters, marks, keywords and instance are those of pytest's own item."""
    path = pytester.makepyfile(
        """
        import pytest
        class TestMethods:
            @pytest.mark.parametrize("a", [1, 2])
            @pytest.mark.asyncio
            @pytest.mark.slow
            async def test_method(self, a): pass
        """
    )
    items, _ = pytester.inline_genitems(path)
    for value, item in enumerate(items, 1):
        assert isinstance(item, asyncio_items.Coroutine)
        assert item.name == f"test_method[{value}]"
        assert item.callspec.params == {"a": value}
        assert {"slow", "asyncio", "parametrize"} <= set(item.keywords)
        assert item.obj.__self__ is item.instance
    assert items[0].instance is not items[1].instance  # type: ignore[attr-defined]


def test_the_items_of_other_plugins_are_taken_up(pytester: pytest.Pytester) -> None:
    """A conftest may make its own Function; pytest-asyncio replaces its class too."""
    pytester.makeconftest(
        """
        import pytest
        class Mine(pytest.Function): pass
        def pytest_pycollect_makeitem(collector, name):
            if name == "test_mine":
                return Mine.from_parent(collector, name=name)
        """
    )
    path = pytester.makepyfile(
        """
        import pytest
        @pytest.mark.asyncio
        async def test_mine(): pass
        """
    )
    items, _ = pytester.inline_genitems(path)
    assert names(items) == ["<Coroutine test_mine>"]


def test_a_wrong_mark_is_a_collection_error(pytester: pytest.Pytester) -> None:
    """The module's other tests do not run: the run ends with exit code 2."""
    pytester.makepyfile(
        """
        import pytest
        @pytest.mark.asyncio(loop_scope="bogus")
        async def test_wrong(): pass
        def test_right(): pass
        """
    )
    result = pytester.runpytest_inprocess()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*::test_wrong: mark.asyncio got an unexpected*"])


def test_hypothesis_tests_are_told_by_their_inner_function() -> None:
    """``@given`` makes a sync function of an async one; the inner one is awaited."""
    hypothesis = pytest.importorskip("hypothesis")

    async def asynchronous(number: int) -> None: ...

    def synchronous(number: int) -> None: ...

    given = hypothesis.given(hypothesis.strategies.integers())
    expected = asyncio_items.AsyncHypothesisTest
    assert asyncio_items.item_class_for(given(asynchronous)) is expected
    assert asyncio_items.item_class_for(given(synchronous)) is None


def test_only_async_functions_have_a_class() -> None:
    """A sync function that returns a coroutine is a sync test, as in pytest-asyncio."""

    async def coroutine() -> None: ...

    async def generator() -> AsyncIterator[None]:
        yield

    assert asyncio_items.item_class_for(coroutine) is asyncio_items.Coroutine
    assert asyncio_items.item_class_for(generator) is asyncio_items.AsyncGenerator
    assert asyncio_items.item_class_for(lambda: coroutine()) is None
    assert asyncio_items.item_class_for(staticmethod(len)) is None


def test_the_attribute_to_replace_for_the_run(pytester: pytest.Pytester) -> None:
    """Hypothesis calls its inner function, so that is what must be made sync."""
    pytest.importorskip("hypothesis")
    path = pytester.makepyfile(
        """
        import pytest
        from hypothesis import given, strategies
        @pytest.mark.asyncio
        async def test_plain(): pass
        @pytest.mark.asyncio
        @given(strategies.integers())
        async def test_given(number): pass
        """
    )
    plain, given = pytester.inline_genitems(path)[0]
    assert isinstance(plain, asyncio_items.PytestAsyncioFunction)
    assert isinstance(given, asyncio_items.PytestAsyncioFunction)
    assert plain.coroutine_attribute == (plain, "obj")
    assert given.coroutine_attribute == (given.obj.hypothesis, "inner_test")
