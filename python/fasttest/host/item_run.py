"""One run of one item: its fixtures, its request, and what it emitted."""

from __future__ import annotations

import contextlib
import contextvars
import functools
from typing import TYPE_CHECKING, Any, TextIO

from fasttest import _core
from fasttest.engine import context
from fasttest.engine.output import Sink
from fasttest.host import asyncio_dialect as dialect
from fasttest.host import loop_fixtures, private
from fasttest.host.definitions import InstanceDef, RoutedDefinitions, adopt
from fasttest.host.emissions import Emission
from fasttest.host.item_stack import ItemStack
from fasttest.host.loop_options import LoopOptions
from fasttest.host.reports import Outcome
from fasttest.host.teardown_errors import TeardownErrors
from fasttest.host.unraisable import UnraisableQueue
from fasttest.host.visits import scope_instance

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence
    from types import TracebackType

    import pytest
    from _pytest import nodes
    from _pytest.fixtures import FixtureDef, FixtureRequest, SubRequest
    from pluggy import HookCaller

    from fasttest.engine.limits import Limit, Notice
    from fasttest.engine.loops import OwnLoop, SharedLoop, Turn
    from fasttest.engine.stream import Stream
    from fasttest.host.closures import Closure, Entry
    from fasttest.host.instances import Instances
    from fasttest.host.left_over import LeftOver
    from fasttest.host.second_pass import SecondPass
    from fasttest.host.suite import Suite
    from fasttest.host.time_limit_options import Settings
    from fasttest.host.virtual import Virtual
    from fasttest.isolation.process_state import Kind
    from fasttest.isolation.virtual_state import VirtualState


