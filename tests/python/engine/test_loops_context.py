"""Context variables handed from fixtures to tests."""

from __future__ import annotations

import contextvars

import pytest

from fasttest.engine.context import apply, changes

_first: contextvars.ContextVar[object] = contextvars.ContextVar("first")
_second: contextvars.ContextVar[object] = contextvars.ContextVar("second")


def test_changes_are_what_was_set_to_another_object() -> None:
    """By identity: equal values may still be different things."""
    kept, before_value, after_value = object(), [1], [1]
    before = contextvars.Context()
    before.run(_first.set, kept)
    before.run(_second.set, before_value)
    after = before.copy()
    after.run(_second.set, after_value)
    changed = changes(before, after)
    assert [variable for variable, _ in changed] == [_second]
    assert changed[0][1] is after_value
    assert changes(after, after) == []


def test_new_variables_are_changes() -> None:
    """Set for the first time, even to None."""
    after = contextvars.Context()
    after.run(_first.set, None)
    assert changes(contextvars.Context(), after) == [(_first, None)]


def test_applied_changes_can_be_undone_in_any_context() -> None:
    """In that of another strand; what was unset there before is so again."""
    context = contextvars.Context()
    context.run(_first.set, "old")
    undo = context.run(apply, [(_first, "new"), (_second, "new")])
    assert (context[_first], context[_second]) == ("new", "new")
    context.run(undo)
    assert context[_first] == "old"
    assert _second not in context
    with pytest.raises(LookupError):
        _first.get()
