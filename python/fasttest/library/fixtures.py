"""The fixtures of one test: its own, and those it shares with others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fasttest import _core
from fasttest.library.definitions import REQUEST
from fasttest.library.instances import Instance
from fasttest.library.request import Request

if TYPE_CHECKING:
    from fasttest.engine.output import Sink
    from fasttest.engine.stream import Stream
    from fasttest.library.planned import PlannedSuite, Step


class TestFixtures:
    """Sets fixtures up and tears them down as the core says, and knows their values.

    Args:
        planned: The suite.
        shared: The living instances of fixtures that outlive a test, by the core's id;
            common to all tests.
        stream: The test's actions.
    """

    def __init__(
        self, planned: PlannedSuite, shared: dict[int, Instance], stream: Stream
    ) -> None:
        self._planned = planned
        self._shared = shared
        self._stream = stream
        self._case = planned.cases[stream.test]
        self._closure = planned.closures[stream.test]
        self._own: dict[int, Instance] = {}
        # Fixtures that were asked for by ``Request.get``, by their id.
        self._requested: dict[int, Instance] = {}
        # Steps that are being set up, the innermost last.
        self._setting_up: list[Step] = []
        self._adopted = 0

    def set_up(self, position: int, number: int) -> None:
        """Perform the core's SET_UP of a step of the test's closure."""
        step = self._closure.steps[position]
        self._adopt(position)
        if step.is_own and step.fixture in self._requested:
            # An earlier fixture has asked for it; it ends as what was requested.
            return
        arguments = {
            name: self._instance(needed).value
            for name, needed in step.arguments.items()
        }
        self._create(step, position, number, arguments)

    def tear_down_own(self, position: int, sink: Sink) -> None:
        """Perform the core's TEAR_DOWN of a fixture which is the test's own."""
        instance = self._own.pop(position, None)
        if instance is not None:
            instance.tear_down(sink)

    def arguments(self) -> dict[str, Any]:
        """The arguments of the test, all of whose fixtures are set up."""
        self._adopt(len(self._closure.steps))
        test, values = self._case.test, self._case.values
        arguments = {
            name: values[name]
            if name in values
            else self._instance(self._closure.visible[name]).value
            for name in test.argnames
        }
        if test.wants_request:
            arguments[REQUEST] = Request(self._case.name, (), self._get)
        return arguments

    def _instance(self, position: int) -> Instance:
        step = self._closure.steps[position]
        if step.is_own:
            return self._own.get(position) or self._requested[step.fixture]
        return self._shared[self._stream.instance_of(position)]

    def _adopt(self, end: int) -> None:
        """See the context variables set by wider fixtures before ``end``."""
        for position in range(self._adopted, end):
            if not self._closure.steps[position].is_own:
                self._instance(position).adopt()
        self._adopted = end

    def _create(
        self, step: Step, position: int, number: int, arguments: dict[str, Any]
    ) -> None:
        """Set up a fixture; its teardown follows whether that succeeds or not."""
        definition = step.definition
        loop = self._stream.loop(step.loop) if step.loop != _core.NO_LOOP else None
        instance = Instance(definition, loop, number)
        if step.is_own:
            self._own[position] = instance
        else:
            self._shared[number] = instance
        for name in definition.argnames:
            if name not in arguments:
                arguments[name] = self._case.values[name]
        if definition.wants_request:
            params = definition.params or ()
            if params:
                params = (params[self._case.params[step.fixture]],)

            def get(name: str) -> Any:
                return self._get(name, instance, step)

            arguments[REQUEST] = Request(self._case.name, params, get)
        self._setting_up.append(step)
        try:
            instance.set_up(arguments)
        finally:
            self._setting_up.pop()

    def _get(
        self, name: str, asking: Instance | None = None, asker: Step | None = None
    ) -> Any:
        """The value of a fixture asked for by name; ``Request.get``."""
        case, planned = self._case, self._planned
        if name in case.values:
            return case.values[name]
        needed = planned.names.closure(case.group, [name], case.values)
        loop = planned.loops[self._stream.test]
        found: list[Instance] = []
        for step in planned.resolve(case, needed, self._closure.visits, loop):
            self._check(step, asker)
            found.append(self._known(step) or self._obtain(step, found, asking))
        return found[planned.names.visible(needed)[name]].value

    def _known(self, step: Step) -> Instance | None:
        """The instance of a fixture that has been set up for this test, if it has."""
        requested = self._requested.get(step.fixture)
        position = self._closure.positions.get(step.fixture)
        if requested is not None or position is None:
            return requested
        if step.is_own:
            instance = self._own.get(position)
        else:
            instance = self._shared.get(self._stream.instance_of(position))
        return instance if instance is not None and instance.is_set_up else None

    def _obtain(
        self, step: Step, found: list[Instance], asking: Instance | None
    ) -> Instance:
        """Have the core see to it that a fixture is set up which nobody planned."""
        dependencies = [found[needed].number for needed in step.dependencies]

        def set_up(position: int, number: int) -> None:
            arguments = {
                name: found[needed].value for name, needed in step.arguments.items()
            }
            self._create(step, position, number, arguments)

        position, number = self._stream.request(
            step.fixture,
            step.scope_instance,
            self._case.params.get(step.fixture, -1),
            step.loop,
            [number for number in dependencies if number >= 0],
            asking.number if asking is not None else -1,
            set_up,
        )
        instance = self._own[position] if step.is_own else self._shared[number]
        self._requested[step.fixture] = instance
        instance.adopt()
        return instance

    def _check(self, step: Step, asker: Step | None) -> None:
        """Refuse what only shows to be impossible once it is asked for."""
        wanted = step.definition
        open_fixtures = [each.fixture for each in self._setting_up]
        if step.fixture in open_fixtures:
            circle = self._setting_up[open_fixtures.index(step.fixture) :]
            path = " -> ".join(each.definition.name for each in [*circle, step])
            raise _core.FixtureCycleError(
                f"fixtures ask for one another in a circle: {path}"
            )
        if asker is not None and wanted.scope < asker.definition.scope:
            wide = asker.definition
            raise _core.ScopeMismatchError(
                f"fixture {wide.name!r} has {wide.scope.name.lower()} scope and would "
                f"outlive {wanted.name!r}, whose scope is {wanted.scope.name.lower()}: "
                f"{wide.name} -> {wanted.name}"
            )
        if wanted.params is not None and step.fixture not in self._case.params:
            raise _core.PlanError(
                f"{self._case.name} asks at run time for the fixture {wanted.name!r}, "
                "which is parametrized: make it an argument"
            )
