"""Which tests change state of the whole process, and so run with nothing beside them.

A look at what a test and its fixtures name: fixtures that patch, and functions that
change the environment, the working directory, warnings filters and the like. Functions
of the project that are called are followed. What this misses, the result shows: a
failure beside others is confirmed alone.
"""

from __future__ import annotations

import dis
import inspect
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# Fixtures which change the process, or watch what everybody does to it.
PATCHING_FIXTURES = frozenset(
    {
        "monkeypatch",
        "mocker",
        "class_mocker",
        "module_mocker",
        "package_mocker",
        "session_mocker",
        "capsys",
        "capsysbinary",
        "capfd",
        "capfdbinary",
        "capteesys",
        "caplog",
        "recwarn",
        "freezer",
        "time_machine",
        "respx_mock",
        "httpx_mock",
        "aioresponses",
        "requests_mock",
        "socket_disabled",
        "socket_enabled",
        "pytester",
        "testdir",
        "doctest_namespace",
    }
)

# Names which, used as a global or an attribute, stand for a change of the process.
_CHANGING_NAMES = frozenset(
    {
        "MonkeyPatch",
        "chdir",
        "catch_warnings",
        "environ",
        "filterwarnings",
        "fork",
        "freeze_time",
        "putenv",
        "redirect_stderr",
        "redirect_stdout",
        "set_event_loop_policy",
        "setlocale",
        "simplefilter",
        "tzset",
        "umask",
        "unsetenv",
        "warns",
        "deprecated_call",
    }
)

# Names which change the process only as members of these modules.
_CHANGING_MEMBERS = {
    "patch": ("unittest.mock", "mock"),
    "signal": ("signal", "_signal"),
    "setitimer": ("signal", "_signal"),
    "alarm": ("signal", "_signal"),
    "travel": ("time_machine",),
}

# Marks which ask for a change of the process round the test.
PATCHING_MARKS = frozenset(
    {
        "filterwarnings",
        "freeze_time",
        "time_machine",
        "vcr",
        "block_network",
        "enable_socket",
        "disable_socket",
        "allow_hosts",
        "respx",
        "httpx_mock",
        "serial",
    }
)


# Calls by which a mapping such as ``os.environ`` is changed are found by name or by the
# subscript that is stored or deleted.
_STORING = tuple(dis.opmap[name] for name in ("STORE_SUBSCR", "DELETE_SUBSCR"))
_MAPPING_CHANGES = frozenset({"clear", "pop", "popitem", "setdefault", "update"})
_SETTING_ATTRIBUTES = (dis.opmap["STORE_ATTR"], dis.opmap["DELETE_ATTR"])


