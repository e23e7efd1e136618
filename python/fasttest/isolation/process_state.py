"""Which tests change state of the whole process, and so run with nothing beside them.

A look at what a test and its fixtures name: fixtures that patch, and functions that
change the environment, the working directory, warnings filters and the like. Functions
of the project that are called are followed. What this misses, the result shows: a
failure beside others is confirmed alone.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

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
        marks: Iterable[str],
    ) -> str | None:
        """Why a test runs alone, in a few words; None if nothing says so.

        Args:
            functions: The test's function and those of all its fixtures.
            fixtures: The names of all its fixtures.
            marks: The names of its marks.
        """
        for name in fixtures:
            if name in PATCHING_FIXTURES:
                return f"fixture {name}"
        for name in marks:
            if name in PATCHING_MARKS:
                return f"mark {name}"
        for function in functions:
            why = self._look_at(function)
            if why is not None:
                return why
        return None

    def _look_at(self, function: Any) -> str | None:
        function = inspect.unwrap(function) if _is_patched(function) is None else function
        patched = _is_patched(function)
        if patched is not None:
            return patched
        function = getattr(function, "__func__", function)
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
            return f"{name} in {code.co_name}"
        for name in sorted(names & _CHANGING_MEMBERS.keys()):
            if self._is_member(name, names, spaces):
                return f"{name} in {code.co_name}"
        for value in [spaces.get(name) for name in sorted(names)] + _cells(function):
            if isinstance(value, types.FunctionType) and self._project(
                value.__module__ or ""
            ):
                why = self._look_at(value)
                if why is not None:
                    return why
        return None

    def _is_member(self, name: str, names: set[str], spaces: dict[str, Any]) -> bool:
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
        return any(module.rpartition(".")[2] in names for module in modules)


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


def _cells(function: Any) -> list[Any]:
    values = []
    for cell in function.__closure__ or ():
        try:
            values.append(cell.cell_contents)
        except ValueError:
            continue  # not bound yet
    return values
