"""Which sources are taken to change the process, and which only look as if they did."""

from __future__ import annotations

import functools
import sys
import textwrap
import types
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasttest.isolation.process_state import (
    PATCHING_FIXTURES,
    Finding,
    Kind,
    ProcessState,
)

if TYPE_CHECKING:
    from collections.abc import Callable

TOOLS = """
import os
from unittest import mock

class Settings:
    debug = False
    count = 0

def quiet():
    return 1

def patches():
    with mock.patch("project.tools.quiet"):
        yield

def twice_removed():
    return list(patches())
"""

CHANGES = {
    "mock.patch": """
        from unittest import mock
        def test():
            with mock.patch("os.getcwd"): pass
    """,
    "patch imported by itself": """
        from unittest.mock import patch
        def test():
            with patch("os.getcwd"): pass
    """,
    "patch under another name": """
        from unittest import mock as m
        def test():
            with m.patch.dict({}, a=1): pass
    """,
    "patch by its full name": """
        import unittest.mock
        def test():
            unittest.mock.patch.object(object(), "name").start()
    """,
    "patch imported inside": """
        def test():
            from unittest.mock import patch
            with patch("os.getcwd"): pass
    """,
    "patch in a function inside": """
        from unittest import mock
        def test():
            async def inner():
                with mock.patch("os.getcwd"): pass
    """,
    "patch as a decorator": """
        from unittest import mock
        @mock.patch("os.getcwd")
        def test(getcwd): pass
    """,
    "patch below another decorator": """
        import functools
        from unittest import mock
        def outer(function):
            @functools.wraps(function)
            def wrapper(): return function()
            return wrapper
        @outer
        @mock.patch("os.getcwd")
        def test(getcwd): pass
    """,
    "MonkeyPatch": """
        import pytest
        def test():
            with pytest.MonkeyPatch.context(): pass
    """,
    "environ assigned": """
        import os
        def test(): os.environ["A"] = "b"
    """,
    "environ deleted from": """
        import os
        def test(): del os.environ["A"]
    """,
    "environ updated": """
        from os import environ
        def test(): environ.update(A="b")
    """,
    "environ popped from": """
        import os
        def test(): os.environ.pop("A", None)
    """,
    "putenv": """
        import os
        def test(): os.putenv("A", "b")
    """,
    "chdir": """
        import os
        def test(tmp_path): os.chdir(tmp_path)
    """,
    "contextlib.chdir": """
        import contextlib
        def test(tmp_path):
            with contextlib.chdir(tmp_path): pass
    """,
    "umask": """
        import os
        def test(): os.umask(0)
    """,
    "fork": """
        import os
        def test(): os.fork()
    """,
    "warns": """
        import pytest
        def test():
            with pytest.warns(UserWarning): pass
    """,
    "deprecated_call": """
        import pytest
        def test():
            with pytest.deprecated_call(): pass
    """,
    "catch_warnings": """
        import warnings
        def test():
            with warnings.catch_warnings(): pass
    """,
    "simplefilter": """
        import warnings
        def test(): warnings.simplefilter("error")
    """,
    "redirect_stdout": """
        import contextlib, io
        def test():
            with contextlib.redirect_stdout(io.StringIO()): pass
    """,
    "streams by hand": """
        import io, sys
        def test():
            before = sys.stdout
            sys.stdout = io.StringIO()
            sys.stdout = before
    """,
    "setlocale": """
        import locale
        def test(): locale.setlocale(locale.LC_ALL, "C")
    """,
    "tzset": """
        import time
        def test(): time.tzset()
    """,
    "event loop policy": """
        import asyncio
        def test(): asyncio.set_event_loop_policy(None)
    """,
    "random.seed": """
        import random
        def test(): random.seed(1)
    """,
    "seed imported by itself": """
        from random import seed
        def test(): seed(1)
    """,
    "numpy.random.seed": """
        def test():
            import numpy
            numpy.random.seed(1)
    """,
    "signal handler": """
        import signal
        def test(): signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    """,
    "signal handler, imported inside": """
        def test():
            import signal
            signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    """,
    "timer": """
        import signal
        def test(): signal.setitimer(signal.ITIMER_REAL, 0)
    """,
    "freeze_time": """
        def freeze_time(when): ...
        def test():
            with freeze_time("2020-01-01"): pass
    """,
    "a signal handler of a loop": """
        import asyncio, signal
        async def test():
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGTERM, print)
    """,
    "the garbage of all": """
        import gc
        def test():
            gc.collect()
            assert gc.garbage == []
    """,
    "the collector's switches, imported": """
        from gc import set_debug
        def test(): set_debug(0)
    """,
    "attribute of a module": """
        import os
        def test(): os.sep = "!"
    """,
    "attribute of a module deleted": """
        from project import tools
        def test(): del tools.quiet
    """,
    "attribute of an imported class": """
        from project.tools import Settings
        def test(): Settings.debug = True
    """,
    "attribute set in a function inside": """
        from project.tools import Settings
        def test():
            def change(): Settings.debug = True
    """,
    "a function of the project": """
        from project.tools import patches
        def test(): list(patches())
    """,
    "a function that another one calls": """
        from project.tools import twice_removed
        def test(): twice_removed()
    """,
    "a function next to the test": """
        import os
        def go(path): os.chdir(path)
        def test(tmp_path): go(tmp_path)
    """,
    "a function in a closure": """
        import os
        def make():
            def go(): os.chdir("/")
            def test(): go()
            return test
        test = make()
    """,
}

