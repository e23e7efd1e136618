"""``faulthandler_timeout``: the stacks of a test that takes long, whoever runs it."""

from __future__ import annotations

import re

import pytest
from _pytest import faulthandler

pytest_plugins = ["pytester"]

INI = """
    [pytest]
    asyncio_mode = auto
    asyncio_default_fixture_loop_scope = function
    faulthandler_timeout = 0.4
    """

FASTTEST = ("-p", "fasttest.host.plugin", "-p", "no:cacheprovider")

HEADING = re.compile(r"^Timeout \(0:00:00\.400000\)!(?: (\S+::)?(\S+))?$", re.M)


@pytest.fixture(autouse=True)
def without_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let inner runs have no plugin but fasttest."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


def _run(pytester: pytest.Pytester, source: str, *args: str) -> pytest.RunResult:
    pytester.makeini(INI)
    pytester.makepyfile(source)
    return pytester.runpytest_subprocess(*FASTTEST, *args, timeout=50)


def _shown(result: pytest.RunResult) -> dict[str, str]:
    """What is shown of each test, which is shown once."""
    _, *parts = HEADING.split(result.stderr.str())
    names = parts[1::3]
    assert len(set(names)) == len(names)
    return dict(zip(names, parts[2::3], strict=True))


WAIT = """
    import asyncio, pytest, threading, time

    async def deeper():
        await asyncio.sleep(0.8)

    async def test_gathers():
        await asyncio.gather(deeper(), asyncio.to_thread(in_thread))

    def in_thread():
        time.sleep(0.8)

    def test_runs_a_loop():
        asyncio.run(deeper())

    @pytest.mark.asyncio(loop_scope="module")
    async def test_shares_a_loop():
        await deeper()

    @pytest.fixture
    async def slow():
        await asyncio.sleep(0.3)
        yield
        await asyncio.sleep(0.3)

    async def test_set_up_and_teardown(slow): ...

    @pytest.mark.parametrize("n", range(10))
    async def test_in_time(n):
        await asyncio.sleep(0.05)
    """


@pytest.mark.slow
def test_who_waits_long_is_shown_with_its_tasks(pytester: pytest.Pytester) -> None:
    """And all threads with it; all of them pass."""
    result = _run(pytester, WAIT)
    result.assert_outcomes(passed=14)
    shown = _shown(result)
    assert shown.keys() == {
        "test_gathers",
        "test_runs_a_loop",
        "test_shares_a_loop",
        "test_set_up_and_teardown",
    }
    for test in ("test_gathers", "test_runs_a_loop", "test_shares_a_loop"):
        text = shown[test].partition("Current thread")[0]
        assert ", in deeper\n    await asyncio.sleep(0.8)" in text
    assert ", in test_shares_a_loop" in shown["test_shares_a_loop"]
    assert ", in slow" in shown["test_set_up_and_teardown"]
    assert re.search(r"line \d+ in in_thread", shown["test_gathers"])


COMPUTE = """
    import asyncio, pytest, time

    async def test_blocks():
        time.sleep(0.8)

    # The work of a shared loop is divided evenly among its tests.
    @pytest.mark.parametrize("n", range(9))
    @pytest.mark.asyncio(loop_scope="module")
    async def test_waits(n):
        await asyncio.sleep(0.01)

    @pytest.mark.asyncio(loop_scope="module")
    async def test_blocks_a_shared_loop():
        await asyncio.sleep(0.001)
        time.sleep(1.5)

    def test_sync():
        time.sleep(0.8)
    """


@pytest.mark.slow
def test_who_blocks_is_shown_where_it_is(pytester: pytest.Pytester) -> None:
    """On a shared loop as well, and goes on."""
    result = _run(pytester, COMPUTE)
    result.assert_outcomes(passed=12)
    shown = _shown(result)
    assert shown.keys() == {"test_blocks", "test_blocks_a_shared_loop", "test_sync"}
    for test, text in shown.items():
        assert re.search(rf"line \d+ in {test}$", text, re.M)


ALONE = """
    import time

    def test_alone(capfd):
        time.sleep(0.8)
    """


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "args"), [(ALONE, ()), (COMPUTE, ("--concurrency=1", "-k", "test_sync"))]
)
def test_who_runs_alone_is_shown_by_pytest(
    pytester: pytest.Pytester, source: str, args: tuple[str, ...]
) -> None:
    """Once, and by nobody else."""
    result = _run(pytester, source, *args)
    result.assert_outcomes(passed=1, deselected=11 if args else 0)
    assert [match[2] for match in HEADING.finditer(result.stderr.str())] == [None]


NOT_SHOWN = """
    import asyncio, pytest

    @pytest.fixture
    async def slow():
        yield
        await asyncio.sleep(0.8)

    async def test_failed_before(slow):
        assert False

    async def test_debugged(pytestconfig):
        pytestconfig.hook.pytest_enter_pdb(config=pytestconfig, pdb=None)
        await asyncio.sleep(0.8)
    """


@pytest.mark.slow
def test_who_has_failed_or_is_debugged_is_not_shown(pytester: pytest.Pytester) -> None:
    """As under pytest."""
    result = _run(pytester, NOT_SHOWN)
    result.assert_outcomes(passed=1, failed=1)
    assert not _shown(result)


@pytest.mark.slow
@pytest.mark.parametrize("args", [(), ("-o", "timeout=0.6")])
def test_a_time_limit_is_kept_as_well(
    pytester: pytest.Pytester, args: tuple[str, ...]
) -> None:
    """Each in its time; the limit's seconds are those of the mark or of the ini."""
    mark = "" if args else "@pytest.mark.timeout(0.6)"
    source = f"""
        import asyncio, pytest

        {mark}
        async def test_too_long():
            await asyncio.sleep(20)

        async def test_beside():
            await asyncio.sleep(0.1)
        """
    result = _run(pytester, source, *args, "--no-rescue")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*Timeout (>0.6s) from fasttest."])
    assert _shown(result).keys() == {"test_too_long"}


@pytest.mark.slow
@pytest.mark.skipif(
    not hasattr(faulthandler, "get_exit_on_timeout_config_value"),
    reason="new in pytest 9",
)
@pytest.mark.parametrize("what", ["time.sleep(20)", "await asyncio.sleep(20)"])
def test_the_run_can_end_then(pytester: pytest.Pytester, what: str) -> None:
    """With pytest's exit code, and here with a report."""
    source = f"""
        import asyncio, time

        async def test_passes(): ...

        async def test_takes_long():
            {what}
        """
    args = ("-o", "faulthandler_exit_on_timeout=true")
    result = _run(pytester, source, *args)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=1, failed=1)
    assert _shown(result).keys() == {"test_takes_long"}
    result.stdout.fnmatch_lines(["!* did not end, and the run with it !*"])
