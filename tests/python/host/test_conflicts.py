"""The file of remembered conflicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasttest.host.conflicts import Conflict, merged, read, widened, write

if TYPE_CHECKING:
    from pathlib import Path

_PORT = Conflict(("test_a.py::test_one", "test_b.py::test[\"x\"-'y'\\]"), "both: 8080")
_FILE = Conflict(("test_a.py::test_one", "test_a.py::test_two"), "")

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "fasttest-conflicts.toml"


@given(
    st.lists(
        st.builds(
            Conflict,
            st.lists(_texts, min_size=2, max_size=4).map(tuple),
            _texts,
        ),
        min_size=1,
    )
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, conflicts: list[Conflict]
) -> None:
    """Sorted, each once, whatever is in a node id."""
    path = tmp_path_factory.mktemp("conflicts") / "conflicts.toml"
    write(path, conflicts)
    assert read(path) == sorted(set(conflicts))


def test_the_order_of_finding_does_not_show(path: Path) -> None:
    """So that a run which finds nothing new leaves no difference to be committed."""
    write(path, [_PORT, _FILE])
    text = path.read_text("utf-8")
    write(path, [_FILE, _PORT, _FILE])
    assert path.read_text("utf-8") == text


def test_nothing_to_remember_is_no_file(path: Path) -> None:
    """Neither before nor after."""
    write(path, [])
    write(path, [_PORT])
    write(path, [])
    assert not path.exists()


def test_what_somebody_wrote_about_the_same_tests_stays() -> None:
    """A reason may have been put in better words by hand."""
    found = Conflict(_PORT.tests, "found again")
    assert merged([_PORT], [found, _FILE]) == [_PORT, _FILE]


def test_pairs_of_one_file_with_a_test_in_common_become_one_entry() -> None:
    """Five tests that share something would be ten pairs, found over many runs."""
    pairs = [Conflict((f"a.py::{x}", f"a.py::{y}"), x) for x, y in ("12", "34", "23")]
    assert merged([], pairs) == [
        Conflict(("a.py::1", "a.py::2", "a.py::3", "a.py::4"), "1")
    ]
    assert merged(merged([], pairs), pairs) == merged([], pairs)


def test_three_tests_of_a_class_stand_for_all_of_it() -> None:
    """Two may share something of their own; and functions of a file no set-up."""
    tests = [f"a.py::T::{name}" for name in ("1", "2", "3[x::y]", "4", "5")]
    others = ["a.py::6", "a.py::7", "a.py::8", "a.py::Other::1"]
    conflicts = [
        Conflict((tests[3], tests[0], tests[2]), "three"),
        Conflict((tests[0], tests[1]), "two"),
        Conflict(tuple(others[:3]), "functions"),
        Conflict((*tests[1:4], "b.py::gone"), "and another"),
    ]
    assert list(widened(conflicts, [*tests, *others])) == [
        Conflict(tuple(tests), "three"),
        *conflicts[1:3],
        Conflict((*tests, "b.py::gone"), "and another"),
    ]


def test_pairs_of_several_files_stay_pairs() -> None:
    """One test may be in the way of many that are in nobody else's."""
    pairs = [Conflict(("a.py::1", f"{name}.py::1"), "") for name in "bc"]
    assert merged([], pairs) == pairs


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[conflict]", "it cannot be read"),
        ("[[conflicts]]", "'conflicts' is not [[conflict]]"),
        ("conflict = 1", "conflicts are written as [[conflict]]"),
        ("conflict = [1]", "conflict 1 is no table"),
        ("[[conflict]]\ntests = ['a', 'b']\nreason = 'x'", "conflict 1 has 'reason'"),
        ("[[conflict]]\ntests = ['a']", "conflict 1 needs tests"),
        ("[[conflict]]\ntests = ['a', 2]", "conflict 1 needs tests"),
        ("[[conflict]]\nwhy = ''", "conflict 1 needs tests"),
        ("[[conflict]]\ntests = ['a', 'b']\nwhy = 1", "a reason that is no text"),
    ],
)
def test_a_mistake_in_the_file_is_named(path: Path, text: str, says: str) -> None:
    """With the way out."""
    path.write_text(text, "utf-8")
    with pytest.raises(pytest.UsageError) as raised:
        read(path)
    assert says in str(raised.value)
    assert str(raised.value).startswith("fasttest-conflicts.toml: ")
    assert "Correct the file, or delete it" in str(raised.value)
