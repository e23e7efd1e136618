"""The fixture graph resolves names as pytest does."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from _pytest import fixtures

from fasttest._core import (
    FixtureCycleError,
    FixtureGraph,
    FixtureLookupError,
    PlanError,
    Scope,
    ScopeMismatchError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HEADER = """
import pytest
order = []
"""
FIXTURE = """
@pytest.fixture(scope="{scope}", autouse={autouse})
def {name}({arguments}):
    order.append({label})
"""
TEST = """
def test({arguments}, record_property):
    record_property("order", order)
"""


class Drawn:
    """A conftest and a test module, both as source for pytest and as a graph."""

    def __init__(self, dice: random.Random) -> None:
        """Draw up to eight fixtures for each of the two; a name asks for lower ones."""
        self.graph = FixtureGraph()
        self.module = self.graph.add_node(0)
        self.sources = {0: HEADER, self.module: "from conftest import order\n"}
        self.sources[self.module] += "import pytest\n"
        self.labels: list[str] = []
        # pytest registers the fixtures of a module in the order of dir(), by name.
        outer = sorted(dice.sample(range(8), 6))
        inner = sorted(dice.sample(range(8), 4))
        for number in outer:
            self.add(dice, 0, number, [n for n in outer if n < number])
        for number in inner:
            hidden = [number] if number in outer and dice.random() < 0.5 else []
            self.add(
                dice, self.module, number, [n for n in outer if n < number], hidden
            )
        names = [f"f{number}" for number in sorted({*outer, *inner})]
        self.arguments = dice.sample(names, dice.randrange(len(names) + 1))
        arguments = ", ".join(self.arguments) or "request"
        self.sources[self.module] += TEST.format(arguments=arguments)

    def add(
        self,
        dice: random.Random,
        node: int,
        number: int,
        lower: list[int],
        hidden: Sequence[int] = (),
    ) -> None:
        """Define one fixture in both forms."""
        # Lower numbers are wider, so that nothing asks for a narrower scope.
        scope = (Scope.SESSION, Scope.MODULE, Scope.FUNCTION)[number // 3]
        asked = [*dice.sample(lower, min(len(lower), dice.randrange(3))), *hidden]
        arguments = [f"f{each}" for each in asked]
        autouse = dice.random() < 0.15
        label = f"{'inner' if node else 'outer'} f{number}"
        self.labels.append(label)
        self.graph.add_fixture(f"f{number}", scope, node, arguments, autouse)
        self.sources[node] += FIXTURE.format(
            scope=scope.name.lower(),
            autouse=autouse,
            name=f"f{number}",
            arguments=", ".join(arguments),
            label=repr(label),
        )

    def order(self) -> list[str]:
        """The labels in the order in which the graph would set them up."""
        closure = self.graph.closure(self.module, self.arguments)
        return [self.labels[fixture] for fixture, _ in closure]


REPORTER = """
import json

def pytest_configure(config):
    config.orders = {}

def pytest_runtest_logreport(report):
    if report.when == "call":
        order = dict(report.user_properties)["order"]
        print("ORDER", json.dumps([report.nodeid, order]))
"""


@pytest.mark.slow
@pytest.mark.skipif(
    not hasattr(fixtures, "traverse_fixture_closure"),
    reason="pytest before 9.1 orders what only overridden fixtures ask for otherwise",
)
def test_set_up_order_is_that_of_pytest(tmp_path: Path) -> None:
    """Pytest itself is the specification: sixty drawn suites, the same orders."""
    drawn = {f"suite_{seed}": Drawn(random.Random(seed)) for seed in range(60)}
    (tmp_path / "reporter.py").write_text(REPORTER)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    for name, suite in drawn.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").touch()
        (folder / "conftest.py").write_text(suite.sources[0])
        source = suite.sources[suite.module].replace("conftest", f"{name}.conftest")
        (folder / "test_it.py").write_text(source)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-s", "-p", "reporter", "-p", "no:fasttest"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    orders = dict(
        json.loads(line.partition("ORDER ")[2])
        for line in run.stdout.splitlines()
        if "ORDER " in line
    )
    assert orders == {
        f"{n}/test_it.py::test": suite.order() for n, suite in drawn.items()
    }


def test_closure_gives_fixtures_with_positions_of_what_they_need() -> None:
    """Ids are those of add_fixture(), dependencies are positions in the closure."""
    graph = FixtureGraph()
    module = graph.add_node(0)
    client = graph.add_fixture("client", Scope.FUNCTION, module, ["db", "size"])
    db = graph.add_fixture("db", Scope.SESSION, 0)
    assert graph.closure(module, ["client"], ["size"]) == [(db, []), (client, [0])]


@pytest.mark.parametrize(
    ("arguments", "error", "path"),
    [
        (["loop"], FixtureCycleError, "loop -> back -> loop"),
        (["server"], ScopeMismatchError, "server -> item"),
        (["asks"], FixtureLookupError, "asks -> nobody"),
    ],
)
def test_errors_name_the_whole_path(
    arguments: list[str], error: type[PlanError], path: str
) -> None:
    """The path is what the author needs in order to find the mistake."""
    graph = FixtureGraph()
    graph.add_fixture("loop", Scope.FUNCTION, 0, ["back"])
    graph.add_fixture("back", Scope.FUNCTION, 0, ["loop"])
    graph.add_fixture("item", Scope.FUNCTION, 0)
    graph.add_fixture("server", Scope.SESSION, 0, ["item"])
    graph.add_fixture("asks", Scope.FUNCTION, 0, ["nobody"])
    with pytest.raises(error, match=path):
        graph.closure(0, arguments)
    assert issubclass(error, PlanError)
    assert issubclass(PlanError, ValueError)