HARMLESS = {
    "nothing": """
        def test(): assert 1 + 1 == 2
    """,
    "environ read": """
        import os
        def test(): assert os.environ["HOME"]
    """,
    "environ asked": """
        import os
        def test(): assert os.environ.get("A") is None
    """,
    "a collection of garbage": """
        import gc
        def test(): gc.collect()
    """,
    "callbacks of another": """
        def test(client): client.callbacks.append(print)
    """,
    "a method called patch": """
        def test(client): client.patch("/users/1")
    """,
    "an attribute called patch": """
        def test(version): assert version.patch == 0
    """,
    "an own function called patch": """
        def patch(url): return url
        def test(): patch("/users/1")
    """,
    "an attribute called signal": """
        def test(sensor): assert sensor.signal > 0
    """,
    "names in a text": """
        def test(): assert "os.environ['A'] = 'b'; chdir; mock.patch"
    """,
    "a local of the same name": """
        def test():
            environ = {}
            environ["A"] = "b"
    """,
    "an argument of the same name": """
        def test(warns): assert warns
    """,
    "an attribute of an object": """
        from project.tools import Settings
        def test():
            settings = Settings()
            settings.debug = True
    """,
    "an attribute of an imported object": """
        import types
        state = types.SimpleNamespace()
        def test(): state.value = 1
    """,
    "an attribute of a module read": """
        import os
        def test(): assert os.sep
    """,
    "a harmless function of the project": """
        from project.tools import quiet
        def test(): assert quiet() == 1
    """,
    "a Mock": """
        from unittest.mock import Mock
        def test(): Mock()()
    """,
    "a function that calls itself": """
        def again(n): return again(n - 1) if n else 0
        def test(): again(3)
    """,
    "raises": """
        import pytest
        def test():
            with pytest.raises(ValueError): int("x")
    """,
}


def _is_project(module: str) -> bool:
    return module.startswith("project")


