"""A suite whose tests all change the process, each for itself and all at once."""

from __future__ import annotations

import random
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comparison.suite import Counts, Suite

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TESTS = 312
FILES = 12
# How long each test waits, in this many turns.
SECONDS = 0.05
TURNS = 4
# How much of the process a test changes, at least and at most.
CHANGES = (2, 6)
# One test in so many fails after all, with what it has emitted in its report.
FAILING = 26


@dataclass(frozen=True)
class Change:
    """Something that a test changes, and how it sees that nobody else did.

    Attributes:
        fixtures: What it needs.
        begin: Makes the change; ``n`` is the number of the test.
        check: Run between any two waits; ``turn`` counts them.
        end: Undoes what no fixture undoes.
        touches: Names of what it changes, of which a test changes each once.
    """

    fixtures: Sequence[str]
    begin: str
    check: str
    end: str = ""
    touches: Sequence[str] = ()


SHARED = '''\
"""What all tests of the suite have in common, and change."""

import contextvars
import logging

VALUE = "value"
OTHER = "other"
REGISTRY = {"kept": 0}
VARIABLE = contextvars.ContextVar("VARIABLE", default=None)
LOGGER = logging.getLogger("hostile")


def answer():
    return "genuine"


def both():
    return VALUE, OTHER


class Service:
    timeout = 1

    def call(self):
        return "called"
'''

CONFTEST = '''\
import locale
import logging
import os
import random
import sys
import warnings
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import shared


def state():
    return {
        "shared": {k: v for k, v in vars(shared).items() if not k.startswith("__")},
        "registry": dict(shared.REGISTRY),
        "service": dict(vars(shared.Service)),
        "environ": {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"},
        "cwd": os.getcwd(),
        "path": list(sys.path),
        "fake": sys.modules.get("fake_module"),
        # Not the actions: what is shown once is told apart by who asks.
        "filters": [rest for _, *rest in warnings.filters],
        "level": shared.LOGGER.level,
        "handlers": list(shared.LOGGER.handlers),
        "locale": locale.setlocale(locale.LC_CTYPE),
    }


@pytest.fixture(scope="session", autouse=True)
def process_is_left_as_it_was():
    before = state()
    yield
    assert state() == before


@pytest.fixture(autouse=True)
def clock(monkeypatch, request):
    """In every test: the same attribute, another value."""
    monkeypatch.setattr(shared, "OTHER", request.node.name)
    return request.node.name
'''

