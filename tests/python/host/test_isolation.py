"""Marks and configuration that keep tests apart: what they refuse, and what they say.

That tests really are kept apart, with pytest's outcomes, is in ``tests/compat``.
"""

from __future__ import annotations

import pytest

# For the side effect: an inner run forgets the modules which it was first to import.
import fasttest.engine.executor
from fasttest.host import explain

pytest_plugins = ["pytester"]

pytestmark = [
    pytest.mark.usefixtures("fasttest"),
    pytest.mark.filterwarnings("default"),
]

OPTIONS = (
    "-p fasttest.host.plugin -p no:cacheprovider --asyncio-mode=auto "
    "-o asyncio_default_fixture_loop_scope=function"
)


@pytest.fixture
def fasttest(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Load the plugin in inner runs, in pytest-asyncio's auto mode."""
    monkeypatch.setenv("PYTEST_ADDOPTS", OPTIONS)
    monkeypatch.setenv("NO_COLOR", "1")


def run(
    pytester: pytest.Pytester, source: str, *options: str, configuration: str = ""
) -> pytest.RunResult:
    """Run a suite of one file, ``test_it.py``, in this process."""
    pytester.makefile(".toml", pyproject=f"[tool.pytest.ini_options]\n{configuration}")
    pytester.makepyfile(test_it=f"import asyncio, pytest\n{source}")
    return pytester.runpytest_inprocess(*options)


ISOLATION = "mark.isolation"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "got nothing where names of resources are needed: write them as strings*"),
        ("3", "got 3 where names of resources are needed: write them as strings*"),
        ('"db", ""', "got 'db', '' where names of resources are needed: *"),
        ('"db", limits=2', "has no argument 'limits': it takes names of resources, *"),
        ('"db", limit=0', "got limit=0: give a whole number of tests, from 1 on"),
        ('"db", limit=True', "got limit=True: give a whole number of tests, from 1 on"),
        ('"db", limit="2"', "got limit='2': give a whole number of tests, from 1 on"),
        (
            '"db", rate="10 per second"',
            "got rate='10 per second': give a whole number of tests, from 1 on, and a "
            'period, as in "10/s", "10/min" or "10/h"',
        ),
        ('"db", rate=10', "got rate=10: give a whole number of tests, from 1 on, *"),
        ('"db", rate="0/s"', "got rate='0/s': give a whole number of tests, from 1 *"),
        ('"db", write=0', "got write=0: give False for a test that only reads"),
        (
            '"db", limit=2, write=False',
            "got a limit for a test that only reads: any number of tests may read *",
        ),
    ],
)
def test_a_wrong_argument_ends_the_run_before_any_test(
    pytester: pytest.Pytester, arguments: str, message: str
) -> None:
    """Passed over, it would let tests overlap that must not."""
    source = f"@pytest.mark.isolation({arguments})\ndef test(): pass"
    result = run(pytester, source)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: test_it.py::test: {ISOLATION} {message}"])
    result.stdout.no_fnmatch_line("*passed*")


def test_one_mistake_is_told_once_however_many_tests_have_it(
    pytester: pytest.Pytester,
) -> None:
    """A mark on a module is one slip, and so is that of a test with parameters."""
    result = run(
        pytester,
        """
@pytest.mark.isolation("db", limit=0)
@pytest.mark.parametrize("n", range(100))
def test(n): pass

@pytest.mark.isolation(7)
class TestOthers:
    def test_first(self): pass
    def test_second(self): pass
""",
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = [line for line in result.stderr.lines if line.startswith("ERROR")]
    assert [line.split(": ")[1] for line in told] == [
        "test_it.py::test[0]",
        "test_it.py::TestOthers",
    ]


def test_two_limits_of_one_resource_are_refused_with_both_places(
    pytester: pytest.Pytester,
) -> None:
    """Which of the two is meant, nobody but the author knows."""
    source = """
@pytest.mark.isolation("db", limit=2)
def test_first(): pass
@pytest.mark.isolation("db")
def test_second(): pass
@pytest.mark.isolation("db", limit=3)
def test_third(): pass
"""
    result = run(pytester, source)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "ERROR: test_it.py::test_third: 'db' has a limit of 3 here and of 2 in "
            "test_it.py::test_first: say it in one place, or the same in both"
        ]
    )
    configuration = "[tool.fasttest.resources]\ndb = 1"
    result = run(pytester, source, "-k", "second or third", configuration=configuration)
    result.stderr.fnmatch_lines(["*here and of 1 in pyproject.toml: *"])
    result = run(pytester, source, "-k", "first or second")
    result.assert_outcomes(passed=2, deselected=1)


