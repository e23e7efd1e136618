"""The same files collected by pytest-asyncio's own plugin and by the dialect."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("pytest_asyncio", minversion="1.5")

pytest_plugins = ["pytester"]

pytestmark = [
    pytest.mark.usefixtures("dialect"),
    # Inner runs inherit the filters; there warnings are reported as for any suite.
    pytest.mark.filterwarnings("default"),
]

KINDS = """
    import functools, unittest
    import pytest

    async def helper(): pass
    async def test_unmarked(): pass
    async def test_unmarked_generator():
        yield
    @pytest.mark.asyncio
    async def test_marked(): pass
    @pytest.mark.asyncio
    async def test_generator():
        yield
    @pytest.mark.parametrize("a", [1, 2])
    @pytest.mark.asyncio
    async def test_parameters(a): pass
    @pytest.mark.asyncio
    def test_sync(): pass
    test_object = staticmethod(helper)
    test_partial = functools.partial(helper)
    test_lambda = lambda: helper()

    @pytest.mark.asyncio(loop_scope="class")
    class TestMethods:
        async def test_method(self): pass
        @staticmethod
        async def test_static(): pass
        @classmethod
        async def test_class(cls): pass
        def test_sync(self): pass

    class TestUnit(unittest.TestCase):
        async def test_unit(self): pass
    class TestIsolated(unittest.IsolatedAsyncioTestCase):
        async def test_unit(self): pass
"""

FACTORIES = """
    import pytest
    @pytest.mark.asyncio
    async def test_function(): pass
    @pytest.mark.parametrize("a", [1, 2])
    @pytest.mark.asyncio(loop_scope="module")
    async def test_module(a): pass
    @pytest.mark.asyncio(loop_scope="module")
    async def test_other(): pass
    @pytest.mark.asyncio(loop_factories=["other", "nope"])
    async def test_chosen(): pass
    def test_sync(): pass
"""


def marked(arguments: str) -> str:
    """A module with one async test whose mark has these arguments."""
    return f"""
        import pytest
        @pytest.mark.asyncio{arguments}
        async def test_async(): pass
        def test_sync(): pass
    """


SUITES = {
    "strict": (KINDS, ["--asyncio-mode=strict"]),
    "auto": (KINDS, ["--asyncio-mode=auto"]),
    "selected": (KINDS, ["--asyncio-mode=auto", "-m", "asyncio", "-q"]),
    "deselected": (KINDS, ["--asyncio-mode=strict", "-m", "not asyncio", "-q"]),
    "positional": (marked("('module')"), []),
    "unknown": (marked("(timeout=1)"), []),
    "scope": (marked("(loop_scope='bogus')"), []),
    "old name": (marked("(scope='module')"), []),
    "both names": (marked("(scope='module', loop_scope='module')"), []),
    "no hook": (marked("(loop_factories=['a'])"), []),
    "no names": (marked("(loop_factories='a')"), []),
    "mode": (marked(""), ["--asyncio-mode=legacy"]),
    "header": (marked(""), ["--asyncio-debug"]),
    "turned off": (KINDS, ["-p", "no:asyncio"]),
}


@pytest.mark.slow
@pytest.mark.parametrize("suite", SUITES)
def test_the_same_is_collected(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, suite: str
) -> None:
    """Tree, errors, warnings and exit code: a suite cannot tell who collected it."""
    source, options = SUITES[suite]
    pytester.makepyfile(test_suite=source)
    compare(pytester, monkeypatch, options)


@pytest.mark.slow
@pytest.mark.parametrize(
    "factories",
    [
        "{'std': asyncio.new_event_loop, 'other': asyncio.new_event_loop}",
        "{'other': asyncio.new_event_loop}",
        "None",
        "{'': None}",
    ],
)
def test_the_same_factories_are_used(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, factories: str
) -> None:
    """Node ids, order and the errors of a wrong hook."""
    pytester.makeconftest(
        f"""
        import asyncio
        def pytest_asyncio_loop_factories(config, item):
            return {factories}
        """
    )
    pytester.makepyfile(test_suite=FACTORIES)
    compare(pytester, monkeypatch, ["--tb=line"])


def compare(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    """Collect with the dialect, then with the plugin, and compare what is printed."""
    arguments = ["--collect-only", "-p", "no:hypothesispytest", *options]
    ours = pytester.runpytest_inprocess(*arguments)
    monkeypatch.delenv("PYTEST_ADDOPTS")
    theirs = pytester.runpytest_inprocess(*arguments)
    assert ours.ret == theirs.ret
    assert essence(ours.outlines) == essence(theirs.outlines)
    assert essence(ours.errlines) == essence(theirs.errlines)


def essence(lines: list[str]) -> list[str]:
    """The lines without what names a place in a plugin's source or takes time."""
    kept = []
    for line in lines:
        line = re.sub(r"\S+(asyncio_\w+|plugin)\.py:\d+", "PLUGIN", line)
        line = re.sub(r" in \d+\.\d+s|=+", "", line)
        if not re.match(r"plugins: | +(warnings|item|async_gen_item)\.warn", line):
            kept.append(line)
    return kept