CHANGES_THERE_ARE = {
    "setattr": Change(
        ["monkeypatch"],
        'monkeypatch.setattr(shared, "VALUE", n)',
        "assert shared.VALUE == n\nassert shared.both() == (n, clock)",
        touches=["VALUE"],
    ),
    "setattr_undone": Change(
        ["monkeypatch"],
        "with monkeypatch.context() as inner:\n"
        '    inner.setattr(shared, "VALUE", n)\n'
        "    await asyncio.sleep(0)\n"
        "    assert shared.VALUE == n",
        'assert shared.VALUE == "value"',
        touches=["VALUE"],
    ),
    "setenv": Change(
        ["monkeypatch"],
        'monkeypatch.setenv("HOSTILE", str(n))',
        'assert os.environ["HOSTILE"] == os.getenv("HOSTILE") == str(n)',
        touches=["HOSTILE"],
    ),
    "delenv": Change(
        ["monkeypatch"],
        'monkeypatch.delenv("HOME", raising=False)',
        'assert "HOME" not in os.environ',
        touches=["HOME"],
    ),
    "environ": Change(
        [],
        'os.environ["HOSTILE_BY_HAND"] = str(n)',
        'assert os.environ["HOSTILE_BY_HAND"] == str(n)',
        'del os.environ["HOSTILE_BY_HAND"]',
        touches=["HOSTILE_BY_HAND"],
    ),
    "chdir": Change(
        ["monkeypatch", "tmp_path"],
        'monkeypatch.chdir(tmp_path)\nPath("mine").write_text(str(n))',
        'assert Path("mine").read_text() == str(n)\n'
        "assert os.getcwd() == str(tmp_path)",
        touches=["cwd"],
    ),
    "setitem": Change(
        ["monkeypatch"],
        'monkeypatch.setitem(shared.REGISTRY, "item", n)\n'
        'monkeypatch.delitem(shared.REGISTRY, "kept")',
        'assert shared.REGISTRY == {"item": n}',
        touches=["REGISTRY"],
    ),
    "syspath": Change(
        ["monkeypatch", "tmp_path"],
        "monkeypatch.syspath_prepend(tmp_path)",
        "assert sys.path[0] == str(tmp_path)",
        touches=["sys.path"],
    ),
    "module": Change(
        ["monkeypatch"],
        'module = types.ModuleType("fake_module")\n'
        'monkeypatch.setitem(sys.modules, "fake_module", module)',
        "import fake_module\nassert fake_module is module",
        touches=["sys.modules"],
    ),
    "patch": Change(
        [],
        'patcher = mock.patch("shared.answer", return_value=n)\n'
        "patched = patcher.start()",
        "assert shared.answer() == n\nassert patched.call_count == turn + 1",
        "patcher.stop()",
        touches=["answer"],
    ),
    "patch_object": Change(
        [],
        'method = mock.patch.object(shared.Service, "call", lambda self: n)\n'
        "method.start()",
        "assert shared.Service().call() == n",
        "method.stop()",
        touches=["Service"],
    ),
    "patch_dict": Change(
        [],
        "entries = mock.patch.dict(shared.REGISTRY, {str(n): n}, clear=True)\n"
        "entries.start()",
        "assert shared.REGISTRY == {str(n): n}",
        "entries.stop()",
        touches=["REGISTRY"],
    ),
    "patch_multiple": Change(
        [],
        "both = mock.patch.multiple(shared.Service, timeout=n, more=n, create=True)\n"
        "both.start()",
        "assert shared.Service.timeout == shared.Service.more == n",
        "both.stop()",
        touches=["Service"],
    ),
    "capsys": Change(
        ["capsys"],
        'print("begin", n)',
        'assert capsys.readouterr().out == f"begin {n}\\n" * (not turn)'
        ' + f"turn {n}\\n" * bool(turn)\n'
        'print("turn", n)',
        touches=["stdout"],
    ),
    "capsys_in_task": Change(
        ["capsys"],
        "async def speaking():\n"
        '    print("task", n)\n'
        "    await asyncio.sleep(0)\n"
        '    print("task", n, file=sys.stderr)\n'
        "await asyncio.create_task(speaking())",
        'expected = ("", "") if turn else (f"task {n}\\n", f"task {n}\\n")\n'
        "assert tuple(capsys.readouterr()) == expected",
        touches=["stdout"],
    ),
    "capsys_in_thread": Change(
        ["capsys"],
        "",
        'await asyncio.to_thread(print, "thread", n)\n'
        'assert capsys.readouterr().out == f"thread {n}\\n"',
        touches=["stdout"],
    ),
    "capsysbinary": Change(
        ["capsysbinary"],
        "",
        "sys.stdout.buffer.write(bytes([n % 256]))\n"
        "assert capsysbinary.readouterr().out == bytes([n % 256])",
        touches=["stdout"],
    ),
    "print": Change(
        [],
        'print("out of", n)',
        'print("turn", turn, "of", n, file=sys.stderr)',
        touches=["stdout"],
    ),
    "redirect": Change(
        [],
        "written = io.StringIO()\n"
        "redirection = contextlib.redirect_stdout(written)\n"
        "redirection.__enter__()",
        'print(n)\nassert written.getvalue() == f"{n}\\n" * (turn + 1)',
        "redirection.__exit__(None, None, None)",
        touches=["stdout"],
    ),
    "streams_by_hand": Change(
        [],
        "streams = sys.stdout, sys.stderr\n"
        "sys.stdout = sys.stderr = shown = io.StringIO()",
        "print(n)\nprint(n, file=sys.stderr)\n"
        'assert shown.getvalue() == f"{n}\\n" * 2 * (turn + 1)',
        "sys.stdout, sys.stderr = streams",
        touches=["stdout"],
    ),
    "caplog": Change(
        ["caplog"],
        'caplog.set_level(logging.DEBUG, logger="hostile")',
        'shared.LOGGER.debug("%s at %s", n, turn)\n'
        "assert caplog.messages == [f'{n} at {t}' for t in range(turn + 1)]",
        touches=["logging"],
    ),
    "at_level": Change(
        ["caplog"],
        "",
        'with caplog.at_level(logging.ERROR, logger="hostile"):\n'
        "    await asyncio.sleep(0)\n"
        '    shared.LOGGER.warning("not %s", n)\n'
        '    shared.LOGGER.error("but %s", n)\n'
        'assert caplog.messages == [f"but {n}"] * (turn + 1)',
        touches=["logging"],
    ),
    "log": Change(
        [],
        'shared.LOGGER.warning("from %s", n)',
        'shared.LOGGER.warning("turn %s of %s", turn, n)',
        touches=["logging"],
    ),
    "recwarn": Change(
        ["recwarn"],
        "warnings.warn(str(n), UserWarning, stacklevel=1)",
        "warnings.warn(f'{n} at {turn}', UserWarning, stacklevel=1)\n"
        "texts = [str(w.message) for w in recwarn]\n"
        "assert texts == [str(n), *(f'{n} at {t}' for t in range(turn + 1))]",
        touches=["warnings"],
    ),
    "catch_warnings": Change(
        [],
        "caught = warnings.catch_warnings()\n"
        "caught.__enter__()\n"
        'warnings.simplefilter("error" if n % 2 else "ignore")',
        "if n % 2:\n"
        "    with pytest.raises(RuntimeWarning):\n"
        '        warnings.warn("mine", RuntimeWarning, stacklevel=1)\n'
        "else:\n"
        '    warnings.warn("mine", RuntimeWarning, stacklevel=1)',
        "caught.__exit__(None, None, None)",
        touches=["warnings"],
    ),
    "warns": Change(
        [],
        "",
        "with pytest.warns(UserWarning, match=f'^{n}$'):\n"
        "    warnings.warn(str(n), UserWarning, stacklevel=1)\n"
        "    await asyncio.sleep(0)",
        touches=["warnings"],
    ),
    "locale": Change(
        [],
        "language = locale.setlocale(locale.LC_CTYPE)\n"
        'mine = locale.setlocale(locale.LC_CTYPE, "C" if n % 2 else "C.UTF-8")',
        "assert locale.setlocale(locale.LC_CTYPE) == mine",
        "locale.setlocale(locale.LC_CTYPE, language)",
        touches=["locale"],
    ),
    "policy": Change(
        [],
        "policy = asyncio.get_event_loop_policy()\n"
        "own = asyncio.DefaultEventLoopPolicy()\n"
        "asyncio.set_event_loop_policy(own)",
        "assert asyncio.get_event_loop_policy() is own",
        "asyncio.set_event_loop_policy(policy)",
        touches=["policy"],
    ),
    "random": Change(
        [],
        "random.seed(n)\ndrawn = random.Random(n)",
        "assert random.random() == drawn.random()",
        touches=["random"],
    ),
    "variable": Change(
        [],
        "shared.VARIABLE.set(n)",
        "assert shared.VARIABLE.get() == n\n"
        "assert await asyncio.to_thread(shared.VARIABLE.get) == n",
        touches=["VARIABLE"],
    ),
    "exception_handler": Change(
        [],
        "handled = []\n"
        "loop = asyncio.get_running_loop()\n"
        "note = lambda _, context: handled.append(context['message'])\n"
        "loop.set_exception_handler(note)",
        'loop.call_exception_handler({"message": f"{n} at {turn}"})\n'
        "assert handled == [f'{n} at {t}' for t in range(turn + 1)]",
        touches=["loop"],
    ),
}

