"""Which tests change state of the whole process, and what that means for company.

A look at what a test and its fixtures name: fixtures that patch, and functions that
change the environment, the working directory, warnings filters and the like. Functions
of the project that are called are followed. Some of it is made each test's own while
others run (``virtual_state``); a test that does anything else has to run with nothing
beside it. What this look misses, the result shows: a failure beside others is confirmed
alone.
"""

from __future__ import annotations

import dis
import enum
import inspect
import sys
import types
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fasttest.isolation import import_state
from fasttest.isolation.codes import (
    CodeKey,
    codes,
    contains,
    home_of,
    in_turn,
    key_of,
    named_in,
    opcodes,
)
from fasttest.isolation.fixed_resources import FixedResources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Kind(enum.Enum):
    """State of the process that can be each test's own."""

    PATCHES = "patches"
    WARNINGS = "warnings filters"
    STREAMS = "standard streams"
    LOGS = "levels of loggers"
    LOGGERS = "loggers"
    ENVIRONMENT = "environment variables"
    DIRECTORY = "working directory"
    EXAMPLES = "state of Hypothesis"
    RANDOM = "state of random number generators"
    LOCALE = "locale"
    POLICY = "event loop policy"
    IMPORT_PATH = "import path"
    LOOP = "settings of the event loop"
    THREADS = "worker threads"


LOOP_KINDS = frozenset({Kind.LOOP, Kind.THREADS})
"""What counts only on a loop which others use as well.

There, the loop's settings are shared, and it cannot wait for a thread that is to see
what a test has changed.
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something by which a test changes the process.

    Attributes:
        text: What it is, in a few words.
        kind: What it changes, if that can be the test's own; None if not.
        attribute: The object and the name of an attribute which it changes.
        resource: What it takes, if that is not changed but taken in turns.
        shares: Whether it takes that together with all others who share it.
    """

    text: str
    kind: Kind | None = None
    attribute: tuple[Any, str] | None = field(default=None, compare=False)
    resource: str | None = None
    shares: bool = False


# Fixtures which change the process, or watch what everybody does to it.
PATCHING_FIXTURES: dict[str, Kind | None] = {
    "monkeypatch": Kind.PATCHES,
    "mocker": Kind.PATCHES,
    "class_mocker": None,
    "module_mocker": None,
    "package_mocker": None,
    "session_mocker": None,
    "capsys": Kind.STREAMS,
    "capsysbinary": Kind.STREAMS,
    "capfd": None,
    "capfdbinary": None,
    "capteesys": None,
    "caplog": Kind.LOGS,
    "recwarn": Kind.WARNINGS,
    "freezer": None,
    "time_machine": None,
    "respx_mock": None,
    "httpx_mock": Kind.PATCHES,
    "aioresponses": None,
    "requests_mock": None,
    "socket_disabled": None,
    "socket_enabled": None,
    "pytester": None,
    "testdir": None,
    "doctest_namespace": None,
    # Redirects the output of the process for the time of each sub-test.
    "subtests": None,
}

# Libraries of which each call patches the process for everybody.
PATCHING_LIBRARIES = frozenset(
    {
        "aioresponses",
        "freezegun",
        "httpretty",
        "moto",
        "pook",
        "pytest_socket",
        "requests_mock",
        "respx",
        "responses",
        "time_machine",
        "vcr",
    }
)

# Names which, used as a global or an attribute, stand for a change of the process.
_CHANGING_NAMES: dict[str, Kind | None] = {
    "MonkeyPatch": Kind.PATCHES,
    "Thread": Kind.THREADS,
    "ThreadPoolExecutor": Kind.THREADS,
    "add_signal_handler": None,
    "assertLogs": Kind.LOGGERS,
    "assertNoLogs": Kind.LOGGERS,
    "assertWarns": Kind.WARNINGS,
    "assertWarnsRegex": Kind.WARNINGS,
    "chdir": Kind.DIRECTORY,
    "catch_warnings": Kind.WARNINGS,
    "environ": Kind.ENVIRONMENT,
    "filterwarnings": Kind.WARNINGS,
    "fork": None,
    "freeze_time": None,
    "putenv": None,
    "redirect_stderr": Kind.STREAMS,
    "redirect_stdout": Kind.STREAMS,
    "run_in_executor": Kind.THREADS,
    "set_event_loop_policy": Kind.POLICY,
    "set_exception_handler": Kind.LOOP,
    "set_start_method": None,
    "set_task_factory": Kind.LOOP,
    "setdefaulttimeout": None,
    "setlocale": Kind.LOCALE,
    "setrecursionlimit": None,
    "setrlimit": None,
    "simplefilter": Kind.WARNINGS,
    "to_thread": Kind.THREADS,
    "tzset": None,
    "umask": None,
    "unsetenv": None,
    "warns": Kind.WARNINGS,
    "deprecated_call": Kind.WARNINGS,
}

