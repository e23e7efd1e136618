"""Routing of what concurrent tests print: to the test that printed it.

``sys.stdout`` and ``sys.stderr`` are replaced once for a run; each write goes to the
sink of the current context, which tasks, callbacks and ``asyncio.to_thread`` inherit.
Outside any test it goes where it went before.
"""

from __future__ import annotations

import contextlib
import io
import sys
from contextvars import ContextVar
from typing import IO, TYPE_CHECKING, Any

from fasttest.engine.strand import inherited

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Sink:
    """What one test wrote since the last ``take``."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: dict[str, list[str]] = {}

    def write(self, stream: str, text: str) -> None:
        """Add ``text`` to what was written to ``stream`` ("stdout" or "stderr")."""
        self._parts.setdefault(stream, []).append(text)

    def position(self) -> dict[str, int]:
        """How much was written, for ``since``."""
        return {name: len(texts) for name, texts in self._parts.items()}

    def since(self, position: dict[str, int]) -> dict[str, str]:
        """What was written since a position, by stream; nothing of it is forgotten."""
        later = {n: "".join(t[position.get(n, 0) :]) for n, t in self._parts.items()}
        return {name: text for name, text in later.items() if text}

    def take(self) -> dict[str, str]:
        """What was written, by stream, and forget it."""
        if not self._parts:
            return {}
        parts, self._parts = self._parts, {}
        return {name: "".join(texts) for name, texts in parts.items()}


# The sink of the running test. A context variable, because a test's tasks and worker
# threads run in copies of its context.
current_sink: ContextVar[Sink | None] = ContextVar("fasttest_sink", default=None)


class _RoutedBuffer(io.BufferedIOBase):
    """The ``buffer`` of a routed stream: bytes, decoded on their way to the sink."""

    def __init__(self, stream: RoutedStream) -> None:
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        sink = inherited(current_sink)
        raw = bytes(data)
        if sink is None:
            return int(self._stream.fallback.buffer.write(raw))
        encoding = self._stream.encoding
        sink.write(self._stream.name, raw.decode(encoding, errors="replace"))
        return len(raw)

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        """Do nothing: the stream it stands for is not its own to close or to flush."""


class RoutedStream(io.TextIOBase):
    """Stands in for ``sys.stdout`` or ``sys.stderr`` while tests run concurrently.

    Args:
        name: "stdout" or "stderr".
        fallback: The stream it stands for, which gets what no test wrote and answers
            all questions about files and terminals.
    """

    def __init__(self, name: str, fallback: Any) -> None:
        self.name = name
        self.fallback = fallback
        self.buffer = _RoutedBuffer(self)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The fallback's encoding."""
        return self.fallback.encoding or "utf-8"

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """How the fallback treats what it cannot encode."""
        errors: str | None = self.fallback.errors
        return errors

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, text: str, /) -> int:
        """Write to the sink of the running test; returns the length."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        sink = inherited(current_sink)
        if sink is None:
            return int(self.fallback.write(text))
        sink.write(self.name, text)
        return len(text)

    def writelines(self, lines: Iterable[str], /) -> None:  # type: ignore[override]
        """Write each of the lines."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush the fallback; a sink has nothing to flush."""
        if inherited(current_sink) is None:
            self.fallback.flush()

    def close(self) -> None:
        """Do nothing: the stream it stands for is not its own to close or to flush."""

    def fileno(self) -> int:
        """The fallback's descriptor."""
        return int(self.fallback.fileno())

    def isatty(self) -> bool:
        """Whether the fallback is a terminal."""
        return bool(self.fallback.isatty())


@contextlib.contextmanager
def routed_output() -> Iterator[None]:
    """Route ``sys.stdout`` and ``sys.stderr`` to the tests' sinks meanwhile."""
    before: tuple[IO[str], IO[str]] = sys.stdout, sys.stderr
    out = RoutedStream("stdout", before[0])
    err = RoutedStream("stderr", before[1])
    sys.stdout, sys.stderr = out, err
    try:
        yield
    finally:
        # A test that put something of its own there and left it is not overruled.
        if sys.stdout is out:
            sys.stdout = before[0]
        if sys.stderr is err:
            sys.stderr = before[1]
