"""Which items of other kinds run alone, and whose code is looked at for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from fasttest.host.exclusive import Exclusive
from fasttest.host.guests import remembered
from fasttest.host.hooks import Listeners
from fasttest.host.own_state import OwnState
from fasttest.host.suite import Suite

Reasons: TypeAlias = Callable[..., dict[str, str | None]]

pytest_plugins = ["pytester"]

pytestmark = pytest.mark.usefixtures("dialect")


@pytest.fixture
def reasons(pytester: pytest.Pytester) -> Reasons:
    """Why each of the items runs alone, by its name; None for those that need not."""
    found: dict[str, str | None] = {}

    class Decides:
        # While the modules of the suite are there, which an inline run drops.
        def pytest_collection_finish(self, session: pytest.Session) -> None:
            suite = Suite(session)
            exclusive = Exclusive(session, Listeners(session), OwnState(session.config))
            for item in session.items:
                closure, loop = suite.closure_of(item)
                found[item.name] = exclusive.verdict(item, closure, loop).alone

    def decide(*options: str) -> dict[str, str | None]:
        pytester.inline_run("--collect-only", *options, plugins=[Decides()])
        return found

    return decide


def test_cases_of_unittest_need_not_run_alone(
    pytester: pytest.Pytester, reasons: Reasons
) -> None:
    """With all that unittest itself does for them."""
    pytester.makepyfile(
        """
        import unittest

        def setUpModule(): ...

        class TestSync(unittest.TestCase):
            @classmethod
            def setUpClass(cls): cls.addClassCleanup(print)
            def setUp(self): self.addCleanup(print)
            def test_sync(self):
                with self.subTest(n=1): ...

        class TestAsync(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self): ...
            async def test_async(self): ...
        """
    )
    assert reasons() == {"test_sync": None, "test_async": None}


HOOKS = {
    "setUp": "def setUp(self): {}",
    "tearDown": "def tearDown(self): {}",
    "asyncSetUp": "async def asyncSetUp(self): {}",
    "asyncTearDown": "async def asyncTearDown(self): {}",
    "setUpClass": "@classmethod\n    def setUpClass(cls): {}",
    "tearDownClass": "@classmethod\n    def tearDownClass(cls): {}",
    "run": "def run(self, result=None): {}",
    "setup_method": "def setup_method(self, method): {}",
    "helper": "def helper(self): {}",
    "inherited": "def inherited(self): {}",
}


@pytest.mark.parametrize("hook", HOOKS)
def test_what_a_case_reaches_is_looked_at(
    pytester: pytest.Pytester, reasons: Reasons, hook: str
) -> None:
    """What unittest calls round a test, and methods which are called on ``self``."""
    pytester.makepyfile(
        f"""
import os, unittest

class Base:
    {HOOKS[hook].format("os.umask(0)")}

class TestHook(Base, unittest.IsolatedAsyncioTestCase):
    async def test_it(self): self.other()
    def other(self): self.helper()
    @property
    def helped(self): return self.inherited()
    def setUpThis(self): return self.helped
    setUp = Base.__dict__.get("setUp", lambda self: self.setUpThis())
"""
    )
    (reason,) = reasons().values()
    assert reason == f"umask in {hook}"


def test_what_a_case_calls_of_its_bases_is_looked_at(
    pytester: pytest.Pytester, reasons: Reasons
) -> None:
    """A set-up that calls that of its base does what both do."""
    pytester.makepyfile(
        """
        import os, unittest

        class Base(unittest.TestCase):
            def setUp(self): os.umask(0)
            def tearDown(self): os.umask(0)

        class TestCalls(Base):
            def setUp(self): super().setUp()
            def tearDown(self): ...
            def test_calls(self): ...

        class TestDoesNot(Base):
            def setUp(self): ...
            def tearDown(self): ...
            def test_does_not(self): ...
        """
    )
    assert reasons() == {"test_calls": "umask in setUp", "test_does_not": None}


def test_what_a_case_does_not_reach_is_not(
    pytester: pytest.Pytester, reasons: Reasons
) -> None:
    """One test that changes the process does not hold up those beside it."""
    pytester.makepyfile(
        """
        import os, unittest

        class TestPartly(unittest.TestCase):
            def change(self): os.umask(0)
            def test_changes(self): self.change()
            def test_does_not(self): ...
        """
    )
    assert reasons() == {"test_changes": "umask in change", "test_does_not": None}


@pytest.mark.parametrize("hook", ["setUpModule", "tearDownModule", "setup_module"])
def test_what_a_module_sets_up_is_looked_at(
    pytester: pytest.Pytester, reasons: Reasons, hook: str
) -> None:
    """A fixture of pytest's own calls it, for functions as for cases."""
    pytester.makepyfile(
        f"""
        import os, unittest

        def {hook}(): os.environ["NAME"] = "value"

        class TestIt(unittest.TestCase):
            def test_case(self): ...

        def test_function(): ...
        """
    )
    reason = f"environ in {hook}"
    assert reasons() == {"test_case": reason, "test_function": reason}


