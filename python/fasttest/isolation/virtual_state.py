"""What a test changed in the process, put aside whenever others run."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from fasttest.isolation.cells import Cell

_NOTHING: Any = object()


class VirtualState:
    """The cells which one test has changed, or may change.

    Between ``park`` and ``resume`` each has the value it would have had without the
    test; outside, the test's. So tests which patch the same thing overlap, and each
    sees its own. What a test leaves changed at its end stays changed. Some cells cannot
    be put aside: a test that has changed one is not left.

    Args:
        is_served: Whether a thread runs that may do something for the test.
        alone: Whether no other test is in flight: then nothing is put aside.
    """

    __slots__ = ("_alone", "_fixed", "_held", "_is_served", "_stuck")

    def __init__(self, is_served: Callable[[], bool], *, alone: bool = False) -> None:
        self._is_served = is_served
        self._alone = alone
        self._held: dict[Hashable, _Held] = {}
        self._fixed: dict[Hashable, _Held] = {}
        self._stuck = False

    def __bool__(self) -> bool:
        return bool(self._held)

    def note(
        self,
        cell: Cell,
        before: Any = _NOTHING,
        *,
        stays: bool = False,
        pinned: bool = False,
    ) -> None:
        """A cell is the test's from now on, unless it has been before.

        Args:
            cell: The cell.
            before: Its value before the test changed it; by default what it has now.
            stays: Whether to keep an eye on the cell also while it is unchanged.
            pinned: Whether the test goes on to see that value when others change it.
        """
        if cell.key not in self._held:
            base = cell.read() if before is _NOTHING else before
            self._held[cell.key] = _Held(cell, base, stays, pinned)

    def note_fixed(self, cell: Cell) -> None:
        """The test is about to change a cell which cannot be put aside."""
        if cell.key not in self._fixed:
            self._fixed[cell.key] = _Held(cell, cell.read(), False, False)

    def may_be_left(self) -> bool:
        """Whether nobody can run meanwhile who has to see what the test changed.

        A thread could: it goes on while the test waits.
        """
        if self._alone:
            return True
        if self._stuck or any(fixed.differs() for fixed in self._fixed.values()):
            return False
        if not self._held or not self._is_served():
            return True
        return not any(held.differs() for held in self._held.values())

    def is_put_aside(self) -> bool:
        """Whether something is put aside that others could miss; no random numbers."""
        return any(held.is_put_aside() for held in self._held.values())

    def park(self) -> None:
        """Put the process back to what it is without the test."""
        if self._alone:
            return
        for held in reversed(list(self._held.values())):
            try:
                keep = held.park()
            except Exception:  # a setter of the suite's, which may raise anything
                # Not seen by others more than once: the test is not left any more.
                self._stuck = True
                keep = True
            if not keep:
                del self._held[held.cell.key]

    def resume(self) -> None:
        """Have the test find what it left."""
        if self._alone:
            return
        for held in self._held.values():
            held.resume()

    @contextlib.contextmanager
    def for_all(self) -> Iterator[None]:
        """What is changed meanwhile is changed for all, by what outlives the test."""
        before = [(held, held.cell.read()) for held in self._held.values()]
        try:
            yield
        finally:
            for held, value in before:
                held.share(value)

    def end(self) -> None:
        """The test is over."""
        for held in reversed(self._held.values()):
            held.end()
        self._held.clear()
        self._fixed.clear()


class _Held:
    """A cell of a test, with its values.

    Attributes:
        first: The value which the test found, and writes back when it undoes a change.
        base: The value without the test.
        mine: The test's value while it is parked; ``_NOTHING`` if it has none.
    """

    __slots__ = ("base", "cell", "first", "mine", "pinned", "stays")

    def __init__(self, cell: Cell, base: Any, stays: bool, pinned: bool) -> None:
        self.cell = cell
        self.pinned = pinned
        self.first = self.base = base
        self.mine: Any = _NOTHING
        self.stays = stays

    def park(self) -> bool:
        """Write the value without the test; returns whether the test has one."""
        cell, value = self.cell, self.cell.read()
        if not self.pinned and (
            cell.same(value, self.first) or cell.same(value, self.base)
        ):
            self.mine = _NOTHING
            self._undone()
            return self.stays
        self.mine = value
        cell.write(self.base)
        return True

    def is_put_aside(self) -> bool:
        """Whether the test's value waits to be put back, which others could miss."""
        return self.mine is not _NOTHING and not self.pinned

    def differs(self) -> bool:
        """Whether the test has changed the cell."""
        return not self.cell.same(self.cell.read(), self.base)

    def resume(self) -> None:
        before, self.base = self.base, self.cell.read()
        if self.mine is _NOTHING:
            self.first = self.base
            return
        if not self.cell.same(before, self.base):
            self.mine = self.cell.follow(self.mine, before, self.base)
        self.cell.write(self.mine)

    def share(self, before: Any) -> None:
        """Make everybody's what has changed since the value ``before``."""
        cell, now = self.cell, self.cell.read()

        def changed(value: Any) -> Any:
            if cell.same(value, before):
                return now
            return cell.follow(value, before, now)

        if not cell.same(before, now):
            self.first, self.base = changed(self.first), changed(self.base)

    def end(self) -> None:
        if self.cell.same(self.cell.read(), self.first):
            self._undone()

    def _undone(self) -> None:
        # Somebody else may have changed it for good while the test was parked: then
        # what the test wrote back is out of date.
        if not self.cell.same(self.first, self.base):
            self.cell.write(self.base)
            self.first = self.base
