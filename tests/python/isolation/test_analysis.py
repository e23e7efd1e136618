"""What the analyzer reads in a function, line by line."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import textwrap
import types
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fasttest.isolation.analysis.reach import Reach
from fasttest.isolation.analysis.sources import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fasttest.isolation.analysis.model import Finding

_NAME = "analyzed_module"

# Line 1 of a source is its first line after the quotes.
READ: dict[str, tuple[str, list[str]]] = {
    "a port": (
        """
        import socket
        PORT = 8000
        def test():
            socket.socket().bind(("", PORT))
        """,
        ["4 port shared port 8000"],
    ),
    "a free port": (
        """
        import asyncio
        async def test():
            await asyncio.start_server(print, "localhost", 0)
        """,
        [],
    ),
    "a server's port": (
        """
        import asyncio
        async def test():
            await asyncio.start_server(print, "localhost", 8080)
            await asyncio.start_server(print, port=8081)
            asyncio.open_connection("localhost", 8082)
        """,
        ["3 port shared port 8080", "4 port shared port 8081"],
    ),
    "a file": (
        """
        import os.path
        from pathlib import Path
        HERE = Path("out")
        def test():
            open("a.txt", "w")
            (HERE / "b.txt").write_text("")
            with open(os.path.join("d", "c.txt"), mode="a"):
                pass
            name = f"/tmp/{HERE}"
            Path(name).mkdir()
        """,
        [
            "5 file shared file a.txt",
            "6 file shared file out/b.txt",
            "7 file shared file d/c.txt",
            "10 file shared file /tmp/out",
        ],
    ),
    "a file that is only read, or nobody else's": (
        """
        import tempfile
        from pathlib import Path
        def test(tmp_path, name):
            open("a.txt")
            open("a.txt", "rb")
            (tmp_path / "b.txt").write_text("")
            open(f"{tmp_path}/c.txt", "w")
            Path(tempfile.mkdtemp(), "d.txt").touch()
            Path(name).touch()
            open("/dev/null", "w")
            "text".replace("t", "d")
            sub = tmp_path / "e"
            sub.mkdir()
        """,
        [],
    ),
    "the environment": (
        """
        import os
        from os import environ
        def test(monkeypatch):
            os.environ["A"] = "1"
            environ.pop("A")
            del os.environ["A"]
            os.environ.get("A")
            monkeypatch.setenv("A", "1")
            os.putenv("A", "1")
        """,
        [
            "4 environment own -",
            "5 environment own -",
            "6 environment own -",
            "8 environment own -",
            "9 process alone -",
        ],
    ),
    "the working directory": (
        """
        import os
        def test():
            os.chdir("/")
        """,
        ["3 directory own -"],
    ),
    "globals": (
        """
        import collections
        COUNT = 0
        ALL = []
        BY_NAME = collections.defaultdict(list)
        def test():
            global COUNT
            COUNT += 1
            ALL.append(1)
            BY_NAME["a"] = []
            own = []
            own.append(1)
            len(ALL)
        """,
        [
            "7 global shared analyzed_module.COUNT",
            "8 global shared analyzed_module.ALL",
            "9 global shared analyzed_module.BY_NAME",
        ],
    ),
    "a local name that hides a global": (
        """
        ALL = []
        def test():
            ALL = []
            ALL.append(1)
        """,
        [],
    ),
    "attributes of modules": (
        """
        import json, sys
        def test():
            json.dumps = None
            sys.stdout = None
            sys.excepthook = None
        """,
        [
            "3 global shared json.dumps",
            "4 process own -",
            "5 process alone -",
        ],
    ),
    "attributes of classes": (
        """
        class Thing:
            count = 0
            all = {}
            def make(self):
                type(self).count += 1
                self.__class__.all["a"] = 1
                self.own = 1
            @classmethod
            def clear(cls):
                cls.count = 0
        def test():
            thing = Thing()
            thing.make()
            Thing.clear()
            Thing.count = 2
            thing.count = 3
        """,
        [
            "5 class attribute shared analyzed_module.Thing.count",
            "6 global shared analyzed_module.Thing.all",
            "10 class attribute shared analyzed_module.Thing.count",
            "15 class attribute shared analyzed_module.Thing.count",
        ],
    ),
    "singletons": (
        """
        class Registry:
            def __init__(self):
                self.level = 0
            def raise_level(self):
                self.level = 1
        REGISTRY = Registry()
        def test():
            REGISTRY.raise_level()
            Registry().raise_level()
            REGISTRY.level = 3
        """,
        [
            "5 singleton shared analyzed_module.REGISTRY",
            "10 singleton shared analyzed_module.REGISTRY",
        ],
    ),
    "patches": (
        """
        from unittest import mock
        from unittest.mock import patch
        @patch("json.dumps")
        def test(dumps, monkeypatch):
            with mock.patch.object(test, "a"):
                monkeypatch.setattr("json.loads", None)
        """,
        ["3 patch own -", "5 patch own -", "6 patch own -"],
    ),
    "what cannot be the test's own": (
        """
        import os, signal
        def test():
            signal.signal(2, print)
            os.umask(0)
            object().signal(1)
        """,
        ["3 process alone -", "4 process alone -"],
    ),
    "what else can be the test's own": (
        """
        import asyncio, locale, random
        def test():
            locale.setlocale(locale.LC_ALL, "C")
            random.seed(1)
            asyncio.set_event_loop_policy(None)
        """,
        ["3 process own -", "4 process own -", "5 process own -"],
    ),
    "a logger's level": (
        """
        import logging
        LOG = logging.getLogger("analyzed")
        def test():
            LOG.setLevel(10)
        """,
        ["4 process own -"],
    ),
    "blocking calls": (
        """
        import asyncio, subprocess, threading, time
        from time import sleep as wait
        async def test():
            time.sleep(1)
            wait(1)
            subprocess.run(["true"])
            await asyncio.sleep(1)
            thread = threading.Thread(target=print)
            thread.join()
            helper()
        def helper():
            time.sleep(2)
        """,
        [
            "4 blocking holds up -",
            "5 blocking holds up -",
            "6 blocking holds up -",
            "9 blocking holds up -",
            "12 blocking holds up -",
        ],
    ),
    "blocking calls that a thread makes": (
        """
        import asyncio, time
        async def test():
            def inside():
                time.sleep(1)
            await asyncio.to_thread(inside)
            await asyncio.to_thread(helper)
            await asyncio.to_thread(lambda: time.sleep(1))
        def helper():
            time.sleep(1)
        """,
        [],
    ),
    "what computes": (
        """
        import hashlib
        async def test():
            for _ in range(5_000_000):
                pass
            for _ in range(10):
                hashlib.pbkdf2_hmac("sha256", b"", b"", 100_000)
            async def polls():
                for _ in range(5_000_000):
                    await None
        """,
        ["3 computing computes -", "6 computing computes -"],
    ),
    "fixtures that change the process": (
        """
        def test(caplog, capfd, monkeypatch):
            caplog.set_level(10)
            capfd.readouterr()
            monkeypatch.chdir("/")
            monkeypatch.setitem({}, "a", 1)
        """,
        [
            "2 process own -",
            "3 process alone -",
            "4 directory own -",
            "5 patch own -",
        ],
    ),
    "a loop's signal handlers": (
        """
        import asyncio
        async def test():
            asyncio.get_running_loop().add_signal_handler(2, print)
        """,
        ["3 process shared signal handlers of event loops"],
    ),
    "an import inside": (
        """
        def test():
            import signal
            from os import umask as mask
            signal.alarm(1)
            mask(0)
        """,
        ["4 process alone -", "5 process alone -"],
    ),
    "functions that call each other": (
        """
        import os
        def test(): other()
        def other():
            os.chdir("/")
            test()
        """,
        ["4 directory own -"],
    ),
}


def load(folder: Path, source: str) -> types.ModuleType:
    """Import a source as a module."""
    file = folder / f"{_NAME}.py"
    file.write_text(textwrap.dedent(source).lstrip("\n"))
    spec = importlib.util.spec_from_file_location(_NAME, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def line(finding: Finding) -> str:
    """A finding in short."""
    return (
        f"{finding.line} {finding.category.value} {finding.effect.value} "
        f"{finding.resource or '-'}"
    )


@pytest.mark.parametrize("name", READ)
def test_lines_are_found_with_what_they_do(tmp_path: Path, name: str) -> None:
    """Each line that matters, and no other."""
    source, expected = READ[name]
    module = load(tmp_path, source)
    found = Reach(lambda name: name == _NAME).findings(module.test)
    assert all(each.file == str(tmp_path / f"{_NAME}.py") for each in found)
    lines = sorted(map(line, found), key=lambda text: int(text.partition(" ")[0]))
    assert lines == expected


def test_only_the_project_is_followed(tmp_path: Path) -> None:
    """What the standard library does inside is its own business."""
    module = load(
        tmp_path,
        """
        import tempfile, os
        def helper(): os.umask(0)
        def test():
            tempfile.mkdtemp()
            helper()
        """,
    )
    assert not Reach(lambda name: False).findings(module.test)


def test_a_method_is_looked_up_in_the_class_of_the_test(tmp_path: Path) -> None:
    """The class that runs the test may override what its base calls."""
    module = load(
        tmp_path,
        """
        import os
        class Base:
            def test(self): self.prepare()
            def prepare(self): os.chdir("/")
        class Test(Base):
            def prepare(self): pass
        """,
    )
    reach = Reach(lambda name: name == _NAME)
    assert not reach.findings(module.Test.test, module.Test)
    assert reach.findings(module.Base.test, module.Base)


def test_a_function_without_source_says_nothing() -> None:
    """Made by exec, or compiled: nothing to read is nothing found."""
    space: dict[str, Any] = {}
    exec("import os\ndef test(): os.chdir('/')", space)
    reach = Reach(lambda name: True)
    assert reach.findings(space["test"]) == ()
    assert reach.findings(len) == ()
    assert reach.findings(object()) == ()


def modules() -> Iterator[types.ModuleType]:
    """The modules that are loaded: pytest's, the standard library's, and others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in list(sys.modules.values()):
            if type(module) is types.ModuleType and getattr(module, "__file__", None):
                yield module


@pytest.mark.slow
def test_any_code_can_be_read() -> None:
    """Whatever people write: it never crashes, and each line it names is there."""
    reach = Reach(lambda name: False)  # each by itself
    lengths: dict[str, int] = {}
    count = 0
    for module in modules():
        for value in list(vars(module).values()):
            methods = vars(value).values() if inspect.isclass(value) else ()
            for function in (value, *methods):
                if not isinstance(function, types.FunctionType):
                    continue
                count += 1
                for finding in reach.findings(function):
                    if finding.file not in lengths:
                        text = Path(finding.file).read_bytes()
                        lengths[finding.file] = len(text.splitlines())
                    assert 0 < finding.line <= lengths[finding.file]
    assert count > 1000


def test_a_file_that_is_no_python_is_no_tree(tmp_path: Path) -> None:
    """Generated by templates, of another version, with zeros: it is left out."""
    for content in (b"def (:", b"\0", b"# coding: no-such\n", b"\xff\xfe"):
        file = tmp_path / "file.py"
        file.write_bytes(content)
        assert parse(str(file)) is None
    assert parse(str(tmp_path / "none.py")) is None
