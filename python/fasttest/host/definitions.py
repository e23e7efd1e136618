"""Fixture definitions whose value belongs to one instance.

pytest keeps a fixture's value on its definition, which tests in flight together cannot
share. Each instance therefore gets a copy of the definition; pytest's own code sets it
up and finishes it, and finds it through the item's request.
"""

from __future__ import annotations

import contextvars
import functools
import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.fixtures import FixtureDef, SubRequest

from fasttest.engine import context
from fasttest.engine.output import current_sink
from fasttest.host import asyncio_dialect as dialect
from fasttest.host import private
from fasttest.host.current import current_run

if TYPE_CHECKING:
    from fasttest.host.item_run import ItemRun


class InstanceDef(FixtureDef[Any]):
    """A definition which holds the value of one instance, for one item or more.

    Attributes:
        original: What it is a copy of.
        run: The item run which asked for it first.
        request: The request it was set up with; None before.
        instance: Id of the core's instance; -1 for one that ends with its test.
        context: The context in which one that outlives its test lives.
        context_changes: Context variables which its set-up changed.
    """

    original: FixtureDef[Any]
    run: ItemRun
    request: SubRequest | None
    instance: int
    context: contextvars.Context | None
    context_changes: list[tuple[contextvars.ContextVar[Any], Any]]

    @classmethod
    def of(cls, definition: FixtureDef[Any], run: ItemRun) -> InstanceDef:
        """A fresh copy of ``definition``."""
        new = private.copy_definition(definition, cls)
        assert isinstance(new, InstanceDef)
        new.original = definition
        new.run = run
        new.request = None
        new.instance = -1
        new.context = None
        new.context_changes = []
        return new

    def execute(self, request: SubRequest) -> Any:
        """Have the value for a request which was not known before the run.

        pytest's ``getfixturevalue`` comes here; the core decides whether the fixture is
        to be set up or has a value already.
        """
        again = self.run.second_pass
        if again is not None and not again.keeps(request.node):
            return self._execute_again(request)
        needed = [
            private.active_definition(request, argname) for argname in self.argnames
        ]
        if self.cached_result is None:
            self.run.request_dynamically(self, request, needed)
        failure = private.failure_of(self)
        if failure is not None:
            raise failure
        assert self.cached_result is not None
        return self.cached_result[0]

    def _execute_again(self, request: SubRequest) -> Any:
        """Have the value by pytest's own means, in a further pass of the item."""
        config = request.config
        if self.request is None and dialect.fixture_loop_scope(self, config):
            dialect.check_loop_scope(self, request)
            self._run_on(self.run.loop_of(self), request)
        self.request = request
        return super().execute(request)

    def share(self, other: InstanceDef) -> None:
        """Have the value of another copy, which was set up for the same instance."""
        self.cached_result = other.cached_result
        self.instance = other.instance

    def set_up(self, request: SubRequest, loop: int) -> None:
        """Create the value by pytest's own hook.

        Args:
            request: The request to set it up for.
            loop: The loop of an async fixture; ``NO_LOOP`` for others.
        """
        self.request = request
        private.announce_finalizer(self, request)
        dialect.warn_of_policy(self, request)
        if dialect.fixture_loop_scope(self, request.config) is not None:
            dialect.check_loop_scope(self, request)
            self._run_on(loop, request)
        create = functools.partial(
            request.node.ihook.pytest_fixture_setup, fixturedef=self, request=request
        )
        run = self.run
        if self.instance < 0:
            if run.virtual is not None:
                run.virtual.provide_for(run, self.func)
            create()
            return
        # Its teardown comes in another test's strand, but in the same context.
        before = contextvars.copy_context()
        self.context = before.copy()
        try:
            with run.setting_up(self.instance):
                self.context.run(create)
        finally:
            self.context_changes = context.changes(before, self.context)
            self.run.hand_over(self.context_changes)

    def tear_down(self) -> None:
        """Run the finalizers; the value is gone afterwards, whatever they raise."""
        if self.request is None:
            return
        if self.context is None:
            self.finish(self.request)
        else:
            adopt(self.context)
            self.context.run(self.finish, self.request)

    def _run_on(self, loop: int, request: SubRequest) -> None:
        """Replace the function by one which runs it on its event loop."""
        function = private.resolve_fixture_function(self, request)
        runner = self.run.loop(loop)
        if inspect.isasyncgenfunction(function):
            run = _run_async_generator
        elif inspect.iscoroutinefunction(function):
            run = _run_coroutine
        elif inspect.isgeneratorfunction(function):
            run = _run_generator
        else:
            run = _run_function

        # A plain function, as pytest asks ``inspect`` of what kind it is. It wraps the
        # other, as pytest asks where it comes from.
        @functools.wraps(function)
        def fixture_function(**arguments: Any) -> Any:
            return run(functools.partial(function, **arguments), runner, request)

        self.func = fixture_function  # type: ignore[misc]


