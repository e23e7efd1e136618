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
from threading import get_ident
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from fasttest.host.current import current_run, running
from fasttest.isolation.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fasttest.host.item_run import ItemRun

    Caller = Callable[[], "ItemRun | None"]

_MODULE = "blockbuster.blockbuster"
_CLASS = "BlockBusterFunction"


class _Place:
    """A function that may block, where it is found.

    Attributes:
        checks: By test, what it has there, the last one in force.
        otherwise: What all others have there.
    """

    def __init__(
        self, owner: Any, name: str, put: Callable[..., object], caller: Caller
    ) -> None:
        self.checks: dict[ItemRun, list[Any]] = {}
        self.otherwise = self._genuine = getattr(owner, name)
        self._put = functools.partial(put, owner, name)

        @functools.wraps(self._genuine)
        def by_caller(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            run = caller()
            own = None if run is None else self.checks.get(run)
            return (own[-1] if own else self.otherwise)(*args, **kwargs)

        self.by_caller = by_caller

    @property
    def is_needed(self) -> bool:
        """Whether anything is there that was not in the beginning."""
        return bool(self.checks) or self.otherwise is not self._genuine

    def expose(self) -> None:
        """Have there what all others have."""
        self._put(self.otherwise)

    def cover(self) -> None:
        """Have there what asks who calls, if that matters."""
        self._put(self.by_caller if self.checks else self.otherwise)

    def add(self, run: ItemRun, check: Any) -> None:
        """Have a test meet a check, up to its end or until it is removed."""
        self.checks.setdefault(run, []).append(check)

    def remove(self, run: ItemRun, check: Any) -> None:
        """Have a test meet what it met before a check."""
        own = self.checks.get(run, [])
        if check in own:
            own.remove(check)
        if not own:
            self.checks.pop(run, None)


class BlockingChecks:
    """Makes the checks each test's own, while it is in force as a context manager.

    Args:
        starter: The test that started the current thread; None if that is unknown.
    """

    def __init__(self, starter: Caller) -> None:
        self._starter = starter
        self._places: dict[tuple[int, str], _Place] = {}
        # Those which a test has activated for itself, and the check of each.
        self._own: WeakKeyDictionary[Any, tuple[ItemRun, Any]] = WeakKeyDictionary()
        self._thread = get_ident()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> None:
        # Not every version, nor everything of this name, is what it takes.
        self._module: Any = None
        with contextlib.suppress(ImportError, ValueError):
            self._module = importlib.import_module(_MODULE)
        kind: Any = getattr(self._module, _CLASS, None)
        if kind is None:
            return
        self._activate, self._deactivate = kind.activate, kind.deactivate

        @functools.wraps(kind.activate)
        def activate(function: Any) -> Any:
            return self._changed(function, active=True)

        @functools.wraps(kind.deactivate)
        def deactivate(function: Any) -> Any:
            return self._changed(function, active=False)

        self._stack.enter_context(replaced(kind, "activate", activate))
        self._stack.enter_context(replaced(kind, "deactivate", deactivate))

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        for place in self._places.values():
            place.expose()

    def end(self, run: ItemRun) -> None:
        """A test is over: what it leaves active is so for those that come after it."""
        for key, place in list(self._places.items()):
            left = place.checks.pop(run, None)
            if left:
                place.otherwise = left[-1]
                place.cover()
                self._forget(key, place)
        for function, (whose, _) in list(self._own.items()):
            if whose is run:
                del self._own[function]

    def _caller(self) -> ItemRun | None:
        if get_ident() == self._thread:
            return running()
        # A thread that has only begun must not be asked what it is.
        return current_run.get() or self._starter()

    def _changed(self, function: Any, *, active: bool) -> Any:
        run = running()
        genuine = self._activate if active else self._deactivate
        if function.original_func is None:
            return function
        is_own = function in self._own
        if function.activated and not is_own and run is not None:
            if not run.serves_others:
                self._for_one(function, run, active=active)
                return function
        elif function.activated is active:
            return function
        with self._uncovered(function) as place:
            if is_own:
                whose, check = self._own.pop(function)
                function.activated = False
                place.remove(whose, check)
            elif run is None or run.serves_others:
                genuine(function)
                place.otherwise = getattr(function.module, function.func_name)
            else:
                genuine(function)
                check = getattr(function.module, function.func_name)
                self._own[function] = run, check
                place.add(run, check)
        return function

    def _for_one(self, function: Any, run: ItemRun, *, active: bool) -> None:
        """Change for a test alone what is active for all."""
        with self._uncovered(function) as place:
            if active:
                place.remove(run, function.original_func)
            elif function.original_func not in place.checks.get(run, ()):
                place.add(run, function.original_func)

    @contextlib.contextmanager
    def _uncovered(self, function: Any) -> Iterator[_Place]:
        """Have in its place what all others have there meanwhile."""
        key = id(function.module), function.func_name
        place = self._places.get(key)
        if place is None:
            owner, name = function.module, function.func_name
            place = self._places[key] = _Place(owner, name, self._put, self._caller)
        if function.original_func is place.by_caller:
            function.original_func = place.otherwise
        place.expose()
        try:
            yield place
        finally:
            place.cover()
            self._forget(key, place)

    def _forget(self, key: tuple[int, str], place: _Place) -> None:
        if not place.is_needed:
            del self._places[key]

    def _put(self, owner: Any, name: str, value: object) -> None:
        try:
            setattr(owner, name, value)
        except TypeError:
            # A class in C, which blockbuster leaves alone where it cannot be changed.
            if self._module.HAS_FORBIDDENFRUIT:
                self._module.forbiddenfruit.curse(owner, name, value)
