"""What tests in flight together emit reaches the test that emitted it, and only it."""

from __future__ import annotations

import logging
import sys
import warnings
from typing import Any

import pytest

pytest_plugins = ["pytester"]

# Inner runs inherit the filters; there warnings are reported as for any suite.
pytestmark = pytest.mark.filterwarnings("default")

# Without a default loop scope for fixtures each inner run would warn.
QUIET = ("-o", "asyncio_default_fixture_loop_scope=function")

# Each test emits before and after it has waited for all others to have emitted.
SUITE = """
    import asyncio
    import logging
    import sys
    import warnings
    import pytest

    COUNT = 3
    waiting = []

    async def meet():
        event = asyncio.Event()
        waiting.append((asyncio.get_running_loop(), event))
        if len(waiting) == COUNT:
            for loop, each in waiting:
                loop.call_soon_threadsafe(each.set)
        await event.wait()

    @pytest.fixture
    async def fixture(request):
        print("set-up of", request.node.name)
        yield
        print("teardown of", request.node.name)

    @pytest.mark.parametrize("n", range(COUNT))
    async def test_each(fixture, n):
        emit(n, "first")
        await meet()
        emit(n, "then")
        await asyncio.create_task(in_task(n))
        await asyncio.to_thread(emit, n, "thread")
        assert n < 0

    async def in_task(n):
        await asyncio.sleep(0)
        emit(n, "task")

    def emit(n, when):
        print(n, when)
        print(n, when, file=sys.stderr)
        logging.warning("%s %s", n, when)
        warnings.warn(f"{n} {when}")
"""

WHEN = ("first", "then", "task", "thread")


class Kept:
    """A plugin that keeps the reports and warnings of a run."""

    def __init__(self) -> None:
        self.reports: dict[tuple[str, str], pytest.TestReport] = {}
        self.warnings: dict[str, list[str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a report."""
        name = report.nodeid.rpartition("::")[2]
        self.reports[name, str(report.when)] = report

    def pytest_warning_recorded(
        self, warning_message: warnings.WarningMessage, nodeid: str
    ) -> None:
        """Keep a warning."""
        name = nodeid.rpartition("::")[2]
        self.warnings.setdefault(name, []).append(str(warning_message.message))


def run(pytester: pytest.Pytester, source: str, *options: str) -> Kept:
    """Run a suite of one file in this process."""
    pytester.makepyfile(source)
    kept, needed = Kept(), ("-p", "fasttest.host.plugin", "--asyncio-mode=auto", *QUIET)
    pytester.runpytest_inprocess(*needed, *options, plugins=[kept])
    return kept


@pytest.fixture
def kept(pytester: pytest.Pytester) -> Kept:
    """Three tests that have run at once, and failed."""
    return run(pytester, SUITE, "--no-rescue")


def test_each_has_its_own_output(kept: Kept) -> None:
    """Of its coroutine, its tasks and its worker threads, in order."""
    for n in range(3):
        report = kept.reports[f"test_each[{n}]", "call"]
        expected = "".join(f"{n} {when}\n" for when in WHEN)
        before = f"set-up of test_each[{n}]\n"
        assert report.capstdout == before + expected
        assert report.capstderr == expected


def test_each_has_its_own_log_records(kept: Kept) -> None:
    """With level, logger and place before them, as pytest formats them."""
    for n in range(3):
        report = kept.reports[f"test_each[{n}]", "call"]
        texts = [line.split(None, 2)[2] for line in report.caplog.splitlines()]
        assert texts == [f"{n} {when}" for when in WHEN]


def test_each_has_its_own_warnings(kept: Kept) -> None:
    """Once per test and place, though all of them warn from the same line."""
    for n in range(3):
        found = kept.warnings[f"test_each[{n}]"]
        assert found == [f"{n} {when}" for when in WHEN]


def test_sections_are_those_of_the_phases(kept: Kept) -> None:
    """As pytest: a teardown's output is not mixed up with the call's."""
    for n in range(3):
        sections = kept.reports[f"test_each[{n}]", "teardown"].sections
        assert ("Captured stdout setup", f"set-up of test_each[{n}]\n") in sections
        assert ("Captured stdout teardown", f"teardown of test_each[{n}]\n") in sections


PAST = """
    import os
    import subprocess
    import sys

    def test_descriptor():
        os.write(1, b"written past sys.stdout\\n")
        assert 0

    def test_child():
        code = "import sys; print('by a child'); print('wrongly', file=sys.stderr)"
        subprocess.run([sys.executable, "-c", code], check=True)
        assert 0

    def test_silent():
        assert 0
"""


def test_what_is_written_past_python_is_captured(pytester: pytest.Pytester) -> None:
    """By C code and child processes: it is that of the test that computes."""
    kept = run(pytester, PAST)
    outputs = {
        name: (report.capstdout, report.capstderr)
        for (name, when), report in kept.reports.items()
        if when == "call"
    }
    assert outputs == {
        "test_descriptor": ("written past sys.stdout\n", ""),
        "test_child": ("by a child\n", "wrongly\n"),
        "test_silent": ("", ""),
    }


STREAMS = """
    import logging
    import sys
    import warnings
    import pytest

    def test_beside(): pass

    @pytest.mark.serial
    def test_alone(): pass

    def test_beside_again(): pass
"""


def process_state() -> tuple[Any, ...]:
    """What a run may redirect of the process."""
    return (
        sys.stdout,
        sys.stderr,
        list(logging.root.handlers),
        list(warnings.filters),
        warnings._showwarnmsg_impl,  # type: ignore[attr-defined]
        sys.unraisablehook,
    )


def test_the_process_is_as_it_was_afterwards(pytester: pytest.Pytester) -> None:
    """Somebody may run pytest in a process of their own, as this test does."""
    before = process_state()
    run(pytester, STREAMS)
    assert process_state() == before


SEEN = """
    import logging
    import sys
    import pytest

    streams = []

    def look(): streams.append(type(sys.stdout).__name__)

    def test_beside(): look()

    @pytest.mark.serial
    def test_alone(): look()

    def test_after(): look()

    def test_seen():
        assert streams[0] == streams[2] != streams[1]
"""


def test_a_test_that_runs_alone_has_pytests_own_streams(
    pytester: pytest.Pytester,
) -> None:
    """What it patches, and what its plugins redirect, is what pytest knows of."""
    kept = run(pytester, SEEN)
    assert kept.reports["test_seen", "call"].passed


@pytest.mark.parametrize("option", ["-pno:logging", "-pno:warnings", "-pno:terminal"])
def test_what_is_turned_off_is_not_missed(
    pytester: pytest.Pytester, option: str
) -> None:
    """Each of pytest's plugins can be turned off."""
    with warnings.catch_warnings():
        # Without its plugin the warnings are the outer run's.
        warnings.simplefilter("ignore")
        kept = run(pytester, SUITE, "--no-rescue", option)
    failed = [name for name, report in kept.reports.items() if report.failed]
    assert sorted(failed) == [(f"test_each[{n}]", "call") for n in range(3)]
