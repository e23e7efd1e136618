"""anyio's tests: which of them share a runner, and who has one of its own.

anyio's plugin keeps the runner of an event loop, with the number of those who lease it,
in globals of its module: an async fixture holds a lease as long as it lives, a test
while it is called. Its code is left as it is, but gets other globals. A test that would
find no runner under pytest has globals of its own, and so may overlap with others. The
tests that would find one, left by a fixture which outlives its test, have it in common
and run alone, one after another.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
import types
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from fasttest import _core
from fasttest.engine.output import current_sink
from fasttest.host import anyio_backends, private
from fasttest.host import asyncio_dialect as dialect
from fasttest.host.current import current_run
from fasttest.host.private import Scope
from fasttest.isolation.process_state import names_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest
    from _pytest.fixtures import FixtureDef

    from fasttest.host.closures import Closure, Entry
    from fasttest.host.item_run import ItemRun

PLUGIN = "anyio.pytest_plugin"

# The method of a runner which has its task await something.
_CALL = "_call_in_runner_task"


def is_anyio_test(item: pytest.Item) -> bool:
    """Whether an item, sync or async, is one that anyio's plugin acts on."""
    return anyio_backends.FIXTURE in getattr(item, "fixturenames", ())


class AnyioRunners:
    """Gives every test the runner that it would find under pytest.

    Put in force as a context manager, for the time in which tests run.

    Args:
        session: The session, collected.
    """

    def __init__(self, session: pytest.Session) -> None:
        plugin = sys.modules.get(PLUGIN)
        manager = session.config.pluginmanager
        self._registered = plugin is not None and manager.is_registered(plugin)
        self._plugin: Any = plugin if self._registered and _is_known(plugin) else None
        self._genuine: Any = getattr(self._plugin, "get_runner", None)
        self._wide = self._registered and any(
            private.scope_of(definition) > Scope.Function and _is_async(definition)
            for definition in private.all_definitions(session)
        )
        # For each item, the number of the runner it has in common with others.
        self._numbers: list[int | None] = []
        # The last of these numbers, and the scope instances with which its leases end.
        self._number = 0
        self._leased: set[int] = set()
        self._common: dict[int, Callable[..., Any]] = {}
        self._own: WeakKeyDictionary[ItemRun, Callable[..., Any]] = WeakKeyDictionary()

    def place(self, item: pytest.Item, closure: Closure) -> str | None:
        """Say why an item, the next in order, runs alone; None if it need not."""
        leases = self._leases(item, closure) if self._wide else set()
        self._leased &= set(closure.visits.values())
        if not self._registered or not is_anyio_test(item):
            self._numbers.append(None)
            # It gets the value if one of anyio's tests had it made.
            return "fixture of anyio" if leases & self._leased else None
        if leases and not self._leased:
            self._number += 1
        self._leased |= leases
        self._numbers.append(self._number if self._leased else None)
        if self._plugin is None:
            return "unknown version of anyio"
        if self._leased:
            return "runner of anyio that outlives its tests"
        if not anyio_backends.waits_for_the_hub(item, closure):
            return "backend of anyio"
        return None

    def _leases(self, item: pytest.Item, closure: Closure) -> set[int]:
        """The scope instances that end leases which an item may begin."""
        leases = {
            closure.entries[index].scope_instance
            for index in closure.wide
            if _is_lease(closure.entries[index])
        }
        if is_anyio_test(item) and _asks_dynamically(item, closure):
            leases.add(closure.visits[item.session])
        return leases

    def __enter__(self) -> None:
        if self._plugin is not None:
            self._plugin.get_runner = self._get_runner

    def __exit__(self, *_: object) -> None:
        if self._plugin is not None:
            self._plugin.get_runner = self._genuine

    def _get_runner(self, *args: Any, **kwargs: Any) -> Any:
        """Do as anyio's ``get_runner``, with the globals of the test that asks."""
        run = current_run.get()
        if run is None:
            return self._genuine(*args, **kwargs)
        # One runner at a time, as under pytest, where tests do not overlap.
        number = self._numbers[run.stream.test] if self._numbers else 0
        known: Any = self._own if number is None else self._common
        key = run if number is None else number
        if key not in known:
            known[key] = _with_own_globals(self._genuine)
        lease = known[key](*args, **kwargs)
        return lease if number is None else _for_each_caller(lease)


def _is_known(plugin: Any) -> bool:
    """Whether a version of anyio's plugin makes its runners in the known way."""
    genuine = getattr(plugin, "get_runner", None)
    return inspect.isgeneratorfunction(getattr(genuine, "__wrapped__", None))


class _RunnerStack(contextlib.ExitStack):
    """What is to be undone when a runner ends, in whatever context that is.

    A fixture which outlives its test lives in a context of its own here, so the first
    lease and the last may be in two; what the first has set ends with its context.
    """

    def callback(self, callback: Any, /, *args: Any, **kwds: Any) -> Any:
        """Undo what can be undone in the context in which the last lease ends."""

        def undo() -> None:
            with contextlib.suppress(ValueError):
                callback(*args, **kwds)

        return super().callback(undo)


def _with_own_globals(genuine: Any) -> Callable[..., Any]:
    """A copy of ``get_runner`` which knows of no runner yet."""
    body = genuine.__wrapped__
    own = {"_current_runner": None, "_runner_leases": 0, "ExitStack": _RunnerStack}
    copy = types.FunctionType(
        body.__code__,
        {**body.__globals__, **own},
        body.__name__,
        body.__defaults__,
        body.__closure__,
    )
    return contextlib.contextmanager(copy)


@contextlib.contextmanager
def _for_each_caller(lease: Any) -> Iterator[Any]:
    """A lease of a runner which does its work for whoever calls it.

    Its one task has the context of the test that had it made.
    """
    with lease as runner:
        call: Any = getattr(runner, _CALL, None)
        if call is not None and _CALL not in vars(runner):
            vars(runner)[_CALL] = functools.partial(_call_for, call)
        yield runner


def _call_for(call: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
    run, sink = current_run.get(), current_sink.get()

    async def for_caller(*args: Any, **kwargs: Any) -> Any:
        tokens = current_run.set(run), current_sink.set(sink)
        try:
            return await function(*args, **kwargs)
        finally:
            current_run.reset(tokens[0])
            current_sink.reset(tokens[1])

    return call(for_caller, *args, **kwargs)


def _is_lease(entry: Entry) -> bool:
    """Whether a fixture is anyio's to set up, if a test of anyio's asks for it."""
    return (
        entry.definition is not None
        and entry.loop == _core.NO_LOOP
        and _is_async(entry.definition)
    )


def _is_async(definition: FixtureDef[Any]) -> bool:
    return dialect.is_async_function(definition.func)


def _asks_dynamically(item: pytest.Item, closure: Closure) -> bool:
    """Whether a test or a fixture of its may ask for fixtures while it runs."""
    definitions = [entry.definition for entry in closure.entries]
    functions = [each.func for each in definitions if each is not None]
    return any(
        "getfixturevalue" in names_in(function)
        for function in [*functions, getattr(item, "obj", None)]
    )
