"""Experiments: some of the tests run again in a process in which none has run yet.

A laboratory is forked off after collection, before the first test and before any
thread, and waits. For each experiment it forks a child that runs the tests asked for,
so that no experiment sees what another, or the run itself, has left behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import threading
import time
import warnings
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from fasttest.host import private
from fasttest.host.flight_recorder import FlightRecorder
from fasttest.host.reports import first_line
from fasttest.host.standstill import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pytest

# What an experiment may take in any case, in seconds.
_LEAST = 5.0

# Signals that end a run; where there are none, there is no laboratory either.
_ENDING = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
    if hasattr(signal, name)
)


class LaboratoryError(RuntimeError):
    """An experiment could not be made."""


class Observation(NamedTuple):
    """How a test went in an experiment.

    Attributes:
        failed: Whether any phase failed.
        message: The first line of its first error; empty if it did not fail.
        reports: The reports of its phases, as pytest serializes them.
    """

    failed: bool
    message: str
    reports: tuple[dict[str, Any], ...]


def patience(seconds: float) -> float:
    """Seconds to wait for tests which took so many seconds before."""
    return _LEAST + 2 * seconds


def is_possible(session: pytest.Session) -> bool:
    """Whether this process may be forked: not with threads, nor on macOS."""
    return (
        hasattr(os, "fork")
        and sys.platform != "darwin"
        and threading.active_count() == 1
        and len(session.items) > 1
    )


class Laboratory:
    """A process for experiments; see ``is_possible``.

    It is no child of this process, so that tests which wait for any child do not wait
    for it, and ends with this process at the latest. If that ends before the run does,
    it says what was going on.

    Args:
        session: The session, collected.
        perform: Runs some of its items, with so many in flight at most.

    Attributes:
        recorder: Where the run is to note what it is at.
    """

    def __init__(
        self,
        session: pytest.Session,
        perform: Callable[[list[pytest.Item], int], None],
    ) -> None:
        self.recorder = FlightRecorder(len(session.items))
        process = os.getpid()
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        with warnings.catch_warnings():
            # Of threads that are none of Python's, which know how to be forked.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if not child:
            os.close(ours_out)
            os.close(ours_in)
            with _no_way_back():
                if not os.fork():
                    _Server(session, perform, theirs_out, self.recorder, process).serve(
                        theirs_in
                    )
        os.waitpid(child, 0)
        os.close(theirs_in)
        os.close(theirs_out)
        self._requests: IO[bytes] = os.fdopen(ours_out, "wb")
        self._answers: IO[bytes] = os.fdopen(ours_in, "rb", buffering=0)

    def __enter__(self) -> Laboratory:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.recorder.close()
        with contextlib.suppress(OSError):
            self._requests.close()
        self._answers.close()

    def observe(
        self, tests: Sequence[str], concurrency: int, patience: float
    ) -> dict[str, Observation]:
        """Run some tests, in the order of collection, and see how each went.

        Args:
            tests: Their node ids.
            concurrency: Tests in flight at most; 1 runs one after another as pytest.
            patience: Seconds after which they count as hanging; see ``patience``.

        Returns:
            By node id; without those that did not come to an end.

        Raises:
            LaboratoryError: The tests ended their process, or did not end, or the
                laboratory has ended.
        """
        request = {
            "tests": list(tests),
            "concurrency": concurrency,
            "patience": patience,
        }
        try:
            self._requests.write(json.dumps(request).encode() + b"\n")
            self._requests.flush()
            answer = self._answer()
        except OSError as error:
            raise LaboratoryError(f"no experiment with {len(tests)} tests") from error
        return {
            nodeid: Observation(failed, message, tuple(reports))
            for nodeid, (failed, message, reports) in answer.items()
        }

    def _answer(self) -> dict[str, Any]:
        received = bytearray()
        while not received.endswith(b"\n"):
            part = self._answers.read(1 << 16)
            if not part:
                raise LaboratoryError("the laboratory has ended")
            received += part
        answer: dict[str, Any] | None = None
        with contextlib.suppress(ValueError):  # cut off when the time was over
            answer = json.loads(received)
        if answer is None:
            raise LaboratoryError("the tests ended their process, or did not end")
        return answer


class _Server:
    """The process of a laboratory, which never returns to where it was forked off."""

    def __init__(
        self,
        session: pytest.Session,
        perform: Callable[[list[pytest.Item], int], None],
        answers: int,
        recorder: FlightRecorder,
        process: int,
    ) -> None:
        self._session = session
        self._perform = perform
        self._answers = answers
        self._recorder = recorder
        self._process = process
        self._stdout = -1
        # All items, of which experiments run some.
        self._items = session.items
        self._handlers: dict[int, Any] = {}

    def serve(self, requests: int) -> None:
        """Make experiments until nobody asks for any more."""
        with _no_way_back():
            # They are for the run, which then ends this process by closing the pipe.
            for number in _ENDING:
                self._handlers[number] = signal.signal(number, signal.SIG_IGN)
            self._stdout = os.dup(1)
            watch = Watch(self._recorder, self._process)
            folder = tempfile.mkdtemp(prefix="fasttest-")
            try:
                private.leave_files_alone(self._session, folder)
                with os.fdopen(requests, "rb", buffering=0) as lines:
                    while line := _next_line(lines, watch):
                        answer = self._experiment(json.loads(line), requests)
                        with contextlib.suppress(BrokenPipeError):
                            os.write(self._answers, answer)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            self._tell()

    def _tell(self) -> None:
        """Say what the run was at if it has not come to its end."""
        terminal = self._session.config.pluginmanager.get_plugin("terminalreporter")
        if terminal is None:
            return
        # What was in the buffer is the other process's, and goes nowhere.
        terminal.flush()
        os.dup2(self._stdout, 1)
        self._recorder.write(terminal, self._items)
        terminal.flush()

    def _experiment(self, request: dict[str, Any], requests: int) -> bytes:
        receiver, sender = os.pipe()
        child = os.fork()
        if not child:
            os.close(receiver)
            os.close(self._stdout)
            with _no_way_back():
                os.setpgid(0, 0)
                for number, handler in self._handlers.items():
                    signal.signal(number, handler or signal.SIG_DFL)
                observed = self._observe(request["tests"], request["concurrency"])
                with os.fdopen(sender, "wb") as file:
                    file.write(json.dumps(observed, default=repr).encode())
        os.close(sender)
        with os.fdopen(receiver, "rb", buffering=0) as file:
            until = time.monotonic() + request["patience"]
            answer = b"".join(_received(file, until, requests))
        # Also what the tests have started, or the child itself if it hangs.
        with contextlib.suppress(OSError):
            os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return (answer or b"null") + b"\n"

    def _observe(self, tests: Sequence[str], concurrency: int) -> dict[str, Any]:
        wanted = set(tests)
        session = self._session
        items = [item for item in session.items if item.nodeid in wanted]
        observed: dict[str, Any] = {}
        look_up = session.gethookproxy
        session.gethookproxy = lambda fspath: _Relay(  # type: ignore
            look_up(fspath), observed, session.config
        )
        self._perform(items, concurrency)
        return observed


def _next_line(lines: IO[bytes], watch: Watch) -> bytes:
    """The next line, or nothing at the end; whoever watches may look meanwhile."""
    interval = watch.interval
    while interval is not None and not select.select([lines], [], [], interval)[0]:
        watch.look()
    return lines.readline()


def _received(file: IO[bytes], until: float, requests: int) -> Iterator[bytes]:
    """What comes until the end, or until some time, or until nobody waits for it."""
    while True:
        seconds = max(0.0, until - time.monotonic())
        ready = select.select([file.fileno(), requests], [], [], seconds)[0]
        # Nothing more is asked for before there is an answer: that is the pipe's end.
        part = b"" if not ready or requests in ready else file.read(1 << 16)
        if not part:
            return
        yield part


@contextlib.contextmanager
def _no_way_back() -> Iterator[None]:
    """End the process at the end, whatever happens: its stack is another's."""
    try:
        yield
    except BaseException:
        os._exit(1)
    os._exit(0)


class _Relay:
    """The hooks for an item, of which those about reports are kept from everybody.

    Args:
        relay: All hooks for the item.
        observed: By node id, whether a test failed, how, and the reports of its phases.
        config: The configuration.
    """

    def __init__(
        self,
        relay: Any,
        observed: dict[str, tuple[bool, str, list[Any]]],
        config: pytest.Config,
    ) -> None:
        self._relay = relay
        self._observed = observed
        self._config = config

    def __getattr__(self, name: str) -> Any:
        return getattr(self._relay, name)

    def pytest_runtest_logstart(self, **_: object) -> None:
        """Tell nobody."""

    def pytest_runtest_logfinish(self, **_: object) -> None:
        """Tell nobody."""

    def pytest_runtest_logreport(self, *, report: pytest.TestReport) -> None:
        """Keep the report."""
        failed, message, reports = self._observed.get(report.nodeid, (False, "", []))
        if report.failed and not failed:
            failed, message = True, first_line(report)
        reports.append(
            self._config.hook.pytest_report_to_serializable(
                config=self._config, report=report
            )
        )
        self._observed[report.nodeid] = failed, message, reports
