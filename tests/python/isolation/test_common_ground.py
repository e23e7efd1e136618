"""What two tests both use, as the reason of a conflict names it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from fasttest.isolation.common_ground import CommonGround, shared

if TYPE_CHECKING:
    from collections.abc import Callable

PORT = 47113
NAME = "people.sqlite"
TIMEOUT = 5.0
cache: dict[str, int] = {}
count = 0


class Settings:
    """Something with an attribute."""

    limit = 10

    def keep(self) -> None:
        """Use the cache."""
        cache["limit"] = self.limit


def helper() -> object:
    """Called by tests."""
    return cache


def by_helper() -> object:
    """A port of its own text."""
    return helper()


def binds() -> None:
    """Bind a port written where it is used."""
    socket.socket().bind(("127.0.0.1", 8080))


def binds_by_name() -> int:
    """Bind a port that has a name."""
    return PORT


def counts() -> None:
    """Change a global."""
    global count
    count += 1


def opens() -> str:
    """Open some/file.txt."""
    return "data/users.json" + NAME


def waits() -> tuple[float, int]:
    """Use what cannot change, and a number that is no port."""
    return TIMEOUT, 9999


def keeps() -> None:
    """Use a class."""
    Settings().keep()


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (binds, {"port 8080"}),
        (binds_by_name, {"port 47113"}),
        (by_helper, {"global cache"}),
        (counts, {"global count"}),
        (opens, {"file data/users.json", "file people.sqlite"}),
        (waits, set()),
        (keeps, {"class Settings", "global cache"}),
    ],
)
def test_functions_use(function: Callable[[], Any], expected: set[str]) -> None:
    """Ports, files, globals that change, and classes of the project."""
    assert CommonGround(lambda module: module == __name__).uses([function]) == expected


def test_other_projects_are_not_looked_into() -> None:
    """What a library does inside is not the tests' business."""
    ground = CommonGround(lambda _: False)
    assert ground.uses([by_helper, keeps]) == set()


def test_the_most_telling_comes_first() -> None:
    """And not more than can be read."""
    one = frozenset({"class A", "global b", "port 80", "file c.txt", "global a"})
    assert shared(one, one | {"port 81"}) == ["port 80", "file c.txt", "global a"]
    assert shared(one, frozenset({"port 81"})) == []
