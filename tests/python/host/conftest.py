"""What the tests of pytest's side share."""

from __future__ import annotations

import pytest

SPEAKS_DIALECT = '''
"""A plugin that speaks pytest-asyncio's dialect and runs nothing."""

from fasttest.host import asyncio_dialect


def pytest_addoption(pluginmanager):
    asyncio_dialect.take_over(pluginmanager)
'''


# The last two collect garbage several times at the end of each inner run.
OPTIONS = (
    "-p speaks_dialect -p no:cacheprovider -p no:unraisableexception "
    "-p no:threadexception"
)


@pytest.fixture
def dialect(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let inner runs speak the dialect; the loop scope is set, so nothing is warned."""
    pytester.makepyfile(speaks_dialect=SPEAKS_DIALECT)
    pytester.syspathinsert()
    monkeypatch.setenv("PYTEST_ADDOPTS", OPTIONS)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope=function\n")
