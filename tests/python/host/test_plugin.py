"""What the plugin adds to pytest's command line, header, run loop and summary."""

from __future__ import annotations

from typing import TypeAlias

import pytest

# For the side effect: an inner run forgets the modules which it was first to import,
# but the package keeps them as attributes, and the next run would mix old and new.
import fasttest.engine.executor
from fasttest.engine.concurrency import default_concurrency
from fasttest.host import asyncio_hooks

pytest_plugins = ["pytester"]

pytestmark = [
    pytest.mark.usefixtures("fasttest"),
    # Inner runs inherit the filters; there warnings are reported as for any suite.
    pytest.mark.filterwarnings("default"),
]

# Without a default loop scope for fixtures each inner run would warn.
OPTIONS = "-p fasttest.host.plugin -o asyncio_default_fixture_loop_scope=function"

Result: TypeAlias = pytest.RunResult


@pytest.fixture
def fasttest(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Load the plugin in inner runs, in pytest-asyncio's auto mode."""
    monkeypatch.setenv("PYTEST_ADDOPTS", f"{OPTIONS} --asyncio-mode=auto")
    monkeypatch.setenv("NO_COLOR", "1")


def run(pytester: pytest.Pytester, source: str, *options: str) -> Result:
    """Run a suite of one file in this process."""
    pytester.makepyfile(source)
    return pytester.runpytest_inprocess(*options)


@pytest.mark.parametrize("number", ["0", "-3", "1.5", "many", ""])
def test_a_concurrency_that_is_no_number_is_refused(
    pytester: pytest.Pytester, number: str
) -> None:
    """The message names the option, what was given, and what would do."""
    result = run(pytester, "", f"--concurrency={number}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    expected = f"*argument --concurrency: {number!r} is no number of tests: give a *"
    result.stderr.fnmatch_lines([expected])


@pytest.mark.parametrize(
    ("options", "number"), [((), default_concurrency()), (("--concurrency=7",), 7)]
)
def test_the_header_says_how_many_tests_may_be_in_flight(
    pytester: pytest.Pytester, options: tuple[str, ...], number: int
) -> None:
    """It is the first thing to know of a run that is slower than expected."""
    result = run(pytester, "", "--collect-only", *options)
    result.stdout.fnmatch_lines([f"fasttest: up to {number} tests in flight"])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--pdb",), "--pdb"),
        (("--trace",), "--trace"),
        (("-s",), "-s"),
        (("--capture=tee-sys",), "--capture=tee-sys"),
        (("--setup-show",), "--setup-show"),
        (("--setup-only",), "--setup-only"),
        (("--setup-plan",), "--setup-plan"),
        (("-o", "log_cli=true"), "live logs"),
    ],
)
def test_what_needs_one_test_after_another_is_said_once(
    pytester: pytest.Pytester, options: tuple[str, ...], reason: str
) -> None:
    """People who ask for it are to know why the run is slow."""
    result = run(pytester, "", "--collect-only", "--concurrency=9", *options)
    lines = [line for line in result.outlines if line.startswith("fasttest: ")]
    assert lines == [f"fasttest: one test after another, because of {reason}"]


OVERLAP = """
    import asyncio

    arrived = []

    async def meet():
        # Both are in flight, or this never ends: then the other one fails.
        arrived.append(asyncio.get_running_loop())
        for _ in range(100):
            if len(arrived) > 1:
                return
            await asyncio.sleep(0.001)
        raise AssertionError("alone")

    async def test_one(): await meet()
    async def test_two(): await meet()
"""


def test_tests_overlap_unless_there_is_a_reason(pytester: pytest.Pytester) -> None:
    """The header would be easy to get right by itself."""
    run(pytester, OVERLAP).assert_outcomes(passed=2)
    run(pytester, OVERLAP, "-s").assert_outcomes(passed=1, failed=1)


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ((), ["fasttest: 2 tests will run alone: 2 for conftest.py"]),
        (("-q",), []),
        (("--concurrency=1",), []),
    ],
)
def test_who_keeps_tests_from_overlapping_is_said_before_they_run(
    pytester: pytest.Pytester, options: tuple[str, ...], lines: list[str]
) -> None:
    """Somebody's hook costs the whole gain, and nothing else would say so."""
    pytester.makeconftest("def pytest_runtest_call(item): pass")
    result = run(pytester, "def test_one(): pass\ndef test_two(): pass", *options)
    found = [line for line in result.outlines if "alone" in line]
    assert found == lines
    if lines:
        place = result.outlines.index(lines[0])
        assert result.outlines[place - 1].startswith("collected 2 items")


