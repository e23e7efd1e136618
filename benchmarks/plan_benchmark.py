"""How long planning takes and how much memory a planned test needs.

Run it with ``python benchmarks/plan_benchmark.py``: 100,000 tests in 1,000 modules and
1,000 fixtures, of which each test uses ten; every tenth test has a parameter.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time

from fasttest import _core

USED = 10


def build(tests: int, fixtures: int, seed: int) -> _core.Plan:
    """Draw a suite.

    Args:
        tests: Number of tests, a hundred in each module.
        fixtures: Number of fixtures: a tenth each of session and module scope, the rest
            of function scope.
        seed: The same seed gives the same suite.
    """
    dice = random.Random(seed)
    plan = _core.Plan()
    for number in range(fixtures):
        plan.add_fixture(f"fixture_{number}")
    for _ in range(tests // 100):
        module = plan.add_scope_instance(_core.Scope.MODULE, _core.SESSION)
        closures = [add_closure(plan, module, fixtures, dice) for _ in range(10)]
        for number in range(100):
            params = [number // 10 % 2] + [-1] * (USED - 1) if number % 10 == 0 else ()
            plan.add_test(dice.choice(closures), params, _core.OWN_LOOP)
    return plan


def add_closure(
    plan: _core.Plan, module: int, fixtures: int, dice: random.Random
) -> int:
    """Add what some tests of the module need: fixtures that depend on earlier ones."""
    entries: list[tuple[int, int, list[int], int]] = []
    wide = 0
    for fixture in sorted(dice.sample(range(fixtures), USED)):
        tenth = fixture * 10 // fixtures
        place = (_core.SESSION, module)[tenth] if tenth < 2 else _core.OWN
        reach = wide if place != _core.OWN else len(entries)
        needs = dice.sample(range(reach), min(reach, 2))
        entries.append((fixture, place, needs, _core.NO_LOOP))
        wide += place != _core.OWN
    return plan.add_closure(module, entries)


def walk(plan: _core.Plan, concurrency: int) -> int:
    """Run the plan with an executor that does nothing; return the number of actions."""
    run = _core.Orchestrator(plan, concurrency)
    actions = 0
    while run.is_active():
        kind, test, _, _ = run.admit()
        while kind not in {_core.FINISHED, _core.WAIT, _core.NOTHING}:
            actions += 1
            kind, test, _, _ = run.done(test, True)
    return actions


def main() -> None:
    """Print medians of several runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, default=100_000)
    parser.add_argument("--fixtures", type=int, default=1_000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()

    planned, walked, actions = [], [], 0
    for _ in range(options.repeat):
        plan = build(options.tests, options.fixtures, seed=1)
        begin = time.perf_counter()
        plan.prepare()
        planned.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        actions = walk(plan, concurrency=1)
        walked.append(time.perf_counter() - begin)
    memory = plan.memory_bytes() / options.tests
    per_action = statistics.median(walked) / actions * 1e6
    print(f"{options.tests:,} tests x {options.fixtures:,} fixtures")
    print(f"plan:   {statistics.median(planned):.3f} s, {memory:.0f} bytes per test")
    print(
        f"walk:   {actions:,} actions, {per_action:.2f} us each, Python's loop included"
    )


if __name__ == "__main__":
    main()
