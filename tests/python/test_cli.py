"""The command, from a shell: its names, its exit codes, and Ctrl-C."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCRIPT = shutil.which("fasttest", path=str(Path(sys.executable).parent))
_RUN = "import fasttest, sys; sys.exit(fasttest.run(sys.argv[1:]))"

COMMANDS = {
    "fasttest": (_SCRIPT or "",),
    "python -m fasttest": (sys.executable, "-m", "fasttest"),
    "pytest -p fasttest": (sys.executable, "-m", "pytest", "-p", "fasttest"),
    "fasttest.run": (sys.executable, "-c", _RUN),
}
MODULE = COMMANDS["python -m fasttest"]

_MIXED = """
    async def test_passes(): pass
    def test_fails(): assert 0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty project, in pytest-asyncio's auto mode."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    return tmp_path


def write(folder: Path, source: str) -> None:
    """Write the project's only test file."""
    (folder / "test_it.py").write_text(textwrap.dedent(source))


def environment(**more: str) -> dict[str, str]:
    """The environment of a run, without what the outer one may bring along."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    return {**kept, "NO_COLOR": "1", **more}


def run(
    folder: Path, command: tuple[str, ...], *options: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in the project's folder."""
    return subprocess.run(
        [*command, *options],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_way_to_start_it_is_the_same(folder: Path, name: str) -> None:
    """One plugin, loaded once, whoever loads it; and nothing to warn of."""
    write(folder, _MIXED)
    # Unset, pytest-asyncio's option is warned of where that is installed.
    scope = "asyncio_default_fixture_loop_scope=function"
    done = run(folder, COMMANDS[name], "--concurrency=5", "-W", "error", "-o", scope)
    lines = done.stdout.splitlines()
    assert done.returncode == 1, done.stderr
    assert lines.count("fasttest: up to 5 tests in flight") == 1
    assert "FAILED test_it.py::test_fails - assert 0" in lines
    assert "1 failed, 1 passed in" in lines[-1]
    assert "warning" not in done.stdout


@pytest.mark.parametrize(
    ("source", "options", "code"),
    [
        ("async def test_it(): pass", (), pytest.ExitCode.OK),
        ("async def test_it(): assert 0", (), pytest.ExitCode.TESTS_FAILED),
        ("1 / 0", (), pytest.ExitCode.INTERRUPTED),
        ("", ("--concurrency", "0"), pytest.ExitCode.USAGE_ERROR),
        ("", ("--no-such-option",), pytest.ExitCode.USAGE_ERROR),
        ("", (), pytest.ExitCode.NO_TESTS_COLLECTED),
    ],
)
def test_exit_codes_are_pytests(
    folder: Path, source: str, options: tuple[str, ...], code: int
) -> None:
    """Scripts and build servers go by them."""
    write(folder, source)
    assert run(folder, MODULE, *options).returncode == code


def test_a_wrong_concurrency_is_explained_without_a_traceback(folder: Path) -> None:
    """It is the user's slip and no bug."""
    done = run(folder, MODULE, "--concurrency", "0")
    assert "--concurrency: '0' is no number of tests" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_options_are_documented(folder: Path) -> None:
    """The first thing people try."""
    text = run(folder, MODULE, "--help").stdout
    assert "concurrent execution (fasttest):" in text
    assert "--concurrency=N" in text
    assert "--no-rescue" in text


def test_importing_it_imports_no_pytest() -> None:
    """Custom runners use the library where pytest is not installed."""
    code = "import fasttest, sys; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class Child:
    """A run that tells through a pipe how far it is.

    Args:
        folder: The project's folder.
        options: The command line's.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self._read, write = os.pipe()
        self._process = subprocess.Popen(
            [*MODULE, "-v", *options],
            cwd=folder,
            env=environment(TELL=str(write)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[write],
            text=True,
            # A shell's background jobs have their children ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        os.close(write)
        self.told = ""

    def wait_for(self, word: str, times: int = 1) -> None:
        """Wait until the run has told this so often."""
        while self.told.split().count(word) < times:
            more = os.read(self._read, 1000).decode()
            if not more:
                raise AssertionError(f"told {self.told}:\n{self.end()[1]}")
            self.told += more

    def press(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def end(self) -> tuple[int, str]:
        """Wait for the end; the exit code and the output."""
        output, _ = self._process.communicate(timeout=60)
        while more := os.read(self._read, 1000).decode():
            self.told += more
        return self._process.returncode, output

    def close(self) -> None:
        """Leave nothing behind, whatever has failed."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()
        os.close(self._read)


INTERRUPTED = """
    import asyncio
    import os
    import pytest

    def tell(word):
        os.write(int(os.environ["TELL"]), f"{word} ".encode())

    async def for_ever():
        await asyncio.Event().wait()

    @pytest.fixture(scope="session")
    async def server():
        yield
        tell("server-down")

    @pytest.fixture
    async def client(server):
        yield
        tell("client-down")

    def test_before(): pass

    @pytest.mark.parametrize("n", range(3))
    async def test_waits(client, n):
        tell("waits")
        await for_ever()

    def test_sync():
        tell("waits")
        asyncio.run(for_ever())
"""

STUBBORN = """
    import asyncio
    import os
    import pytest

    def tell(word):
        os.write(int(os.environ["TELL"]), f"{word} ".encode())

    async def for_ever():
        await asyncio.Event().wait()

    @pytest.fixture
    async def stubborn():
        yield
        tell("tears-down")
        await for_ever()
        tell("not-reached")

    async def test_waits(stubborn):
        tell("waits")
        await for_ever()

    async def test_too(stubborn):
        tell("waits")
        await for_ever()
"""


@pytest.fixture
def children() -> Iterator[list[Child]]:
    """The runs to be looked after."""
    children: list[Child] = []
    yield children
    for child in children:
        child.close()


def start(children: list[Child], folder: Path, source: str, *options: str) -> Child:
    """Start a run of this source."""
    write(folder, source)
    children.append(Child(folder, *options))
    return children[-1]


def test_ctrl_c_cancels_tears_down_and_reports(
    children: list[Child], folder: Path
) -> None:
    """Nothing that a test has opened stays open; what passed is reported."""
    child = start(children, folder, INTERRUPTED)
    child.wait_for("waits", 4)
    child.press()
    code, output = child.end()
    assert code == pytest.ExitCode.INTERRUPTED
    assert child.told.split()[4:] == ["client-down"] * 3 + ["server-down"]
    assert "KeyboardInterrupt" in output
    assert "test_it.py::test_before PASSED" in output
    # Cancelled tests have no outcome.
    assert "1 passed in" in output.splitlines()[-1]


def test_ctrl_c_in_a_serial_run_is_pytests(children: list[Child], folder: Path) -> None:
    """One test is cut off, and its teardown and the session's run."""
    child = start(children, folder, INTERRUPTED, "--concurrency=1")
    child.wait_for("waits")
    child.press()
    code, output = child.end()
    assert code == pytest.ExitCode.INTERRUPTED
    assert child.told.split() == ["waits", "client-down", "server-down"]
    assert "1 passed in" in output.splitlines()[-1]


def test_a_second_ctrl_c_ends_the_run_at_once(
    children: list[Child], folder: Path
) -> None:
    """Also where a teardown never ends."""
    child = start(children, folder, STUBBORN)
    child.wait_for("waits", 2)
    child.press()
    child.wait_for("tears-down", 2)
    child.press()
    code, _ = child.end()
    assert code == pytest.ExitCode.INTERRUPTED
    assert "not-reached" not in child.told