def test_readers_of_a_resource_for_several_writers_are_refused(
    pytester: pytest.Pytester,
) -> None:
    """A reader wants to see no change, which two writers at once would not grant."""
    result = run(
        pytester,
        """
@pytest.mark.isolation("db", limit=2)
def test_first(): pass
@pytest.mark.isolation("db", write=False)
def test_second(): pass
""",
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "ERROR: test_it.py::test_second: 'db' is only read here and has a limit of "
            "2 in test_it.py::test_first: *"
        ]
    )


def test_two_rates_of_one_resource_are_refused_with_both_places(
    pytester: pytest.Pytester,
) -> None:
    """Even two that allow as much in a minute: not as much in a second."""
    source = """
@pytest.mark.isolation("api", rate="60/min")
def test_first(): pass
@pytest.mark.isolation("api", limit=2)
def test_second(): pass
@pytest.mark.isolation("api", rate="1/s")
def test_third(): pass
"""
    result = run(pytester, source)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "ERROR: test_it.py::test_third: 'api' has a rate of 1/s here and of 60/min "
            "in test_it.py::test_first: say it in one place, or the same in both"
        ]
    )
    configuration = '[tool.fasttest.resources]\napi = {rate = "2/s"}'
    result = run(pytester, source, "-k", "second or third", configuration=configuration)
    result.stderr.fnmatch_lines(["*here and of 2/s in pyproject.toml: *"])
    result = run(pytester, source, "-k", "first or second")
    result.assert_outcomes(passed=2, deselected=1)


def test_readers_of_a_resource_that_any_number_may_write_are_refused(
    pytester: pytest.Pytester,
) -> None:
    """A rate says nothing of how many write at once; with a limit of 1 that is said."""
    source = """
@pytest.mark.isolation("api", rate="5/s")
def test_first(): pass
@pytest.mark.isolation("api", write=False)
def test_second(): pass
"""
    result = run(pytester, source)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "ERROR: test_it.py::test_second: 'api' is only read here and has a rate of "
            "5/s in test_it.py::test_first, which without a limit lets any number "
            "write at once: *; say limit=1 beside the rate, or leave write=False out"
        ]
    )
    run(pytester, source.replace("rate=", "limit=1, rate=")).assert_outcomes(passed=2)


def test_the_marks_are_registered(pytester: pytest.Pytester) -> None:
    """So that --strict-markers lets them pass, and --markers explains them."""
    source = """
@pytest.mark.isolation("db")
@pytest.mark.serial
def test(): pass
"""
    run(pytester, source, "--strict-markers").assert_outcomes(passed=1)
    result = pytester.runpytest_inprocess("--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.isolation(*", "@pytest.mark.serial: *"])


def test_the_command_line_beats_the_configuration(pytester: pytest.Pytester) -> None:
    """The project says what is usual, who runs it what is wanted now."""
    usual = "[tool.fasttest]\nconcurrency = 7"
    result = run(pytester, "def test(): pass", configuration=usual)
    result.stdout.fnmatch_lines(["fasttest: up to 7 tests in flight"])
    result = pytester.runpytest_inprocess("--concurrency=3")
    result.stdout.fnmatch_lines(["fasttest: up to 3 tests in flight"])


UNUSED = """
[tool.fasttest]
serial = ["test_it.py::test", "tests/e2e"]
[tool.fasttest.resources]
db = 1
[tool.fasttest.fixtures]
database = "db"
[tool.fasttest.paths]
"tests/**" = "db"
"""


def test_what_concerns_no_test_is_said(pytester: pytest.Pytester) -> None:
    """It is a slip, or what it meant is gone."""
    result = run(pytester, "def test(): pass", configuration=UNUSED)
    assert result.ret == 0
    told = [line for line in result.stdout.lines if "[tool.fasttest]" in line]
    assert told == [
        "fasttest: [tool.fasttest] serial: 'tests/e2e' matches no test",
        "fasttest: [tool.fasttest] paths: 'tests/**' matches no test",
        "fasttest: [tool.fasttest] fixtures: no test has a fixture 'database'",
    ]


