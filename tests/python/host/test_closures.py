"""The order in which a plan sets fixtures up is pytest's, whatever they look like."""

from __future__ import annotations

import random
import sys
import types
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from fasttest import _core
from fasttest.host.suite import Suite

if TYPE_CHECKING:
    from fasttest.host.closures import Closure, Entry

pytest_plugins = ["pytester"]

pytestmark = pytest.mark.usefixtures("dialect")

SCOPES = ("session", "package", "module", "class", "function")
GRAPHS = 25


@dataclass
class Graph:
    """Random fixtures of one test: in a conftest, a module and a class.

    A name has one scope everywhere. A definition asks for later names of its scope or
    a wider one, so there is no cycle and no mismatch, and maybe for the one it
    overrides.
    """

    seed: random.Random
    number: int
    scopes: list[str] = field(init=False)

    def __post_init__(self) -> None:
        # Later names are wider: they can be asked for by the earlier ones.
        indexes = sorted(self.seed.choices(range(5), k=7), reverse=True)
        self.scopes = [SCOPES[index] for index in indexes]

    def write(self, pytester: pytest.Pytester) -> None:
        """Lay a folder out, with a conftest and one test."""
        folder = pytester.mkpydir(f"graph{self.number}")
        names = range(len(self.scopes))
        in_conftest = [n for n in names if self.seed.random() < 0.8]
        in_module = [n for n in names if self.seed.random() < 0.4]
        in_class = [n for n in names if self.seed.random() < 0.2]
        known = {*in_conftest, *in_module, *in_class}
        head = "import pytest\nfrom journal import note\n"
        conftest, module, klass = (
            "".join(self._fixture(n, where, known, n in below) for n in defined)
            for where, defined, below in (
                ("conftest", in_conftest, ()),
                ("module", in_module, in_conftest),
                ("class", in_class, {*in_conftest, *in_module}),
            )
        )
        (folder / "conftest.py").write_text(head + conftest)
        methods = klass.replace("\n", "\n    ")
        arguments = self._some(sorted(known))
        test = f"\n    def test_it(self, {arguments}): note('call')\n"
        source = f"{head}{module}class TestIt:\n    {methods}{test}"
        (folder / f"test_graph{self.number}.py").write_text(source)

    def _fixture(self, name: int, where: str, known: set[int], overrides: bool) -> str:
        wider = [n for n in known if n > name]
        arguments = [f"f{n}" for n in wider if self.seed.random() < 0.4]
        if overrides and self.seed.random() < 0.7:
            arguments.insert(self.seed.randint(0, len(arguments)), f"f{name}")
        if where == "class":
            arguments.insert(0, "self")
        autouse = self.seed.random() < 0.25
        return (
            f"@pytest.fixture(scope={self.scopes[name]!r}, autouse={autouse})\n"
            f"def f{name}({', '.join(arguments)}):\n"
            f"    '''{where}'''\n"
            f"    note('f{name} of {where}')\n"
        )

    def _some(self, names: list[int]) -> str:
        chosen = [f"f{n}" for n in names if self.seed.random() < 0.5]
        self.seed.shuffle(chosen)
        return ", ".join(chosen)


def closures(session: pytest.Session) -> dict[str, Closure]:
    """The closures of a session's items, by folder."""
    suite = Suite(session)
    folders = (item.nodeid.split("/")[0] for item in suite.items)
    found = (suite.closure_of(item)[0] for item in suite.items)
    return dict(zip(folders, found, strict=True))


def own_steps(closure: Closure) -> list[Entry]:
    """The steps of a closure, without the fixture that every test has."""
    return [step for step in closure.entries if step.argname != "event_loop_policy"]


def steps(closure: Closure) -> list[str]:
    """The set-ups of a closure in order, as the fixtures note them."""
    return [
        f"{step.argname} of {step.definition.func.__doc__}"
        for step in own_steps(closure)
        if step.definition is not None
    ]


def run_with_journal(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, *options: str
) -> tuple[dict[str, list[str]], pytest.Session]:
    """Run under pytest; returns what each folder noted, and the session."""
    noted: dict[str, list[str]] = {}

    def note(what: str) -> None:
        caller: Any = sys._getframe(1).f_globals["__name__"]
        noted.setdefault(caller.split(".")[0], []).append(what)

    journal = types.ModuleType("journal")
    vars(journal).update(note=note)
    monkeypatch.setitem(sys.modules, "journal", journal)
    sessions: list[pytest.Session] = []

    class Keep:
        def pytest_collection_finish(self, session: pytest.Session) -> None:
            sessions.append(session)

    result = pytester.runpytest_inprocess(*options, plugins=[Keep()])
    assert result.ret == 0
    return noted, sessions[0]


