"""State of libraries that is each test's own because somebody says so.

A module or a class often keeps "the current one" of something: a runner, a connection,
a worker. A table says so for libraries, a plugin or conftest for itself
(``fasttest_own``), and the project for its own code (``own`` in ``[tool.fasttest]``).
"""

from __future__ import annotations

import importlib
import operator
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from fasttest.host.configuration import FILE, configuration_of
from fasttest.isolation.cells import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Set by a plugin or conftest to the names of attributes of which each test has its own.
OWN = "fasttest_own"

# Compiled when it is needed, which it seldom is.
_NAME = r"(?P<module>\w+(\.\w+)*):(?P<owner>(\w+\.)*)(?P<attribute>\w+)"
_A_NAME = 'name an attribute as in "package.module:Class.attribute"'


class _Name(NamedTuple):
    """An attribute, by the path to it.

    Attributes:
        module: The module's name.
        owners: From the module on to the object which has the attribute.
        attribute: Its name there.
    """

    module: str
    owners: tuple[str, ...]
    attribute: str

    def owner(self) -> Any:
        """The object which has the attribute; ``MISSING`` without its module.

        Raises:
            AttributeError: The module has no such object.
        """
        found = sys.modules.get(self.module, MISSING)
        if found is not MISSING and self.owners:
            found = operator.attrgetter(".".join(self.owners))(found)
        return found

    def value(self) -> Any:
        """What the attribute is now; ``MISSING`` if there is none."""
        try:
            return getattr(self.owner(), self.attribute, MISSING)
        except AttributeError:
            return MISSING


# Libraries of which it is known. asgiref does everything "thread sensitive" in one
# thread; a web server gives each request a thread of its own.
_LIBRARIES = (_Name("asgiref.sync", ("SyncToAsync",), "single_thread_executor"),)


class OwnState:
    """The attributes of which each test is to have its own value.

    Args:
        config: The configuration, with all plugins and conftests.

    Raises:
        pytest.UsageError: A plugin, a conftest or the project names something that is
            not there.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._names = list(_LIBRARIES)
        for where, text in _declared(config):
            self._names.append(_checked(where, text))

    def attributes(self) -> Iterator[tuple[Any, str]]:
        """Their owners and names, but for executors, which tests have twins of."""
        for name in self._names:
            value = name.value()
            if value is not MISSING and not isinstance(value, ThreadPoolExecutor):
                yield name.owner(), name.attribute

    def is_own(self, executor: ThreadPoolExecutor) -> bool:
        """Whether an executor is one of which each test is to have its own."""
        return any(name.value() is executor for name in self._names)


def _declared(config: pytest.Config) -> Iterator[tuple[str, object]]:
    for text in configuration_of(config).own:
        yield f"{FILE}: [tool.fasttest] own", text
    manager = config.pluginmanager
    for plugin in manager.get_plugins():
        names = getattr(plugin, OWN, ())
        if not names:
            continue
        where = f"{OWN} of {manager.get_name(plugin)}"
        if isinstance(names, str):
            raise pytest.UsageError(
                f"{where} cannot be {names!r}: give a list of names"
            )
        for text in names:
            yield where, text


def _checked(where: str, text: object) -> _Name:
    match = re.fullmatch(_NAME, text) if isinstance(text, str) else None
    if match is None:
        raise pytest.UsageError(f"{where} cannot be {text!r}: {_A_NAME}")
    owners = tuple(filter(None, match["owner"].split(".")))
    name = _Name(match["module"], owners, match["attribute"])
    try:
        importlib.import_module(name.module)
    except ImportError as error:
        raise pytest.UsageError(f"{where}: {text!r} cannot be had: {error}") from None
    if name.value() is MISSING:
        raise pytest.UsageError(f"{where}: {text!r} names nothing that is there")
    return name
