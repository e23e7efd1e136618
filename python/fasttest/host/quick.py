"""The short way for tests at which nobody looks: no hooks, no reports of quiet phases.

Most tests of most suites pass, have no fixtures of their own, print nothing, and nobody
but pytest's terminal listens to their reports. For those the engine's actions are all
that happens. Whatever turns out differently takes the long way from there.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from fasttest import _core
from fasttest.host import asyncio_dialect as dialect
from fasttest.host import private
from fasttest.host.anyio_runners import is_anyio_test
from fasttest.host.guests import is_plain

if TYPE_CHECKING:
    import pytest
    from _pytest.nodes import Node

    from fasttest.host.closures import Closure
    from fasttest.host.hooks import Listeners
    from fasttest.host.item_run import ItemRun
    from fasttest.host.routing import Routing

_clock, _now = time.perf_counter, time.time

# Marks that pytest itself acts on in the phases of a test, and that of time limits.
_MARKS = frozenset({"skip", "skipif", "xfail", "timeout"})
_NONE: frozenset[str] = frozenset()

# Options for which somebody looks at the reports of every phase.
_REPORT_OPTIONS = ("xmlpath", "durations", "stepwise")


# For how long the terminal may not know of tests that passed, while there are more of
# them. In seconds.
_UNTOLD_FOR = 0.02


class QuickWay:
    """Decides who may take the short way, and goes it.

    Args:
        session: The session.
        listeners: Who listens to its hooks.
        reraised: Exceptions which end the session instead of being an outcome.
    """

    def __init__(
        self,
        session: pytest.Session,
        listeners: Listeners,
        reraised: tuple[type[BaseException], ...],
    ) -> None:
        self._config = session.config
        self._listeners = listeners
        self._reraised = reraised
        self._terminal: Any = session.config.pluginmanager.get_plugin(
            "terminalreporter"
        )
        # The terminal's letter and word for a test that passed, asked for once.
        self._status: Any = None
        self._has_one_status = private.is_status_pytests_own(session.config)
        option = session.config.option
        # Names are to be seen at once, and what is not captured between the letters.
        captures = getattr(option, "capture", "no") != "no"
        self._gathers = captures and getattr(option, "verbose", 0) <= 0
        self._untold: list[pytest.TestReport] = []
        self._untold_since = 0.0
        self.open = (
            not any(getattr(option, name, None) for name in _REPORT_OPTIONS)
            and option.durations is None
            and not set(getattr(option, "reportchars", "")) & set("PA")
            and not private.last_failed(session.config)
        )
        self._known_marks: dict[Node, frozenset[str]] = {}
        # By parent and source file: the path and the part of the name that its tests
        # have in common.
        self._places: dict[tuple[Node | None, str], tuple[str, str]] = {}

    def may_take(self, item: pytest.Item, closure: Closure) -> bool:
        """Whether nobody needs more of this item than that it is run."""
        if not self.open or closure.own or not is_plain(item):
            return False
        marks = self._marks_above(item.parent)
        if item.own_markers:
            marks = marks.union([mark.name for mark in item.own_markers])
        return (
            marks.isdisjoint(_MARKS)
            # A sync test with the mark is warned of.
            and ("asyncio" not in marks or dialect.is_async_test(item))
            # anyio's plugin calls those itself.
            and not is_anyio_test(item)
            and not self._listeners.watched(item)
        )

    def run(self, run: ItemRun, routing: Routing) -> pytest.CallInfo[Any] | None:
        """Set the item up and call it.

        Returns:
            None if all went well; otherwise the call of the phase that failed.
        """
        item: Any = run.item
        when = "setup"
        run.began, run.began_at = _clock(), _now()
        try:
            run.set_up()
            when = "call"
            if run.suite.plan.loop_of(run.stream.test) == _core.NO_LOOP:
                private.call_function(item)
            else:
                run.call_async()
            routing.collect_unraisable(run)
            if run.limit is not None:
                run.limit.check()
        except self._reraised:
            raise
        except BaseException as error:
            return private.ended_call(when, run.began_at, _clock() - run.began, error)
        run.ended = _clock()
        return None

    def make_report(self, run: ItemRun) -> pytest.TestReport:
        """The report of a call that passed."""
        item: Any = run.item
        return private.passed_report(
            item, self._location(item), run.ended - run.began, run.began_at
        )

    def report(self, run: ItemRun) -> None:
        """Have the terminal told that the item passed, with those before it."""
        if self._terminal is None:
            return
        if not self._untold:
            self._untold_since = run.ended
        self._untold.append(self.make_report(run))
        if not self._gathers or run.ended - self._untold_since > _UNTOLD_FOR:
            self.tell()

    def tell(self) -> None:
        """Tell the terminal of all it has not been told of."""
        if not self._untold:
            return
        reports, self._untold = self._untold, []
        if self._has_one_status:
            if self._status is None:
                self._status = self._config.hook.pytest_report_teststatus(
                    report=reports[0], config=self._config
                )
            private.tell_passed(self._terminal, reports, self._status)
            return
        for report in reports:
            self._terminal.pytest_runtest_logstart(report.nodeid, report.location)
            self._terminal.pytest_runtest_logreport(report)

    def _marks_above(self, node: Node | None) -> frozenset[str]:
        """The names of the marks on a collector and on all above it."""
        if node is None:
            return _NONE
        marks = self._known_marks.get(node)
        if marks is None:
            own = [mark.name for mark in node.own_markers]
            marks = self._known_marks[node] = self._marks_above(node.parent).union(own)
        return marks

    def _location(self, item: pytest.Function) -> tuple[str, int | None, str]:
        """What ``item.location`` says, without reading the source again and again."""
        function = item.obj
        code = getattr(function, "__code__", None)
        if code is None or "__wrapped__" in function.__dict__:
            return item.location
        key = item.parent, code.co_filename
        place = self._places.get(key)
        if place is None:
            path, _, name = item.location
            place = self._places[key] = path, name.removesuffix(item.name)
        return place[0], code.co_firstlineno - 1, place[1] + item.name
