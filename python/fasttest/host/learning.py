"""What a run learns about conflicts: who with whom, for all later runs.

What is only needed once there is a conflict is imported then: most runs have none.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import math
from typing import TYPE_CHECKING, TypeAlias

import pytest

from fasttest.host.run import Run, RunOptions

if TYPE_CHECKING:
    from pathlib import Path

    from _pytest.terminal import TerminalReporter

    from fasttest.host.conflicts import Conflict
    from fasttest.host.laboratory import Laboratory

# The tests that failed beside others only: how they passed, and with whom they are in
# conflict, if that was found.
_Met: TypeAlias = "dict[str, tuple[str, Conflict | None]]"

_LEARN, _BRIEF, _KEEP, _IGNORE = "learn", "brief", "keep", "ignore"

_FILE_NAME = "fasttest-conflicts.toml"

_known = pytest.StashKey[tuple["Conflict", ...]]()
_met = pytest.StashKey[_Met]()
_left_out = pytest.StashKey[int]()
_was_too_short = pytest.StashKey[bool]()
_trouble = pytest.StashKey[str]()


def add_option(group: pytest.OptionGroup) -> None:
    """Add the options about conflicts."""
    group.addoption(
        "--conflicts",
        choices=(_LEARN, _BRIEF, _KEEP, _IGNORE),
        default=_BRIEF,
        help="learn: find out which tests fail in company of each other, and remember "
        f"them in {_FILE_NAME}; brief: the same, in no more time than the run took, or "
        "ten seconds (the default); keep: only keep apart those that are remembered; "
        "ignore: not even that",
    )
    group.addoption("--conflicts-file", help=argparse.SUPPRESS)


def file_of(config: pytest.Config) -> Path | None:
    """The file of conflicts, be there one or not; None if it is to be ignored."""
    if config.getoption("conflicts") == _IGNORE:
        return None
    # ``fasttest verify`` has some of its runs respect another one.
    return config.rootpath / (config.getoption("conflicts_file") or _FILE_NAME)


def configure(config: pytest.Config) -> None:
    """Read what is remembered.

    Raises:
        pytest.UsageError: The file says something else than conflicts.
    """
    config.stash[_known] = ()
    path = file_of(config)
    if path is not None and path.exists():
        from fasttest.host.conflicts import read

        config.stash[_known] = tuple(read(path))
    config.stash[_met] = {}


def remembered(config: pytest.Config) -> tuple[Conflict, ...]:
    """The tests that are to be kept apart."""
    return config.stash[_known]


def laboratory(
    session: pytest.Session, concurrency: int
) -> contextlib.AbstractContextManager[Laboratory | None]:
    """A laboratory for the run about to begin; none if there is no use for one."""
    if concurrency > 1 and session.config.getoption("rescue"):
        from fasttest.host.laboratory import Laboratory, is_possible

        if is_possible(session):
            return Laboratory(session, functools.partial(_perform, session))
    return contextlib.nullcontext()


def learn(run: Run, laboratory: Laboratory | None, concurrency: int) -> None:
    """Look into the conflicts a run has met, and remember what is found.

    Args:
        run: The run, which is over.
        laboratory: Where it can be found out; None to go without.
        concurrency: Tests it had in flight at most.
    """
    config = run.session.config
    config.stash[_left_out] = run.left_unconfirmed
    if not run.conflicts:
        return
    met: _Met = {
        run.items[test].nodeid: (passed, None)
        for test, passed in sorted(run.conflicts.items())
    }
    config.stash[_met] = met
    path = file_of(config)
    mode = config.getoption("conflicts")
    if laboratory is None or mode not in (_LEARN, _BRIEF) or path is None:
        return
    if mode == _BRIEF and (run.session.shouldfail or run.session.shouldstop):
        return  # who has it stop, as by -x, waits for that

    from fasttest.host.conflicts import merged, read, widened, write
    from fasttest.host.investigation import Investigation

    _say(config, f"looking for who is in conflict with {_tests(len(met))}")
    seconds = math.inf if mode == _LEARN else run.flights.spare
    investigation = Investigation(laboratory, run, concurrency, seconds)
    found = investigation.conflicts_of(run.conflicts)
    config.stash[_was_too_short] = investigation.is_over and len(found) < len(met)
    for test, conflict in found.items():
        nodeid = run.items[test].nodeid
        met[nodeid] = met[nodeid][0], conflict
    if found:
        try:
            # Another run may have found some meanwhile.
            now = read(path) if path.exists() else ()
            known = merged(now, found.values())
            write(path, widened(known, [item.nodeid for item in run.items]))
        except (OSError, pytest.UsageError) as error:
            config.stash[_trouble] = f"They cannot be remembered: {error}"


def write_summary(terminal: TerminalReporter) -> None:
    """Name the tests which failed beside others and passed alone, and with whom."""
    config = terminal.config
    met = config.stash.get(_met, {})
    left_out = config.stash.get(_left_out, 0)
    if not met and not left_out:
        return
    terminal.section("conflicts")
    for nodeid, (passed, found) in met.items():
        terminal.write_line(f"CONFLICT {nodeid} - failed beside other tests, {passed}")
        if found is not None:
            others = [test for test in found.tests if test != nodeid]
            terminal.write_line(f"    with {', '.join(others)}: {found.why}")
    if met and config.getoption("conflicts") in (_KEEP, _IGNORE):
        terminal.write_line(
            "--conflicts=learn finds out with which tests, to keep them apart."
        )
    elif config.stash.get(_was_too_short, False):
        terminal.write_line(
            "There was no time to look into all of them: --conflicts=learn takes as "
            "long as it needs."
        )
    if left_out:
        terminal.write_line(
            f"{left_out} more failed beside other tests and again alone; there was no "
            "time to see whether they fail as pytest runs their files"
        )
    if _trouble in config.stash:
        terminal.write_line(config.stash[_trouble])
    elif found_out := sum(1 for _, found in met.values() if found):
        some = "They" if found_out == len(met) else f"{found_out} of {len(met)}"
        terminal.write_line(f"{some} are kept apart from now on: see {_FILE_NAME}.")


def _perform(
    session: pytest.Session, items: list[pytest.Item], concurrency: int
) -> None:
    """Run some items as an experiment."""
    session.items = items
    Run(session, RunOptions(concurrency, rescue=False, reports_all=True)).perform()


def _say(config: pytest.Config, text: str) -> None:
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and config.get_verbosity() >= 0:
        terminal.write_line(f"fasttest: {text}")


def _tests(count: int) -> str:
    return f"{count} test{'s' if count > 1 else ''}"