def test_nothing_is_said_where_everybody_overlaps(pytester: pytest.Pytester) -> None:
    """What is not news is noise."""
    result = run(pytester, "def test_one(): pass", "--concurrency=9")
    assert not [line for line in result.outlines if "alone" in line]


def test_collecting_only_runs_nothing(pytester: pytest.Pytester) -> None:
    """As ever."""
    result = run(pytester, "def test_it(): assert 0", "--collect-only")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*failed*")


def test_errors_in_collection_end_the_run(pytester: pytest.Pytester) -> None:
    """In pytest's words, and unless one asks for what there is to be run."""
    pytester.makepyfile(test_broken="1 / 0")
    result = run(pytester, "def test_it(): pass")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*Interrupted: 1 error during collection*"])
    again = pytester.runpytest_inprocess("--continue-on-collection-errors")
    again.assert_outcomes(passed=1, errors=1)


def test_no_tests_are_no_success(pytester: pytest.Pytester) -> None:
    """The exit code of an empty run is pytest's."""
    assert run(pytester, "").ret == pytest.ExitCode.NO_TESTS_COLLECTED


FAILING = """
    import pytest

    @pytest.fixture
    async def fixture():
        raise KeyError("in fixture")

    async def test_call(): raise ValueError("in call")
    async def test_fixture(fixture): pass
    @pytest.mark.serial
    async def test_exclusive(): raise ValueError("in exclusive")
"""


@pytest.mark.parametrize("style", ["long", "short"])
def test_tracebacks_show_the_users_frames_only(
    pytester: pytest.Pytester, style: str
) -> None:
    """Thirty frames of an event loop and an engine hide the line that failed."""
    result = run(pytester, FAILING, f"--tb={style}")
    result.assert_outcomes(failed=2, errors=1)
    text = result.stdout.str()
    assert "in call" in text
    assert "python/fasttest" not in text.replace("\\", "/")


CONFLICT = """
    import asyncio

    owner, arrived = None, []

    async def own(name):
        global owner
        owner = name
        arrived.append(name)
        while len(arrived) < 2:
            await asyncio.sleep(0.001)
        assert owner == name

    async def test_left(): await own("left")
    async def test_right(): await own("right")
"""


@pytest.mark.parametrize("wait", ["pass", "await asyncio.sleep(0.01)"])
def test_who_interrupts_the_run_is_torn_down(
    pytester: pytest.Pytester, wait: str
) -> None:
    """Also where that takes its time; what others do is cancelled."""
    source = f"""
        import asyncio, pathlib, pytest

        @pytest.fixture
        async def resource():
            yield
            await asyncio.sleep(0.01)
            pathlib.Path("torn down").touch()

        async def test_other(): await asyncio.sleep(20)

        async def test_it(resource):
            {wait}
            raise KeyboardInterrupt
    """
    pytester.makepyfile(source)
    options = ("-p", "fasttest.host.plugin", "--asyncio-mode=auto")
    result = pytester.runpytest_subprocess(*options)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert (pytester.path / "torn down").exists()
    result.stdout.fnmatch_lines(["*KeyboardInterrupt", "*no tests ran*"])


def test_conflicts_are_listed(pytester: pytest.Pytester) -> None:
    """A test that only passes alone has passed, but somebody should know."""
    result = run(pytester, CONFLICT)
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.OK
    line = "CONFLICT *.py::test_left - failed beside other tests, passed alone"
    result.stdout.fnmatch_lines(["*= conflicts =*", line])


def test_without_rescue_a_conflict_is_a_failure(pytester: pytest.Pytester) -> None:
    """Who wants to find them all does not want them run again."""
    result = run(pytester, CONFLICT, "--no-rescue")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.no_fnmatch_line("*conflicts*")


def test_where_there_is_no_conflict_there_is_no_section(
    pytester: pytest.Pytester,
) -> None:
    """Nothing to say is nothing said."""
    result = run(pytester, "def test_it(): pass")
    result.stdout.no_fnmatch_line("*conflicts*")


def test_a_limit_on_failures_ends_the_run_and_every_scope(
    pytester: pytest.Pytester,
) -> None:
    """What fails in a teardown then is an error of the test that reached the limit."""
    source = """
        import pytest

        @pytest.fixture(scope="session", autouse=True)
        def wide():
            yield
            raise ValueError("torn down")

        def test_one(): pass
        def test_two(): assert 0
        def test_three(): pass
    """
    result = run(pytester, source, "-x")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    lines = ["FAILED *::test_two - *", "ERROR *::test_two - *"]
    result.stdout.fnmatch_lines([*lines, "*stopping after 2 failures*"])
    result.assert_outcomes(passed=1, failed=1, errors=1)


