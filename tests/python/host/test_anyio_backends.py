"""Which backend a test will run on, said before anything is set up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from fasttest.host.anyio_backends import waits_for_the_hub
from fasttest.host.suite import Suite

Waits: TypeAlias = Callable[[str], dict[str, bool]]

pytest_plugins = ["pytester"]

pytestmark = pytest.mark.usefixtures("dialect")

_TEST = """
    import os, pytest

    {fixture}

    @pytest.mark.anyio
    async def test_it(anyio_backend): ...
"""


@pytest.fixture
def waits(pytester: pytest.Pytester) -> Waits:
    """Collects a test under a fixture; what is said of each item, by its parameter."""
    pytest.importorskip("anyio")

    def collect(fixture: str) -> dict[str, bool]:
        pytester.makepyfile(_TEST.format(fixture=fixture))
        items, _ = pytester.inline_genitems()
        suite = Suite(items[0].session)
        return {
            item.name.removeprefix("test_it"): waits_for_the_hub(item, closure)
            for item in items
            for closure, _ in [suite.closure_of(item)]
        }

    return collect


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return 'asyncio'", True),
        ("return 'asyncio', {'debug': True}", True),
        ("return 'asyncio', {'use_uvloop': False}", True),
        ("return 'asyncio', {'use_uvloop': True}", False),
        ("return 'asyncio', {'loop_factory': os}", False),
        ("return 'trio'", False),
        ("return os.environ.get('BACKEND', 'asyncio')", False),
        ("yield 'asyncio'", False),
        ("return 1 / 0", False),
        ("return ['asyncio']", False),
    ],
)
def test_a_function_of_constants_is_known(
    waits: Waits, body: str, expected: bool
) -> None:
    """It can return nothing else in the run; of any other one cannot be sure."""
    fixture = f"@pytest.fixture\n    def anyio_backend(): {body}"
    assert waits(fixture) == {"": expected}


def test_a_parameter_is_known_where_it_is_handed_on(waits: Waits) -> None:
    """As by anyio's own fixture, and by most that replace it."""
    params = "params=['asyncio', ('asyncio', {'debug': True}), 'trio'], ids='abc'"
    fixture = f"@pytest.fixture({params})\n    def anyio_backend(request): "
    expected = {"[a]": True, "[b]": True, "[c]": False}
    assert waits(f"{fixture}return request.param") == expected
    assert waits(f"{fixture}return os.sep") == dict.fromkeys(expected, False)


def test_an_argument_of_the_test_is_known(waits: Waits) -> None:
    """``parametrize`` puts its value in the place of the fixture's."""
    mark = "@pytest.mark.parametrize('anyio_backend', ['asyncio', 'trio'])"
    assert waits(f"pytestmark = [{mark[1:]}]") == {"[asyncio]": True, "[trio]": False}


def test_anyios_own_fixture_is_known(waits: Waits) -> None:
    """Without further ado a test runs on every backend that is installed."""
    assert waits("")["[asyncio]"]
