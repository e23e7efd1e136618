"""What a test emits while it sets up for others, kept for a second run of it.

The first run of a test that failed beside others is dropped, and all it emitted with
it. But a fixture which outlives the test is not set up again for the second run, nor
torn down once more that had to make room. What that emitted is emitted again, in its
place, as pytest shows it with the first test that has the fixture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fasttest.host import private

if TYPE_CHECKING:
    import logging
    import warnings

    from fasttest.host.item_run import ItemRun


def log(run: ItemRun, record: logging.LogRecord, formatter: Any) -> None:
    """Add a record to the log of a test, and to that of its ``caplog``."""
    if run.log_handler is None:
        run.log_handler = private.log_capture_handler(formatter)
    run.log_handler.emit(record)
    caplog = run.caplog_handler
    if caplog is not None and record.levelno >= caplog.level:
        caplog.handle(record)


class Emission:
    """What one step of a set-up emits that is not done again; up to ``end``.

    Args:
        run: The run which performs that step, from now on.

    Attributes:
        test: Whose run it is.
    """

    def __init__(self, run: ItemRun) -> None:
        self.test = run.stream.test
        self._position = run.sink.position()
        self._logged = len(_records(run))
        self._warned = len(run.outcome.warnings)
        self._seen_before = run.seen_warnings.copy()
        self._texts: dict[str, str] = {}
        self._records: list[logging.LogRecord] = []
        self._formatter: Any = None
        self._warnings: list[warnings.WarningMessage] = []
        self._seen: set[Any] = set()

    def end(self, run: ItemRun) -> bool:
        """The step is done; returns whether it emitted anything."""
        self._texts = run.sink.since(self._position)
        self._records = _records(run)[self._logged :]
        if self._records:
            self._formatter = run.log_handler.formatter
        self._warnings = run.outcome.warnings[self._warned :]
        self._seen = run.seen_warnings - self._seen_before
        return bool(self._texts or self._records or self._warnings)

    def emit_again(self, run: ItemRun) -> None:
        """Have another run of the test emit it."""
        for stream, text in self._texts.items():
            run.sink.write(stream, text)
        for record in self._records:
            log(run, record, self._formatter)
        run.outcome.warnings += self._warnings
        run.seen_warnings |= self._seen


def _records(run: ItemRun) -> list[logging.LogRecord]:
    records: list[logging.LogRecord]
    records = [] if run.log_handler is None else run.log_handler.records
    return records