# What no test can have for itself beside others; those which change it run alone.
NOT_SHARED = {
    "capfd": Change(
        ["capfd"],
        "",
        'os.write(1, b"%d at %d" % (n, turn))\n'
        'assert capfd.readouterr().out == f"{n} at {turn}"',
        touches=["stdout"],
    ),
    "signal": Change(
        [],
        "received = []\n"
        "note = lambda number, frame: received.append(number)\n"
        "handler = signal.signal(signal.SIGUSR1, note)",
        "signal.raise_signal(signal.SIGUSR1)\nassert len(received) == turn + 1",
        "signal.signal(signal.SIGUSR1, handler)",
        touches=["signal"],
    ),
    "syspath_by_hand": Change(
        [],
        "sys.path.insert(0, str(n))",
        "assert sys.path[0] == str(n)",
        "sys.path.remove(str(n))",
        touches=["sys.path"],
    ),
    "zone": Change(
        ["monkeypatch"],
        'monkeypatch.setenv("TZ", f"ABC+{n % 12}")\ntime.tzset()',
        "assert time.timezone == n % 12 * 3600",
        'monkeypatch.delenv("TZ")\ntime.tzset()',
        touches=["TZ"],
    ),
    "clock": Change(
        ["monkeypatch"],
        'monkeypatch.setattr(time, "time", lambda: n)',
        "assert time.time() == n",
        touches=["time"],
    ),
    "umask": Change(
        ["tmp_path"],
        "mask = os.umask(0o077 if n % 2 else 0o022)",
        "path = tmp_path / str(turn)\n"
        "path.touch()\n"
        "assert path.stat().st_mode & 0o077 == (0 if n % 2 else 0o044)",
        "os.umask(mask)",
        touches=["umask"],
    ),
}

