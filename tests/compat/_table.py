"""What a compat case is: a table of one-feature files that share one run."""

from __future__ import annotations

import textwrap
import zlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ._versions import installed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

# The tests that ``gate.arrive()`` waits for where tests are to be in flight together.
PARTIES = 20

_GATE = '''
"""Hold a test until as many are in flight as this run must have at once."""
import asyncio
import os
import time

PARTIES = int(os.environ["COMPAT_PARTIES"])
_arrived = {}
_given_up = set()


async def arrive(name, parties=PARTIES):
    wanted = min(PARTIES, parties)
    _arrived[name] = _arrived.get(name, 0) + 1
    deadline = time.monotonic() + 20
    pause = 0.001
    while _arrived[name] < wanted:
        await asyncio.sleep(pause)
        # Hundreds may stand here, and must leave time for the others to come.
        pause = min(2 * pause, 0.1)
        if time.monotonic() > deadline or name in _given_up:
            # One wait is enough to know that they do not come together.
            _given_up.add(name)
            raise AssertionError(f"not {wanted} tests in flight for {name}")
'''

_JOURNAL = '''
"""Write down what happens, in lanes; within a lane the order is part of the case."""
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
_PROCESS = os.getpid()


def note(lane, text):
    if os.getpid() != _PROCESS:
        return  # a failure is being confirmed, which nobody is told about
    caller = os.path.relpath(sys._getframe(1).f_globals["__file__"], _HERE)
    line = f"{caller.replace(os.sep, '/')}|{lane}|{text}\\n"
    with open(os.path.join(_HERE, "journal.txt"), "a") as journal:
        journal.write(line)
'''


_JUNIT = "--junitxml=junit.xml"


@dataclass(frozen=True)
class Setting:
    """One way to start a runner.

    Attributes:
        name: Names the setting in test ids.
        args: The arguments to add.
        parties: How many tests ``gate.arrive()`` waits for.
        shuffled: Whether tests start and go on in an order drawn from a seed, which is
            a table's own and always the same.
    """

    name: str
    args: tuple[str, ...]
    parties: int
    shuffled: bool = False

    @property
    def junit(self) -> bool:
        """Whether the run leaves a JUnit file to compare."""
        return _JUNIT in self.args

    def args_for(self, table: Table) -> tuple[str, ...]:
        """Return the arguments to add for a table."""
        if not self.shuffled:
            return self.args
        return (*self.args, "--seed", str(zlib.crc32(table.name.encode())))

    @property
    def rescues(self) -> bool:
        """Whether a failed test may be run, and thus noted, a second time."""
        return self.parties > 1 and "--no-rescue" not in self.args


PYTEST = Setting("pytest", (_JUNIT,), 1)
SERIAL = Setting("serial", ("--concurrency", "1", _JUNIT), 1)
# No report file: most people's runs have no reader of reports but the terminal.
DEFAULT = Setting("default", (), PARTIES)
# No second chance: concurrency itself must not change any outcome. With shuffled
# starts, tests that wait for one another may be far apart: all may be in flight.
_CROWD = ("--no-rescue", _JUNIT, "--concurrency")
CROWDED = Setting("crowded", (*_CROWD, "512"), PARTIES, shuffled=True)
SETTINGS = (SERIAL, DEFAULT, CROWDED)
# For tests that do get in each other's way, and need the second chance.
RESCUED = (SERIAL, DEFAULT)
# For what depends on the order in which tests start or on who comes first at a wait.
IN_ORDER = (SERIAL, DEFAULT, Setting("crowded", (*_CROWD, "64"), PARTIES))


@dataclass(frozen=True)
class Feature:
    """One thing a suite may do, in a file ``test_<name>.py`` or a folder ``<name>/``.

    Attributes:
        source: The file, or the files of the folder by their path in it.
        sees: The outcomes pytest must report, so that a slip in the source, which
            both runners would report alike, does not pass for agreement.
        needs: The version that can do it, as ``installed`` takes it; where another one
            is installed, the feature is left out.
    """

    source: str | Mapping[str, str]
    sees: str = "passed"
    needs: str = ""

    def files(self, name: str) -> dict[str, str]:
        """Return the feature's files by their path in the suite."""
        if isinstance(self.source, str):
            return {f"test_{name}.py": self.source}
        return {f"{name}/{path}": text for path, text in self.source.items()}

    def owns(self, name: str, path: str) -> bool:
        """Tell whether a node id or path of the run belongs to this feature."""
        return path.startswith((f"test_{name}.py", f"{name}/"))


def apart(
    features: Mapping[str, Feature], *names: str
) -> tuple[dict[str, Feature], dict[str, Feature]]:
    """Return the features without some of them, and those."""
    rest = {name: each for name, each in features.items() if name not in names}
    return rest, {name: features[name] for name in names}


@dataclass(frozen=True)
class Table:
    """Features that are run together, with the same arguments and ini settings.

    Attributes:
        name: Names the table in test ids.
        features: The features by name.
        ini: Lines of the ``[pytest]`` section.
        steps: Arguments of the invocations made one after another in one folder; the
            last one is compared.
        conftest: The conftest of the root folder.
        pyproject: What fasttest is told in the ``pyproject.toml`` of the root folder.
        env: Environment variables of the run.
        stdin: What the run reads from its standard input.
        plugins: The plugins of the dependency group ``plugins`` which are active; all
            others of the group are kept out.
        leaves: Takes a run's folder and what it printed, and returns what else is to be
            compared: report files, sections of plugins.
        cache: Whether the run keeps pytest's cache, as ``--lf`` needs.
        settings: The ways to start the runner that are compared.
        needs: What all of its features need.
    """

    name: str
    features: Mapping[str, Feature]
    ini: str = ""
    steps: tuple[tuple[str, ...], ...] = ((),)
    conftest: str = ""
    pyproject: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: str = ""
    plugins: tuple[str, ...] = ()
    leaves: Callable[[Path, str], object] | None = None
    cache: bool = False
    settings: tuple[Setting, ...] = SETTINGS
    needs: str = ""

    def lacks(self, feature: str | None) -> str:
        """Return what a feature, or the run as a whole, needs and is not installed."""
        own = "" if feature is None else self.features[feature].needs
        needs = (each for each in (self.needs, own) if each)
        return next((each for each in needs if not installed(each)), "")

    def alone(self, feature: str) -> Table:
        """Return a table of just one of the features."""
        return replace(
            self,
            name=f"{self.name}-{feature}",
            features={feature: self.features[feature]},
        )

    def write(self, root: Path) -> None:
        """Lay the suite out in an empty folder."""
        files = {"gate.py": _GATE, "journal.py": _JOURNAL}
        if self.conftest:
            files["conftest.py"] = self.conftest
        if self.pyproject:
            files["pyproject.toml"] = self.pyproject
        for name, feature in self.features.items():
            if not self.lacks(name):
                files |= feature.files(name)
        for path, text in files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        ini = textwrap.dedent(self.ini).strip()
        (root / "pytest.ini").write_text(f"[pytest]\npythonpath = .\n{ini}\n")
