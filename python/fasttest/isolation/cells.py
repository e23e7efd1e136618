"""Places of the process which a test may change: how to read and write them."""

from __future__ import annotations

import locale
import operator
import os
import signal
import sys
import warnings
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, MutableMapping, MutableSequence

# Stands for "nothing is there".
MISSING: Any = type("Missing", (), {"__repr__": lambda _: "MISSING"})()

# A test that patches these must not reach the engine.
_getcwd, _chdir = os.getcwd, os.chdir
_setlocale = locale.setlocale

# A name private to ``os``; without it the variables are read one by one.
_ENVIRONMENT: Any = getattr(os.environ, "_data", os.environ)


def _decoded(text: Any) -> str:
    return os.fsdecode(text) if isinstance(text, bytes) else text


def _equal(one: Any, other: Any) -> bool:
    """Whether two items are the same; a string may have been made anew."""
    return one is other or (type(one) is type(other) is str and bool(one == other))


class Cell(Protocol):
    """A place that has one value at a time.

    Attributes:
        key: What tells it from other places; equal keys, equal places.
    """

    @property
    def key(self) -> Hashable:
        """See the class."""

    def read(self) -> Any:
        """What is there now; ``MISSING`` for nothing."""

    def write(self, value: Any) -> None:
        """Put back something that was read."""

    def same(self, one: Any, other: Any) -> bool:
        """Whether two things that were read are the same."""

    def follow(self, mine: Any, before: Any, now: Any) -> Any:
        """What a test has there after others changed ``before`` to ``now``."""


class Attribute:
    """An attribute of a module, a class or another object.

    Args:
        owner: The object.
        name: The attribute's name.
        after: Called after each change.
    """

    __slots__ = ("_after", "_name", "_owner", "key")

    def __init__(
        self, owner: object, name: str, after: Callable[[], object] | None = None
    ) -> None:
        self._owner = owner
        self._name = name
        self._after = after
        # The owner is kept alive by the cell, so its id stays its own.
        self.key = (id(owner), name)

    def read(self) -> Any:
        """The attribute itself, not what a descriptor or a base class makes of it."""
        owner, name = self._owner, self._name
        own = getattr(owner, "__dict__", {})
        if name in own:
            return own[name]
        classes = owner.__mro__[1:] if isinstance(owner, type) else type(owner).__mro__
        for each in classes:
            if name in vars(each):
                found = vars(each)[name]
                if hasattr(type(found), "__set__") and not isinstance(owner, type):
                    break  # a slot or a property: the value is the instance's
                return MISSING
        return getattr(owner, name, MISSING)

    def write(self, value: Any) -> None:
        """Set or delete the attribute."""
        if value is not MISSING:
            setattr(self._owner, self._name, value)
        elif self.read() is not MISSING:
            delattr(self._owner, self._name)
        if self._after is not None:
            self._after()

    def same(self, one: Any, other: Any) -> bool:
        """Whether they are one object."""
        return one is other

    def follow(self, mine: Any, before: Any, now: Any) -> Any:
        """What the test put there."""
        return mine


class MappingItem:
    """An item of a mapping, such as one variable of ``os.environ``."""

    __slots__ = ("_item", "_mapping", "key")

    def __init__(self, mapping: MutableMapping[Any, Any], item: Hashable) -> None:
        self._mapping = mapping
        self._item = item
        self.key = (id(mapping), "item", item)

    def read(self) -> Any:
        """The item's value."""
        try:
            return self._mapping[self._item]
        except KeyError:
            return MISSING

    def write(self, value: Any) -> None:
        """Set or remove the item."""
        if value is not MISSING:
            self._mapping[self._item] = value
        elif self._item in self._mapping:
            del self._mapping[self._item]

    def same(self, one: Any, other: Any) -> bool:
        """Whether they are one object or equal strings."""
        return _equal(one, other)

    def follow(self, mine: Any, before: Any, now: Any) -> Any:
        """What the test put there."""
        return mine


class Contents:
    """All that a list has in it, such as ``sys.path``."""

    __slots__ = ("_values", "key")

    def __init__(self, values: MutableSequence[Any]) -> None:
        self._values = values
        self.key = (id(values), "contents")

    def read(self) -> Any:
        """A copy of the list."""
        return list(self._values)

    def write(self, value: Any) -> None:
        """Replace what is in the list; it stays the same list."""
        self._values[:] = value

    def same(self, one: Any, other: Any) -> bool:
        """Whether the copies have the same items."""
        return len(one) == len(other) and all(map(_equal, one, other))

    def follow(self, mine: Any, before: Any, now: Any) -> Any:
        """The test's items, less those taken away and with those added."""
        before_ids, now_ids = set(map(id, before)), set(map(id, now))
        kept = [i for i in mine if id(i) in now_ids or id(i) not in before_ids]
        return [*kept, *(i for i in now if id(i) not in before_ids)]