@pytest.fixture(autouse=True)
def project(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of the project under test, for the sources to import."""
    tools = types.ModuleType("project.tools")
    exec(TOOLS, vars(tools))
    package = types.ModuleType("project")
    vars(package).update(tools=tools, __path__=[])
    monkeypatch.setitem(sys.modules, "project", package)
    monkeypatch.setitem(sys.modules, "project.tools", tools)


def compiled(source: str, name: str = "project.test_it") -> Callable[..., Any]:
    """The function ``test`` of a source."""
    space: dict[str, Any] = {"__name__": name}
    exec(compile(textwrap.dedent(source), "<test>", "exec"), space)
    function: Callable[..., Any] = space["test"]
    return function


def texts(
    *functions: Any,
    fixtures: tuple[str, ...] = (),
    project: Callable[[str], bool] | None = None,
) -> list[str]:
    """What tests with these functions and fixtures are found to change."""
    state = ProcessState(project or _is_project)
    return [finding.text for finding in state.findings(functions, fixtures)]


def found(source: str) -> list[Finding]:
    """What a test with this source is found to change."""
    return ProcessState(_is_project).findings([compiled(source)])


@pytest.mark.parametrize("what", CHANGES)
def test_what_changes_the_process_is_found(what: str) -> None:
    """Each of these disturbs, or is disturbed by, a test that runs beside it."""
    assert found(CHANGES[what])


@pytest.mark.parametrize("what", HARMLESS)
def test_what_only_looks_like_it_is_not(what: str) -> None:
    """A test that runs alone for nothing is time that fasttest was to save."""
    assert not found(HARMLESS[what])


def test_a_finding_says_what_and_where() -> None:
    """A user is to find the line."""
    assert found(CHANGES["a function of the project"])[0].text == "patch in patches"
    assert found(CHANGES["patch as a decorator"])[0].text == "patch round test"
    assert found(CHANGES["attribute of a module"])[0].text == "os.sep is set in test"
    assert found(CHANGES["environ assigned"])[0].text == "environ in test"


def test_all_that_a_test_changes_is_found() -> None:
    """One thing that cannot be its own sends a test to the exclusive lane."""
    source = """
        import os, warnings
        def test():
            with warnings.catch_warnings():
                os.umask(0)
    """
    assert {(f.text, f.kind) for f in found(source)} == {
        ("catch_warnings in test", Kind.WARNINGS),
        ("umask in test", None),
    }


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("mock.patch", Kind.PATCHES),
        ("patch as a decorator", Kind.PATCHES),
        ("MonkeyPatch", Kind.PATCHES),
        ("environ assigned", Kind.ENVIRONMENT),
        ("chdir", Kind.DIRECTORY),
        ("setlocale", Kind.LOCALE),
        ("streams by hand", Kind.STREAMS),
        ("event loop policy", Kind.POLICY),
        ("random.seed", Kind.RANDOM),
        ("putenv", None),
    ],
)
def test_what_can_be_a_tests_own_is_told_from_what_cannot(
    what: str, kind: Kind | None
) -> None:
    """Patches are noticed as they are made; a system call is not."""
    assert {finding.kind for finding in found(CHANGES[what])} == {kind}


def test_what_is_only_written_is_a_tests_own_and_a_counter_is_not() -> None:
    """What is read and written again may be there for the next test to see."""
    source = """
        import project.tools as tools
        from project.tools import Settings
        def test():
            tools.quiet = tools.quiet
            Settings.debug = True
            Settings.count = Settings.count + 1
    """
    tools = sys.modules["project.tools"]
    function, value, counter = found(source)
    assert (function.kind, function.attribute) == (Kind.PATCHES, (tools, "quiet"))
    assert (value.kind, value.attribute) == (Kind.PATCHES, (tools.Settings, "debug"))
    assert (counter.kind, counter.attribute) == (None, None)


@pytest.mark.parametrize("name", sorted(PATCHING_FIXTURES))
def test_a_patching_fixture_is_enough(name: str) -> None:
    """Wherever in the closure it is: tests get these through their own fixtures."""
    test = compiled("def test(client): pass")
    assert texts(test, fixtures=("client", name)) == [f"fixture {name}"]


def test_the_functions_of_all_fixtures_are_looked_at() -> None:
    """Most tests that patch do so in a fixture."""
    harmless = compiled("def test(): pass")
    patching = compiled(CHANGES["mock.patch"])
    assert texts(harmless, patching) == ["patch in test"]
    assert texts(harmless) == []


def test_functions_of_other_packages_are_not_followed() -> None:
    """Half the libraries there are name the environment somewhere."""
    source = """
        from project.tools import patches
        def test(): list(patches())
    """
    test = compiled(source, "suite.test_it")
    assert texts(test, project=lambda module: False) == []


def test_the_mock_server_of_a_plugins_fixture_is_looked_into() -> None:
    """Its class patches in ``__enter__``, which no function of the fixture names."""
    source = """
        from unittest import mock
        class Server:
            def __enter__(self):
                self.patcher = mock.patch("os.getcwd")
        def test():
            with Server() as server: yield server
    """
    test = compiled(source, "plugin.fixtures")
    assert texts(test, project=lambda module: False) == ["patch in __enter__"]


@pytest.mark.parametrize(
    "wrap", [staticmethod, classmethod, lambda test: types.MethodType(test, object())]
)
def test_methods_are_functions_too(wrap: Any) -> None:
    """A test or a fixture may be any kind of method."""
    assert texts(wrap(compiled(CHANGES["chdir"]))) == ["chdir in test"]


def test_what_has_no_code_is_not_looked_into() -> None:
    """A fixture may be any callable: a builtin, a partial, an object."""
    assert texts(print, functools.partial(print), object) == []


@given(st.permutations(sorted(CHANGES)[:6] + sorted(HARMLESS)[:6]))
def test_the_answer_does_not_depend_on_what_was_asked_before(order: list[str]) -> None:
    """What is remembered of a function is what it is by itself."""
    state = ProcessState(_is_project)
    for what in order:
        source = CHANGES.get(what) or HARMLESS[what]
        assert bool(state.findings([compiled(source)])) == (what in CHANGES)