BLOCKING = """
    import asyncio, pytest, selectors

    class Loop(asyncio.SelectorEventLoop):
        def __init__(self):
            super().__init__(selectors.SelectSelector())

    class Policy(asyncio.DefaultEventLoopPolicy):
        def new_event_loop(self):
            return Loop()

    @pytest.fixture(scope="module")
    def event_loop_policy():
        return Policy()

    @pytest.mark.parametrize("n", range(3))
    async def test_waits(n):
        await asyncio.sleep(0)
        assert type(asyncio.get_running_loop()) is Loop

    @pytest.mark.asyncio(loop_scope="module")
    async def test_waits_on_a_shared_one():
        await asyncio.to_thread(print)
"""


def test_loops_that_cannot_be_left_are_named_once(pytester: pytest.Pytester) -> None:
    """Otherwise nobody knows why a suite does not get any faster."""
    result = run(pytester, BLOCKING)
    assert result.parseoutcomes()["passed"] == 4
    said = [line for line in result.outlines if "cannot be left" in line]
    assert len(said) == 1
    assert said[0].startswith("test_loops_that_cannot_be_left_are_named_once.Loop ")


@pytest.mark.parametrize(
    ("source", "options"),
    [("async def test_it(): ...", ()), (BLOCKING, ("--concurrency=1",))],
)
def test_loops_are_not_spoken_of_where_they_cost_nothing(
    pytester: pytest.Pytester, source: str, options: tuple[str, ...]
) -> None:
    """Neither loops that can be left, nor runs of one test after another."""
    result = run(pytester, source, *options)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*cannot be left*")


def test_exit_in_a_test_ends_the_session(pytester: pytest.Pytester) -> None:
    """Nothing new starts; what was in flight ends and is torn down."""
    source = """
        import asyncio
        import pytest

        @pytest.fixture
        async def resource():
            yield
            print("torn down")

        async def test_one(resource): await asyncio.sleep(0)
        async def test_two(): pytest.exit("enough", 7)
        def test_three(): pass
    """
    result = run(pytester, source)
    assert result.ret == 7
    result.stdout.fnmatch_lines(["*Exit: enough*"])
    assert result.parseoutcomes() == {"passed": 1}


def test_a_worker_of_xdist_keeps_its_own_run_loop(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pytest-xdist runs the tests of its workers itself, with pytest-asyncio."""
    monkeypatch.setenv("PYTEST_ADDOPTS", OPTIONS)
    manager = pytester.parseconfig().pluginmanager
    assert manager.get_plugin("asyncio") is asyncio_hooks
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    manager = pytester.parseconfig().pluginmanager
    assert manager.get_plugin("asyncio") is not asyncio_hooks


@pytest.mark.parametrize("given", ["--reruns=2", "--reruns 2"])
def test_reruns_without_the_plugin_say_what_to_install(
    pytester: pytest.Pytester, given: str
) -> None:
    """A run that silently never reruns anything would be worse."""
    result = run(pytester, "", "-p", "no:rerunfailures", *given.split())
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*pip install pytest-rerunfailures"])


def test_reruns_that_a_conftest_provides_are_its_own(pytester: pytest.Pytester) -> None:
    """Whoever has an option of that name has it."""
    pytester.makeconftest("def pytest_addoption(parser): parser.addoption('--reruns')")
    result = run(pytester, "def test(): ...", "-p", "no:rerunfailures", "--reruns=2")
    result.assert_outcomes(passed=1)


def test_capturing_can_be_turned_off(pytester: pytest.Pytester) -> None:
    """With its plugin goes its option."""
    pytester.makepyfile("def test_it(): print('seen')")
    options = ("-p", "fasttest.host.plugin", "-p", "no:capture")
    result = pytester.runpytest_subprocess(*options)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*seen*"])


def test_plugins_find_no_fixture_for_the_value_of_an_argument(
    pytester: pytest.Pytester,
) -> None:
    """As under pytest; they would know it by an id that is soon another one's."""
    pytester.makeconftest(
        """
        import pytest

        fasttest_overlaps = True

        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_teardown(item):
            found = item.session._fixturemanager.getfixturedefs
            assert found("n", item) is None
            assert [each.argname for each in found("own", item)] == ["own"]
        """
    )
    source = """
        import pytest

        @pytest.fixture
        def own(): ...

        @pytest.mark.parametrize("n", range(3))
        async def test_it(own, n): ...
        """
    for options in ([], ["--concurrency=1"]):
        run(pytester, source, *options).assert_outcomes(passed=3)
