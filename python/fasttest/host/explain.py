"""``--explain``: which tests did not overlap, and why."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from fasttest import _core
from fasttest.host.anyio_runners import is_anyio_test
from fasttest.host.guests import is_async_case

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from _pytest.terminal import TerminalReporter

    from fasttest.host.run import Run

_NOTHING_BESIDE = "did not wait in an event loop while another test could start"


def add_option(group: pytest.OptionGroup) -> None:
    """Add the option."""
    group.addoption(
        "--explain",
        action="store_true",
        help="say in the summary which tests did not overlap, and why; with "
        "--collect-only, which ones will not",
    )


def explain(run: Run, one_by_one: str | None) -> None:
    """Have a run explained at its end.

    Args:
        run: The run, which may be planned only: then this is a forecast.
        one_by_one: The option for which tests run one after another, if there is one.
    """
    if run.concurrency == 1 and one_by_one is None:
        one_by_one = "a concurrency of 1"
    explanation = Explanation(run, one_by_one)
    run.session.config.pluginmanager.register(explanation, "fasttest explanation")


class Explanation:
    """A plugin that explains a run in the terminal's summary.

    Args:
        run: The run, which may be planned only.
        one_by_one: Why tests run one after another; None if they do not.
    """

    def __init__(self, run: Run, one_by_one: str | None) -> None:
        self._run = run
        self._one_by_one = one_by_one
        self._performed = not run.session.config.option.collectonly

    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """Write the section; with ``-v`` the tests are named."""
        terminalreporter.write_sep("=", "overlap")
        run = self._run
        reasons = self._reasons() if self._performed else self._expected()
        tests = self._started() if self._performed else set(range(len(run.items)))
        alone = {test for each in reasons.values() for test in each}
        waiting = {test for test in tests if self._is_async(test)}
        text = _verdict(
            len(tests - alone), len(tests), _share(waiting, alone), self._performed
        )
        terminalreporter.write_line(text)
        for line in self._lines(reasons, terminalreporter.config.get_verbosity() > 0):
            terminalreporter.write_line(line)
        if not self._performed:
            for line in self._turns():
                terminalreporter.write_line(line)

    def _started(self) -> set[int]:
        flights = self._run.flights
        return {test for test in range(len(self._run.items)) if flights.has_begun(test)}

    def _lines(
        self, reasons: Mapping[str, Sequence[int]], names: bool
    ) -> Iterator[str]:
        width = len(str(max(map(len, reasons.values()), default=0)))
        most_first = sorted(reasons.items(), key=lambda each: (-len(each[1]), each[0]))
        for reason, tests in most_first:
            yield f"  {len(tests):{width}}  {reason}"
            for test in tests if names else ():
                yield f"  {'':{width}}    {self._run.items[test].nodeid}"

    def _expected(self) -> dict[str, list[int]]:
        """The tests that the plan has run alone, by reason."""
        reasons = defaultdict(list)
        for test in range(len(self._run.items)):
            if self._one_by_one:
                reasons[_one_by_one(self._one_by_one)].append(test)
            elif test in self._run.alone:
                reasons[f"alone: {self._run.alone[test]}"].append(test)
        return reasons

    def _reasons(self) -> dict[str, list[int]]:
        """The tests beside which no other was in flight, by reason."""
        core = self._run.executor.core
        started = self._started()
        wanted = {core.waited_for(test) for test in started}
        reasons = defaultdict(list, self._expected())
        for tests in reasons.values():
            tests[:] = [test for test in tests if test in started]
        known = {test for tests in reasons.values() for test in tests}
        for test in sorted(started - known):
            if not self._run.overlapped(test):
                reasons[self._reason(test, wanted)].append(test)
        return {reason: tests for reason, tests in reasons.items() if tests}

    def _reason(self, test: int, wanted: set[int]) -> str:
        """Why a test had nothing beside it that was free to.

        Args:
            test: The test.
            wanted: The resources for which somebody had to wait.
        """
        run = self._run
        loop = run.executor.blocking_loop_of(test)
        if loop is not None:
            name = f"{loop.__module__}.{loop.__qualname__}"
            return f"its loop cannot be left while it waits: {name}"
        plan = run.suite.plan
        for resource, _ in plan.claims_of(test):
            if resource in wanted:
                name = plan.resource_name(resource)
                if plan.is_rate(resource):
                    return f"kept apart by the rate of {name}"
                return f"took turns for {name}"
        kind = "async" if self._is_async(test) else "sync"
        return f"{kind}, {_NOTHING_BESIDE}"

    def _is_async(self, test: int) -> bool:
        item = self._run.items[test]
        return (
            self._run.suite.plan.loop_of(test) != _core.NO_LOOP
            or is_anyio_test(item)
            or is_async_case(item)
        )

    def _turns(self) -> Iterator[str]:
        """The resources for which tests may have to wait."""
        if self._one_by_one:
            return
        plan, alone = self._run.suite.plan, self._run.alone
        units: dict[int, list[int]] = defaultdict(list)
        for test in range(plan.test_count):
            for resource, claimed in plan.claims_of(test) if test not in alone else ():
                units[resource].append(claimed)
        lines = [
            f"  {plan.resource_name(resource)}: {self._turn(resource, claimed)}"
            for resource, claimed in units.items()
            if sum(claimed) > plan.capacity(resource)
        ]
        if lines:
            yield "of those that may overlap, these take turns:"
            yield from lines

    def _turn(self, resource: int, claimed: Sequence[int]) -> str:
        rate = self._run.resources.rates.get(resource)
        if rate is not None:
            return f"{len(claimed)} tests, of which {rate} start"
        return _sharing(claimed, self._run.suite.plan.capacity(resource))


def _verdict(beside: int, tests: int, share: str, performed: bool) -> str:
    noun = f"{tests} test{'' if tests == 1 else 's'}"
    rest = tests - beside
    if performed:
        end = f"{share}; {rest} did not:" if rest else ""
        return f"{beside} of {noun} overlapped with others{end}"
    end = f"{share}; {rest} will run alone:" if rest else ""
    return f"{beside} of {noun} may overlap with others{end}"


def _share(waiting: set[int], alone: set[int]) -> str:
    """How many of the async tests overlap, where there are any."""
    if not waiting:
        return ""
    beside = len(waiting - alone)
    return f", {beside} of the {len(waiting)} async ones"


def _one_by_one(reason: str) -> str:
    return f"one test after another, because of {reason}"


def _sharing(claimed: Sequence[int], capacity: int) -> str:
    writers = sum(1 for units in claimed if units > 1)
    if writers == len(claimed):
        return f"{writers} tests, 1 at a time"
    if not writers:
        return f"{len(claimed)} tests, {capacity} at a time"
    write = "that write, one at a time" if writers > 1 else "that writes by itself"
    return f"{writers} {write}, {len(claimed) - writers} that read"
