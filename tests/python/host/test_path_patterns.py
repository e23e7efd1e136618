"""Which node ids a pattern of the configuration stands for."""

from __future__ import annotations

import pytest

from fasttest.host.path_patterns import PathPattern, PathPatterns


@pytest.mark.parametrize(
    ("pattern", "nodeid", "matches"),
    [
        ("tests/e2e", "tests/e2e/test_x.py::test_y", True),
        ("tests/e2e/", "tests/e2e/deep/test_x.py::test_y", True),
        ("tests/e2e/**", "tests/e2e/deep/test_x.py::test_y", True),
        ("tests/e2e", "tests/e2e_more/test_x.py::test_y", False),
        ("e2e", "tests/e2e/test_x.py::test_y", False),
        ("tests/x.py", "tests/x.py::test_y", True),
        ("tests/x.py", "more/tests/x.py::test_y", False),
        ("tests/*_db.py", "tests/test_user_db.py::test_y", True),
        ("tests/**/test_x.py", "tests/a/b/test_x.py::test_y", True),
        ("tests/**/test_x.py", "tests/test_x.py::test_y", True),
        ("**/test_x.py", "test_x.py::test_y", True),
        ("**/test_x.py", "tests/test_x.py::test_y", True),
        ("tests/test_[ab].py", "tests/test_b.py::test_y", True),
        ("tests/x.py::test_y", "tests/x.py::test_y", True),
        ("tests/x.py::test_y", "tests/x.py::test_y[1-a]", True),
        ("tests/x.py::test_y[1-a]", "tests/x.py::test_y[1-a]", True),
        ("tests/x.py::test_y[1-a]", "tests/x.py::test_y[1-b]", False),
        ("tests/x.py::test_y", "tests/x.py::test_yes", False),
        ("tests/x.py::Test", "tests/x.py::Test::test_y", True),
        ("tests/x.py::Test", "tests/x.py::Tests::test_y", False),
        ("tests/*.py::Test::test_y", "tests/x.py::Test::test_y", True),
        ("tests/x.py::test_y", "tests/z.py::test_y", False),
    ],
)
def test_a_pattern_stands_for_a_folder_a_file_a_class_or_a_test(
    pattern: str, nodeid: str, matches: bool
) -> None:
    """People write a folder with or without what git's patterns would need."""
    patterns = PathPatterns([PathPattern(pattern)])
    assert bool(list(patterns.matching(nodeid))) is matches


def test_what_has_matched_nothing_is_known() -> None:
    """It is most likely a slip, and the run says so."""
    used, unused = PathPattern("tests/a.py"), PathPattern("tests/b.py::test_y")
    patterns = PathPatterns([used, unused])
    for nodeid in ("tests/a.py::test_y", "tests/b.py::test_z"):
        list(patterns.matching(nodeid))
    assert list(patterns.unused) == [unused]
