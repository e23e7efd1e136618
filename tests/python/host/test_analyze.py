"""``fasttest analyze``: a suite is collected and read; no test of it is run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = (sys.executable, "-m", "fasttest", "analyze")

CONFTEST = """
    import pytest

    @pytest.fixture
    def setting(monkeypatch):
        monkeypatch.setenv("SETTING", "1")

    @pytest.fixture(scope="module")
    def patched():
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SETTING", "2")
            yield

    @pytest.fixture(scope="module")
    def server():
        import socket
        with socket.socket() as sock:
            sock.bind(("localhost", 8099))
            yield
"""

TESTS = """
    import asyncio
    import signal
    import time
    import pytest

    SEEN = []

    async def serve():
        async with await asyncio.start_server(print, "localhost", 8098):
            raise RuntimeError("no test is run")

    async def test_serves(): await serve()

    @pytest.mark.parametrize("n", range(2))
    async def test_serves_too(n): await serve()

    async def test_sets(setting): raise RuntimeError("no test is run")

    def test_patched(patched): pass

    def test_uses(server): pass

    def test_uses_too(server): pass

    def test_handles(): signal.signal(signal.SIGTERM, signal.SIG_DFL)

    async def test_sleeps(): time.sleep(1)

    @pytest.mark.serial
    def test_marked(): pass

    @pytest.mark.serial
    def test_marked_and_needs_it(): open("out.txt", "w")

    def test_notes(): open("out.txt", "w"); SEEN.append(1)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a bit of everything."""
    tmp_path = tmp_path_factory.mktemp("project")
    ini = "[pytest]\nasyncio_mode = auto\nmarkers =\n    serial\n    xdist_group\n"
    (tmp_path / "pytest.ini").write_text(ini)
    (tmp_path / "conftest.py").write_text(textwrap.dedent(CONFTEST))
    (tmp_path / "test_it.py").write_text(textwrap.dedent(TESTS))
    return tmp_path


def analyze(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the subcommand in the project's folder."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env={**kept, "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def document_of(folder: Path, *arguments: str) -> dict[str, Any]:
    """The JSON document of a run."""
    done = analyze(folder, "--json", "out.json", *arguments, "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout + done.stderr
    read: dict[str, Any] = json.loads((folder / "out.json").read_text())
    return read


@pytest.fixture(scope="module")
def document(folder: Path) -> dict[str, Any]:
    """What the JSON document says of the project."""
    return document_of(folder)


def by_name(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The tests by name."""
    return {test["nodeid"].partition("::")[2]: test for test in document["tests"]}


def test_each_test_has_a_class(document: dict[str, Any]) -> None:
    """By what it needs of the process, its fixtures included."""
    assert {name: test["class"] for name, test in by_name(document).items()} == {
        "test_serves": "resource-intensive",
        "test_serves_too[0]": "resource-intensive",
        "test_serves_too[1]": "resource-intensive",
        "test_sets": "parallel-safe",
        "test_patched": "sequential",
        "test_uses": "resource-intensive",
        "test_uses_too": "resource-intensive",
        "test_handles": "sequential",
        "test_sleeps": "parallel-safe",
        "test_marked": "parallel-safe",
        "test_marked_and_needs_it": "resource-intensive",
        "test_notes": "resource-intensive",
    }
    counts = document["summary"]["classes"]
    assert sum(counts.values()) == document["summary"]["tests"] == 12


def test_the_planners_decision_is_beside_it(document: dict[str, Any]) -> None:
    """What it does, and where that is not what the code asks for."""
    tests = by_name(document)
    expected = {"alone": None, "own": ["patches"], "turns": []}
    assert tests["test_sets"]["planner"] == expected
    assert tests["test_patched"]["planner"]["alone"] == "MonkeyPatch in patched"
    assert tests["test_handles"]["planner"]["alone"] == "signal in test_handles"
    assert tests["test_sleeps"]["planner"]["alone"] is None
    assert tests["test_serves"]["planner"]["turns"] == ["port 8098"]
    assert not any(test["disagreement"] for test in document["tests"])


def test_each_finding_has_a_line(folder: Path, document: dict[str, Any]) -> None:
    """The line says what the finding is about."""
    words = {
        "port": ("8098", "8099"),
        "environment": ("setenv",),
        "process": ("signal",),
        "blocking": ("sleep",),
        "file": ("out.txt",),
        "global": ("SEEN",),
        "patch": ("MonkeyPatch",),
    }
    assert {finding["category"] for finding in document["findings"]} == set(words)
    for finding in document["findings"]:
        lines = (folder / finding["file"]).read_text().splitlines()
        line = lines[finding["line"] - 1]
        # A call of a local serving function is found where the server is started.
        expected = (*words[finding["category"]], "start_server", "bind")
        assert any(word in line for word in expected)


