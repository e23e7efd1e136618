"""fasttest as a pytest plugin: ``fasttest …`` and ``pytest -p fasttest …``."""

from __future__ import annotations

import argparse
import atexit
import gc
import os
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from fasttest.engine.concurrency import default_concurrency
from fasttest.host import (
    asyncio_dialect,
    explain,
    learning,
    private,
    reruns,
    time_limit_options,
)
from fasttest.host.configuration import configuration_of
from fasttest.host.current import current_run, run_of_session
from fasttest.host.isolation_marks import MARKERS
from fasttest.host.run import Run, RunOptions
from fasttest.host.time_limits import debugged, phase_ended

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from pathlib import Path

    from _pytest.terminal import TerminalReporter

    from fasttest.host.resources import Resources

_PACKAGE = os.path.dirname(os.path.dirname(__file__)) + os.sep

# How a reason to run alone begins that is a plugin or a conftest.
_PLUGIN = "plugin "


def pytest_addoption(
    parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager
) -> None:
    """Add fasttest's options; take pytest-asyncio's place."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        # pytest-xdist runs the tests of its workers itself, with pytest-asyncio.
        asyncio_dialect.take_over(pluginmanager)
    group = parser.getgroup("fasttest", "concurrent execution (fasttest)")
    group.addoption(
        "--concurrency",
        type=_at_least_one,
        default=None,
        metavar="N",
        help="tests in flight at most; 1 runs strictly one after another "
        "(default: that of [tool.fasttest], or from the limit on open files)",
    )
    time_limit_options.add_grace(group)
    group.addoption(
        "--no-rescue",
        action="store_false",
        dest="rescue",
        default=True,
        help="report a failure that happened beside other tests at once, instead of "
        "running the test again alone",
    )
    group.addoption(
        "--seed",
        type=_seed,
        default=None,
        metavar="N",
        help="start and resume tests in an order drawn from N, among those that are "
        "possible; with --concurrency 1: run them in a shuffled order",
    )
    group.addoption(
        "--detect-flaky",
        type=_runs,
        default=0,
        metavar="N",
        help="run everything N times, each time in a new process, and say how often "
        "each test passed",
    )
    learning.add_option(group)
    explain.add_option(group)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None, object, object]:
    """Serve time limits and refuse reruns, once it is known what plugins do."""
    result = yield
    time_limit_options.serve(early_config, parser)
    reruns.check(parser, args)
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Run the suite many times, if that is what is asked for."""
    times: int = config.getoption("detect_flaky")
    if not times:
        return None
    from fasttest.host.verify import flaky

    return flaky.detect(config.invocation_params.args, times, config.getoption("seed"))


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks, read what is configured and what earlier runs have found."""
    for line in MARKERS:
        config.addinivalue_line("markers", line)
    configuration_of(config)
    learning.configure(config)
    time_limit_options.describe(config)
    # What ``pytest_collection`` hid; a run inside another process leaves it as it was.
    config.add_cleanup(gc.unfreeze)


def pytest_report_header(config: pytest.Config) -> str:
    """Say how many tests may be in flight."""
    reason, seed = _serial_because(config), _seed_of(config)
    drawn = "" if seed is None else f", seed {seed}"
    if reason:
        return f"fasttest: one test after another, because of {reason}{drawn}"
    return f"fasttest: up to {_concurrency(config)} tests in flight{drawn}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without the garbage collector, which would look at every item again.

    What has been collected stays to the end: it is taken out of the collector's sight.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        with private.quick_argument_names():
            return (yield)
    finally:
        gc.freeze()
        if collects:
            gc.enable()
        # The interpreter would collect all of it at its end.
        atexit.unregister(gc.freeze)
        atexit.register(gc.freeze)


@pytest.hookimpl
def pytest_runtestloop(session: pytest.Session) -> object:
    """Run the collected items; in place of pytest's own loop."""
    config = session.config
    if session.testsfailed and not config.option.continue_on_collection_errors:
        raise session.Interrupted(
            f"{session.testsfailed} "
            f"error{'s' if session.testsfailed != 1 else ''} during collection"
        )
    one_by_one = _serial_because(config)
    concurrency = 1 if one_by_one else _concurrency(config)
    if config.option.collectonly:
        if config.getoption("explain"):
            options = RunOptions(concurrency, False, learning.remembered(config))
            explain.explain(Run(session, options), one_by_one)
        return True
    with learning.laboratory(session, concurrency) as laboratory:
        options = RunOptions(
            concurrency,
            config.getoption("rescue"),
            learning.remembered(config),
            laboratory,
            seed=_seed_of(config),
        )
        run = Run(session, options)
        if config.getoption("explain"):
            explain.explain(run, one_by_one)
        _say_who_is_in_the_way(config, run.alone.values())
        if concurrency > 1:
            _say_what_is_unused(config, run.resources)
        config.stash[run_of_session] = run
        run.perform()
        learning.learn(run, laboratory, concurrency)
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    if session.shouldstop:
        raise session.Interrupted(session.shouldstop)
    return True


