"""What there is to say of a run whose process ends in its midst.

A test may end its process (``os._exit``, a crash in C code, too much memory), and with
it the failures which wait to be confirmed. They are in memory that outlives it, with
the tests that are in flight: the laboratory reads it there, and tells.
"""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

# Whether all has been told, in one byte; whose turn it is, and whether all wait, in
# four each.
_OVER, _TURN, _HEADER = 0, slice(4, 12), 12

# What a test is, by its byte.
_QUIET, _IN_FLIGHT, _HELD_BACK = range(3)

# Bytes that are kept of what is said of a failure.
_LENGTH = 200

# Tests that are named of those in flight.
_NAMED = 20


class FlightRecorder:
    """Memory that this process shares with those forked off later.

    Each note is the writing of a few bytes.

    Args:
        tests: How many there are.

    Attributes:
        turn: The test whose turn it is, -1 for nobody's; then 1 while all wait, else 0.
    """

    def __init__(self, tests: int) -> None:
        self._tests = tests
        self._messages = _HEADER + tests
        self._memory = mmap.mmap(-1, self._messages + tests * _LENGTH)
        self.turn = memoryview(self._memory)[_TURN].cast("i")
        self.turn[0] = -1

    def begin(self, test: int) -> None:
        """A test begins, perhaps once more."""
        self._memory[_HEADER + test] = _IN_FLIGHT

    def end(self, test: int) -> None:
        """A test has ended."""
        self._memory[_HEADER + test] = _QUIET

    def hold_back(self, test: int, message: str) -> None:
        """A test has ended and failed, of which nobody has been told."""
        text = message.encode(errors="replace")[:_LENGTH]
        begins = self._messages + test * _LENGTH
        self._memory[begins : begins + _LENGTH] = text.ljust(_LENGTH, b"\0")
        self._memory[_HEADER + test] = _HELD_BACK

    def told(self, test: int) -> None:
        """Of a test that has ended all is told now."""
        if self._memory[_HEADER + test] == _HELD_BACK:
            self._memory[_HEADER + test] = _QUIET

    @property
    def waits(self) -> bool:
        """Whether all tests wait in their event loops."""
        return bool(self.turn[1])

    def in_flight(self) -> int:
        """How many tests are in flight."""
        return self._memory[_HEADER : self._messages].count(_IN_FLIGHT)

    def close(self) -> None:
        """Nothing is held back any more, nor in flight."""
        self._memory[_OVER] = True

    def write(
        self, terminal: pytest.TerminalReporter, items: Sequence[pytest.Item]
    ) -> None:
        """Say what the run was at, unless it has come to its end.

        Args:
            terminal: Where to.
            items: The tests.
        """
        in_flight = self._those(_IN_FLIGHT)
        held_back = self._those(_HELD_BACK)
        if self._memory[_OVER] or not in_flight + held_back:
            return
        terminal.write("\n")
        terminal.section("the process ended in the midst of the run", red=True)
        turn = self.turn[0]
        if turn in in_flight:
            in_flight.remove(turn)
            terminal.write_line(f"Ran last: {items[turn].nodeid}")
        if in_flight:
            terminal.write_line("In flight:")
        for test in in_flight[:_NAMED]:
            terminal.write_line(f"  {items[test].nodeid}")
        if in_flight[_NAMED:]:
            terminal.write_line(f"  and {len(in_flight) - _NAMED} more")
        if held_back:
            terminal.write_line("Failed, and not reported yet:")
        for test in held_back:
            terminal.write_line(f"FAILED {items[test].nodeid}{self._message(test)}")

    def _those(self, state: int) -> list[int]:
        return [t for t in range(self._tests) if self._memory[_HEADER + t] == state]

    def _message(self, test: int) -> str:
        begins = self._messages + test * _LENGTH
        text = self._memory[begins : begins + _LENGTH].rstrip(b"\0")
        return f" - {text.decode(errors='ignore')}" if text else ""
