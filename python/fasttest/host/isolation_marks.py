"""``@pytest.mark.isolation`` and ``@pytest.mark.xdist_group``: what tests hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fasttest.engine.rates import Rate
from fasttest.host.configuration import Need

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

# Those that name what a test holds.
MARKS = frozenset({"isolation", "xdist_group"})

# As ``--markers`` and ``--strict-markers`` are to know them.
MARKERS = (
    "isolation(*names, limit=1, rate=None, write=True): hold named resources while the "
    "test runs: at most `limit` tests at once do, and start no more often than `rate`, "
    "as in '10/s' (fasttest)",
    "serial: run with no other test in flight (fasttest)",
)

_ARGUMENTS = frozenset({"limit", "rate", "write"})


class Stated(NamedTuple):
    """What a mark says of one resource.

    Attributes:
        need: The resource and whether it is written to.
        limit: How many tests at once may hold it; None if the mark does not say.
        rate: How often they may start; None if the mark does not say.
    """

    need: Need
    limit: int | None = None
    rate: Rate | None = None


def stated(mark: pytest.Mark) -> Iterator[Stated]:
    """What a mark says; nothing if it is not about resources.

    Raises:
        ValueError: An argument is wrong; says which, and what to do.
    """
    if mark.name == "isolation":
        yield from _isolation(mark)
    elif mark.name == "xdist_group":
        # Its group is read as pytest-xdist reads it, and never refused.
        group = mark.args[0] if mark.args else mark.kwargs.get("name", "default")
        yield Stated(Need(f"xdist_group {group}"), 1)


def _isolation(mark: pytest.Mark) -> Iterator[Stated]:
    if not mark.args or not all(isinstance(n, str) and n for n in mark.args):
        given = ", ".join(map(repr, mark.args)) or "nothing"
        raise ValueError(
            f"mark.isolation got {given} where names of resources are needed: "
            'write them as strings, as in isolation("db")'
        )
    unknown = sorted(mark.kwargs.keys() - _ARGUMENTS)
    if unknown:
        raise ValueError(
            f"mark.isolation has no argument {unknown[0]!r}: "
            "it takes names of resources, 'limit', 'rate' and 'write'"
        )
    limit, write = mark.kwargs.get("limit"), mark.kwargs.get("write", True)
    if limit is not None and (type(limit) is not int or limit < 1):
        raise ValueError(
            f"mark.isolation got limit={limit!r}: "
            "give a whole number of tests, from 1 on"
        )
    if not isinstance(write, bool):
        raise ValueError(
            f"mark.isolation got write={write!r}: give False for a test that only reads"
        )
    if limit is not None and not write:
        raise ValueError(
            "mark.isolation got a limit for a test that only reads: "
            "any number of tests may read at once, leave it out"
        )
    rate = mark.kwargs.get("rate")
    if rate is not None:
        try:
            rate = Rate.parse(rate)
        except ValueError as error:
            raise ValueError(f"mark.isolation got rate={rate!r}: {error}") from None
    for name in mark.args:
        yield Stated(Need(name, write), limit, rate)