def test_cases_of_frameworks_that_run_them_otherwise_are_alone(
    pytester: pytest.Pytester, reasons: Reasons
) -> None:
    """They may rely on one test at a time, as Django's and Twisted's do."""
    folder = pytester.mkdir("site-packages")
    folder.joinpath("framework.py").write_text(
        "import unittest\n"
        "class Case(unittest.TestCase):\n"
        "    def __call__(self, result=None): return super().__call__(result)\n"
        "class Asserts(unittest.TestCase):\n"
        "    def assertFine(self): ...\n"
    )
    pytester.syspathinsert(folder)
    pytester.makepyfile(
        """
        import framework

        class TestOther(framework.Case):
            def test_other(self): ...

        class TestSame(framework.Asserts):
            def test_same(self): self.assertFine()
        """
    )
    assert reasons() == {"test_other": "run by Case itself", "test_same": None}


ITEM = """
import pytest

class Item(pytest.Item):
    def runtest(self): {}

class File(pytest.File):
    def collect(self): return [Item.from_parent(self, name="item")]

def pytest_collect_file(parent, file_path):
    if file_path.suffix == ".sample":
        return File.from_parent(parent, path=file_path)
"""


@pytest.mark.parametrize(
    ("body", "reason"),
    [("pass", None), ("__import__('os').umask(0)", "umask in runtest")],
)
def test_the_projects_own_items_are_looked_at(
    pytester: pytest.Pytester, reasons: Reasons, body: str, reason: str | None
) -> None:
    """As any test's code is."""
    pytester.makeconftest(ITEM.format(body))
    pytester.makefile(".sample", test_one="")
    assert reasons() == {"item": reason}


def test_items_of_plugins_are_alone(
    pytester: pytest.Pytester, reasons: Reasons
) -> None:
    """Nobody knows what they share, as the cells of one notebook do."""
    folder = pytester.mkdir("site-packages")
    folder.joinpath("items_of_plugin.py").write_text(ITEM.format("pass"))
    pytester.syspathinsert(folder)
    pytester.makefile(".sample", test_one="")
    assert reasons("-p", "items_of_plugin") == {"item": "run by Item itself"}


def test_doctests_are_alone_only_if_they_ask_for_fixtures(
    pytester: pytest.Pytester, reasons: Reasons
) -> None:
    """They are never left while they run, unless another has to make the fixture."""
    pytester.maketxtfile(test_plain=">>> 1\n1")
    pytester.maketxtfile(test_asking=">>> getfixture('tmp_path').name\n'x'")
    assert reasons() == {
        "test_plain.txt": None,
        "test_asking.txt": "getfixture in a doctest",
    }


GIVEN = """
import unittest
from hypothesis import given, strategies
from hypothesis.stateful import RuleBasedStateMachine, rule
import pytest

@given(strategies.integers())
async def test_own_loop(n): ...

@pytest.mark.asyncio(loop_scope="module")
@given(strategies.integers())
async def test_module_loop(n): ...

@given(strategies.integers())
def test_sync(n): ...

class TestCase(unittest.TestCase):
    @given(strategies.integers())
    def test_case(self, n): ...

class Machine(RuleBasedStateMachine):
    @rule()
    def step(self): ...

TestMachine = Machine.TestCase
"""


def test_given_tests_are_alone_where_their_state_cannot_be_put_away(
    pytester: pytest.Pytester, reasons: Reasons
) -> None:
    """Where a second run would be one of another instance."""
    pytester.makepyfile(GIVEN)
    found = reasons("-o", "asyncio_mode=auto")
    assert {name for name, reason in found.items() if reason is None} == {
        "test_own_loop",
        "test_module_loop",
        "test_sync",
    }


def test_an_item_forgets_what_a_run_left_on_it(pytester: pytest.Pytester) -> None:
    """The second run of an item is like the first; but pytest's own attributes stay."""
    item = pytester.getitem("def test_func(): ...")
    item.kept = "before"  # type: ignore[attr-defined]
    restore = remembered(item)
    item.kept = "changed"  # type: ignore[attr-defined]
    item.found_out = True  # type: ignore[attr-defined]
    item.user_properties = [("name", "value")]
    restore()
    assert item.kept == "before"  # type: ignore[attr-defined]
    assert not hasattr(item, "found_out")
    assert item.user_properties == [("name", "value")]


def test_a_doctest_has_its_names_back(pytester: pytest.Pytester) -> None:
    """Its end clears them, and a second run needs them."""
    pytester.maketxtfile(test_it=">>> name = 1\n")
    (item,), _ = pytester.inline_genitems()
    names = item.dtest.globs  # type: ignore[attr-defined]
    before = dict(names)
    restore = remembered(item)
    names.clear()
    names["name"] = 1
    restore()
    assert names == before