# Names which change the process only as members of these modules.
_CHANGING_MEMBERS: dict[str, tuple[tuple[str, ...], Kind | None]] = {
    "patch": (("unittest.mock", "mock"), Kind.PATCHES),
    "seed": (("random", "numpy.random"), Kind.RANDOM),
    "setstate": (("random",), Kind.RANDOM),
    "set_state": (("numpy.random",), Kind.RANDOM),
    # What the collector finds is everybody's garbage.
    "callbacks": (("gc",), None),
    "disable": (("logging",), Kind.LOGGERS),
    "freeze": (("gc",), None),
    "garbage": (("gc",), None),
    "set_debug": (("gc",), None),
    "set_threshold": (("gc",), None),
    "signal": (("signal", "_signal"), None),
    "setitimer": (("signal", "_signal"), None),
    "alarm": (("signal", "_signal"), None),
    "travel": (("time_machine",), None),
}

# Marks which ask for a change of the process round the test.
PATCHING_MARKS: dict[str, Kind | None] = {
    "filterwarnings": Kind.WARNINGS,
    "freeze_time": None,
    "time_machine": None,
    "vcr": None,
    "block_network": None,
    "enable_socket": None,
    "disable_socket": None,
    "allow_hosts": None,
    "respx": None,
    "httpx_mock": Kind.PATCHES,
    "serial": None,
}


# Calls by which a mapping such as ``os.environ`` is changed are found by name or by the
# subscript that is stored or deleted.
_STORING = opcodes("STORE_SUBSCR", "DELETE_SUBSCR")
_MAPPING_CHANGES = frozenset({"clear", "pop", "popitem", "setdefault", "update"})
_SETTING_ATTRIBUTES = opcodes("STORE_ATTR", "DELETE_ATTR")
_SETTING_OF_GLOBAL = in_turn(opcodes("LOAD_GLOBAL"), _SETTING_ATTRIBUTES)

STANDARD_STREAMS = frozenset({"stdin", "stdout", "stderr"})

_CHANGING = _CHANGING_NAMES.keys() | _CHANGING_MEMBERS.keys()


class ProcessState:
    """Finds what changes the process; remembers each function it has looked at.

    Args:
        project: Whether a module, by its name and file, belongs to the project under
            test, so that calls into it are followed.
    """

    def __init__(self, project: Callable[[str], bool]) -> None:
        self._project = project
        self._resources = FixedResources()
        self._seen: dict[CodeKey, tuple[Finding, ...]] = {}

    def findings(
        self,
        functions: Iterable[Callable[..., Any]],
        fixtures: Iterable[str] = (),
    ) -> list[Finding]:
        """What a test changes; nothing if nothing says that it does.

        Args:
            functions: The test's function and those of its fixtures.
            fixtures: The names of its fixtures.
        """
        found = [
            Finding(f"fixture {name}", PATCHING_FIXTURES[name])
            for name in fixtures
            if name in PATCHING_FIXTURES
        ]
        for function in functions:
            found += self._look_at(function)
            files = self._resources.files(function)
            found += [Finding(file, resource=file) for file in files]
        return found

    def _look_at(self, function: Any) -> tuple[Finding, ...]:
        function = getattr(function, "__func__", function)
        patched: list[Finding] = []
        if getattr(function, "__dict__", None):
            patched = list(_decorators(function))
            function = inspect.unwrap(function)
        code = getattr(function, "__code__", None)
        if not isinstance(code, types.CodeType):
            return tuple(patched)
        key = key_of(function)
        if key not in self._seen:
            self._seen[key] = ()  # a function that calls itself is looked at once
            self._seen[key] = tuple(dict.fromkeys(self._look_into(function, code)))
        return (*patched, *self._seen[key])

    def _look_into(self, function: Any, code: types.CodeType) -> Iterator[Finding]:
        names = set(named_in(code))
        spaces = function.__globals__
        for name in sorted(names & _CHANGING):
            if name in _CHANGING_MEMBERS:
                modules, kind = _CHANGING_MEMBERS[name]
                changes = _is_member(name, modules, names, code, spaces)
            else:
                kind = _CHANGING_NAMES[name]
                changes = name != "environ" or _changes_mapping(code, names)
            if changes:
                yield Finding(f"{name} in {code.co_name}", kind)
        for member in import_state.changed(code, names, spaces):
            kind = Kind.IMPORT_PATH if member == "path" else None
            yield Finding(f"sys.{member} is changed in {code.co_name}", kind)
        for port in self._resources.ports(function, names):
            yield Finding(f"{port} in {code.co_name}", resource=port)
        for owner, attribute, is_read in _assigned_attributes(code, spaces):
            # A value that is read and written, such as a counter, may be there for
            # others to see. What is only written, or replaces a function, is not.
            text = f"{owner}.{attribute} is set in {code.co_name}"
            if spaces[owner] is sys and attribute in STANDARD_STREAMS:
                yield Finding(text, Kind.STREAMS)
                continue
            absent = None if self._project(function.__module__) else callable
            value = getattr(spaces[owner], attribute, absent)
            is_own = not is_read or callable(value)
            yield Finding(
                text,
                Kind.PATCHES if is_own else None,
                (spaces[owner], attribute) if is_own else None,
            )
        for value in [spaces.get(name) for name in sorted(names)] + _cells(function):
            for called in self._called(function, value):
                yield from self._look_at(called)

    def _called(self, function: Any, value: Any) -> Iterator[Any]:
        """What of a value that a function names may be called and is to be followed."""
        kind = type(value)  # not what a proxy says that it is
        if issubclass(kind, types.FunctionType):
            module = value.__module__ or ""
            if self._project(module) or _same_package(function.__module__, module):
                yield value
        elif issubclass(kind, type):
            module = home_of(value)
            if _same_package(function.__module__, module) and not self._project(module):
                # A helper of a plugin's fixture, such as a mock server's class.
                yield from vars(value).values()


