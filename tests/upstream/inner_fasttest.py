"""A pytest plugin: the runs that pytest-asyncio's own tests start are fasttest's.

The tests which are known to fail then are expected to, each for its reason.
"""

from __future__ import annotations

import pytest

_PRIVATE_NAME = (
    "replaces pytest_asyncio.plugin._unused_port, a private name: "
    "the fixtures are fasttest's own and do not call it"
)

_DIFFERENCES = {
    "tests/test_port_factories.py::test_unused_port_factory_duplicate": _PRIVATE_NAME,
    "tests/test_port_factories.py::test_unused_udp_port_factory_duplicate": (
        _PRIVATE_NAME
    ),
}


@pytest.fixture
def pytester(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> pytest.Pytester:
    """Have every run, in this process or another, taken over by fasttest."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p fasttest.host.plugin")
    return pytester


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect the differences; one that is none any more is a failure."""
    for item in items:
        reason = _DIFFERENCES.get(item.nodeid)
        if reason is not None:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