class ProcessState:
    """Finds what changes the process; remembers each function it has looked at.

    Args:
        project: Whether a module, by its name and file, belongs to the project under
            test, so that calls into it are followed.
    """

    def __init__(self, project: Callable[[str], bool]) -> None:
        self._project = project
        self._seen: dict[types.CodeType, str | None] = {}

    def reason(
        self,
        functions: Iterable[Callable[..., Any]],
        fixtures: Iterable[str],
    ) -> str | None:
        """Why a test runs alone, in a few words; None if nothing says so.

        Args:
            functions: The test's function and those of all its fixtures.
            fixtures: The names of all its fixtures.
        """
        for name in fixtures:
            if name in PATCHING_FIXTURES:
                return f"fixture {name}"
        for function in functions:
            why = self._look_at(function)
            if why is not None:
                return why
        return None

    def _look_at(self, function: Any) -> str | None:
        function = getattr(function, "__func__", function)
        if getattr(function, "__dict__", None):
            patched = _is_patched(function)
            if patched is not None:
                return patched
            function = inspect.unwrap(function)
        code = getattr(function, "__code__", None)
        if not isinstance(code, types.CodeType):
            return None
        if code not in self._seen:
            self._seen[code] = None  # a function that calls itself is looked at once
            self._seen[code] = self._look_into(function, code)
        return self._seen[code]

    def _look_into(self, function: Any, code: types.CodeType) -> str | None:
        names = set(_names(code))
        spaces = function.__globals__
        for name in sorted(names & _CHANGING_NAMES):
            if name != "environ" or _changes_mapping(code, names):
                return f"{name} in {code.co_name}"
        for name in sorted(names & _CHANGING_MEMBERS.keys()):
            if self._is_member(name, names, code, spaces):
                return f"{name} in {code.co_name}"
        assigned = _assigned_attribute(code, spaces)
        if assigned is not None:
            return f"{assigned} is set in {code.co_name}"
        for value in [spaces.get(name) for name in sorted(names)] + _cells(function):
            for called in self._called(function, value):
                why = self._look_at(called)
                if why is not None:
                    return why
        return None

    def _called(self, function: Any, value: Any) -> Iterator[Any]:
        """What of a value that a function names may be called and is to be followed."""
        module = getattr(value, "__module__", None) or ""
        if isinstance(value, types.FunctionType):
            if self._project(module) or _same_package(function.__module__, module):
                yield value
        elif (
            isinstance(value, type)
            and _same_package(function.__module__, module)
            and not self._project(module)
        ):
            # A helper of a plugin's fixture, such as a mock server's class.
            yield from vars(value).values()

    def _is_member(
        self, name: str, names: set[str], code: types.CodeType, spaces: dict[str, Any]
    ) -> bool:
        """Whether ``name`` means the member of a module that changes the process."""
        modules = _CHANGING_MEMBERS[name]
        value = spaces.get(name)
        if value is not None:
            module = getattr(value, "__module__", None) or getattr(
                value, "__name__", ""
            )
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


def _is_patched(function: Any) -> str | None:
    """Whether ``unittest.mock.patch`` or a time freezer decorates a function."""
    while function is not None:
        namespace = getattr(function, "__dict__", {})
        if "patchings" in namespace:
            return f"patch round {getattr(function, '__name__', 'the test')}"
        module = getattr(getattr(function, "__code__", None), "co_filename", "")
        if "freezegun" in module:
            return "freeze_time"
        function = namespace.get("__wrapped__")
    return None


def _names(code: types.CodeType) -> Iterator[str]:
    """Names a function uses, those of the functions written inside it included."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _imported(code: types.CodeType) -> Iterator[str]:
    """The modules which a function, or one written inside it, imports itself."""
    for instruction in dis.get_instructions(code):
        if instruction.opname == "IMPORT_NAME":
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _imported(constant)


def _stores(code: types.CodeType, *opcodes: int) -> bool:
    """Whether a function, or one written inside it, may contain one of the opcodes.

    A quick look at the bytes: caches between the instructions can look like opcodes.
    """
    operations = code.co_code[::2]
    return any(opcode in operations for opcode in opcodes) or any(
        isinstance(constant, types.CodeType) and _stores(constant, *opcodes)
        for constant in code.co_consts
    )


def _changes_mapping(code: types.CodeType, names: set[str]) -> bool:
    """Whether a function that names a mapping may change one, or only reads it."""
    return bool(names & _MAPPING_CHANGES) or _stores(code, *_STORING)


def _assigned_attribute(code: types.CodeType, spaces: dict[str, Any]) -> str | None:
    """The attribute of an imported module or class which a function assigns to."""
    if not _stores(code, *_SETTING_ATTRIBUTES):
        return None
    owner = ""
    for instruction in dis.get_instructions(code):
        if instruction.opcode in _SETTING_ATTRIBUTES and isinstance(
            spaces.get(owner), (types.ModuleType, type)
        ):
            return f"{owner}.{instruction.argval}"
        owner = instruction.argval if instruction.opname == "LOAD_GLOBAL" else ""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            assigned = _assigned_attribute(constant, spaces)
            if assigned is not None:
                return assigned
    return None


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
