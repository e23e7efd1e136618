"""``--seed``: the order of tests which a user sees, and what it must not change."""

from __future__ import annotations

import pytest

# For the side effect, as in ``test_plugin``.
import fasttest.engine.executor  # noqa: F401

pytest_plugins = ["pytester"]

pytestmark = [pytest.mark.filterwarnings("default")]

OPTIONS = (
    "-p fasttest.host.plugin --asyncio-mode=auto "
    "-o asyncio_default_fixture_loop_scope=function -p no:randomly -p no:cacheprovider"
)

# Each test writes its name where it starts, before it can be left.
SOURCE = """
    import asyncio, pathlib, pytest

    @pytest.fixture(autouse=True)
    def note(request):
        with open("order.txt", "a") as order:
            print(request.node.name, file=order)

    @pytest.mark.parametrize("n", range(4))
    def test_sync(n): pass

    @pytest.mark.parametrize("n", range(4))
    async def test_async(n):
        await asyncio.sleep(0.001)
"""


@pytest.fixture(autouse=True)
def options(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Load the plugin in inner runs, after ``pytester`` has cleared the variable."""
    monkeypatch.setenv("PYTEST_ADDOPTS", OPTIONS)


def order(pytester: pytest.Pytester, *options: str) -> list[str]:
    """The names of the tests in the order in which they started."""
    pytester.makepyfile(SOURCE)
    file = pytester.path / "order.txt"
    file.unlink(missing_ok=True)
    result = pytester.runpytest_inprocess(*options)
    result.assert_outcomes(passed=8)
    return file.read_text().splitlines()


def test_a_seed_starts_async_tests_in_another_order(pytester: pytest.Pytester) -> None:
    """As they might start once they are known to wait long; sync tests keep theirs."""
    orders = [order(pytester, f"--seed={seed}") for seed in range(8)]
    assert len({tuple(each) for each in orders}) > 1
    for each in orders:
        sync = [name for name in each if name.startswith("test_sync")]
        assert sync == [f"test_sync[{n}]" for n in range(4)]


def test_a_seed_shuffles_tests_that_run_one_by_one(pytester: pytest.Pytester) -> None:
    """All of them, and always in the same way."""
    given = ("--concurrency=1", "--seed=3")
    shuffled = order(pytester, *given)
    assert shuffled != order(pytester, "--concurrency=1")
    assert shuffled == order(pytester, *given)


def test_with_a_limit_on_failures_tests_start_in_order(
    pytester: pytest.Pytester,
) -> None:
    """What would not have been run under pytest is not to be run before a failure."""
    expected = [f"test_{kind}[{n}]" for kind in ("sync", "async") for n in range(4)]
    for seed in range(4):
        assert order(pytester, f"--seed={seed}", "-x") == expected


@pytest.mark.parametrize("text", ["-1", "x", "", str(2**64)])
def test_a_seed_that_is_no_number_is_refused(
    pytester: pytest.Pytester, text: str
) -> None:
    """The message says what would do."""
    result = pytester.runpytest_inprocess(f"--seed={text}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*argument --seed: {text!r} is no seed: give a *"])


def test_the_header_names_the_seed(pytester: pytest.Pytester) -> None:
    """So that a log is enough to run it again."""
    pytester.makepyfile("")
    result = pytester.runpytest_inprocess("--seed=12", "--concurrency=3")
    result.stdout.fnmatch_lines(["fasttest: up to 3 tests in flight, seed 12"])
