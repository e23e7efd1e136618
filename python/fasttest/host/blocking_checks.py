"""blockbuster's checks, as each test's own.

blockbuster puts functions of its own in the place of those that block, for the whole
process; used by a fixture of each test, as it is meant to be, the end of one test would
take away what the next one is checked by. Here a function stands in that place which
asks who calls: the test's own check, or what was there before.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
from threading import get_ident
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from fasttest.host.current import current_run, running
from fasttest.isolation.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fasttest.host.item_run import ItemRun

_LIBRARY = "blockbuster"


class _Place:
    """A function that may block, where it is found.

    Attributes:
        checks: By test, what it has there.
        otherwise: What all others have there.
        is_needed: Whether anything is there that was not in the beginning.
    """

    def __init__(self, owner: Any, name: str, put: Callable[..., object]) -> None:
        self.checks: dict[ItemRun, Any] = {}
        self.otherwise = self._genuine = getattr(owner, name)
        self._put = functools.partial(put, owner, name)
        thread = get_ident()

        @functools.wraps(self._genuine)
        def by_caller(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            # A thread that has only begun must not be asked for what it works.
            run = running() if get_ident() == thread else current_run.get()
            check = self.otherwise if run is None else self.checks.get(run)
            return (check or self.otherwise)(*args, **kwargs)

        self.by_caller = by_caller

    @property
    def is_needed(self) -> bool:
        return bool(self.checks) or self.otherwise is not self._genuine

    def expose(self) -> None:
        """Have there what all others have."""
        self._put(self.otherwise)

    def cover(self) -> None:
        """Have there what asks who calls, if that matters."""
        self._put(self.by_caller if self.checks else self.otherwise)


class BlockingChecks:
    """Makes the checks each test's own, while it is in force as a context manager."""

    def __init__(self) -> None:
        self._places: dict[tuple[int, str], _Place] = {}
        # Those which a fixture wider than the test has activated.
        self._common: WeakSet[Any] = WeakSet()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> None:
        if importlib.util.find_spec(_LIBRARY) is None:
            return
        self._module: Any = importlib.import_module(f"{_LIBRARY}.{_LIBRARY}")
        kind: Any = self._module.BlockBusterFunction
        self._activate, self._deactivate = kind.activate, kind.deactivate

        @functools.wraps(kind.activate)
        def activate(function: Any) -> Any:
            return self._changed(function, self._activate, active=True)

        @functools.wraps(kind.deactivate)
        def deactivate(function: Any) -> Any:
            return self._changed(function, self._deactivate, active=False)

        self._stack.enter_context(replaced(kind, "activate", activate))
        self._stack.enter_context(replaced(kind, "deactivate", deactivate))

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        for place in self._places.values():
            place.expose()

    def _changed(
        self, function: Any, genuine: Callable[[Any], Any], *, active: bool
    ) -> Any:
        if function.original_func is None or function.activated is active:
            return function
        run = running()
        with self._uncovered(function) as place:
            if run is None or run.serves_others:
                genuine(function)
                place.otherwise = getattr(function.module, function.func_name)
                (self._common.add if active else self._common.discard)(function)
            elif function in self._common:
                # Not for the others, whose it is as well.
                place.checks[run] = function.original_func
            elif active:
                genuine(function)
                place.checks[run] = getattr(function.module, function.func_name)
            else:
                function.activated = False
                place.checks.pop(run, None)
        return function

    @contextlib.contextmanager
    def _uncovered(self, function: Any) -> Iterator[_Place]:
        """Have in its place what all others have there meanwhile."""
        key = id(function.module), function.func_name
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = _Place(
                function.module, function.func_name, self._put
            )
        if function.original_func is place.by_caller:
            function.original_func = place.otherwise
        place.expose()
        try:
            yield place
        finally:
            place.cover()
            if not place.is_needed:
                del self._places[key]

    def _put(self, owner: Any, name: str, value: object) -> None:
        try:
            setattr(owner, name, value)
        except TypeError:
            # A class in C, which blockbuster leaves alone where it cannot be changed.
            if self._module.HAS_FORBIDDENFRUIT:
                self._module.forbiddenfruit.curse(owner, name, value)
