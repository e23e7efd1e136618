"""What tests of a suite write."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import fasttest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


def test_output_is_kept_with_the_test_that_wrote_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also when they run together; fixtures write for the test that runs them."""
    suite = fasttest.Suite()

    @suite.fixture
    def talks() -> Iterator[None]:
        print("up")
        yield
        print("down", file=sys.stderr)

    @suite.test(params={"name": ["a", "b"]})
    async def test(talks: None, name: str) -> None:
        print(name)
        await asyncio.sleep(0)
        await asyncio.to_thread(print, name)

    results = suite.run().results

    assert [dict(result.output) for result in results] == [
        {"stdout": "up\na\na\n", "stderr": "down\n"},
        {"stdout": "up\nb\nb\n", "stderr": "down\n"},
    ]
    assert capsys.readouterr() == ("", "")


def test_a_wide_fixtures_teardown_writes_for_the_test_that_ends_it() -> None:
    """The test that set it up has been reported by then."""
    suite = fasttest.Suite()

    @suite.fixture(scope="session")
    def server() -> Iterator[None]:
        print("up")
        yield
        print("down")

    for name in ("first", "second"):
        suite.add_test(lambda server: None, name=name)

    first, second = suite.run().results

    assert first.output == {"stdout": "up\n"}
    assert second.output == {"stdout": "down\n"}


def test_callbacks_write_where_the_caller_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """They are no part of the test they are told of."""
    suite = fasttest.Suite()
    suite.add_test(lambda: None, name="test")

    report = suite.run(print)

    assert report.results[0].output == {}
    assert capsys.readouterr().out == "PASSED test\n"


def test_output_need_not_be_captured(capsys: pytest.CaptureFixture[str]) -> None:
    """Then it goes where it would without a runner."""
    suite = fasttest.Suite()
    suite.add_test(lambda: print("seen"), name="test")
    stdout = sys.stdout

    @suite.test
    def nothing_is_replaced() -> None:
        assert sys.stdout is stdout

    report = suite.run(capture=False)

    assert report.ok, str(report)
    assert report.results[0].output == {}
    assert capsys.readouterr().out == "seen\n"
    assert sys.stdout is stdout