def _run_coroutine(
    function: Callable[[], Any], runner: Any, request: SubRequest
) -> Any:
    own = contextvars.copy_context()
    before = own.copy()
    try:
        return runner.run(function(), own)
    finally:
        _hand_over(before, own, request)


def _run_async_generator(
    function: Callable[[], Any], runner: Any, request: SubRequest
) -> Any:
    generator = function()
    own = contextvars.copy_context()
    before = own.copy()

    def finish() -> None:
        async def ask() -> None:
            try:
                await generator.__anext__()
            except StopAsyncIteration:
                return
            raise ValueError("Async generator fixture didn't stop.Yield only once.")

        adopt(own)
        runner.run(ask(), own)

    async def begin() -> Any:
        return await generator.__anext__()

    beginning = begin()
    try:
        value = runner.run(beginning, own)
    finally:
        beginning.close()  # if it was refused, below a running loop
    request.addfinalizer(_hand_over(before, own, None))
    request.addfinalizer(finish)
    return value


def _run_generator(
    function: Callable[[], Any], runner: Any, request: SubRequest
) -> Any:
    current = runner.set_current()
    current.__enter__()
    generator = function()

    def finish() -> None:
        try:
            try:
                next(generator)
            except StopIteration:
                return
            pytest.fail(
                f"fixture function has more than one 'yield': {function!r}",
                pytrace=False,
            )
        finally:
            current.__exit__(None, None, None)

    try:
        value = next(generator)
    except BaseException:
        current.__exit__(None, None, None)
        raise
    request.addfinalizer(finish)
    return value


def _run_function(function: Callable[[], Any], runner: Any, request: SubRequest) -> Any:
    with runner.set_current():
        return function()


def _hand_over(
    before: contextvars.Context, after: contextvars.Context, request: SubRequest | None
) -> Callable[[], None]:
    """Show a fixture's changes of context variables to what follows it.

    As pytest-asyncio does: they are visible to later fixtures and to the test, and are
    reset by the fixture's finalizer, after its own teardown.
    """
    undo = context.apply(context.changes(before, after))
    if request is not None:
        request.addfinalizer(undo)
    return undo


def adopt(other: contextvars.Context) -> None:
    """Have what is emitted in another context go to the test that runs in this one."""
    other.run(current_sink.set, current_sink.get())
    other.run(current_run.set, current_run.get())


class RoutedDefinitions(Mapping[str, Sequence[FixtureDef[Any]]]):
    """What an item's request finds when it looks for a fixture by name.

    Copies made for the item, also of fixtures that were not known before the run; the
    same copies each time, so that a fixture asked for twice is set up once.
    """

    def __init__(
        self, run: ItemRun, known: Mapping[str, Sequence[FixtureDef[Any]]]
    ) -> None:
        self._run = run
        self._known = known
        self._copies: dict[str, tuple[InstanceDef, ...]] = {}

    def __getitem__(self, argname: str) -> Sequence[FixtureDef[Any]]:
        copies = self._copies.get(argname)
        if copies is None:
            definitions = self._known.get(argname)
            if definitions is None:
                definitions = private.visible_definitions(self._run.item, argname)
            if definitions is None:
                raise KeyError(argname)
            copies = tuple(InstanceDef.of(d, self._run) for d in definitions)
            self._copies[argname] = copies
        return copies

    def made(self, argname: str) -> Sequence[FixtureDef[Any]] | None:
        """The copies of a fixture's definitions; None if there are none yet."""
        return self._copies.get(argname)

    def copy_of(self, argname: str, definition: FixtureDef[Any]) -> InstanceDef:
        """The item's copy of one of its definitions."""
        for copy in self[argname]:
            assert isinstance(copy, InstanceDef)
            if copy.original is definition:
                return copy
        raise KeyError(argname)

    def let_go(self) -> None:
        """The item is over: drop the copies, and what in them leads back to them."""
        for copy in itertools.chain.from_iterable(self._copies.values()):
            if copy.instance < 0:
                copy.request = None
        self._copies.clear()

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)
