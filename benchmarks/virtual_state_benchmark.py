"""What it costs to put a test's changes aside and back, once each.

Run it with ``python benchmarks/virtual_state_benchmark.py``. The figures are
microseconds for one switch away from a test and back to it; goal: under 5 for each
place that is patched, nothing for a test that patched nothing.
"""

from __future__ import annotations

import os
import timeit
import types
from typing import TYPE_CHECKING, Any

from fasttest.isolation.cells import Attribute, Environment, MappingItem
from fasttest.isolation.virtual_state import VirtualState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fasttest.isolation.cells import Cell

ROUNDS, SWITCHES = 5, 10_000


def microseconds(changes: Sequence[tuple[Cell, Any]]) -> float:
    """The least time per switch with these cells changed to these values."""
    state = VirtualState(lambda: False)
    for cell, value in changes:
        state.note(cell)
        cell.write(value)

    def switch() -> None:
        state.park()
        state.resume()

    times = timeit.repeat(switch, number=SWITCHES, repeat=ROUNDS)
    state.park()
    return min(times) / SWITCHES * 1e6


def main() -> None:
    """Print a line for each kind of change."""
    module: Any = types.ModuleType("patched")
    names = [f"name_{number}" for number in range(10)]
    for name in names:
        setattr(module, name, None)
    variables = [f"FASTTEST_BENCHMARK_{number}" for number in range(10)]
    kinds: dict[str, list[tuple[Cell, Any]]] = {
        "nothing": [],
        "an attribute": [(Attribute(module, names[0]), 1)],
        "ten attributes": [(Attribute(module, name), 1) for name in names],
        "an environment variable": [(MappingItem(os.environ, variables[0]), "x")],
        "ten variables": [(MappingItem(os.environ, name), "x") for name in variables],
        f"any of {len(os.environ)} variables": [
            (Environment(), Environment().read() | {b"FASTTEST_BENCHMARK": b"x"})
        ],
    }
    for kind, changes in kinds.items():
        print(f"{kind:28}{microseconds(changes):8.2f} us")


if __name__ == "__main__":
    main()
