"""The run loop: collected items in, the core's plan performed, reports out."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from fasttest import _core
from fasttest.engine.executor import Executor
from fasttest.engine.interleaving import Interleaving
from fasttest.engine.scoped_loop import have_current_loop
from fasttest.host import asyncio_dialect as dialect
from fasttest.host import private, standstill
from fasttest.host.anyio_runners import AnyioRunners, is_anyio_test
from fasttest.host.blocking_checks import BlockingChecks
from fasttest.host.configuration import configuration_of
from fasttest.host.context_trail import ContextTrail
from fasttest.host.current import current_run, running
from fasttest.host.durations import Durations
from fasttest.host.exclusive import BESIDE, Exclusive, Verdict
from fasttest.host.flight_recorder import FlightRecorder
from fasttest.host.flights import Flights
from fasttest.host.giving_up import GivingUp
from fasttest.host.guests import functions_of, is_async_case, remembered
from fasttest.host.hooks import Listeners
from fasttest.host.instances import Instances
from fasttest.host.item_run import ItemRun
from fasttest.host.left_over import LeftOver
from fasttest.host.own_state import OwnState
from fasttest.host.phases import Phases, reraised
from fasttest.host.quick import QuickWay
from fasttest.host.reports import Outcome, Reporter, held_reports
from fasttest.host.resources import Resources
from fasttest.host.routing import Routing
from fasttest.host.setup_state import SetupState
from fasttest.host.suite import Suite
from fasttest.host.teardown_errors import TeardownErrors
from fasttest.host.time_limits import TimeLimits
from fasttest.host.virtual import Virtual
from fasttest.isolation.threads import Threads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pytest
    from _pytest.fixtures import FixtureDef

    from fasttest.engine.strand import Strand
    from fasttest.engine.stream import Stream
    from fasttest.host.conflicts import Conflict
    from fasttest.host.definitions import InstanceDef
    from fasttest.host.laboratory import Laboratory
    from fasttest.host.loop_options import LoopOptions


_clock = time.perf_counter

_FOLLOWS = "comes after a test that a plugin may leave set up"

# What lets a seed move up a test which is not on a loop of the plan's. In seconds.
_UNKNOWN_WAIT = 0.001


class RunOptions(NamedTuple):
    """What the command line asks of the run loop.

    Attributes:
        concurrency: Tests in flight at most; 1 is strictly serial.
        rescue: Whether a failure beside others is confirmed alone.
        conflicts: The tests that are known not to run beside each other.
        laboratory: Where failures that happened again alone are confirmed, if there is
            one.
        reports_all: Whether the hooks are told of every phase, whoever listens.
        seed: Of the interleaving; None: tests take their turns as they come.
    """

    concurrency: int
    rescue: bool
    conflicts: tuple[Conflict, ...] = ()
    laboratory: Laboratory | None = None
    reports_all: bool = False
    seed: int | None = None


class Run:
    """One run of a session's items; the executor's work.

    Args:
        session: The session, collected.
        options: The command line's.

    Attributes:
        session: The session.
        suite: The items as rows of the plan.
        resources: What they hold while they run.
        alone: Why tests run alone, by test.
        conflicts: The tests that failed beside others only, and how they passed.
        flights: Which tests were in flight together.
        recorder: What is to be known if the process ends in the midst of it.
        left_unconfirmed: How many failures there was no time to confirm.
    """

    def __init__(self, session: pytest.Session, options: RunOptions) -> None:
        self.session = session
        self._config = session.config
        self._options = options
        self._reraised = reraised(session.config)
        self._instances = Instances()
        self._listeners = Listeners(session)
        own_state = OwnState(session.config)
        self._exclusive = Exclusive(session, self._listeners, own_state)
        self._anyio = AnyioRunners(session)
        self.suite = Suite(session, options.conflicts)
        configuration = configuration_of(session.config)
        self.resources = Resources(self.suite.plan, session, configuration)
        self._verdicts: dict[int, Verdict] = {}
        self._durations = Durations(session.config)
        self._collected_in = contextvars.copy_context()
        self.alone: dict[int, str] = {}
        self._trail = ContextTrail(len(session.items))
        # -x, --maxfail, --stepwise: what comes first in collection order ends the run.
        option = session.config.option
        stops_early = bool(option.maxfail or getattr(option, "stepwise", False))
        self._plan(in_order=stops_early)
        quick = QuickWay(session, self._listeners, self._reraised)
        quick.open &= not options.reports_all
        if options.laboratory is None:
            self.recorder = FlightRecorder(len(session.items))
        else:
            self.recorder = options.laboratory.recorder
        self._reporter = Reporter(session, quick, stops_early, self.recorder.told)
        self._threads = Threads(_starter_of_threads, own_state.is_own)
        self._blocking_checks = BlockingChecks(self._threads.starter_here)
        self._routing = Routing(session, self._suspect_others, self._threads)
        self._first: dict[int, Outcome] = {}
        # Failures of which it has to be found out whether pytest would see them.
        self._laboratory = None if stops_early else options.laboratory
        self._unconfirmed: dict[int, Outcome] = {}
        self.left_unconfirmed = 0
        self._rest = TeardownErrors()
        # By the test that comes next in collection order.
        self._left_over: dict[int, LeftOver] = {}
        self.conflicts: dict[int, str] = {}
        self.flights = Flights(len(session.items))
        if not dialect.leaves_no_loop(session.config):
            # The first loop finds one before it and puts it back, as do all others.
            have_current_loop()
        interleaving = None
        if options.seed is not None:
            interleaving = Interleaving(options.seed, in_order=stops_early)
        self.executor = Executor(
            self,
            self.suite.plan,
            options.concurrency,
            interleaving=interleaving,
            before_wait=self._reporter.catch_up,
            turn_of=lambda *callback: self._virtual.turn_of(*callback),
            periods={
                resource: rate.period for resource, rate in self.resources.rates.items()
            },
        )
        self.executor.hub.turn = self.recorder.turn
        self.executor.hub.is_served = self._is_served
        self._virtual = Virtual(session.config, self.executor.hub, self._threads)
        self._limits = TimeLimits(session.config, self.executor.hub)
        self._phases = Phases(
            self._listeners,
            self._routing,
            self._virtual,
            quick,
            self._limits,
            self._reraised,
        )
        self._state = SetupState(self.executor.hub)

    def _plan(self, *, in_order: bool) -> None:
        serial = self._options.concurrency == 1
        follows = False  # an item whose hooks may leave it set up
        for test, item in enumerate(self.suite.items):
            closure, loop = self.suite.closure_of(item)
            verdict = BESIDE
            if not serial:
                alone = self._anyio.place(item, closure)
                verdict = self._exclusive.verdict(item, closure, loop)
                alone = self.resources.serial(item) or alone
                if alone is not None:
                    verdict = Verdict(alone)
            if verdict is not BESIDE:
                self._verdicts[test] = verdict
            if verdict.alone is not None:
                self.alone[test] = verdict.alone
            elif follows:
                self.alone[test] = _FOLLOWS
            self.suite.add(
                item,
                closure,
                loop,
                claims=self.resources.claims(item, closure),
                exclusive=test in self.alone,
                expected_wait=0.0
                if in_order
                or verdict.alone is not None
                or self.suite.is_in_conflict(item)
                else self._expected_wait(item),
                resources=verdict.resources,
                shared=verdict.shared,
            )
            follows = not serial and self._listeners.phases(item).may_leave_over
        self._exclusive.forget()
        self.suite.plan.prepare()

    def _expected_wait(self, item: pytest.Item) -> float:
        known = self._durations.expected(item)
        if known or self._options.seed is None or not _waits_elsewhere(item):
            return known
        return _UNKNOWN_WAIT

    def perform(self) -> None:
        """Run all items.

        Raises:
            BaseException: What ends the session: KeyboardInterrupt, pytest's Exit.
        """
        former = private.set_setup_state(self.session, self._state)
        self._limits.give_up_by(GivingUp(self, self.session))
        try:
            with contextlib.ExitStack() as stack:
                stack.enter_context(
                    private.definitions_in_use(self.session, _definitions_in_use)
                )
                stack.enter_context(self._anyio)
                if self._options.concurrency > 1:
                    stack.enter_context(self._routing)
                    stack.enter_context(self._virtual)
                    stack.enter_context(held_reports(self.session))
                    stack.enter_context(self._blocking_checks)
                if self._options.laboratory is not None:
                    stack.enter_context(standstill.ended(self.executor))
                self.executor.run()
            self._confirm()
        finally:
            self._limits.close()
            self._durations.save()
            for test in self.executor.core.dropped():
                # Failed beside others, and the run ended before it could run alone.
                if test in self._first:
                    self._reporter.emit(test, self._first[test])
            for test, outcome in sorted(self._unconfirmed.items()):
                self._reporter.emit(test, outcome)
            self._reporter.emit_held()
            self._report_rest(former)
            self.recorder.close()
            private.sort_summaries(self.session)
            private.set_setup_state(self.session, former)

    def overlapped(self, test: int) -> bool:
        """Whether another test was in flight beside one, in any of its runs."""
        return test in self.conflicts or self.executor.core.overlapped(test)

    # What the plan says, before anything runs.

    @property
    def exclusive(self) -> Exclusive:
        """Who decides in what company items run."""
        return self._exclusive

    @property
    def durations(self) -> Durations:
        """How long items took in earlier runs."""
        return self._durations

    def verdict(self, test: int) -> Verdict:
        """In what company an item runs."""
        return self._verdicts.get(test, BESIDE)

    # What is to be said of a run that does not come to its end.

    @property
    def routes(self) -> bool:
        """Whether output is routed: the terminal can be reached at any time."""
        return self._routing.is_up

    def unfinished(self) -> list[ItemRun]:
        """The items which have begun and not ended."""
        executor = self.executor
        runs = (executor.stream(test).data for test in executor.in_flight())
        return [run for run in runs if run is not None]

    def living(self) -> list[InstanceDef]:
        """The fixtures that outlive items and are set up, the latest first."""
        return list(reversed(self._instances.fixtures.values()))

    def output_of(self, run: ItemRun) -> list[tuple[str, str]]:
        """What an item in its midst has emitted, as sections of its report."""
        return [(f"Captured {n} call", text) for n, text in self._routing.take(run)]

    def report_unended(self, run: ItemRun, outcome: Outcome) -> None:
        """Report an item that does not end, in place of what it may have come to."""
        # Its stand-in would tear down what is in use.
        private.set_setup_state(self.session, private.SetupState())
        self._first.pop(run.stream.test, None)
        self._reporter.emit(run.stream.test, outcome)

    def report_unconfirmed(self) -> None:
        """Report what was to be run again alone, as it was, and what is held back."""
        for test, outcome in sorted({**self._first, **self._unconfirmed}.items()):
            self._reporter.emit(test, outcome)
        self._reporter.emit_held()

    # What the executor asks of its work.

    def run(self, stream: Stream) -> None:
        """Run one item in its strand and report it."""
        run = ItemRun(self.suite, self._instances, stream)
        stream.data = run
        self.flights.begin(stream.test)
        self.recorder.begin(stream.test)
        run.left_over = self._left_over.pop(stream.test, None)
        run.loop_hook = self._listeners.phases(run.item).loop
        current_run.set(run)
        began_with = self._trail.enter(stream.test)
        try:
            if self._is_alone(stream.test):
                self._run_alone(run)
            else:
                self._run_beside(run)
        except BaseException as error:
            # No test's outcome: Ctrl-C, pytest.exit, or a hook that failed.
            self._end_session(run, error)
        else:
            if not run.finished:
                # A hook kept pytest from tearing the item down, as one that skips
                # in the teardown does.
                self._leave_over(run)
            elif not run.over:
                self._rest.include(run.end())
        finally:
            self.flights.end(stream.test)
            self._threads.end(run)
            self._blocking_checks.end(run)
            if not run.outcome.told and run.outcome.failed:
                self.recorder.hold_back(stream.test, run.outcome.message)
            else:
                self.recorder.end(stream.test)
            private.drop_request(run.item)
            if run.counts:
                self._trail.leave(stream.test, began_with, run.handed)
            if run.over:
                run.let_go()
        if not self.session.shouldfail and (over := self._limits.session_is_over()):
            self.session.shouldfail = over
        if self.session.shouldfail or self.session.shouldstop:
            self.executor.stop()

    def set_up(self, stream: Stream, entry: int, instance: int) -> None:
        """Create the value of a fixture."""
        stream.data.set_up_entry(entry, instance)

    def set_up_error(self, stream: Stream, entry: int, instance: int) -> BaseException:
        """The error of an earlier set-up, with the traceback it had then."""
        stream.data.note_failure(entry)
        return self._instances.error(instance)

    def tear_down(self, stream: Stream | None, entry: int, instance: int) -> None:
        """Tear a fixture down."""
        if stream is None:
            with self._rest.of(self._instances.node_of(instance)):
                self._instances.tear_down(instance)
        else:
            stream.data.tear_down_entry(entry, instance)

    def loop_options(self, stream: Stream, loop: int) -> LoopOptions:
        """How to make a loop for a test."""
        run: ItemRun = stream.data
        return run.loop_options(loop)

    def crashed(self, test: int, error: BaseException) -> None:
        """Something failed that no test can be blamed for: the session ends with it."""
        self.executor.stop(error)

    def _report_rest(self, state: private.SetupState) -> None:
        """Report errors of scopes that were ended early, as of the last test reported.

        So does pytest, where -x or --maxfail ends a run in the midst of a scope. What
        a hook left set up goes with the session, outside of any test; so do they then.

        Args:
            state: pytest's own, with which the session ends.
        """
        if self._left_over:
            errors = TeardownErrors()
            for left_over in self._left_over.values():
                errors.include(left_over.errors)
            errors.include(self._rest)
            private.push(state, self.session, finalizers=[errors.raise_all])
            return
        latest = self._reporter.latest
        if not self._rest:
            return
        if latest is None:
            self._rest.raise_all()
            return
        call = private.CallInfo.from_call(
            self._rest.raise_all, when="teardown", reraise=self._reraised
        )
        self._reporter.add(self.suite.items[latest], call)

    def _leave_over(self, run: ItemRun) -> None:
        """Tear an item down that a hook left set up, at the next item's expense."""
        items = self.suite.items
        test = run.stream.test
        left_over = LeftOver.of(run, items[test - 1] if test else None)
        if not self.flights.has_begun(test + 1):
            self._left_over[test + 1] = left_over
            return
        following = items[test + 1]
        calls = (
            private.CallInfo.from_call(
                functools.partial(left_over.check, following), "setup", self._reraised
            ),
            private.CallInfo.from_call(
                left_over.errors.raise_all, "teardown", self._reraised
            ),
        )
        for call in calls:
            if call.excinfo is not None:
                self._reporter.add(following, call)

    # One item.

    def _run_beside(self, run: ItemRun) -> None:
        """Run an item that may overlap with others, and report it if it counts."""
        test = run.stream.test
        began = _clock()
        self._routing.resume()
        run.keep = functools.partial(self._keep, run)
        restore = remembered(run.item)
        run.virtual = self._virtual
        self._virtual.perform(run, self.verdict(test), self._phases.run)
        if run.finished:
            # A coroutine that nobody awaited warns at its end, which is the test's.
            private.drop_request(run.item)
        on_loop = self.suite.plan.loop_of(test) != _core.NO_LOOP
        if on_loop or _waits_elsewhere(run.item):
            self._durations.note(run.item, _clock() - began - run.stream.lingered)
        if run.stream.cancelled:
            return
        if run.counts:
            first = self._first.pop(test, None)
            if first is not None and first.failed and not run.outcome.failed:
                self.conflicts[test] = "passed alone"
            self._report(run)
        else:
            self._first[test] = run.outcome
            private.forget_run(run.item, self._collected_in)
            restore()

    def _report(self, run: ItemRun) -> None:
        test, outcome = run.stream.test, run.outcome
        if outcome.passed is not None:  # only the terminal is told
            self._reporter.emit(test, outcome)
        elif self._is_to_be_confirmed(run):
            self._unconfirmed[test] = outcome
        else:
            with self._routing.outside():
                self._reporter.emit(test, outcome)

    def _is_to_be_confirmed(self, run: ItemRun) -> bool:
        return (
            run.outcome.failed
            and self._laboratory is not None
            and self.flights.have_met
            and not _has_errors_of_others(run)
        )

    def _confirm(self) -> None:
        """Replace failures which pytest would not see by what it would."""
        if not self._unconfirmed or self._laboratory is None:
            return
        # Only red runs need it.
        from fasttest.host.confirmation import Confirmation

        confirmation = Confirmation(self._laboratory, self.items, self.flights)
        passed = confirmation.passed(self._unconfirmed)
        self.left_unconfirmed = confirmation.left_out
        for test, observation in passed.items():
            self.conflicts[test] = "passed as pytest runs its file"
            self._unconfirmed[test].reports = [
                (report, None)
                for report in private.deserialized(self._config, observation.reports)
            ]

    def _keep(self, run: ItemRun) -> bool:
        """Whether an outcome counts that was reached beside others."""
        if not self._options.rescue or self.executor.interrupted:
            return True
        if _has_errors_of_others(run):
            return True
        outcome = run.outcome
        return not (
            run.suspect or outcome.failed or outcome.may_differ or run.failed_teardown
        )

    @property
    def concurrency(self) -> int:
        """Tests in flight at most."""
        return self._options.concurrency

    @property
    def items(self) -> list[pytest.Item]:
        """The items, whose indexes are the test ids."""
        return self.suite.items

    def functions(self, test: int) -> list[Callable[..., Any]]:
        """The functions of the project that running a test calls, its fixtures' too."""
        closure = self.suite.closures[test]
        return [
            *self._exclusive.functions(self.suite.items[test]),
            *functions_of(closure, range(len(closure.entries))),
        ]

    def is_project(self, module: str) -> bool:
        """Whether a module, by its name, belongs to the project under test."""
        return self._exclusive.is_project(module)

    def _suspect_others(self, run: ItemRun) -> None:
        """An error that made ``run`` fail may be that of any test in flight."""
        for test in self.executor.in_flight():
            other = self.executor.stream(test).data
            if other is not None and other is not run:
                other.suspect = True

    def _end_session(self, run: ItemRun, error: BaseException) -> None:
        """End the session with what left a test's run, after all teardowns."""
        if isinstance(error, KeyboardInterrupt):
            self.executor.interrupt(error, run.stream)
        else:
            self._reporter.end_after(run.stream.test)
            self.executor.stop(error)
        if run.outcome.reports and not run.stream.cancelled:
            # As pytest does, phase by phase: those before the one that ended it.
            self._reporter.emit(run.stream.test, run.outcome)
        if not run.over:
            # Its errors have nobody left to be reported to.
            with contextlib.suppress(Exception):
                run.tear_down()

    def _is_served(self, strand: Strand) -> bool:
        """Whether a thread may be working for the test that a strand runs."""
        run = None if strand.number < 0 else self.executor.stream(strand.number).data
        return run is None or self._threads.may_serve(run)

    def _is_alone(self, test: int) -> bool:
        return self._options.concurrency == 1 or self.suite.plan.is_exclusive(test)

    def _run_alone(self, run: ItemRun) -> None:
        """Run an item alone by pytest's own protocol, with all that it redirects."""
        item, test = run.item, run.stream.test
        following = test + 1
        items = self.suite.items
        run.hold()
        self._reporter.catch_up()
        self._routing.suspend()
        is_held = self._laboratory is not None and self.flights.have_met
        if is_held:
            run.keep = functools.partial(self._keep, run)
        began = _clock()
        # Not the item's own hooks: pytest asks all conftests here.
        with self._limits.alone(run):
            self._config.hook.pytest_runtest_protocol(
                item=item,
                nextitem=items[following] if following < len(items) else None,
            )
        if self.verdict(test).alone is not None:
            self._durations.note(item, _clock() - began)
        if self.executor.core.has_ready() and self._options.concurrency > 1:
            # A test that waited to end a scope goes on; its teardown is routed.
            self._routing.resume()
        if is_held:
            self._report(run)
        else:
            self._reporter.emit(test, None)


def _waits_elsewhere(item: pytest.Item) -> bool:
    """Whether an item is async, and not on a loop of the plan's."""
    return is_anyio_test(item) or is_async_case(item)


def _has_errors_of_others(run: ItemRun) -> bool:
    """Whether an item is where the error of another's teardown is reported."""
    return run.stream.ended_badly or run.left_over is not None


def _definitions_in_use(argname: str, node: object) -> Sequence[FixtureDef[Any]] | None:
    """The definitions which the running item has for a name, if it is asked for."""
    run = current_run.get()
    return run.definitions_of(argname) if run and run.item is node else None


def _starter_of_threads() -> ItemRun | None:
    """Whose a thread is that is started now; None for what serves several items."""
    run = running()
    return None if run is None or run.serves_others else run
