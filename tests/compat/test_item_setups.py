"""Test functions of a suite's own classes, with a ``setup`` of their own."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

_CONFTEST = """
import asyncio, pytest
from journal import note

class Prepared(pytest.Function):
{}

def pytest_pycollect_makeitem(collector, name, obj):
    if name.startswith("prepared_"):
        return Prepared.from_parent(collector, name=name, callobj=obj)
"""

_BEFORE_AND_AFTER = """
    def setup(self):
        note(self.name, "setup begins")
        self.ready = self.name
        super().setup()
        note(self.name, "setup ends")
    def teardown(self):
        note(self.name, "teardown")
        super().teardown()
"""

_FIXTURES = """
import asyncio, gate, pytest
from journal import note

@pytest.fixture(scope="session")
def of_session(request):
    note(request.fixturename, "made")
    yield
    note(request.fixturename, "ended")

@pytest.fixture(scope="module")
async def of_module(of_session):
    await asyncio.sleep(0.002)
    note("of_module", "made")
    yield 3
    note("of_module", "ended")

@pytest.fixture
def own(request):
    note(request.node.name, f"own fixture of {request.node.ready}")
    yield
    note(request.node.name, "own fixture ended")

@pytest.fixture
async def slow(own):
    await asyncio.sleep(0.002)
    return 4
"""


def _prepared(setup: str, tests: str, sees: str = "passed") -> Feature:
    files = {
        "conftest.py": _CONFTEST.format(setup),
        "test_prepared.py": f"{_FIXTURES}\n{tests}",
    }
    return Feature(files, sees)


_SETUPS = {
    "before_its_fixtures": _prepared(
        _BEFORE_AND_AFTER,
        """
def setup_module(module): note("module", "set up")

def prepared_one(of_module, slow, request):
    note(request.node.name, "called")
    assert (of_module, slow) == (3, 4)
async def test_between(of_module): assert of_module == 3
def prepared_two(slow, of_session): ...
""",
    ),
    "together": _prepared(
        _BEFORE_AND_AFTER,
        """
@pytest.fixture
async def gathered(own, request):
    await gate.arrive("prepared", 3)

def prepared_one(gathered): ...
def prepared_two(gathered): ...
async def test_three(): await gate.arrive("prepared", 3)
""",
    ),
    "asked_for_by_itself": _prepared(
        """
    def setup(self):
        self.ready = "itself"
        note(self.name, self._request.getfixturevalue("slow"))
        super().setup()
""",
        """
def prepared_one(of_module, slow): assert slow == 4
""",
    ),
    "red_before_its_fixtures": _prepared(
        """
    def setup(self):
        if self.name == "prepared_red":
            raise ValueError("before fixtures")
        self.ready = self.name
        super().setup()
""",
        """
def prepared_red(of_module, slow): ...
def prepared_green(of_module, slow): assert of_module == 3
async def test_green(of_module): assert of_module == 3
""",
        "error passed",
    ),
    "red_in_its_fixtures": _prepared(
        """
    def setup(self):
        self.ready = self.name
        try:
            super().setup()
        finally:
            note(self.name, "setup ends")
""",
        """
@pytest.fixture(scope="module")
def broken():
    raise ValueError("in a fixture")

def prepared_red(of_module, broken): ...
def prepared_red_too(own, broken): ...
async def test_red(broken): ...
async def test_green(of_module): assert of_module == 3
""",
        "error passed",
    ),
    "without_fixtures": _prepared(
        """
    def setup(self):
        note(self.name, "no fixtures")
        self.funcargs["own"] = 7
""",
        """
def prepared_one(own): assert own == 7
async def test_two(of_module): assert of_module == 3
""",
    ),
    "patching": _prepared(
        _BEFORE_AND_AFTER,
        """
import os

@pytest.fixture
async def variable(monkeypatch, request):
    monkeypatch.setenv("SAMPLE_PREPARED", request.node.ready)
    await gate.arrive("variable", 3)
    assert os.environ["SAMPLE_PREPARED"] == request.node.ready

def prepared_one(variable): assert os.environ["SAMPLE_PREPARED"] == "prepared_one"
def prepared_two(variable): assert os.environ["SAMPLE_PREPARED"] == "prepared_two"
async def test_three():
    await gate.arrive("variable", 3)
    assert "SAMPLE_PREPARED" not in os.environ
""",
    ),
}

# Files of one name in several folders.
_IMPORT = (("--import-mode=importlib",),)
_TABLE = Table("item_setups", _SETUPS, "asyncio_mode = auto", _IMPORT)


@pytest.mark.parametrize("row", rows(_TABLE))
def test_setups_of_items_agree(runs: Runs, row: Row) -> None:
    """What an item does before it calls pytest's ``setup`` precedes its fixtures."""
    runs.check(row)
