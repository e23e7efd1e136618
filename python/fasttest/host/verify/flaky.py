"""``--detect-flaky N``: how often does each test pass, of N runs?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fasttest.host.verify.rounds import Rounds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fasttest.host.verify.rounds import Round


def detect(arguments: Sequence[str], times: int, seed: int | None) -> int:
    """Run the suite so many times, and print how often each failing test passed.

    The whole run is repeated, in processes of their own, and not each test in one run:
    then every test has its fixtures, and finds modules and globals, as in any run.

    Args:
        arguments: pytest's, of the suite.
        times: The number of runs.
        seed: Of the first run; the next ones have those after it.

    Returns:
        1 if a test has passed in some runs only or a run was not completed, else 0;
        what pytest returned if the first run already could not be completed.
    """
    rounds = Rounds(arguments)
    done: list[Round] = []
    for number in range(times):
        seeded = () if seed is None else (f"--seed={seed + number}",)
        # Here, and not in the runs; the option may stand in an ini file as well.
        done.append(rounds.run("--detect-flaky=0", *seeded))
        text = f"run {number + 1} of {times}: {done[-1].summary()}"
        print(text if seed is None else f"{text}, seed {seed + number}", flush=True)
        if not done[0].is_complete:
            print(done[0].output, end="")
            return done[0].exit_code or 1
    flaky = _report(done)
    return 1 if flaky or not all(each.is_complete for each in done) else 0


def _report(done: Sequence[Round]) -> int:
    """Print the table; returns the number of flaky tests."""
    rows = []
    nodeids = dict.fromkeys(nodeid for each in done for nodeid in each.outcomes)
    for nodeid in nodeids:
        failed = sum(each.of(nodeid).is_bad for each in done)
        if failed:
            rows.append((len(done) - failed, failed, nodeid))
    if rows:
        print("\n passed  failed   rate  test")
    for passed, failed, nodeid in sorted(rows, key=lambda row: -row[0]):
        print(f"{passed:7}{failed:8}{passed / len(done):7.0%}  {nodeid}")
    flaky = sum(passed > 0 for passed, _, _ in rows)
    print(
        f"\n{flaky} of {len(nodeids)} tests "
        f"{'is' if flaky == 1 else 'are'} flaky in {len(done)} runs, "
        f"{len(rows) - flaky} failed in all"
    )
    return flaky