def _is_member(
    name: str,
    modules: tuple[str, ...],
    names: set[str],
    code: types.CodeType,
    spaces: dict[str, Any],
) -> bool:
    """Whether ``name`` means the member of a module that changes the process."""
    value = spaces.get(name)
    if value is not None:
        module = getattr(value, "__module__", None) or getattr(value, "__name__", "")
        return module in modules
    for other in names:
        space = spaces.get(other)
        if isinstance(space, types.ModuleType) and (
            space.__name__ in modules
            or getattr(space, name, None).__class__.__module__ in modules
        ):
            return True
    # A module that is no global: imported inside, or had from somewhere else.
    last_parts = {module.rpartition(".")[2] for module in modules} - {name}
    return bool(last_parts & names) or any(
        module in modules for module in _imported(code)
    )


def _decorators(function: Any) -> Iterator[Finding]:
    """What ``unittest.mock.patch`` or a time freezer does round a function."""
    while function is not None:
        namespace = getattr(function, "__dict__", {})
        if "patchings" in namespace:
            name = getattr(function, "__name__", "the test")
            yield Finding(f"patch round {name}", Kind.PATCHES)
        module = getattr(getattr(function, "__code__", None), "co_filename", "")
        if "freezegun" in module:
            yield Finding("freeze_time")
        function = namespace.get("__wrapped__")


def names_in(function: Any) -> frozenset[str]:
    """The globals and attributes that a function names; none if it has no code."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return (
        frozenset(named_in(code)) if isinstance(code, types.CodeType) else frozenset()
    )


def _imported(code: types.CodeType) -> Iterator[str]:
    """The modules which a function, or one written inside it, imports itself."""
    for each in codes(code):
        for instruction in dis.get_instructions(each):
            if instruction.opname == "IMPORT_NAME":
                yield instruction.argval


def _changes_mapping(code: types.CodeType, names: set[str]) -> bool:
    """Whether a function that names a mapping may change one, or only reads it."""
    return bool(names & _MAPPING_CHANGES) or any(
        contains(each, _STORING) for each in codes(code)
    )


def _assigned_attributes(
    code: types.CodeType, spaces: dict[str, Any]
) -> Iterator[tuple[str, str, bool]]:
    """Attributes of imported modules and classes which a function assigns to.

    Yields:
        The global name of the module or class, the attribute's, and whether the
        function reads it as well.
    """
    for each in codes(code):
        if not _SETTING_OF_GLOBAL.search(each.co_code[::2]):
            continue
        assigned: dict[tuple[str, str], None] = {}
        read: set[tuple[str, str]] = set()
        owner = ""
        for instruction in dis.get_instructions(each):
            if isinstance(spaces.get(owner), (types.ModuleType, type)):
                if instruction.opcode in _SETTING_ATTRIBUTES:
                    assigned[owner, instruction.argval] = None
                elif instruction.opname in ("LOAD_ATTR", "LOAD_METHOD"):
                    read.add((owner, instruction.argval))
            owner = instruction.argval if instruction.opname == "LOAD_GLOBAL" else ""
        for place in assigned:
            yield *place, place in read


def _same_package(module: str, other: str) -> bool:
    return module.partition(".")[0] == other.partition(".")[0]


def _cells(function: Any) -> list[Any]:
    values = []
    for cell in function.__closure__ or ():
        try:
            values.append(cell.cell_contents)
        except ValueError:
            continue  # not bound yet
    return values
