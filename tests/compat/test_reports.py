"""What the terminal and the JUnit file show is pytest's, whatever ran together."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from ._agreement import Row, Runs, rows
from ._table import CROWDED, DEFAULT, PYTEST, Feature, Table

if TYPE_CHECKING:
    from ._invocation import Run

_AUTO = "asyncio_mode = auto\njunit_logging = all"

_SHOWN = {
    "shown": Feature(
        '''
        """A module with every outcome."""
        import asyncio, pytest, sys

        async def deeper(n):
            await asyncio.sleep(0.002)
            raise LookupError(f"deep {n}")

        @pytest.mark.parametrize("n", range(3))
        async def test_raises(n):
            print("printed", n)
            await deeper(n)

        async def test_compares():
            print("wrong", file=sys.stderr)
            await asyncio.sleep(0.002)
            assert [1, 2, 3] == [1, 2, 4], "a message"

        async def test_passes():
            print("quiet")

        def test_sync_passes(): ...

        @pytest.fixture
        async def broken(): raise OSError("no fixture")

        async def test_set_up(broken): ...

        @pytest.fixture
        async def fragile():
            yield
            raise OSError("late")

        async def test_tear_down(fragile): ...

        async def test_chained():
            try:
                await deeper(9)
            except LookupError as error:
                raise ValueError("chained") from error

        @pytest.mark.skip("not now")
        async def test_skipped(): ...

        @pytest.mark.xfail(reason="known")
        async def test_xfailed(): assert False

        @pytest.mark.xfail
        async def test_xpassed(): ...

        class TestClass:
            async def test_method(self): assert self is None
        ''',
        sees="passed failed error skipped xfailed xpassed",
    )
}


def _shown(name: str, *args: str) -> Table:
    # One setting is enough where only the form is in question.
    return Table(name, _SHOWN, _AUTO, (args,), settings=(DEFAULT,))


_FORMS = (
    _shown("plain"),
    _shown("verbose", "-v"),
    _shown("very-verbose", "-vv"),
    _shown("quiet", "-q"),
    _shown("tb-long", "--tb=long"),
    _shown("tb-short", "--tb=short"),
    _shown("tb-line", "--tb=line"),
    _shown("tb-native", "--tb=native"),
    _shown("tb-none", "--tb=no"),
    _shown("full-trace", "--full-trace", "--tb=short"),
    _shown("locals", "-l", "--tb=short"),
    _shown("show-no-capture", "--show-capture=no"),
    _shown("counting", "-o", "console_output_style=count"),
    _shown("classic", "-o", "console_output_style=classic", "-v"),
    _shown("legacy-junit", "-o", "junit_family=legacy"),
    _shown("suite-name", "-o", "junit_suite_name=mine"),
    _shown("no-log", "-o", "junit_logging=no"),
)


_PARTLY = {"shown": Feature(_SHOWN["shown"].source, "skipped error")}
_PLANNED = {"shown": Feature(_SHOWN["shown"].source, "skipped")}
_ONLY = (DEFAULT,)
_SERIAL_MODES = (
    Table("not-captured", _SHOWN, _AUTO, (("-s",),), settings=_ONLY),
    Table("set-up-shown", _SHOWN, _AUTO, (("--setup-show",),), settings=_ONLY),
    Table("set-up-only", _PARTLY, _AUTO, (("--setup-only",),), settings=_ONLY),
    Table("set-up-plan", _PLANNED, _AUTO, (("--setup-plan",),), settings=_ONLY),
    Table("debugger", _SHOWN, _AUTO, (("--pdb",),), stdin="c\n" * 20, settings=_ONLY),
)


def _lines(run: Run) -> Counter[str]:
    """Return the report's lines without what depends on time or order."""
    lines: Counter[str] = Counter()
    for line in run.text.partition("--- stderr ---")[0].splitlines():
        # Progress fills the line of a file in whatever order its tests end.
        line = re.sub(r"\s*\[ *(?:\d+%|\d+/\d+)\]$", "", line)
        line = re.sub(r" in \d+\.\d+s\b.*", "", line)
        if progress := re.match(r"^(test_\w+\.py )?([.FEsxX]+)$", line):
            line = f"{progress[1]}{''.join(sorted(progress[2]))}"
        # Not every setting writes the file; the plugins are not the same.
        if not re.match(r"^(-* generated xml file|plugins:|platform |fasttest)", line):
            lines[line.strip("=_- ")] += 1
    return lines


