"""Two parameters have one key where pytest would keep the fixture's value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasttest.host.parameter_keys import ParameterKeys

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", 1.0]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.tuples(inner)
        | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=3,
)


@given(st.lists(VALUES, max_size=8))
def test_keys_are_equal_where_values_are(values: list[object]) -> None:
    """A group of a parameter's tests is that of one key; hashable or not."""
    keys = ParameterKeys()
    numbers = [keys.key(value) for value in values]
    for left, number in zip(values, numbers, strict=True):
        for right, other in zip(values, numbers, strict=True):
            assert (number == other) == (left == right)


@given(st.lists(VALUES, max_size=8))
def test_keys_count_from_zero(values: list[object]) -> None:
    """The core keeps arrays by them."""
    keys = ParameterKeys()
    numbers = [keys.key(value) for value in values]
    assert sorted(set(numbers)) == list(range(len(set(numbers))))


class Vector:
    """As of NumPy: comparing gives no truth value, and hashing is refused."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise ValueError("the truth value of an array is ambiguous")


def test_what_cannot_be_compared_is_told_apart_by_identity() -> None:
    """So does pytest, instead of failing the run."""
    keys, vector = ParameterKeys(), Vector()
    assert keys.key(vector) != keys.key(Vector())
    assert keys.key(vector) == 0


def test_other_errors_of_a_comparison_are_the_authors_to_see() -> None:
    """Swallowing them would hide a bug of the project under test."""

    class Broken(Vector):
        def __eq__(self, other: object) -> bool:
            raise ZeroDivisionError

    keys = ParameterKeys()
    keys.key(Broken())
    with pytest.raises(ZeroDivisionError):
        keys.key(Broken())
