"""Tests of Hypothesis overlap where their examples wait, each with its own state."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

# Deterministic, so that both runners find the same failing examples and say the same.
_HEADER = """
import asyncio, pytest, random, unittest
from hypothesis import assume, event, example, given, note, settings, target
from hypothesis import HealthCheck, Phase, strategies as st

# Explanations name lines of the installed pytest-asyncio, which differ by version.
settings.register_profile(
    "sample", max_examples=10, derandomize=True, database=None, deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.target, Phase.shrink])
settings.load_profile("sample")
"""


def _given(source: str, sees: str = "passed") -> Feature:
    return Feature(_HEADER + source, sees)


_TESTS = {
    "together": _given(
        """
import gate

@settings(max_examples=1)
@given(st.integers())
async def test_one(n): await gate.arrive("given", 4)

@settings(max_examples=1)
@given(st.integers())
async def test_other(n): await gate.arrive("given", 4)

@settings(max_examples=1)
@given(st.integers())
def test_sync(n): asyncio.run(gate.arrive("given", 4))

async def test_plain(): await gate.arrive("given", 4)
"""
    ),
    "many_examples": _given(
        """
@pytest.mark.parametrize("k", range(4))
@given(numbers=st.lists(st.integers()))
async def test_async(numbers, k):
    await asyncio.sleep(0.001)
    assert sorted(sorted(numbers)) == sorted(numbers)

@given(numbers=st.lists(st.integers()))
def test_sync(numbers):
    asyncio.run(asyncio.sleep(0.001))
    assert sorted(sorted(numbers)) == sorted(numbers)
"""
    ),
    "loops_of_parameters": _given(
        """
loops = {}

@pytest.mark.parametrize("k", range(4))
@given(n=st.integers())
async def test_own_loop(n, k):
    loop = asyncio.get_running_loop()
    assert loops.setdefault(k, loop) is loop
    await asyncio.sleep(0.001)
    assert asyncio.get_running_loop() is loop
    assert len(set(map(id, loops.values()))) == len(loops)
"""
    ),
    "red": _given(
        """
@given(st.integers(), st.text())
async def test_red(n, text):
    await asyncio.sleep(0.001)
    assert n < 100

@given(st.lists(st.integers()))
async def test_raises(numbers):
    await asyncio.sleep(0.001)
    if len(numbers) > 2: raise ValueError(len(numbers))

@given(st.integers())
async def test_green(n): await asyncio.sleep(0.001)
""",
        "passed failed",
    ),
    "explained": _given(
        """
@settings(settings.get_profile("sample"), phases=list(Phase))
@given(st.integers(), st.text())
def test_explained(n, text):
    assert n < 100
""",
        "failed",
    ),
    "two_failures": _given(
        """
@given(st.integers())
async def test_two(n):
    await asyncio.sleep(0.001)
    if n > 5: raise ValueError("great")
    if n < -5: raise KeyError("small")
""",
        "failed",
    ),
    "notes": _given(
        """
@given(st.integers())
async def test_notes(n):
    note(f"first {n}")
    await asyncio.sleep(0.001)
    note(f"then {n}")
    event("even" if n % 2 else "odd")
    target(float(n % 10))
    assert n < 10

@given(st.integers())
async def test_others(n):
    note("of the other")
    await asyncio.sleep(0.001)
    assert n > -10, "other"
""",
        "failed",
    ),
    "assumptions": _given(
        """
@given(st.integers())
async def test_assumes(n):
    await asyncio.sleep(0.001)
    assume(n % 2 == 0)
    await asyncio.sleep(0.001)
    assert n % 2 == 0

@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(st.integers())
async def test_unsatisfiable(n):
    await asyncio.sleep(0)
    assume(False)
""",
        "passed failed",
    ),
    "drawn_inside": _given(
        """
@given(st.data())
async def test_draws(data):
    n = data.draw(st.integers(0, 10))
    await asyncio.sleep(0.001)
    m = data.draw(st.integers(0, n), label="below")
    await asyncio.sleep(0.001)
    assert m <= n

@given(st.data())
async def test_red(data):
    n = data.draw(st.integers(), label="any")
    await asyncio.sleep(0.001)
    assert n < 7
""",
        "passed failed",
    ),
    "examples": _given(
        """
seen = []

@example(n=3)
@given(n=st.integers(5, 9))
async def test_explicit(n):
    await asyncio.sleep(0.001)
    seen.append(n)
    assert seen[0] == 3

@example(n=4)
@given(n=st.integers(5, 9))
async def test_explicit_red(n):
    await asyncio.sleep(0.001)
    assert n != 4
