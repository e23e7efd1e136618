"""The order of parametrized tests: pytest's, so that wide fixtures are made rarely."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeAlias

from fasttest import _core

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    # Per test: by scope, the parameters of its fixtures with that scope.
    Keys: TypeAlias = Sequence[Mapping[_core.Scope, Sequence[Hashable]]]


def order_by_parameters(keys: Keys) -> list[int]:
    """Order tests so that those with a parameter of a wide fixture follow one another.

    As in pytest's ``reorder_items``: at each scope, from the widest, the first test
    with a parameter draws forward all others that have the same one.

    Args:
        keys: Per test, the parameters of its wider-scoped fixtures, by scope.

    Returns:
        The indexes of the tests in their new order.
    """
    tests = list(range(len(keys)))
    return _order(tests, keys, _core.Scope.SESSION) if any(keys) else tests


def _order(tests: list[int], keys: Keys, scope: _core.Scope) -> list[int]:
    # With two tests there is nothing to draw forward past.
    if scope is _core.Scope.FUNCTION or len(tests) < 3:
        return tests
    by_key: dict[Hashable, list[int]] = {}
    for test in tests:
        for key in keys[test].get(scope, ()):
            by_key.setdefault(key, []).append(test)
    used: set[Hashable] = set()
    ordered: dict[int, None] = {}
    pending = deque(tests)
    while pending:
        # Tests up to the next one with a parameter that has not been drawn yet.
        run: dict[int, None] = {}
        while pending:
            test = pending.popleft()
            if test in ordered or test in run:
                continue
            unused = [key for key in keys[test].get(scope, ()) if key not in used]
            if unused:
                used.add(unused[-1])
                pending.extendleft(reversed(by_key[unused[-1]]))
                break
            run[test] = None
        narrower = _core.Scope(scope - 1)
        ordered.update(dict.fromkeys(_order(list(run), keys, narrower)))
    return list(ordered)