@pytest.mark.parametrize("seed", range(4))
def test_set_ups_are_in_pytests_order(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Random graphs of all scopes, with overrides and autouse, run by pytest itself."""
    generator = random.Random(seed)
    for number in range(GRAPHS):
        Graph(generator, number).write(pytester)
    noted, session = run_with_journal(pytester, monkeypatch)
    found = closures(session)
    assert len(found) == GRAPHS
    assert {folder: [*steps(c), "call"] for folder, c in found.items()} == noted
    for closure in found.values():
        check_dependencies(closure)


def check_dependencies(closure: Closure) -> None:
    """They come first and live as long: the core could not wait for, or lose, them."""
    for index, entry in enumerate(closure.entries):
        for other in entry.dependencies:
            assert other < index
            assert closure.entries[other].scope >= entry.scope
    assert sorted(closure.wide + closure.own) == list(range(len(closure.entries)))


SHARED = """
    import pytest

    @pytest.fixture(params=[1, 2])
    def fixture(request): ...

    @pytest.fixture(scope="module")
    def wide(): ...

    @pytest.mark.parametrize("argument", [1, 2])
    def test_direct(argument, wide): ...

    @pytest.mark.parametrize("argument", [1, 2])
    def test_too(argument, wide): ...

    def test_fixture(fixture): ...

    class TestClass:
        def test_method(self, wide): ...
"""


@pytest.fixture
def shared(pytester: pytest.Pytester) -> dict[str, Closure]:
    """The closures of the items of ``SHARED``, by their names."""
    items, _ = pytester.inline_genitems(pytester.makepyfile(SHARED))
    suite = Suite(items[0].session)
    return {item.name: suite.closure_of(item)[0] for item in suite.items}


def test_tests_that_need_the_same_share_a_closure(shared: dict[str, Closure]) -> None:
    """Ten thousand tests have a few closures, which are resolved once each."""
    assert shared["test_direct[1]"] is shared["test_direct[2]"]
    assert shared["test_fixture[1]"] is shared["test_fixture[2]"]
    assert shared["test_direct[1]"] is not shared["test_method"]


def test_direct_parameters_are_values_and_no_fixtures(
    shared: dict[str, Closure],
) -> None:
    """The core has no action for them, and pytest's value is there already."""
    closure = shared["test_direct[1]"]
    assert [name for name, _ in closure.direct] == ["argument"]
    assert [step.argname for step in own_steps(closure)] == ["wide"]


def test_what_outlives_the_test_is_told_apart(shared: dict[str, Closure]) -> None:
    """It is shared by tests in flight; the rest belongs to one of them."""
    wide, own = shared["test_direct[1]"], shared["test_fixture[1]"]
    assert wide.own == []
    assert [own.entries[index].argname for index in own.own] == ["fixture"]
    assert own_steps(own)[0].scope_instance == _core.OWN
    assert own_steps(wide)[0].scope_instance > 0


NARROWED = """
    import pytest

    @pytest.fixture(scope="module")
    def inner(request): return request.param

    @pytest.fixture(scope="module")
    def outer(inner): ...

    @pytest.mark.parametrize("inner", [1], indirect=True, scope="function")
    def test_it(outer): ...
"""


def test_what_needs_a_narrowed_fixture_ends_with_it(pytester: pytest.Pytester) -> None:
    """A parameter may be cached for less than the fixture that depends on it."""
    items, _ = pytester.inline_genitems(pytester.makepyfile(NARROWED))
    suite = Suite(items[0].session)
    closure, _ = suite.closure_of(items[0])
    lives = {step.argname: step.scope_instance for step in own_steps(closure)}
    assert lives == {"inner": _core.OWN, "outer": _core.OWN}


MISSING = """
    import pytest

    @pytest.fixture(scope="session")
    def narrow_minded(own): ...

    @pytest.fixture
    def own(nowhere): ...

    def test_it(narrow_minded): ...
"""


def test_what_cannot_be_had_does_not_end_the_planning(
    pytester: pytest.Pytester,
) -> None:
    """The test fails in pytest's own words when it is set up."""
    items, _ = pytester.inline_genitems(pytester.makepyfile(MISSING))
    suite = Suite(items[0].session)
    closure, _ = suite.closure_of(items[0])
    dependencies = {step.argname: step.dependencies for step in own_steps(closure)}
    assert dependencies == {"own": [], "narrow_minded": []}
