"""The hook ``pytest_asyncio_loop_factories`` and the mark's ``loop_factories``."""

from __future__ import annotations

import pytest

from fasttest.host import asyncio_dialect

pytest_plugins = ["pytester"]

pytestmark = pytest.mark.usefixtures("dialect")


def offer(pytester: pytest.Pytester, factories: str) -> None:
    """Write a conftest whose hook returns ``factories``."""
    pytester.makeconftest(
        f"""
        import asyncio
        def pytest_asyncio_loop_factories(config, item):
            return {factories}
        """
    )


TWO = "{'std': asyncio.new_event_loop, 'other': asyncio.SelectorEventLoop}"


def test_async_tests_run_once_with_each_factory(pytester: pytest.Pytester) -> None:
    """The factory's name comes before the test's own parameters."""
    offer(pytester, TWO)
    path = pytester.makepyfile(
        """
        import pytest
        @pytest.mark.parametrize("a", [1])
        @pytest.mark.asyncio
        async def test_async(a): pass
        def test_sync(): pass
        """
    )
    items, _ = pytester.inline_genitems(path)
    assert [item.name for item in items] == [
        "test_async[std-1]",
        "test_async[other-1]",
        "test_sync",
    ]
    factories = [asyncio_dialect.loop_factory(item) for item in items]
    assert [factory and factory.__name__ for factory in factories] == [
        "new_event_loop",
        "_UnixSelectorEventLoop",
        None,
    ]


@pytest.mark.skipif(
    not hasattr(pytest, "HIDDEN_PARAM"), reason="pytest < 8.4 shows each parameter"
)
def test_a_single_factory_leaves_node_ids_alone(pytester: pytest.Pytester) -> None:
    """Selecting and remembering tests by node id goes on working."""
    offer(pytester, "{'std': asyncio.new_event_loop}")
    path = pytester.makepyfile(
        "import pytest\n@pytest.mark.asyncio\nasync def test_async(): pass\n"
    )
    (item,), _ = pytester.inline_genitems(path)
    assert item.name == "test_async"
    assert asyncio_dialect.loop_factory(item) is not None


def test_wide_loop_scopes_keep_a_factory_together(pytester: pytest.Pytester) -> None:
    """A loop is shared by the module's tests of one factory, so these are grouped."""
    offer(pytester, TWO)
    path = pytester.makepyfile(
        """
        import pytest
        pytestmark = pytest.mark.asyncio(loop_scope="module")
        async def test_a(): pass
        async def test_b(): pass
        """
    )
    result = pytester.runpytest_inprocess("--collect-only", "-q", path)
    names = [line.partition("::")[2] for line in result.outlines[:4]]
    assert names == ["test_a[std]", "test_b[std]", "test_a[other]", "test_b[other]"]


def test_the_mark_selects_factories_in_its_order(pytester: pytest.Pytester) -> None:
    """A name that the hook does not offer is skipped, not dropped unseen."""
    offer(pytester, TWO)
    path = pytester.makepyfile(
        """
        import pytest
        @pytest.mark.asyncio(loop_factories=["nope", "std"])
        async def test_async(): pass
        """
    )
    items, _ = pytester.inline_genitems(path)
    assert [item.name for item in items] == ["test_async[nope]", "test_async[std]"]
    skip = items[0].get_closest_marker("skip")
    assert skip is not None
    assert skip.kwargs["reason"] == (
        "Loop factory 'nope' is not available. Available factories: std, other."
    )
    assert items[1].get_closest_marker("skip") is None


def test_selecting_needs_an_implementation(pytester: pytest.Pytester) -> None:
    """Without the hook the names mean nothing: an error, found at collection."""
    pytester.makepyfile(
        """
        import pytest
        @pytest.mark.asyncio(loop_factories=["std"])
        async def test_async(): pass
        """
    )
    result = pytester.runpytest_inprocess()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        [
            "*::test_async: mark.asyncio 'loop_factories' requires at least one "
            "pytest_asyncio_loop_factories hook implementation."
        ]
    )


@pytest.mark.parametrize(
    "factories", ["None", "{}", "[1]", "{'std': 1}", "{'': asyncio.new_event_loop}"]
)
def test_what_the_hook_returns_is_checked(
    pytester: pytest.Pytester, factories: str
) -> None:
    """A wrong mapping is an error of each module with async tests."""
    offer(pytester, factories)
    pytester.makepyfile(
        "import pytest\n@pytest.mark.asyncio\nasync def test_async(): pass\n"
    )
    result = pytester.runpytest_inprocess()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        [
            "*UsageError: pytest_asyncio_loop_factories must return a non-empty "
            "mapping of factory names to callables."
        ]
    )
