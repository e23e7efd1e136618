"""The order of parametrized tests."""

from __future__ import annotations

from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from fasttest import _core
from fasttest.library.parameter_order import order_by_parameters

_SCOPES = [_core.Scope.SESSION, _core.Scope.MODULE, _core.Scope.CLASS]
_KEYS = st.lists(st.tuples(st.sampled_from("fg"), st.integers(0, 2)), max_size=2)
_SUITES = st.lists(st.dictionaries(st.sampled_from(_SCOPES), _KEYS), max_size=12)


@given(_SUITES)
def test_every_test_is_in_the_order_once(
    keys: list[dict[_core.Scope, list[tuple[str, int]]]],
) -> None:
    """Reordering neither loses nor repeats a test."""
    assert sorted(order_by_parameters(keys)) == list(range(len(keys)))


@given(st.lists(st.integers(0, 3), max_size=12), st.sampled_from(_SCOPES))
def test_each_parameter_of_one_fixture_is_used_in_one_run(
    params: list[int], scope: _core.Scope
) -> None:
    """So its instance is made once; parameters and tests keep their order."""
    keys = [{scope: [param]} for param in params]

    order = order_by_parameters(keys)

    runs = [param for param, _ in groupby(params[test] for test in order)]
    if len(params) > 2:
        assert runs == list(dict.fromkeys(params))
    for _, tests in groupby(order, key=lambda test: params[test]):
        run = list(tests)
        assert run == sorted(run)


def test_tests_without_parameters_keep_their_order() -> None:
    """There is nothing to gain by moving them."""
    assert order_by_parameters([{}] * 5) == [0, 1, 2, 3, 4]


def test_the_widest_scope_decides() -> None:
    """Narrower parameters are grouped within each wide one."""
    wide, narrow = _core.Scope.SESSION, _core.Scope.CLASS
    keys = [
        {wide: [w], narrow: [n]} for n in ("x", "y") for w in ("a", "b") for _ in "12"
    ]

    ordered = [(keys[t][wide], keys[t][narrow]) for t in order_by_parameters(keys)]

    assert ordered == [
        *[(["a"], ["x"])] * 2,
        *[(["a"], ["y"])] * 2,
        *[(["b"], ["x"])] * 2,
        *[(["b"], ["y"])] * 2,
    ]