class MappingContents:
    """All items of a mapping."""

    __slots__ = ("_mapping", "key")

    def __init__(self, mapping: MutableMapping[Any, Any]) -> None:
        self._mapping = mapping
        self.key = (id(mapping), "contents")

    def read(self) -> Any:
        """A copy of the mapping as a dict."""
        return dict(self._mapping)

    def write(self, value: Any) -> None:
        """Replace what is in the mapping; items that do not differ are left alone."""
        mapping, now = self._mapping, self.read()
        if self.same(now, value):
            return
        for item in now.keys() - value.keys():
            del mapping[item]
        for item, each in value.items():
            if now.get(item, MISSING) is not each:
                mapping[item] = each

    def same(self, one: Any, other: Any) -> bool:
        """Whether the copies have the same items in the same order."""
        return (
            len(one) == len(other)
            and all(map(operator.is_, one.values(), other.values()))
            and all(map(operator.eq, one, other))
        )

    def follow(self, mine: Any, before: Any, now: Any) -> Any:
        """The test's items, with the others' changes to those it left alone."""
        return _followed(mine, before, now)


class Environment:
    """All variables of the environment.

    They are read as the bytes which ``os.environ`` keeps: to decode them all at every
    switch would cost more than the switch.
    """

    key = "environment"

    def read(self) -> Any:
        """A copy of what ``os.environ`` keeps."""
        return dict(_ENVIRONMENT)

    def write(self, value: Any) -> None:
        """Set and delete the variables that differ."""
        if value == _ENVIRONMENT:
            return
        for name in _ENVIRONMENT.keys() - value.keys():
            del os.environ[_decoded(name)]
        for name, text in value.items():
            if _ENVIRONMENT.get(name) != text:
                os.environ[_decoded(name)] = _decoded(text)

    def same(self, one: Any, other: Any) -> bool:
        """Whether the copies have the same variables."""
        return bool(one == other)

    def follow(self, mine: Any, before: Any, now: Any) -> Any:
        """The test's variables, with the others' changes to those it left alone."""
        return _followed(mine, before, now)


def _followed(
    mine: dict[Any, Any], before: dict[Any, Any], now: dict[Any, Any]
) -> dict[Any, Any]:
    followed = dict(mine)
    for item in before.keys() | now.keys():
        value = now.get(item, MISSING)
        if value is before.get(item, MISSING):
            continue
        if mine.get(item, MISSING) is before.get(item, MISSING):
            followed[item] = value
            if value is MISSING:
                del followed[item]
    return followed


def contents_of(mapping: MutableMapping[Any, Any]) -> Cell:
    """The cell of all that a mapping has in it."""
    return Environment() if mapping is os.environ else MappingContents(mapping)


class WorkingDirectory:
    """The current working directory."""

    key = "working directory"

    def read(self) -> Any:
        """Its path."""
        return _getcwd()

    def write(self, value: Any) -> None:
        """Go there."""
        _chdir(value)

    def same(self, one: Any, other: Any) -> bool:
        """Whether they are equal paths."""
        return bool(one == other)

    def follow(self, mine: Any, before: Any, now: Any) -> Any:
        """What the test put there."""
        return mine


class Locale:
    """The locale of the process, in all its categories."""

    key = "locale"

    def read(self) -> Any:
        """The categories' names, as ``setlocale`` takes them back."""
        return _setlocale(locale.LC_ALL)

    def write(self, value: Any) -> None:
        """Set all categories."""
        _setlocale(locale.LC_ALL, value)

    def same(self, one: Any, other: Any) -> bool:
        """Whether they are equal names."""
        return bool(one == other)

    def follow(self, mine: Any, before: Any, now: Any) -> Any:
        """What the test put there."""
        return mine


class SignalHandler:
    """What handles a signal.

    It is the process's: a signal comes at any time, also for a test that waits.
    """

    __slots__ = ("_number", "key")

    def __init__(self, number: int) -> None:
        self._number = number
        self.key = ("signal", int(number))

    def read(self) -> Any:
        """The handler."""
        return signal.getsignal(self._number)

    def write(self, value: Any) -> None:
        """Put a handler there; only in the main thread."""
        signal.signal(self._number, value)

    def same(self, one: Any, other: Any) -> bool:
        """Whether they are equal: a bound method is made anew each time."""
        return bool(one == other)

    def follow(self, mine: Any, before: Any, now: Any) -> Any:
        """What the test put there."""
        return mine


def standard_streams() -> list[Cell]:
    """``sys.stdin``, ``sys.stdout`` and ``sys.stderr``."""
    return [Attribute(sys, name) for name in ("stdin", "stdout", "stderr")]


def warning_state() -> list[Cell]:
    """What ``warnings.catch_warnings`` saves and restores."""
    mutated: Any = getattr(warnings, "_filters_mutated", None) or getattr(
        warnings, "_filters_mutated_lock_held", None
    )
    return [
        Attribute(warnings, "filters", mutated),
        Attribute(warnings, "showwarning"),
        Attribute(warnings, "_showwarnmsg_impl"),
    ]
