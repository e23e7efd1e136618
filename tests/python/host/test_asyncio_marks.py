"""``@pytest.mark.asyncio``: which arguments it takes and what it says of others."""

from __future__ import annotations

from typing import Any

import pytest

from fasttest.host import asyncio_marks
from fasttest.host.asyncio_marks import AsyncioMark

SCOPES = "Valid scopes are: function, class, module, package, session."
ARGUMENTS = (
    "mark.asyncio accepts only keyword arguments 'loop_scope' and 'loop_factories'."
)
FACTORIES = "mark.asyncio 'loop_factories' must be a non-empty sequence of strings."


def mark(*args: object, **kwargs: Any) -> pytest.Mark:
    """A mark as ``@pytest.mark.asyncio(...)`` puts it on a function."""
    return pytest.Mark("asyncio", args, kwargs, _ispytest=True)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (mark("module"), ARGUMENTS),
        (mark(timeout=1), ARGUMENTS),
        (
            mark(loop_scope="bogus"),
            f"mark.asyncio got an unexpected loop scope value 'bogus'. {SCOPES}",
        ),
        (
            mark(scope="class", loop_scope="class"),
            'An asyncio pytest marker defines both "scope" and "loop_scope", '
            'but it should only use "loop_scope".',
        ),
        (mark(loop_factories="uvloop"), FACTORIES),
        (mark(loop_factories=[]), FACTORIES),
        (mark(loop_factories=[1]), FACTORIES),
        (mark(loop_factories=[""]), FACTORIES),
    ],
)
def test_a_wrong_argument_is_refused(wrong: pytest.Mark, message: str) -> None:
    """The texts are pytest-asyncio's; the node id says which test is meant."""
    with pytest.raises(pytest.fail.Exception) as refusal:
        asyncio_marks.parse(wrong, "test_a.py::test_x")
    assert refusal.value.msg == f"test_a.py::test_x: {message}"
    assert not refusal.value.pytrace


@pytest.mark.parametrize(
    ("right", "parsed"),
    [
        (mark(), AsyncioMark(None, None)),
        (mark(loop_scope="session"), AsyncioMark("session", None)),
        (mark(loop_scope=None), AsyncioMark(None, None)),
        (mark(loop_factories=("a", "b")), AsyncioMark(None, ("a", "b"))),
    ],
)
def test_right_arguments_are_returned(right: pytest.Mark, parsed: AsyncioMark) -> None:
    """What is left out stays open, to be filled from the configuration."""
    assert asyncio_marks.parse(right, "test_a.py::test_x") == parsed


def test_the_old_name_of_the_loop_scope_is_deprecated() -> None:
    """``scope=`` of pytest-asyncio 0.23 still works and is still warned of."""
    with pytest.warns(
        pytest.PytestDeprecationWarning,
        match='The "scope" keyword argument to the asyncio marker has been deprecated',
    ):
        parsed = asyncio_marks.parse(mark(scope="module"), "test_a.py::test_x")
    assert parsed.loop_scope == "module"


def test_a_mark_added_late_is_checked_too() -> None:
    """``pytest_collection_modifyitems`` adds marks which ``parse`` never sees."""
    asyncio_marks.check_loop_scope(mark(loop_scope="class"), "test_a.py::test_x")
    with pytest.raises(pytest.fail.Exception, match="'bogus'"):
        asyncio_marks.check_loop_scope(mark(loop_scope="bogus"), "test_a.py::test_x")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (mark("module"), ValueError),
        (mark(loop_factories=["a"]), ValueError),
        (mark(scope="class", loop_scope="class"), pytest.UsageError),
        (mark(loop_scope="bogus"), AssertionError),
    ],
)
def test_older_versions_raise_at_set_up(
    wrong: pytest.Mark, error: type[Exception]
) -> None:
    """So did pytest-asyncio 1.0 to 1.3, each error of a kind of its own."""
    with pytest.raises(error):
        asyncio_marks.check_at_set_up(wrong)