class ItemRun:
    """Performs the set-ups and teardowns of one item, once.

    Args:
        suite: The suite.
        instances: The wider-scoped instances, common to all items.
        stream: The item's actions.

    Attributes:
        begun: Whether its set-up has begun.
        finished: Whether its teardown has begun: finalizers can no longer be added.
        over: Whether its turn in the core has ended.
        second_pass: What runs it again once it is finished, if anything does.
        left_over: What pytest's former item left set up, if anything.
        loop_hook: Called round the making of a loop; None if nobody looks.
        counts: Whether its outcome counts; otherwise it is run again, alone.
        protocol: What hooks round the whole test are to have done, if there are any.
        keep: Asked whether the outcome counts if others were in flight.
        log_handler: Holds the log records of the current phase, once there are any.
        seen_warnings: What tells apart the warnings it has been shown.
        unraisable: Errors in finalizers and threads that happened in its context.
        handed: What fixtures that outlive the item set in its context variables.
        limit: Its time limit; None if there is none at present.
        call_limit: That of its call, if nothing else counts.
        notice: Tells if it takes long, if anybody is to be told.
        suspect: Whether such an error of another test may be its own.
        virtual: What gives it its own of the process's state; None if it runs alone.
        own_kinds: What of that has been provided for.
        streams: What Python's standard streams were when the phase began, if they are
            its own.
        state: What it has changed of it; None if nothing.
        turn: What is done around its callbacks on loops which others use as well; None
            if it is on none.
        caplog_handler: Handler of its ``caplog``; None if it has none.
        serves_others: Whether a fixture that outlives it is being set up or torn down.
        outcome: Its reports and warnings.
        began: When it began, by a clock that never goes back, in seconds.
        began_at: The same by the system's clock.
        ended: When its call ended, as ``began``.
    """

    def __init__(self, suite: Suite, instances: Instances, stream: Stream) -> None:
        self.suite = suite
        self.stream = stream
        self.item = suite.items[stream.test]
        self.closure: Closure = suite.closures[stream.test]
        self.sink = Sink()
        self.begun = False
        self.finished = False
        self.over = False
        self.second_pass: SecondPass | None = None
        self.left_over: LeftOver | None = None
        self.loop_hook: HookCaller | None = None
        self.counts = True
        self.protocol: Callable[[], None] | None = None
        self.keep: Callable[[], bool] | None = None
        self.log_handler: Any = None
        self.seen_warnings: set[Any] = set()
        self.unraisable = UnraisableQueue()
        self.handed: list[object] = []
        self.limit: Limit | None = None
        self.call_limit: Settings | None = None
        self.notice: Notice | None = None
        self.suspect = False
        self.virtual: Virtual | None = None
        self.own_kinds: set[Kind] = set()
        self.streams: tuple[TextIO, TextIO, TextIO] | None = None
        self.state: VirtualState | None = None
        self.turn: Turn | None = None
        self.caplog_handler: Any = None
        self.serves_others = False
        self.outcome = Outcome(self.item)
        self.began = self.began_at = self.ended = 0.0
        self._item_set_up = False
        self._stack = ItemStack(self.item, self.closure.visits)
        self._errors = TeardownErrors()
        self._instances = instances
        self._own: dict[int, InstanceDef] = {}
        self._requests: dict[int, SubRequest] = {}
        self._finalizers: list[tuple[int, Callable[[], object]]] = []
        # Of its own set-ups for others.
        self._emissions: set[Emission] = set()
        self._filled = 0
        self._routed: RoutedDefinitions | None = None

    def set_up(self) -> None:
        """Set up all that the item needs, then the item itself.

        Raises:
            BaseException: What a fixture or a collector raised.
        """
        item = self.item
        if self.left_over is not None:
            self.left_over.check(item)
        self.begun = True
        dialect.check_test(item)
        self._adopt_context()
        self.route_definitions()
        for emission in self._instances.made_room.pop(self.stream.test, ()):
            emission.emit_again(self)
        if self._routed is not None:
            active = private.active_fixtures(private.request_of(item))
            for argname, _ in self.closure.direct:
                definition = self._routed[argname][-1]
                value = private.parameters(item)[argname]
                definition.cached_result = (value, value, None)
                active[argname] = definition
        self.stream.set_up()
        self._fill(self.closure.planned)
        self._item_set_up = True
        item.setup()

    def route_definitions(self) -> None:
        """Have the item's request find copies of its fixture definitions."""
        info = private.fixture_info(self.item)
        if info is not None:
            private.new_request(self.item)
            self._routed = RoutedDefinitions(self, info.name2fixturedefs)
            request = private.request_of(self.item)
            private.route_definitions(request, self._routed)

    def _adopt_context(self) -> None:
        """Have what a unittest's case emits in a context of its own come here."""
        if private.is_test_case(self.item):
            own = private.context_of_case(self.item)
            if own is not None:
                adopt(own)

    def tear_down(self, stay: int = -1) -> None:
        """Tear down all that ends with the item, or with a further pass of it.

        Args:
            stay: The scope instance it is not to leave yet; -1 to leave them all.

        Raises:
            BaseException: What was raised, one error alone or several as a group.
        """
        self.end(stay).raise_all()

    def end(self, stay: int = -1) -> TeardownErrors:
        """As ``tear_down``, but returns what was raised."""
        if self.left_over is not None and not self.finished:
            self._errors.include(self.left_over.errors)
        if self.second_pass is not None:
            with self._errors.of(self.item):
                self.second_pass.tear_down()
        self.finished = True
        self._finalize(len(self._own))
        if not self.over:
            self.counts = self.stream.tear_down(self._end, self.keep, stay)
            self.over = stay < 0
        for error in self.stream.errors:
            self._errors.add(self.item, error)
        self.stream.errors.clear()
        errors, self._errors = self._errors, TeardownErrors()
        return errors

    @property
    def stack(self) -> dict[nodes.Node, Any]:
        """The nodes that pytest would have on its stack for the item."""
        return self._stack.nodes(finished=self.finished)

    def staying(
        self, stack: dict[nodes.Node, Any], nextitem: pytest.Item | None
    ) -> int:
        """The innermost scope instance which a teardown does not leave; -1 for none.

        Args:
            stack: The nodes that are set up, as plugins left them.
            nextitem: The item that pytest keeps collectors for.
        """
        return self._stack.staying(self.stream.held, stack, nextitem)

    def kept(self) -> list[nodes.Node]:
        """The collectors which the item has not left, outermost first."""
        return self._stack.kept(self.stream.held)

    def hold(self) -> None:
        """Have the teardown halt before each collector, to be asked what stays."""
        self.stream.hold(self._stack.innermost())

    def failure_of(
        self, node: nodes.Node
    ) -> tuple[BaseException, TracebackType | None] | None:
        """With what the set-up of a collector failed, if it did."""
        return self._instances.failure_of(node)

    def note_failure(self, entry: int) -> None:
        """The set-up of an entry of the closure has failed."""
        collector = self.closure.entries[entry].collector
        if collector is not None:
            self._stack.fail(collector)

    @property
    def failed_teardown(self) -> bool:
        """Whether a teardown has failed so far."""
        return bool(self._errors or self.stream.errors)

    def _end(self) -> None:
        """The item's own fixtures are gone: finish the item itself."""
        self._finalize(0)
        if self._item_set_up:
            self._item_set_up = False
            try:
                self.item.teardown()
            except BaseException as error:
                self._errors.add(self.item, error)

    def call_async(self) -> None:
        """Call the item's async function on the event loop of its loop scope."""
        item = self.item
        assert dialect.is_async_test(item)
        arguments = {name: item.funcargs[name] for name in private.argument_names(item)}
        if item.coroutine_attribute[0] is item:
            self._run_on_loop(item.obj(**arguments))
        else:
            with self.on_loop():
                item.obj(**arguments)

    @contextlib.contextmanager
    def on_loop(self) -> Iterator[None]:
        """Have a plain function stand for the item's, which runs it on its loop.

        So whoever calls the item finds what pytest-asyncio leaves to be called.
        """
        item = self.item
        assert dialect.is_async_test(item)
        holder, attribute = item.coroutine_attribute
        function = getattr(holder, attribute)

        @functools.wraps(function)
        def run_on_loop(*args: Any, **kwargs: Any) -> None:
            self._run_on_loop(function(*args, **kwargs))

        setattr(holder, attribute, run_on_loop)
        try:
            yield
        finally:
            setattr(holder, attribute, function)

    def _run_on_loop(self, coroutine: Coroutine[Any, Any, object]) -> None:
        loop = self.loop(self.suite.plan.loop_of(self.stream.test))
        loop.run(coroutine, contextvars.copy_context())

    def loop(self, loop: int) -> OwnLoop | SharedLoop:
        """The open loop with this id of the plan, or the item's own."""
        if self.second_pass is not None:
            return self.second_pass.loop(loop)
        return self.stream.loop(loop)

    def definitions_of(self, argname: str) -> Sequence[FixtureDef[Any]] | None:
        """The definitions that serve the item: its copies, or one that others share.

        None if it has not asked for the fixture, or if it is an argument's value, of
        which pytest's manager does not know.
        """
        request = private.request_of(self.item)
        shared = private.active_fixtures(request).get(argname) if request else None
        found: Sequence[FixtureDef[Any]] | None = None
        if shared is not None:
            found = [shared]
        elif self._routed is not None:
            found = self._routed.made(argname)
        return None if found and private.is_direct_parameter(found[-1]) else found

    def loop_of(self, definition: InstanceDef) -> int:
        """The plan's loop for one of the item's definitions."""
        assert self._routed is not None
        original = definition.original
        return self.suite.loop_of_fixture(
            original, private.scope_of(original), self.closure.visits, self.item
        )

    def loop_options(self, loop: int) -> LoopOptions:
        """How to make one of the plan's loops, or the item's own, for the item."""
        factory = dialect.loop_factory(self.item)
        if self.loop_hook is not None:
            scope = self.suite.scope_of_loop(loop)
            factory = loop_fixtures.showing(factory, self.loop_hook, self.item, scope)
        return LoopOptions(
            factory,
            self.suite.loop_debug,
            self._event_loop_policy(),
            self.suite.puts_loop_back,
        )

    def _event_loop_policy(self) -> Any:
        """The value of an overridden ``event_loop_policy``; None if it is not."""
        for entry, step in enumerate(self.closure.entries):
            if step.argname == dialect.POLICY_FIXTURE:
                if step.definition is None or dialect.is_shipped(step.definition):
                    return None
                definition: FixtureDef[Any]
                if self.second_pass is not None or entry >= self.closure.planned:
                    active = private.active_fixtures(private.request_of(self.item))
                    definition = active[step.argname]
                elif step.scope_instance == _core.OWN:
                    definition = self._own[entry]
                else:
                    instance = self.stream.instance_of(entry)
                    definition = self._instances.fixtures[instance]
                assert definition.cached_result is not None
                return definition.cached_result[0]
        return None

    def set_up_entry(self, entry: int, instance: int) -> None:
        """Perform the core's SET_UP of an entry of the closure."""
        step = self.closure.entries[entry]
        if step.collector is not None:
            self._instances.begin_collector(instance, step.collector)
            try:
                with self.setting_up(instance):
                    step.collector.setup()
            except BaseException as error:
                self._instances.failed(instance, error)
                self.note_failure(entry)
                raise
            return
        self._fill(entry)
        definition = self._copy(step)
        active = private.active_fixtures(private.request_of(self.item))
        if active.get(step.argname) is definition:
            return  # asked for dynamically by an earlier fixture
        request = self._request_for(entry)
        if instance >= 0:
            definition.instance = instance
            self._instances.fixtures[instance] = definition
        else:
            self._own[entry] = definition
        try:
            for dependency in definition.argnames:
                if dependency in active:
                    private.check_scope(request, active[dependency])
                else:
                    # Refused here, and not when a plugin has replaced the function.
                    private.active_definition(request, dependency)
            definition.set_up(request, step.loop)
        except BaseException as error:
            if instance >= 0:
                self._instances.failed(instance, error)
                assert step.definition is not None
                step.definition.cached_result = definition.cached_result
            raise
        active[step.argname] = definition

    def tear_down_entry(self, entry: int, instance: int) -> None:
        """Perform the core's TEAR_DOWN of a fixture: the item's own, or a wider one."""
        if instance >= 0:
            with self.serving_others():
                if not self.finished:  # for another parameter: a set-up error
                    emission = Emission(self)
                    self._instances.tear_down(instance)
                    if emission.end(self):
                        self._instances.made_room[self.stream.test].append(emission)
                    return
                with self._errors.of(self._instances.node_of(instance)):
                    self._instances.tear_down(instance)
            return
        definition = self._own.pop(entry, None)
        self._finalize(len(self._own) + 1)
        if definition is not None:
            with self._errors.of(self.item):
                definition.tear_down()

    @contextlib.contextmanager
    def serving_others(self) -> Iterator[None]:
        """What is done meanwhile outlives the item, and so does what it changes."""
        nested, self.serves_others = self.serves_others, True
        try:
            with self.state.for_all() if self.state else contextlib.nullcontext():
                yield
        finally:
            self.serves_others = nested

    def let_go(self) -> None:
        """The item is over: drop what refers back here, so that no garbage is left."""
        if self._routed is not None:
            self._routed.let_go()
        self._requests.clear()
        self.stream.data = self._routed = self.keep = None
        if self.outcome.told:
            self.outcome.passed = None

    @contextlib.contextmanager
    def setting_up(self, instance: int) -> Iterator[None]:
        """Something that outlives the item is being set up meanwhile."""
        # What is set up within another's set-up emits with it.
        emission = None if self.serves_others else Emission(self)
        with self.serving_others():
            yield
        if emission is not None and emission.end(self):
            self._emissions.add(emission)
            self._instances.emissions[instance] = emission

    def hand_over(self, changes: context.Changes) -> None:
        """Set the context variables that a wider-scoped fixture has set."""
        self.handed += [value for _, value in changes]
        context.apply(changes)

    def living(self) -> list[InstanceDef]:
        """The item's own fixtures that are set up, in the order of their set-up."""
        return list(self._own.values())

    def add_finalizer(self, finalizer: Callable[[], object]) -> None:
        """Have ``finalizer`` called in the item's teardown, in reverse order."""
        self._finalizers.append((len(self._own), finalizer))

    def add_node_finalizer(
        self, node: nodes.Node, finalizer: Callable[[], object]
    ) -> None:
        """Have ``finalizer`` called when a collector of the item is torn down."""
        suite = self.suite
        added = self._instances.finalizers
        collector = self._instances.instance_of(node)
        if collector is not None:
            added[collector].append(finalizer)
            return

        def set_up(_: int, instance: int) -> None:
            added[instance] = []

        _, instance = self.stream.request(
            suite.node_fixture(node),
            self.closure.visits.get(node, 0),
            -1,
            _core.NO_LOOP,
            [],
            -1,
            set_up,
        )
        added[instance].append(finalizer)

    def request_dynamically(
        self,
        definition: InstanceDef,
        request: SubRequest,
        needed: Sequence[FixtureDef[Any]],
    ) -> None:
        """Ask the core for a fixture in the middle of the run.

        Args:
            definition: This item's copy, which is to get the value.
            request: The request it was asked for with.
            needed: Its dependencies, which have their values.
        """
        suite = self.suite
        assert self._routed is not None
        original = definition.original
        scope = private.Scope(request.scope)
        where = scope_instance(self.closure.visits, self.item, scope, original)
        dependencies = [
            d.instance for d in needed if isinstance(d, InstanceDef) and d.instance >= 0
        ]
        asking = private.request_definition(private.parent_request(request))
        requester = asking.instance if isinstance(asking, InstanceDef) else -1
        loop = suite.loop_of_fixture(original, scope, self.closure.visits, self.item)

        def set_up(entry: int, instance: int) -> None:
            if instance >= 0:
                definition.instance = instance
                self._instances.fixtures[instance] = definition
            else:
                self._own[entry] = definition
            try:
                definition.set_up(request, loop)
            except BaseException as error:
                if instance >= 0:
                    self._instances.failed(instance, error)
                    original.cached_result = definition.cached_result
                raise

        _, instance = self.stream.request(
            suite.fixture(original),
            where,
            suite.param_key(self.item, original, loop),
            loop,
            dependencies,
            requester,
            set_up,
            # A plugin that runs failures again forgets the failed set-up before.
            renew=self.second_pass is not None and original.cached_result is None,
        )
        if instance >= 0:
            shared = self._instances.fixtures[instance]
            if shared is not definition:
                self._emit_again(instance)
                definition.share(shared)
                self.hand_over(shared.context_changes)

    def _copy(self, step: Entry) -> InstanceDef:
        assert self._routed is not None
        assert step.definition is not None
        return self._routed.copy_of(step.argname, step.definition)

    def _request_for(self, entry: int) -> SubRequest:
        """The request of an entry, below that of the fixture which asked for it."""
        request = self._requests.get(entry)
        if request is None:
            step = self.closure.entries[entry]
            parent: FixtureRequest = private.request_of(self.item)
            if step.requester >= 0:
                parent = self._request_for(step.requester)
            request = self._requests[entry] = private.sub_request(
                parent, step.scope, self._copy(step), step.argname
            )
        return request

    def _fill(self, end: int) -> None:
        """Make the wider-scoped fixtures before entry ``end`` known to the request."""
        if self._routed is None:
            return
        active = private.active_fixtures(private.request_of(self.item))
        for entry in self.closure.wide:
            if entry < self._filled:
                continue
            if entry >= end:
                break
            step = self.closure.entries[entry]
            instance = self.stream.instance_of(entry)
            self._emit_again(instance)
            if step.definition is None:
                continue
            shared = self._instances.fixtures.get(instance)
            if shared is None:
                continue
            active[step.argname] = shared
            if shared.run is not self and shared.context_changes:
                self.hand_over(shared.context_changes)
        self._filled = max(self._filled, end)

    def _emit_again(self, instance: int) -> None:
        """Emit what a former run of the item has when it set something up for all."""
        emission = self._instances.emissions.get(instance)
        if (
            emission is not None
            and emission.test == self.stream.test
            and emission not in self._emissions
        ):
            del self._instances.emissions[instance]
            emission.emit_again(self)

    def _finalize(self, depth: int) -> None:
        """Run the finalizers added since the item had ``depth`` fixtures of its own."""
        while self._finalizers and self._finalizers[-1][0] >= depth:
            _, finalizer = self._finalizers.pop()
            with self._errors.of(self.item):
                finalizer()
