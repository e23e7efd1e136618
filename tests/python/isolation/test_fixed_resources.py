"""Which ports and files are certain enough for tests to take turns at them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fasttest.isolation.process_state import ProcessState

PORT = 8123
NAMES = Path("names.txt")


class Server:
    """Something that listens."""

    def bind(self, address: object) -> None:
        """Listen."""

    def listen(self, backlog: int = 0, *, port: int = 0) -> None:
        """Listen, too."""


def _helper() -> None:
    """What several tests call."""
    Server().bind(("localhost", PORT))


def _log() -> None:
    """What all tests call."""
    NAMES.write_text("called")


def _makes_a_folder() -> None:
    os.mkdir("folder")
    Path("folder", "link").symlink_to("elsewhere")


def _listens() -> None:
    Server().bind(("localhost", 8080))


def _listens_inside() -> None:
    def inside() -> None:
        Server().listen(port=PORT)

    inside()


def _calls_helper() -> None:
    _helper()


def _any_port(port: int) -> None:
    Server().bind(("localhost", 0))
    Server().bind(("localhost", port))
    Server().listen(1024)


def _writes() -> None:
    NAMES.write_text("me")
    with open(os.path.join("folder", "b.txt"), "w") as file:
        file.write("me")


def _adds() -> None:
    with open("c.txt", "a") as file:
        file.write("me")


def _reads() -> None:
    with open("c.txt") as file:
        file.read()


def _calls_log() -> None:
    _log()


def _writes_its_own(tmp_path: Path, name: str) -> None:
    (tmp_path / "d.txt").write_text("me")
    (Path("folder") / name).write_text("me")


@pytest.mark.parametrize(
    ("function", "taken"),
    [
        (_listens, ["port 8080"]),
        (_listens_inside, ["port 8123"]),
        (_calls_helper, ["port 8123"]),
        (_any_port, []),
        (_writes, ["file names.txt", "file folder/b.txt"]),
        (_makes_a_folder, ["file folder", "file folder/link"]),
        (_adds, []),
        (_reads, []),
        (_calls_log, []),
        (_writes_its_own, []),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_only_what_is_certain_is_taken(function: object, taken: list[str]) -> None:
    """A turn too many is time lost; one too few is made good by the second run."""
    state = ProcessState(lambda module: module == __name__)
    for _ in range(2):  # looked at, and remembered
        found = state.findings([function])  # type: ignore[list-item]
        assert [each.resource for each in found] == taken
        assert all(each.kind is None for each in found)
