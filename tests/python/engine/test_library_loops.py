"""Which event loop a suite's tests and fixtures run on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from fasttest import Outcome, Suite

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
def loops() -> dict[str, asyncio.AbstractEventLoop]:
    """The loop each test ran on, by the test's name."""
    return {}


def _seeing(loops: dict[str, asyncio.AbstractEventLoop], name: str) -> Any:
    async def test() -> None:
        loops[name] = asyncio.get_running_loop()

    return test


def test_by_default_each_test_has_a_loop_of_its_own(
    loops: dict[str, asyncio.AbstractEventLoop],
) -> None:
    """And it is closed at the end."""
    suite = Suite()
    for name in ("one", "two"):
        suite.add_test(_seeing(loops, name), name=name)

    assert suite.run().ok
    assert loops["one"] is not loops["two"]
    assert all(loop.is_closed() for loop in loops.values())


def test_tests_of_a_loop_scope_share_its_loop(
    loops: dict[str, asyncio.AbstractEventLoop],
) -> None:
    """One loop for the suite, one for each package, module and class."""
    suite = Suite()
    for module_name in ("m", "n"):
        module = suite.package("p" + module_name).module(module_name)
        for class_name in ("C", "D"):
            group = module.class_(class_name)
            for scope in ("session", "package", "module", "class"):
                for number in (1, 2):
                    name = f"{scope}-{module_name}-{class_name}-{number}"
                    test = _seeing(loops, name)
                    group.add_test(test, name=name, loop_scope=scope)

    assert suite.run().ok
    used = {name: id(loop) for name, loop in loops.items()}

    def count(scope: str) -> int:
        return len({loop for name, loop in used.items() if name.startswith(scope)})

    scopes = ("session", "package", "module", "class")
    assert [count(scope) for scope in scopes] == [1, 2, 2, 4]
    assert used["class-m-C-1"] == used["class-m-C-2"]
    assert used["module-m-C-1"] == used["module-m-D-2"] != used["module-n-C-1"]


def test_a_suite_may_put_everything_on_one_loop(
    loops: dict[str, asyncio.AbstractEventLoop],
) -> None:
    """Its loop scope is the default of tests and fixtures alike."""
    suite = Suite(loop_scope="session")

    @suite.fixture
    async def own() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    @suite.fixture(scope="module")
    async def wide() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    @suite.module("m").test
    async def asynchronous(own: object, wide: object) -> None:
        assert own is wide is asyncio.get_running_loop()

    @suite.test
    def sync(own: object, wide: object) -> None:
        assert own is wide

    report = suite.run()

    assert report.ok, str(report)


def test_a_function_fixture_shares_the_loop_of_its_test() -> None:
    """What it makes belongs to that loop, so that the test can use it."""
    suite = Suite()

    @suite.fixture
    async def loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    for scope in ("session", "module", "function"):

        async def test(loop: asyncio.AbstractEventLoop) -> None:
            assert loop is asyncio.get_running_loop()

        suite.add_test(test, name=scope, loop_scope=scope)

    report = suite.run()

    assert report.ok, str(report)


def test_a_session_loop_goes_on_while_other_tests_run() -> None:
    """A server made by a session fixture answers tests on loops of their own."""
    suite = Suite()

    @suite.fixture(scope="session")
    async def port() -> AsyncIterator[int]:
        async def echo(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            writer.write(await reader.readline())
            writer.close()

        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        yield server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()

    @suite.test(params={"text": ["one", "two", "three"]})
    async def answers(port: int, text: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"{text}\n".encode())
        assert await reader.readline() == f"{text}\n".encode()
        writer.close()
        await writer.wait_closed()

    report = suite.run()

    assert report.ok, str(report)


def test_left_over_tasks_are_cancelled_with_the_loop() -> None:
    """They do not outlive it, and fail nobody."""
    suite = Suite()
    ended = []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    @suite.test
    async def leaves_a_task() -> None:
        suite.task = asyncio.create_task(forever())  # type: ignore[attr-defined]
        await asyncio.sleep(0)

    assert suite.run().ok
    assert ended == [True]


def test_loops_come_from_the_factory_that_was_given() -> None:
    """For tests and for wide fixtures."""
    made = []

    def factory() -> asyncio.AbstractEventLoop:
        made.append(asyncio.new_event_loop())
        return made[-1]

    suite = Suite()

    @suite.fixture(scope="session")
    async def wide() -> None:
        assert asyncio.get_running_loop() is made[0]

    @suite.test
    async def test(wide: None) -> None:
        assert asyncio.get_running_loop() is made[1]
        assert asyncio.get_running_loop().get_debug()

    report = suite.run(loop_factory=factory, debug=True)

    assert report.ok, str(report)
    assert [loop.is_closed() for loop in made] == [True, True]


def test_a_loop_that_cannot_be_made_is_its_tests_error() -> None:
    """Other tests are run."""
    suite = Suite()

    def factory() -> asyncio.AbstractEventLoop:
        raise OSError("too many open files")

    @suite.test
    async def asynchronous() -> None: ...

    @suite.test
    def sync() -> None: ...

    failed, passed = suite.run(loop_factory=factory).results

    assert failed.outcome is Outcome.ERROR
    assert str(failed.error) == "too many open files"
    assert passed.outcome is Outcome.PASSED


def test_sync_tests_may_run_a_loop_of_their_own() -> None:
    """Nothing is running in them."""
    suite = Suite()

    async def answer() -> int:
        await asyncio.sleep(0)
        return 42

    @suite.test
    def test() -> None:
        assert asyncio.run(answer()) == 42

    report = suite.run()

    assert report.ok, str(report)