@pytest.mark.parametrize(
    "options", [("test_it.py",), ("-k", "not other"), ("-q",), ("--concurrency=1",)]
)
def test_nothing_is_said_where_only_some_tests_were_asked_for(
    pytester: pytest.Pytester, options: tuple[str, ...]
) -> None:
    """The rest of the configuration is for the tests which are not there."""
    source = "def test(): pass\ndef test_other(): pass"
    result = run(pytester, source, *options, configuration=UNUSED)
    assert result.ret == 0
    result.stdout.no_fnmatch_line("*[[]tool.fasttest]*")


EXPLAINED = """
arrived = []
async def meet(count=2):
    arrived.append(None)
    while len(arrived) < count:
        await asyncio.sleep(0.001)

@pytest.mark.parametrize("n", range(2))
async def test_meets(n):
    await meet()

@pytest.mark.isolation("db")
@pytest.mark.parametrize("n", range(2))
async def test_turns(n):
    await asyncio.sleep(0.001)

@pytest.mark.serial
def test_alone(): pass

def test_computes(): pass
"""


def test_explain_groups_the_tests_that_did_not_overlap_by_reason(
    pytester: pytest.Pytester,
) -> None:
    """What to change first is what concerns most tests."""
    serial = '[tool.fasttest]\nserial = ["test_it.py::test_by_configuration"]'
    source = """
@pytest.mark.isolation("db")
@pytest.mark.parametrize("n", range(3))
async def test_turns(n): await asyncio.sleep(0.001)
@pytest.mark.serial
@pytest.mark.parametrize("n", range(2))
def test_alone(n): pass
def test_by_configuration(): pass
"""
    result = run(pytester, source, "--explain", configuration=serial)
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(
        [
            "=* overlap =*",
            "0 of 6 tests overlapped with others, 0 of the 3 async ones; 6 did not:",
            "  3  took turns for db",
            "  2  alone: mark serial",
            "  1  alone: serial in pyproject.toml: test_it.py::test_by_configuration",
            "=* 6 passed in *",
        ],
        consecutive=True,
    )


def test_explain_tells_a_rate_from_a_limit(pytester: pytest.Pytester) -> None:
    """One is for who waits that others end, the other for who waits for the clock."""
    source = """
@pytest.mark.isolation("api", rate="1/s")
@pytest.mark.parametrize("n", range(2))
def test_starts(n): pass
@pytest.mark.isolation("mail", rate="5/s", limit=2)
@pytest.mark.parametrize("n", range(6))
def test_both(n): pass
"""
    result = run(pytester, source, "--explain", "-k", "starts")
    result.stdout.fnmatch_lines(["  2  kept apart by the rate of api"])
    result = pytester.runpytest_inprocess("--explain", "--collect-only", "-q")
    result.stdout.fnmatch_lines(
        [
            "of those that may overlap, these take turns:",
            "  api: 2 tests, of which 1/s start",
            "  mail: 6 tests, 2 at a time",
            "  mail: 6 tests, of which 5/s start",
        ],
        consecutive=True,
    )


def test_explain_names_the_tests_if_told_to(pytester: pytest.Pytester) -> None:
    """By default a reason with its number says enough."""
    source = "def test_first(): pass\ndef test_second(): pass"
    reason = f"  2  sync, {explain._NOTHING_BESIDE}"
    result = run(pytester, source, "--explain")
    result.stdout.fnmatch_lines(["0 of 2 tests overlapped*", reason])
    result.stdout.no_fnmatch_line("  * test_it.py::test_first")
    result = pytester.runpytest_inprocess("--explain", "-v")
    result.stdout.fnmatch_lines(
        [reason, "       test_it.py::test_first", "       test_it.py::test_second"],
        consecutive=True,
    )


def test_a_test_that_is_rescued_has_overlapped(pytester: pytest.Pytester) -> None:
    """Its second run, alone, is not what the user asks about."""
    source = """
arrived = []
@pytest.mark.parametrize("n", range(2))
async def test_meets(n):
    arrived.append(n)
    while len(arrived) < 2:
        await asyncio.sleep(0.001)
    assert len(arrived) > 2
"""
    result = run(pytester, source, "--explain")
    result.stdout.fnmatch_lines(["2 of 2 tests overlapped with others"])