def test_conflicts_are_named_by_what_is_shared(document: dict[str, Any]) -> None:
    """One instance of a fixture is no conflict, however many tests use it."""
    conflicts = {
        conflict["resource"]: [
            user["nodeid"].partition("::")[2] for user in conflict["users"]
        ]
        for conflict in document["conflicts"]
    }
    assert conflicts == {
        "port 8098": ["test_serves", "test_serves_too[0]", "test_serves_too[1]"]
    }


def test_marks_that_keep_apart_what_shares_nothing(document: dict[str, Any]) -> None:
    """The one that keeps a test from a file that another writes has to stay."""
    assert document["removable_marks"] == [
        {
            "mark": "serial",
            "where": "test_it.py::test_marked",
            "tests": ["test_it.py::test_marked"],
        }
    ]


def test_the_text_has_counts_first(folder: Path) -> None:
    """And the lines, once for all the tests they concern."""
    done = analyze(folder)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert "parallel-safe            3   25.0 %" in lines
    assert "port 8098 (test_it.py:10): test_serves, test_serves_too[…] x2" in lines
    assert "test_it.py:26: calls signal.signal (1 test: test_handles)" in lines
    assert "test_it.py:28: calls time.sleep (1 test: test_sleeps)" in lines
    assert "serial on test_it.py::test_marked (1 test)" in lines


def test_verbose_lists_every_test(folder: Path) -> None:
    """With its class, what the planner does, and its lines."""
    lines = analyze(folder, "-v", "-k", "test_sets").stdout.splitlines()
    summary = "parallel-safe; overlaps, with its own patches"
    at = lines.index(f"test_it.py::test_sets: {summary}")
    assert lines[at + 1] == (
        "    conftest.py:6: calls monkeypatch.setenv (in setting; own)"
    )


def test_pytests_arguments_select(folder: Path) -> None:
    """It is pytest that collects."""
    document = document_of(folder, "test_it.py::test_sleeps")
    assert list(by_name(document)) == ["test_sleeps"]
    assert analyze(folder, "-k", "nothing").returncode == 5
    assert analyze(folder, "--no-such-option").returncode == 4


def test_errors_of_collection_are_pytests(folder: Path) -> None:
    """There is nothing to read then."""
    (folder / "bad.py").write_text("1 / 0")
    done = analyze(folder, "bad.py")
    assert done.returncode == 2
    assert "ZeroDivisionError" in done.stdout


@pytest.mark.parametrize("file", [".", "test_it.py/out.json"])
def test_a_file_that_cannot_be_written_is_named(folder: Path, file: str) -> None:
    """An error of usage, as pytest's own."""
    done = analyze(folder, "--json", file)
    assert done.returncode == 4
    assert "ERROR: argument --json: " in done.stderr
    assert repr(file.partition("/")[0]) in done.stderr


def test_its_folder_is_made(folder: Path) -> None:
    """As that of pytest's reports."""
    assert analyze(folder, "--json", "new/out.json").returncode == 0
    assert json.loads((folder / "new" / "out.json").read_text())["version"] == 1


def test_a_folder_of_that_name_can_be_run(folder: Path) -> None:
    """The first argument is a subcommand, unless it looks like a path."""
    (folder / "analyze").mkdir()
    (folder / "analyze" / "test_inside.py").write_text("def test_it(): pass")
    done = subprocess.run(
        [*COMMAND[:-1], "./analyze"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "1 passed" in done.stdout


@pytest.mark.slow
def test_what_running_alone_costs_is_known_after_a_run(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """From what the run noted of the tests that ran alone."""
    folder = tmp_path_factory.mktemp("cost")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = serial\n")
    source = """
        import time
        import pytest

        @pytest.mark.serial
        def test_slow(): time.sleep(0.11)

        def test_quick(): pass
    """
    (folder / "test_it.py").write_text(textwrap.dedent(source))
    assert document_of(folder)["summary"]["tests_measured"] == 0
    subprocess.run(COMMAND[:-1], cwd=folder, capture_output=True, check=True)
    summary = json.loads(cached_document(folder))["summary"]
    assert summary["tests_measured"] == 1
    assert 0.1 < summary["seconds_alone"] == summary["seconds_known"] < 60


def cached_document(folder: Path) -> str:
    """The JSON document of a run that may look at what others left in the cache."""
    assert analyze(folder, "--json", "out.json").returncode == 0
    return (folder / "out.json").read_text()


def test_ports_and_files_are_taken_in_turns(folder: Path) -> None:
    """A relative path may be another file where the test changes the directory."""
    source = """
        import pytest

        @pytest.fixture
        def there(tmp_path, monkeypatch): monkeypatch.chdir(tmp_path)

        def test_here(): open("out.txt", "w")
        def test_there(there): open("out.txt", "w")
        def test_absolute(there): open("/tmp/out.txt", "w")
    """
    (folder / "turns.py").write_text(textwrap.dedent(source))
    tests = by_name(document_of(folder, "turns.py"))
    assert {name: test["planner"]["turns"] for name, test in tests.items()} == {
        "test_here": ["file out.txt"],
        "test_there": [],
        "test_absolute": ["file /tmp/out.txt"],
    }