@pytest.hookimpl(trylast=True)
def pytest_runtest_protocol() -> object:
    """Run a test that overlaps, within what others do round the whole of it."""
    run = current_run.get()
    if run is None or run.protocol is None:
        return None
    perform, run.protocol = run.protocol, None
    perform()
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> None:
    """Issue pytest-asyncio's warnings of a test that is about to be called."""
    if current_run.get() is not None:
        definitions = private.definitions_of(pyfuncitem)
        asyncio_dialect.warn_before_call(pyfuncitem, definitions)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Leave fasttest's own frames out of tracebacks, as pytest leaves out its own."""
    if call.excinfo is not None:
        traceback = call.excinfo.traceback
        kept = traceback.filter(lambda frame: not _is_engine(frame.path))
        if kept:
            call.excinfo.traceback = kept
    report = yield
    run = current_run.get()
    if run is not None:
        phase_ended(run, failed=report.failed)
    return report


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_terminal_summary(
    terminalreporter: TerminalReporter,
) -> Generator[None, object, object]:
    """Name blocking loops, and tests which failed beside others and passed alone.

    What is out of the garbage collector's sight is brought back for so long: others
    look with ``gc`` for who refers to what.
    """
    gc.unfreeze()
    try:
        result = yield
    finally:
        gc.freeze()
    _report_blocking_loops(terminalreporter)
    learning.write_summary(terminalreporter)
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_enter_pdb() -> None:
    """Show no stacks of a test that somebody debugs, as pytest does not."""
    run = current_run.get()
    if run is not None:
        debugged(run)


def _report_blocking_loops(terminalreporter: TerminalReporter) -> None:
    run = terminalreporter.config.stash.get(run_of_session, None)
    if run is None or run.concurrency == 1:
        return
    loops = run.executor.blocking_loops
    names = sorted(f"{loop.__module__}.{loop.__qualname__}" for loop in loops)
    if names:
        terminalreporter.section("blocking loops")
    for name in names:
        terminalreporter.write_line(
            f"{name} cannot be left while it waits: its tests ran one after another"
        )


def _say_who_is_in_the_way(config: pytest.Config, alone: Iterable[str]) -> None:
    """Name the plugins and conftests for which tests run alone."""
    counts = {
        reason.removeprefix(_PLUGIN): count
        for reason, count in Counter(alone).most_common()
        if reason.startswith(_PLUGIN)
    }
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if not counts or reporter is None or config.get_verbosity() < 0:
        return
    total = sum(counts.values())
    whom = ", ".join(f"{count} for {name}" for name, count in counts.items())
    reporter.write_line(
        f"fasttest: {total} test{'s' if total > 1 else ''} will run alone: {whom}"
    )


def _say_what_is_unused(config: pytest.Config, resources: Resources) -> None:
    """Name what of the configuration concerns no test, if all tests are there."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or config.get_verbosity() < 0:
        return
    if config.args_source is config.ArgsSource.ARGS or "deselected" in reporter.stats:
        return
    for line in resources.unused():
        reporter.write_line(f"fasttest: [tool.fasttest] {line}", yellow=True)


def _concurrency(config: pytest.Config) -> int:
    given: int | None = config.getoption("concurrency")
    return given or configuration_of(config).concurrency or default_concurrency()


def _seed_of(config: pytest.Config) -> int | None:
    """The seed that counts: who did not ask for one test after another keeps order."""
    seed: int | None = config.getoption("seed")
    return None if _serial_because(config) and _concurrency(config) > 1 else seed


def _at_least_one(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of tests: give a whole number from 1 on"
        )
    return number


def _runs(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of runs: give a whole number"
        )
    return int(text)


def _seed(text: str) -> int:
    number = int(text) if text.isdecimal() else -1
    if not 0 <= number < 2**64:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no seed: give a whole number from 0 to 2**64 - 1"
        )
    return number


def _serial_because(config: pytest.Config) -> str | None:
    """The option that needs one test after another, if there is one."""
    option = config.option
    capture = getattr(option, "capture", "no")  # without the plugin as with -s
    reasons = {
        "--pdb": option.usepdb,
        "--trace": option.trace,
        "-s" if capture == "no" else f"--capture={capture}": capture
        in ("no", "tee-sys"),
        # Each of these turns on those after it.
        "--setup-plan": option.setupplan,
        "--setup-only": option.setuponly,
        "--setup-show": option.setupshow,
        "live logs": private.logs_live(config),
    }
    return next((name for name, given in reasons.items() if given), None)


def _is_engine(path: Path | str) -> bool:
    return str(path).startswith(_PACKAGE)
