"""Conftests which say that their hooks may be called for many tests at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

if TYPE_CHECKING:
    from pathlib import Path

_TWENTY = """
    import asyncio, pytest
    from gate import arrive

    @pytest.mark.parametrize("n", range(20))
    async def test_together(n):
        await arrive("together")

    async def test_fails():
        await asyncio.sleep(0.003)
        assert False

    def test_sync(): ...
"""

_AROUND_PHASES = """
    import pytest
    from journal import note

    fasttest_overlaps = True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(item):
        note(item.nodeid, "before set-up")
        result = yield
        note(item.nodeid, "after set-up")
        return result

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(item):
        note(item.nodeid, "before call")
        outcome = yield
        note(item.nodeid, f"after call: {outcome.excinfo is None}")

    def pytest_runtest_teardown(item):
        note(item.nodeid, "teardown")
"""

_AROUND_TESTS = """
    import pytest
    from journal import note

    fasttest_overlaps = True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(item, nextitem):
        note(item.nodeid, "begin")
        result = yield
        note(item.nodeid, f"end: {result}")
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(pyfuncitem):
        note(pyfuncitem.nodeid, "called")
"""

_A_PLUGIN = """
    import pytest
    from journal import note

    class Plugin:
        fasttest_overlaps = True

        @pytest.hookimpl(wrapper=True)
        def pytest_fixture_setup(self, fixturedef, request):
            if fixturedef.argname == "wanted":
                note(request.node.nodeid, "wanted")
            return (yield)

    def pytest_configure(config):
        config.pluginmanager.register(Plugin())

    @pytest.fixture(autouse=True)
    async def wanted():
        yield 1
"""

_PRINTS = """
    import sys
    import pytest

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(item, call):
        print(f"\\nmade for {item.nodeid} {call.when}")
        return (yield)

    def pytest_runtest_logstart(nodeid): print(f"\\nstart of {nodeid}")
    def pytest_runtest_logreport(report): print(f"\\nreport of {report.nodeid}")
    def pytest_runtest_logfinish(nodeid): print(f"\\nfinish of {nodeid}")
"""


def _whole(name: str, conftest: str) -> Table:
    feature = Feature(_TWENTY, sees="passed failed")
    return Table(name, {"twenty": feature}, "asyncio_mode = auto", conftest=conftest)


_TABLES = (
    _whole("overlapping-around-phases", _AROUND_PHASES),
    _whole("overlapping-around-tests", _AROUND_TESTS),
    _whole("overlapping-a-plugin", _A_PLUGIN),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_overlapping_hooks_agree(runs: Runs, row: Row) -> None:
    """Each hook is called for each test, in its place, while others are in flight."""
    runs.check(row)


def _printed(root: Path, text: str) -> object:
    """What the hooks have printed to the terminal; a test that is run again twice."""
    return sorted(set(re.findall(r"^(?:made|start|report|finish) .*$", text, re.M)))


_PRINTING = Table(
    "printing",
    {"twenty": Feature(_TWENTY, sees="passed failed")},
    "asyncio_mode = auto",
    conftest=_PRINTS,
    leaves=_printed,
)


@pytest.mark.parametrize("row", rows(_PRINTING))
def test_what_reporting_hooks_print_agrees(runs: Runs, row: Row) -> None:
    """It reaches the terminal, and is no test's output: only phases are captured."""
    runs.check(row)