def test_explain_says_that_everything_ran_one_by_one(pytester: pytest.Pytester) -> None:
    """Then nothing about the single test matters."""
    for option, reason in (("-s", "-s"), ("--concurrency=1", "a concurrency of 1")):
        result = run(
            pytester, EXPLAINED.replace("meet()", "meet(0)"), "--explain", option
        )
        result.stdout.fnmatch_lines(
            [
                "0 of 6 tests overlapped with others, 0 of the 4 async ones; "
                "6 did not:",
                f"  6  one test after another, because of {reason}",
            ]
        )


def test_explain_counts_only_tests_that_ran(pytester: pytest.Pytester) -> None:
    """Of the others there is nothing to be said."""
    source = "def test_first(): assert 0\ndef test_second(): pass"
    result = run(pytester, source, "--explain", "-x")
    result.stdout.fnmatch_lines(["0 of 1 test overlapped with others; 1 did not:"])


def test_explain_names_the_loop_that_cannot_be_left(pytester: pytest.Pytester) -> None:
    """Its user can do something about it."""
    source = """
import uvloop

@pytest.fixture(scope="module", params=[uvloop.EventLoopPolicy()], ids=["uv"])
def event_loop_policy(request):
    return request.param

@pytest.mark.asyncio(loop_scope="module")
async def test_shared(): await asyncio.sleep(0.001)
async def test_own(): await asyncio.sleep(0.001)
"""
    result = run(pytester, source, "--explain")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["  2  its loop cannot be left while it waits: uvloop.Loop"]
    )


def test_a_forecast_needs_no_run(pytester: pytest.Pytester) -> None:
    """With --collect-only the plan says enough."""
    source = (
        EXPLAINED
        + """
@pytest.mark.isolation("catalog", write=False)
@pytest.mark.parametrize("n", range(3))
async def test_reads(n): raise AssertionError("was run")
@pytest.mark.isolation("catalog")
async def test_writes(): raise AssertionError("was run")
@pytest.mark.isolation("unused by others")
async def test_holds_what_nobody_else_wants(): pass
"""
    )
    result = run(pytester, source, "--explain", "--collect-only", "-q")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "10 of 11 tests may overlap with others, 9 of the 9 async ones; "
            "1 will run alone:",
            "  1  alone: mark serial",
            "of those that may overlap, these take turns:",
            "  db: 2 tests, 1 at a time",
            "  catalog: 1 that writes by itself, 3 that read",
            "11 tests collected in *",
        ],
        consecutive=True,
    )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            '["shop.Clock"]',
            "{where} cannot be 'shop.Clock': name an attribute as in "
            '"package.module:Class.attribute"',
        ),
        (
            '["no_such_shop:clock"]',
            "{where}: 'no_such_shop:clock' cannot be had: No module named "
            "'no_such_shop'",
        ),
        (
            '["string:Formatter.nothing"]',
            "{where}: 'string:Formatter.nothing' names nothing that is there",
        ),
        (
            '["string:nothing.at.all"]',
            "{where}: 'string:nothing.at.all' names nothing*",
        ),
    ],
)
@pytest.mark.parametrize("project", [True, False])
def test_a_wrong_name_of_what_is_each_tests_own_is_refused(
    pytester: pytest.Pytester, names: str, message: str, project: bool
) -> None:
    """Before any test runs, with where it stands."""
    configuration = f"[tool.fasttest]\nown = {names}" if project else ""
    where = "pyproject.toml: [[]tool.fasttest[]] own"
    if not project:
        pytester.makeconftest(f"fasttest_own = {names}")
        where = "fasttest_own of */conftest.py"
    result = run(pytester, "def test(): assert 0", configuration=configuration)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message.format(where=where)}"])


def test_names_of_what_is_each_tests_own_are_a_list(pytester: pytest.Pytester) -> None:
    """One string would be taken for its letters."""
    pytester.makeconftest("fasttest_own = 'string:digits'")
    result = run(pytester, "def test(): assert 0")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "ERROR: fasttest_own of */conftest.py cannot be 'string:digits': give a "
            "list of names"
        ]
    )