_INI = """\
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
"""

_COMMON = {"shared.py": SHARED, "conftest.py": CONFTEST, "pytest.ini": _INI}

_HEAD = """\
import asyncio
import contextlib
import io
import locale
import logging
import os
import random
import signal
import sys
import time
import types
import warnings
from pathlib import Path
from unittest import mock

import pytest
import shared

"""


def hostile(seed: int, *, number: int = TESTS, red: bool = False) -> Suite:
    """Every test changes several things at once, waits in between, and looks.

    Args:
        seed: Of what each test changes and in which order it undoes that.
        number: How many tests there are.
        red: Whether some of them fail in the end.
    """
    chance = random.Random(seed)
    failed = sum(red and _fails(test) for test in range(number))
    files = dict(_COMMON)
    for file in range(FILES):
        tests = (
            _test(test, chance, red=red and _fails(test))
            for test in range(file, number, FILES)
        )
        files[f"test_hostile_{file:02}.py"] = _HEAD + "\n".join(tests)
    return Suite(
        name="hostile",
        about=f"{number} x sleep({SECONDS}), each in a changed process, seed {seed}",
        files=files,
        expected=Counts(passed=number - failed, failed=failed),
        # pytest itself computes an eighth of its time: patches, fixtures, reports.
        goal=8.0,
    )


def not_shared(seed: int, number: int = 24) -> Suite:
    """As ``hostile``, and each test changes one thing more, of which there is one.

    No faster than one by one: it shows that these tests are kept apart.
    """
    chance = random.Random(seed)
    names = sorted(NOT_SHARED)
    tests = (
        _test(test, chance, red=False, more=NOT_SHARED[names[test % len(names)]])
        for test in range(number)
    )
    return Suite(
        name="not-shared",
        about=f"{number} x sleep({SECONDS}), each with what is shared, seed {seed}",
        files={**_COMMON, "test_not_shared.py": _HEAD + "\n".join(tests)},
        expected=Counts(passed=number),
    )


def _fails(test: int) -> bool:
    return test % FAILING == FAILING - 1


def _test(
    number: int, chance: random.Random, *, red: bool, more: Change | None = None
) -> str:
    changes = list(_some(chance, [] if more is None else [more]))
    fixtures = dict.fromkeys(f for change in changes for f in change.fixtures)
    waits = [chance.random() for _ in range(TURNS)]
    beginnings = [f"n = {number}", *(change.begin for change in changes)]
    turns = []
    for turn, wait in enumerate(waits):
        turns.append(f"await asyncio.sleep({SECONDS * wait / sum(waits):.4f})")
        turns.append(f"turn = {turn}")
        turns += [change.check for change in changes]
    if red:
        turns.append("assert n < 0")
    endings = [change.end for change in changes if change.end]
    chance.shuffle(endings)
    if endings:
        turns = ["try:", _indented(turns), "finally:", _indented(endings)]
    arguments = ", ".join(["clock", *fixtures])
    body = _indented([*filter(None, beginnings), *turns])
    return f"\nasync def test_{number}({arguments}):\n{body}\n"


def _indented(lines: Sequence[str]) -> str:
    return textwrap.indent("\n".join(lines), "    ")


def _some(chance: random.Random, given: Sequence[Change]) -> Iterator[Change]:
    """Changes that can be made by one test, in an order of their own; and these."""
    names = chance.sample(sorted(CHANGES_THERE_ARE), k=len(CHANGES_THERE_ARE))
    wanted = chance.randint(*CHANGES)
    touched = {name for change in given for name in change.touches}
    yield from given
    for name in names:
        change = CHANGES_THERE_ARE[name]
        if wanted and touched.isdisjoint(change.touches):
            touched.update(change.touches)
            wanted -= 1
            yield change