""",
        "passed failed",
    ),
    "health_checks": _given(
        """
@pytest.fixture
def own(): return 1

@given(n=st.integers())
async def test_fixture_of_function_scope(own, n): ...

@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(n=st.integers())
async def test_suppressed(own, n): await asyncio.sleep(0.001)
""",
        "passed failed",
    ),
    "random_is_seeded": _given(
        """
values = {}

async def draw(name):
    first = random.random()
    await asyncio.sleep(0.002)
    values.setdefault(name, set()).add((first, random.random()))
    assert len(values[name]) == 1

@given(st.integers())
async def test_a(n): await draw("a")

@given(st.integers())
async def test_b(n): await draw("b")

@pytest.mark.parametrize("n", range(5))
async def test_elsewhere(n):
    for _ in range(8):
        await asyncio.sleep(0.002)
        drawn = random.random()
        assert drawn not in values.setdefault("elsewhere", set())
        values["elsewhere"].add(drawn)
"""
    ),
    "settings_are_its_own": _given(
        """
@settings(max_examples=3)
@given(st.integers())
async def test_three(n):
    assert settings.default.max_examples == 3
    await asyncio.sleep(0.002)
    assert settings.default.max_examples == 3

@settings(max_examples=4)
@given(st.integers())
async def test_four(n):
    await asyncio.sleep(0.002)
    assert settings.default.max_examples == 4

async def test_none():
    await asyncio.sleep(0.003)
    assert settings.default.max_examples == 10
"""
    ),
    "shared_loops": _given(
        """
@pytest.mark.asyncio(loop_scope="module")
@given(st.integers())
async def test_module_loop(n):
    note("on the module's")
    await asyncio.sleep(0.001)

@pytest.mark.asyncio(loop_scope="module")
@given(st.integers())
async def test_module_loop_red(n):
    note("on the module's")
    await asyncio.sleep(0.001)
    assert n < 3
""",
        "passed failed",
    ),
    "marks": _given(
        """
@pytest.mark.xfail
@given(st.integers())
async def test_xfails(n):
    await asyncio.sleep(0.001)
    assert n < 3

@pytest.mark.xfail(strict=True)
@given(st.integers())
async def test_xpasses(n): await asyncio.sleep(0.001)

@pytest.mark.skip
@given(st.integers())
async def test_skipped(n): ...

@given(st.integers())
async def test_skips(n):
    await asyncio.sleep(0.001)
    pytest.skip("inside")
""",
        "failed skipped xfailed",
    ),
    "wrong_use": _given(
        """
@settings(max_examples=3)
async def test_without_given(): ...

@given(st.integers())
async def test_too_few(): ...

@given(st.integers())
async def test_returns(n): return 3
""",
        "passed failed",
    ),
    "in_classes": _given(
        """
class TestMethods:
    @given(st.integers())
    async def test_method(self, n): await asyncio.sleep(0.001)

    @given(st.integers())
    async def test_red(self, n):
        await asyncio.sleep(0.001)
        assert n < 3

class TestCase(unittest.TestCase):
    def setUp(self): self.ready = True

    @given(st.integers())
    def test_method(self, n):
        asyncio.run(asyncio.sleep(0.001))
        self.assertTrue(self.ready)

    @given(st.integers())
    def test_red(self, n):
        asyncio.run(asyncio.sleep(0.001))
        self.assertLess(n, 3)
""",
        "passed failed",
    ),
    "state_machine": _given(
        """
from hypothesis.stateful import RuleBasedStateMachine, rule

class Counter(RuleBasedStateMachine):
    count = 0
    @rule(n=st.integers(0, 3))
    def add(self, n):
        asyncio.run(asyncio.sleep(0))
        self.count += n
        assert self.count >= 0

class Broken(RuleBasedStateMachine):
    count = 0
    @rule()
    def add(self):
        asyncio.run(asyncio.sleep(0))
        self.count += 1
        assert self.count < 3

TestCounter = Counter.TestCase
TestBroken = Broken.TestCase
""",
        "passed failed",
    ),
}

_AUTO = "asyncio_mode = auto"
_PLUGIN = ("hypothesispytest",)

_TABLES = (
    Table("hypothesis-given", _TESTS, _AUTO, plugins=_PLUGIN),
    Table(
        "hypothesis-statistics",
        {"many_examples": _TESTS["many_examples"], "red": _TESTS["red"]},
        _AUTO,
        (("--hypothesis-show-statistics",),),
        plugins=_PLUGIN,
    ),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_given_tests_agree(runs: Runs, row: Row) -> None:
    """Hypothesis finds the same examples as under pytest, and says the same."""
    runs.check(row)
