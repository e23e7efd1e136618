"""The global random number generators, whose states a test may have for itself."""

from __future__ import annotations

import functools
import random
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fasttest.isolation.cells import Cell

# Generators that libraries share among all who use them, by module and name.
_SHARED = {
    "faker.generator": "random",
    "factory.random": "randgen",
    "model_bakery.random_gen": "baker_random",
    "polyfactory.constants": "DEFAULT_RANDOM",
}

# Who imports the libraries only to seed them, or one of them for another.
_SEEDING = frozenset({"pytest_randomly", "hypothesis", "fasttest"})
_LIBRARIES = frozenset({"numpy", *(name.partition(".")[0] for name in _SHARED)})


def generators() -> Iterator[Cell]:
    """The cells of the global generators from which somebody may draw."""
    yield _Generator(random)
    for module, name in _SHARED.items():
        generator = getattr(sys.modules.get(module), name, None)
        if isinstance(generator, random.Random) and is_used(module.partition(".")[0]):
            yield _Generator(generator)
    if is_used("numpy"):
        yield _Generator(sys.modules["numpy.random"], "get_state", "set_state")


@functools.cache
def is_used(library: str) -> bool:
    """Whether a module has imported anything of a library, not only to seed it."""
    if library not in sys.modules:
        return False
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in _SEEDING | _LIBRARIES:
            continue
        for value in list(getattr(module, "__dict__", {}).values()):
            home = getattr(value, "__module__", None) or getattr(
                value, "__name__", None
            )
            if isinstance(home, str) and home.partition(".")[0] == library:
                return True
    return False


class _Generator:
    """The state of a generator: of a ``random.Random``, or of a module.

    A test that patches it must not reach the engine: the methods are taken when the
    cell is made.
    """

    __slots__ = ("_get", "_set", "key")

    def __init__(
        self, generator: Any, get: str = "getstate", put: str = "setstate"
    ) -> None:
        self._get = getattr(generator, get)
        self._set = getattr(generator, put)
        self.key = (id(generator), "generator")

    def read(self) -> Any:
        """The whole state, made anew each time."""
        return self._get()

    def write(self, value: Any) -> None:
        """Have the numbers go on from a state."""
        self._set(value)

    def same(self, one: Any, other: Any) -> bool:
        """Whether it was read once: to compare states costs more than to set them."""
        return one is other

    def follow(self, mine: Any, before: Any, now: Any) -> Any:
        """What the test had."""
        return mine
