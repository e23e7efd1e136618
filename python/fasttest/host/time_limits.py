"""Time limits of tests that run beside others; of all, where pytest-timeout is not."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from fasttest.host import time_limit_options as options
from fasttest.host.current import current_run
from fasttest.host.stack_dumps import StackDumps, stacks_of
from fasttest.host.time_limit_options import Settings, settings_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from fasttest.engine.hub import Hub
    from fasttest.engine.limits import Deadline, Limit
    from fasttest.engine.strand import Strand
    from fasttest.host.giving_up import GivingUp
    from fasttest.host.item_run import ItemRun

# Modules of trace functions, and of what derives from them.
_DEBUGGERS = ("bdb", "pydevd")

_now = time.time


class TimeLimits:
    """Gives tests their limits, and tells when the session's is over.

    And has those shown that take longer than ``faulthandler_timeout``.

    pytest-timeout's alarm is the process's; its plugin limits the tests that run alone.
    For those beside others its settings are read and its hooks left out.

    Args:
        config: The configuration.
        hub: The hub on which the tests run.

    Attributes:
        for_all: Whether tests without a mark have a limit, or are shown.
    """

    def __init__(self, config: pytest.Config, hub: Hub) -> None:
        self._config = config
        self._deadlines = hub.deadlines
        self._served = options.is_served(config)
        self._has_plugin = options.has_plugin(config)
        self._default = options.settings(config)
        self._dumps = StackDumps(config, hub.deadlines)
        self.for_all = self._default.seconds > 0 or self._dumps.wanted
        self._session = options.session_seconds(config)
        self._began = options.began(config)
        self._hooks: _DuringCall | None = None
        self._deadlines.whose = _strand_of_current
        self._deadlines.grace = config.getoption("timeout_grace")

    def give_up_by(self, giving_up: GivingUp) -> None:
        """Say who is told of a test that holds on in spite of its limit."""
        self._deadlines.watchdog.on_blocked = giving_up.name
        self._deadlines.watchdog.on_stuck = giving_up.end

    def begin(self, run: ItemRun) -> None:
        """A test begins beside others: its time counts from now on."""
        if self._dumps.wanted:
            run.notice = self._dumps.begin(run)
        self._begin_limit(run)

    def _begin_limit(self, run: ItemRun) -> None:
        if not self._served:
            return
        try:
            settings = settings_of(run.item, self._default)
        except ValueError as error:
            raise pytest.UsageError(str(error)) from None
        if settings.seconds <= 0:
            return
        if settings.func_only:
            self._watch_calls()
            run.call_limit = settings
        else:
            run.limit = self._start(run, settings)

    def end(self, run: ItemRun) -> None:
        """The test has ended, and been torn down."""
        run.call_limit = None
        for deadline in _of(run):
            deadline.end()
        run.limit = run.notice = None

    @contextlib.contextmanager
    def alone(self, run: ItemRun) -> Iterator[None]:
        """Limit a test that runs by pytest's own protocol, unless the plugin does.

        If it takes long, pytest shows that itself.
        """
        if self._has_plugin:
            yield
            return
        self._begin_limit(run)
        try:
            yield
        finally:
            self.end(run)

    @contextlib.contextmanager
    def during_call(self, run: ItemRun) -> Iterator[None]:
        """Limit the call of a test whose set-up and teardown do not count."""
        settings = run.call_limit
        if settings is None:
            yield
            return
        run.limit = self._start(run, settings)
        try:
            yield
        finally:
            run.limit.end()
            run.limit = None

    def session_is_over(self) -> str | None:
        """Why no further test is to start, if the session has taken too long."""
        limit = self._session
        if not limit or _now() - self._began <= limit:
            return None
        return f"session-timeout: {limit} sec exceeded"

    def close(self) -> None:
        """The run is over."""
        if self._hooks is not None:
            self._config.pluginmanager.unregister(self._hooks)
            self._hooks = None

    def _watch_calls(self) -> None:
        if self._hooks is None:
            self._hooks = _DuringCall(self)
            self._config.pluginmanager.register(self._hooks, "fasttest-time-limits")

    def _start(self, run: ItemRun, settings: Settings) -> Limit:
        strand = run.stream.strand
        assert strand is not None
        who = "pytest-timeout" if self._has_plugin else "fasttest"
        text = f"Timeout (>{settings.seconds}s) from {who}."

        shown = False

        def make_error() -> BaseException | None:
            nonlocal shown
            __tracebackhide__ = True
            if not settings.while_debugging and is_debugging():
                return None
            if not shown:
                shown = True
                with contextlib.suppress(Exception):  # the test may be amidst anything
                    _show_tasks(run)
            return pytest.fail.Exception(text)

        return self._deadlines.limit(
            strand,
            settings.seconds,
            make_error,
            run.stream.interrupt,
            fatal=settings.method == "thread",
        )


class _DuringCall:
    """The hook round the call, where a test is to be limited for its function only."""

    def __init__(self, limits: TimeLimits) -> None:
        self._limits = limits

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        run = current_run.get()
        if run is None:
            return (yield)
        with self._limits.during_call(run):
            return (yield)


def resume(run: ItemRun) -> None:
    """Count the time of a test, if it has a limit."""
    for deadline in _of(run):
        deadline.resume()


def pause(run: ItemRun) -> None:
    """Do not count its time, nor disturb it."""
    for deadline in _of(run):
        deadline.pause()


def phase_ended(run: ItemRun, *, failed: bool) -> None:
    """A phase of a test has ended.

    As with pytest-timeout, a test that has failed is not limited any more; one that
    failed for its limit has the grace for what follows.
    """
    limit = run.limit
    if limit is not None:
        limit.progress()
        if failed and not limit.fired:
            limit.end()
    if failed and run.notice is not None:
        run.notice.end()


def debugged(run: ItemRun) -> None:
    """Somebody debugs a test: it may take long."""
    if run.notice is not None:
        run.notice.end()


def is_debugging() -> bool:
    """Whether somebody debugs the running test."""
    plugin: Any = sys.modules.get(options.PLUGIN)
    if plugin is not None:
        return bool(plugin.is_debugging())
    trace = sys.gettrace()
    modules = (getattr(trace, "__module__", ""), type(trace).__module__)
    if any(str(module).startswith(_DEBUGGERS) for module in modules):
        return True
    monitoring: Any = getattr(sys, "monitoring", None)
    return (
        monitoring is not None
        and monitoring.get_tool(monitoring.DEBUGGER_ID) is not None
    )


def _of(run: ItemRun) -> Iterator[Deadline]:
    """What counts a test's time."""
    if run.limit is not None:
        yield run.limit
    if run.notice is not None:
        yield run.notice


def _strand_of_current() -> Strand | None:
    run = current_run.get()
    return None if run is None else run.stream.strand


def _show_tasks(run: ItemRun) -> None:
    """Add to a test's report where the tasks of its own loop wait."""
    loop = run.stream.own_loop
    if loop is None:
        return
    text = stacks_of(asyncio.all_tasks(loop.loop))
    if text:
        run.item.add_report_section("call", "tasks at the timeout", text)
