"""Output, logs, warnings and assertion texts of concurrent tests, each to its own test.

pytest redirects the process from the beginning of a test's phase to its end, which only
works for one test at a time. Here the redirection is put up once for the run, and what
arrives is handed to the test in whose context it was emitted.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from typing import TYPE_CHECKING, Any, TextIO

from fasttest.engine.output import Sink, current_sink, routed_output
from fasttest.host import emissions, private
from fasttest.host.current import running
from fasttest.host.unraisable import Unraisable
from fasttest.host.warning_filters import OncePerTest

if TYPE_CHECKING:
    import warnings
    from collections.abc import Callable, Iterator

    import pytest

    from fasttest.host.item_run import ItemRun
    from fasttest.isolation.threads import Threads


class Routing:
    """Routes what tests emit while it is entered.

    Args:
        session: The session whose options say what is captured and how.
        suspect_others: Has all tests in flight but one run again, alone.
        threads: Knows which test started which thread.
    """

    def __init__(
        self,
        session: pytest.Session,
        suspect_others: Callable[[ItemRun], None],
        threads: Threads,
    ) -> None:
        self._session = session
        self._config = session.config
        self._capture = private.capture_manager(session.config)
        self._logging = private.logging_plugin(session.config)
        self._once_per_test = OncePerTest()
        self._seen: set[Any] = set()
        self._unraisable = Unraisable(session.config, suspect_others, threads)
        self._stack = contextlib.ExitStack()
        self.is_up = False
        self._outside: Sink | None = None
        # Whether anything was captured that went past the streams of Python.
        self._has_output: Callable[[], bool] = _nothing

    def __enter__(self) -> Routing:
        self.resume()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.suspend()

    def resume(self) -> None:
        """Put the redirections up, if they are not."""
        if self.is_up:
            return
        with contextlib.ExitStack() as stack:
            if self._config.pluginmanager.hasplugin("warnings"):
                stack.enter_context(private.catch_warnings_for_run(self._session))
                stack.enter_context(self._once_per_test.applied())
                private.route_warnings(self._warn)
            if self._capture is not None:
                # While it still goes where it belongs.
                sys.stdout.flush()
                sys.stderr.flush()
                self._capture.resume_global_capture()
                stack.callback(self._suspend_capture, self._capture)
                files = stack.enter_context(private.past_capture(self._capture))
                stack.enter_context(
                    private.terminal_to(self._config, files.get("stdout"))
                )
                self._outside = _Uncaptured(files)
                self._has_output = private.output_check(self._capture)
                stack.enter_context(routed_output())
            if self._logging is not None:
                stack.enter_context(
                    private.root_handler(self._logging, _LogRouter(self._logging))
                )
            stack.enter_context(self._unraisable)
            stack.enter_context(private.comparisons(self._config, self._compare))
            self._stack = stack.pop_all()
        self.is_up = True

    def suspend(self) -> None:
        """Take them down, for tests that are alone under pytest's own."""
        if self.is_up:
            self.is_up = False
            self._stack.close()

    @contextlib.contextmanager
    def outside(self) -> Iterator[None]:
        """Let what is printed reach the terminal: pytest captures only the phases."""
        token = current_sink.set(self._outside)
        try:
            yield
        finally:
            current_sink.reset(token)

    def collect_unraisable(self, run: ItemRun) -> None:
        """Warn of errors in finalizers and threads, as at the end of a phase."""
        self._unraisable.collect(run)

    def take(self, run: ItemRun) -> list[tuple[str, str]]:
        """What a test emitted since the last call: names and texts of sections."""
        texts = run.sink.take()
        if self._capture is not None and self._has_output():
            # Written past ``sys.stdout``, by a child process or C code. Nothing says
            # by whom; while one test computes and all others wait it was that test.
            out, err = self._capture.read_global_capture()
            texts["stdout"] = texts.get("stdout", "") + out
            texts["stderr"] = texts.get("stderr", "") + err
        sections = [(n, texts[n]) for n in ("stdout", "stderr") if texts.get(n)]
        if run.log_handler is not None:
            text = run.log_handler.stream.getvalue().strip()
            run.log_handler = None
            if text:
                sections.append(("log", text))
        return sections

    def drop(self, run: ItemRun) -> None:
        """Forget what a test emitted."""
        run.sink.take()
        run.log_handler = None
        if self._capture is not None and self._has_output():
            self._capture.read_global_capture()

    def _suspend_capture(self, capture: Any) -> None:
        capture.suspend_global_capture(in_=False)
        # What came when no test ran belongs to none; pytest drops it as well.
        capture.read_global_capture()

    def _warn(self, message: warnings.WarningMessage) -> None:
        run = running()
        if not self._once_per_test.is_new(
            message, self._seen if run is None else run.seen_warnings
        ):
            return
        if run is None:
            private.record_warning(self._session, message, "")
        else:
            run.outcome.warnings.append(message)

    def _compare(self, op: str, left: object, right: object) -> str | None:
        run = running()
        if run is None:
            return None
        return private.comparison_of(run.item)(op, left, right)


def _nothing() -> bool:
    return False


class _Uncaptured(Sink):
    """A sink which keeps nothing: what is written goes on to these files."""

    __slots__ = ("_files",)

    def __init__(self, files: dict[str, TextIO]) -> None:
        super().__init__()
        self._files = files

    def write(self, stream: str, text: str) -> None:
        if stream in self._files:
            self._files[stream].write(text)
            self._files[stream].flush()


class _LogRouter(logging.Handler):
    """A root handler which keeps each record for the test that logged it."""

    def __init__(self, plugin: Any) -> None:
        super().__init__()
        self._formatter = plugin.formatter

    def emit(self, record: logging.LogRecord) -> None:
        run = running()
        if run is not None:
            emissions.log(run, record, self._formatter)