@pytest.mark.parametrize("row", rows(*_FORMS, *_SERIAL_MODES))
def test_outcomes_agree_in_every_form(runs: Runs, row: Row) -> None:
    """No option about the report changes an outcome or a count."""
    runs.check(row)


# These two show the frames of the runner itself.
_WITH_ALL_FRAMES = ("full-trace", "tb-native")


@pytest.mark.parametrize(
    "table",
    [table for table in _FORMS if table.name not in _WITH_ALL_FRAMES],
    ids=lambda table: table.name,
)
def test_terminal_says_the_same(runs: Runs, table: Table) -> None:
    """Failures, captured output and the summary are line for line those of pytest."""
    expected = _lines(runs.of(table, PYTEST))
    actual = _lines(runs.of(table, DEFAULT))
    assert sorted(expected - actual) == []


@pytest.mark.parametrize("name", ["set-up-shown", "set-up-only", "set-up-plan"])
def test_set_up_is_shown_in_order(runs: Runs, name: str) -> None:
    """The set-up of each test is shown line by line as pytest shows it."""
    table = next(table for table in _SERIAL_MODES if table.name == name)
    # The letter of an outcome may follow on the line of the last fixture torn down,
    # which under pytest is one of pytest-asyncio's own.
    shown = re.compile(
        r"^ *(?:SETUP|TEARDOWN) +[A-Z] (?!_|event_loop_policy)[a-z_]+(?:\[.*?\])?", re.M
    )
    expected = shown.findall(runs.of(table, PYTEST).text)
    assert expected
    assert shown.findall(runs.of(table, DEFAULT).text) == expected


def test_durations_name_each_phase(runs: Runs) -> None:
    """Every phase has its own duration, however many tests waited at the same time."""
    table = Table(
        "durations",
        {
            "timed": Feature(
                """
                import asyncio, pytest

                @pytest.fixture
                async def slow_fixture():
                    await asyncio.sleep(0.05)
                    yield
                    await asyncio.sleep(0.05)

                @pytest.mark.parametrize("n", range(3))
                async def test_slow(slow_fixture, n): await asyncio.sleep(0.2)

                async def test_quick(): ...
                """
            )
        },
        _AUTO,
        (("--durations=9", "--durations-min=0.02"),),
        settings=(DEFAULT, CROWDED),
    )
    timed = re.compile(r"^([\d.]+)s (\w+) +(test_timed\S+)$", re.M)
    expected = {m[1:] for m in timed.findall(runs.of(table, PYTEST).text)}
    assert len(expected) == 9
    for setting in table.settings:
        found = timed.findall(runs.of(table, setting).text)
        assert {m[1:] for m in found} == expected
        for seconds, phase, _ in found:
            # A phase lasts as long as it waits, not as long as the tests beside it.
            wanted = 0.2 if phase == "call" else 0.05
            assert wanted * 0.9 <= float(seconds) < wanted + 0.5


def test_junit_file_adds_up(runs: Runs) -> None:
    """The numbers of the JUnit file are pytest's."""
    table = Table("junit", _SHOWN, _AUTO, settings=(CROWDED,))
    expected, actual = runs.of(table, PYTEST), runs.of(table, CROWDED)
    assert int(expected.suite["tests"]) >= 13  # how many depends on the version
    assert actual.suite == expected.suite
    assert Counter(actual.cases) == Counter(expected.cases)
