"""Suites that say what is to be kept apart have pytest's outcomes, and are kept apart.

Each test that holds something counts itself in and out, so that whoever comes at the
wrong time is seen; those that may come together wait for one another at a gate. Tests
that have a rate check that they do not come too early, where any come together at all.
"""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import IN_ORDER, RESCUED, Feature, Table

_HEADER = """
    import asyncio, pytest
    import gate

    inside = []

    async def stay(most=1):
        inside.append(None)
        assert len(inside) <= most
        await asyncio.sleep(0.002)
        await asyncio.sleep(0)
        assert len(inside) <= most
        inside.pop()
"""

# What holds nothing comes together, whoever else takes turns.
_OTHERS = """
    @pytest.mark.parametrize("n", range(5))
    async def test_others_come_together(n):
        await gate.arrive("others", 5)
"""


def _apart(source: str, sees: str = "passed") -> Feature:
    return Feature(f"{_HEADER}{source}{_OTHERS}", sees)


_MARKS = {
    "function": _apart(
        """
    @pytest.mark.isolation("function")
    @pytest.mark.parametrize("n", range(4))
    async def test_holds(n):
        await stay()

    @pytest.mark.isolation("function")
    def test_sync_holds():
        asyncio.run(stay())
        """
    ),
    "class_and_parameter": _apart(
        """
    @pytest.mark.isolation("class")
    class TestAll:
        async def test_first(self):
            await stay()

        async def test_second(self):
            await stay()

    @pytest.mark.parametrize(
        "n", [pytest.param(n, marks=pytest.mark.isolation("class")) for n in range(3)]
    )
    async def test_parameters(n):
        await stay()
        """
    ),
    "module": Feature(
        _HEADER
        + """
    pytestmark = [pytest.mark.isolation("module"), pytest.mark.isolation("other")]

    @pytest.mark.parametrize("n", range(4))
    async def test_holds(n):
        await stay()
        """
    ),
    "added_by_conftest": _apart(
        """
    @pytest.mark.parametrize("n", range(4))
    async def test_added(n):
        await stay()
        """
    ),
    "group": _apart(
        """
    @pytest.mark.xdist_group("one")
    @pytest.mark.parametrize("n", range(3))
    async def test_of_a_group(n):
        await stay()

    @pytest.mark.xdist_group(name="one")
    async def test_of_the_same_group():
        await stay()
        """
    ),
    "limit": _apart(
        """
    @pytest.mark.isolation("limit", limit=2)
    @pytest.mark.parametrize("n", range(6))
    async def test_two_at_once(n):
        await gate.arrive("limit", 2)
        await stay(2)
        """
    ),
    "set_up_and_teardown": _apart(
        """
    @pytest.fixture
    async def entered():
        await stay()
        yield
        await stay()

    @pytest.mark.isolation("phases")
    @pytest.mark.parametrize("n", range(4))
    async def test_holds(entered, n):
        await asyncio.sleep(0.001)
        """
    ),
    "several": _apart(
        """
    @pytest.mark.isolation("left", "right")
    async def test_both():
        await stay()

    @pytest.mark.isolation("left")
    async def test_left():
        await stay(2)

    @pytest.mark.isolation("right")
    async def test_right():
        await stay(2)
        """
    ),
    # Who comes together holds what nobody writes: a writer that starts earlier, in an
    # order of its own, would keep the rest of the readers back.
    "readers": Feature(
        """
    import pytest
    import gate

    @pytest.mark.isolation("only read", write=False)
    @pytest.mark.parametrize("n", range(3))
    async def test_reads(n):
        await gate.arrive("readers", 3)
        """
    ),
    "readers_and_writers": Feature(
        """
    import asyncio, pytest

    readers, writers = [], []

    @pytest.mark.isolation("read and written", write=False)
    @pytest.mark.parametrize("n", range(3))
    async def test_reads(n):
        readers.append(None)
        await asyncio.sleep(0.001)
        assert not writers
        readers.pop()

    @pytest.mark.isolation("read and written")
    @pytest.mark.parametrize("n", range(3))
    async def test_writes(n):
        writers.append(None)
        await asyncio.sleep(0.001)
        assert len(writers) == 1 and not readers
        writers.pop()
        """
    ),
    "outcomes": _apart(
        """
    @pytest.mark.isolation("outcomes")
    async def test_fails():
        await asyncio.sleep(0.001)
        assert 0

    @pytest.mark.isolation("outcomes")
    @pytest.mark.xfail(strict=True)
    async def test_is_expected_to_fail():
        await asyncio.sleep(0.001)
        assert 0

    @pytest.mark.isolation("outcomes")
    async def test_passes():
        await stay()
        """,
        sees="passed failed xfailed",
    ),
    "case": Feature(
        """
    import asyncio, pytest, unittest

    inside = []

    @pytest.mark.isolation("case")
    class Case(unittest.IsolatedAsyncioTestCase):
        async def asyncSetUp(self):
            inside.append(None)

        async def asyncTearDown(self):
            inside.pop()

        async def test_first(self):
            await asyncio.sleep(0.001)
            assert len(inside) == 1

        async def test_second(self):
            await asyncio.sleep(0.001)
            assert len(inside) == 1
        """
    ),
    "shared_loop": _apart(
        """
    @pytest.mark.asyncio(loop_scope="module")
    @pytest.mark.isolation("loop")
    @pytest.mark.parametrize("n", range(3))
    async def test_holds(n):
        await stay()
        """
    ),
}

_CONFIGURED = {
    "fixture": _apart(
        """
    @pytest.fixture(scope="module")
    async def database():
        yield []

    @pytest.fixture
    def table(database):
        return database

    @pytest.mark.parametrize("n", range(3))
    async def test_directly(database, n):
        await stay()

    @pytest.mark.parametrize("n", range(3))
    async def test_through_another(table, n):
        await stay()
        """
    ),
    "reads": Feature(
        """
    import asyncio, pytest
    import gate

    @pytest.fixture
    def catalog():
        return []

    @pytest.mark.parametrize("n", range(4))
    async def test_reads(catalog, n):
        await gate.arrive("catalog", 4)
        """
    ),
    "folder": Feature(
        {
            "test_in.py": _HEADER
            + """
    @pytest.mark.parametrize("n", range(4))
    async def test_two_at_once(n):
        await gate.arrive("folder", 2)
        await stay(2)
            """
        }
    ),
    "serial": Feature(
        _HEADER
        + """
    @pytest.mark.parametrize("n", range(4))
    async def test_first(n):
        await stay(5)

    @pytest.mark.parametrize("n", range(2))
    async def test_alone(n):
        await stay(1)

    async def test_last():
        await stay(5)
        """
    ),
}

_RATED = """
    import asyncio, pytest, time
    import gate

    clock = time.monotonic
    starts = []

    def start(most=4):
        starts.append(clock())
        if gate.PARTIES > 1 and len(starts) > most:
            assert starts[-1] - starts[-1 - most] >= 1
"""


def _rated(source: str) -> Feature:
    return Feature(f"{_RATED}{source}{_OTHERS}")


_RATES = {
    "rate": _rated(
        """
    @pytest.mark.isolation("rate", rate="4/s")
    @pytest.mark.parametrize("n", range(9))
    async def test_any_number_at_once(n):
        start()
        if n < 4:
            await gate.arrive("rate", 4)
        await asyncio.sleep(0.002)
        """
    ),
    "rate_and_limit": _rated(
        """
    inside = []

    @pytest.mark.isolation("rate and limit", limit=2)
    @pytest.mark.parametrize("n", range(6))
    async def test_two_at_once(n):
        start()
        inside.append(None)
        assert len(inside) <= 2
        await asyncio.sleep(0.002)
        inside.pop()

    @pytest.mark.isolation("rate and limit", rate="4/s")
    async def test_last():
        start()
        await asyncio.sleep(0.002)
        """
    ),
    "rate_by_class": _rated(
        """
    @pytest.mark.isolation("rate by class", rate="4/s")
    class TestAll:
        @pytest.mark.parametrize("n", range(3))
        async def test_async(self, n):
            start()
            await asyncio.sleep(0.002)

        @pytest.mark.parametrize("n", range(3))
        def test_sync(self, n):
            start()
            time.sleep(0.002)
        """
    ),
    "rate_on_a_shared_loop": _rated(
        """
    @pytest.mark.asyncio(loop_scope="module")
    @pytest.mark.isolation("rate on a shared loop", rate="4/s")
    @pytest.mark.parametrize("n", range(6))
    async def test_it(n):
        start()
        await asyncio.sleep(0.002)
        """
    ),
    # All who wait for it would be called at once, if their rate was that of set-ups.
    "rate_after_a_wide_fixture": _rated(
        """
    @pytest.fixture(scope="module")
    async def server():
        await asyncio.sleep(1.1)

    @pytest.mark.isolation("rate after a wide fixture", rate="4/s")
    @pytest.mark.parametrize("n", range(6))
    async def test_it(server, n):
        start()
        await asyncio.sleep(0.002)
        """
    ),
    "rate_of_tests_that_run_alone": _rated(
        """
    @pytest.mark.isolation("rate of tests that run alone", rate="4/s")
    @pytest.mark.parametrize("n", range(5))
    async def test_beside(n):
        start()
        await asyncio.sleep(0.002)

    @pytest.mark.serial
    @pytest.mark.isolation("rate of tests that run alone")
    @pytest.mark.parametrize("n", range(5))
    def test_alone(n):
        start()
        time.sleep(0.002)
        """
    ),
    "rate_by_the_clock_of_the_engine": _rated(
        """
    @pytest.mark.isolation("rate by the clock of the engine", rate="4/s")
    @pytest.mark.parametrize("n", range(6))
    async def test_it(monkeypatch, n):
        start()
        monkeypatch.setattr(time, "monotonic", lambda: 1e9)
        monkeypatch.setattr(time, "perf_counter", lambda: 1e9)
        await asyncio.to_thread(time.sleep, 0.002)
        monkeypatch.undo()
        """
    ),
    "rate_of_skips": Feature(
        """
    import pytest

    @pytest.mark.skip
    @pytest.mark.isolation("rate of skips", rate="1/h")
    @pytest.mark.parametrize("n", range(3))
    async def test_it(n):
        raise AssertionError("was run")
        """,
        sees="skipped",
    ),
    "rate_configured": _rated(
        """
    @pytest.fixture
    async def api():
        await asyncio.sleep(0.01)

    @pytest.mark.parametrize("n", range(6))
    async def test_it(api, n):
        start()
        await asyncio.sleep(0.002)
        """
    ),
}

_RATED_SECOND_RUNS = {
    "rate_of_second_runs": _rated(
        """
    inside = []

    @pytest.mark.isolation("rate of second runs", rate="4/s")
    @pytest.mark.parametrize("n", range(3))
    async def test_wants_to_be_alone(n):
        start()
        inside.append(None)
        await gate.arrive("alone", 3)
        await asyncio.sleep(0.002)
        most = len(inside)
        await asyncio.sleep(0.02)
        inside.pop()
        assert most == 1
        """
    ),
}

_INI = """
    asyncio_mode = auto
    markers =
        isolation: hold a resource
        serial: run with nothing beside it
        xdist_group: run in one process
    addopts = --strict-markers
"""

# What wakes who waits in another event loop: alone nobody would have waited.
_PRIMITIVES = {
    "lock": Feature(
        """
        import asyncio

        lock = asyncio.Lock()

        async def test_first():
            async with lock:
                await asyncio.sleep(0.02)

        async def test_second():
            async with lock:
                await asyncio.sleep(0.02)
        """
    ),
    "event": Feature(
        """
        import asyncio

        event = asyncio.Event()

        async def test_sets():
            await asyncio.sleep(0.02)
            event.set()

        async def test_waits():
            await event.wait()
        """
    ),
    "future_of_a_wider_loop": Feature(
        """
        import asyncio, pytest

        waiting = []

        @pytest.mark.asyncio(loop_scope="module")
        async def test_first():
            waiting.append(asyncio.get_running_loop().create_future())
            waiting[0].set_result(None)
            await waiting[0]

        async def test_second():
            await asyncio.sleep(0.01)
            assert waiting[0].done()
        """
    ),
}

_REFUSED = {
    "many_at_a_lock": Feature(
        """
        import asyncio, pytest

        lock = asyncio.Lock()

        @pytest.mark.parametrize("n", range(6))
        async def test_it(n):
            async with lock:
                await asyncio.sleep(0.005)
        """
    ),
}

# Objects of a module which each test sets up and tears down: no mark says so.
_OBJECTS = {
    "table_of_an_application": Feature(
        """
        import asyncio, pytest

        class App:
            overrides = {}

        app = App()

        @pytest.fixture
        def user(request):
            app.overrides["user"] = request.node.name
            yield request.node.name
            app.overrides.clear()

        @pytest.mark.parametrize("n", range(4))
        async def test_it(user, n):
            await asyncio.sleep(0.005)
            assert app.overrides == {"user": user}
        """
    ),
    "only_instance": Feature(
        """
        import asyncio, pytest
        from gate import arrive

        class Instrumentor:
            _instance = None
            active = False

            def __new__(cls):
                if cls._instance is None:
                    cls._instance = super().__new__(cls)
                return cls._instance

            def instrument(self):
                self.active = True

            def uninstrument(self):
                self.active = False

        @pytest.mark.parametrize("n", range(20))
        async def test_uses(n):
            Instrumentor().instrument()
            await arrive("only instance")
            assert Instrumentor().active

        @pytest.mark.parametrize("n", range(4))
        async def test_undoes(n):
            mine = Instrumentor()
            mine.instrument()
            await asyncio.sleep(0.005)
            assert mine.active
            mine.uninstrument()
            await asyncio.sleep(0.005)
            assert not Instrumentor().active
        """
    ),
    "given_to_what_makes_and_drops": Feature(
        """
        import asyncio, pytest

        class Engine:
            tables = 0

        def create_all(engine):
            engine.tables += 1

        def drop_all(engine):
            engine.tables -= 1

        engine = Engine()

        @pytest.fixture
        async def database():
            create_all(engine)
            await asyncio.sleep(0)
            yield
            drop_all(engine)

        @pytest.mark.parametrize("n", range(4))
        async def test_it(database, n):
            await asyncio.sleep(0.005)
            assert engine.tables == 1
        """
    ),
    "case_and_its_base": Feature(
        """
        import asyncio, unittest

        class Broker:
            started = 0
            def start(self): self.started += 1
            def stop(self): self.started -= 1

        broker, other = Broker(), Broker()

        class Base(unittest.IsolatedAsyncioTestCase):
            def setUp(self):
                broker.start()
                self.addCleanup(broker.stop)

        class TestIt(Base):
            def setUp(self):
                super().setUp()

            def tearDown(self):
                other.stop()

            async def test_one(self):
                other.start()
                await asyncio.sleep(0.005)
                self.assertEqual([broker.started, other.started], [1, 1])

            async def test_two(self):
                other.start()
                await asyncio.sleep(0.005)
                self.assertEqual([broker.started, other.started], [1, 1])
        """
    ),
    "cleared_round_every_test": Feature(
        """
        import asyncio, gate, pytest

        CACHE = {}

        @pytest.fixture(autouse=True)
        def clean():
            CACHE.clear()
            yield
            CACHE.clear()

        @pytest.mark.parametrize("n", range(3))
        async def test_uses_it(n):
            CACHE["n"] = n
            await asyncio.sleep(0.005)
            assert CACHE == {"n": n}

        @pytest.mark.parametrize("n", range(20))
        async def test_does_not(n):
            await gate.arrive("does not")
        """
    ),
}

# One after another these take longer than the chain of timers has time for.
_HELD_UP = {
    "timers": Feature(
        """
        import asyncio, pytest, time

        @pytest.mark.parametrize("n", range(4))
        async def test_timers_of_one_test(n):
            async def steps():
                for _ in range(3):
                    await asyncio.sleep(0.05)
                return "done"

            assert await asyncio.wait_for(steps(), 0.4) == "done"

        @pytest.mark.parametrize("n", range(5))
        async def test_computes(n):
            await asyncio.sleep(0.02 * n)
            until = time.monotonic() + 0.15
            while time.monotonic() < until:
                pass
        """
    ),
}

# Readers wait for one another, and a writer that starts between them parts them.
TABLES = [
    Table("objects_in_turns", _OBJECTS, ini="asyncio_mode = auto", settings=IN_ORDER),
    Table("held_up", _HELD_UP, ini="asyncio_mode = auto"),
    Table("shared_primitives", _PRIMITIVES, ini="asyncio_mode = auto"),
    # An error, beside others, for who waits on a second loop for the same lock.
    Table("bound_to_a_loop", _REFUSED, ini="asyncio_mode = auto", settings=RESCUED),
    Table(
        "isolation_marks",
        _MARKS,
        ini=_INI,
        conftest="""
            import pytest

            def pytest_collection_modifyitems(items):
                for item in items:
                    if "test_added[" in item.nodeid:
                        item.add_marker(pytest.mark.isolation("added"))
        """,
        settings=IN_ORDER,
    ),
    Table(
        "isolation_rates",
        _RATES,
        ini=_INI,
        pyproject="""
            [tool.fasttest.resources]
            api = {rate = "4/s"}

            [tool.fasttest.fixtures]
            api = "api"
        """,
    ),
    Table(
        "isolation_rated_second_runs", _RATED_SECOND_RUNS, ini=_INI, settings=RESCUED
    ),
    Table(
        "isolation_configured",
        _CONFIGURED,
        ini=_INI,
        pyproject="""
            [tool.fasttest]
            serial = ["test_serial.py::test_alone"]

            [tool.fasttest.resources]
            db = 1
            browser = 2
            shelves = 1

            [tool.fasttest.fixtures]
            database = "db"
            catalog = {resource = "shelves", write = false}

            [tool.fasttest.paths]
            "folder" = ["browser"]
        """,
        settings=IN_ORDER,
    ),
]


@pytest.mark.parametrize("row", rows(*TABLES))
def test_what_is_kept_apart_has_the_outcomes_of_pytest(runs: Runs, row: Row) -> None:
    """Nobody else is there, and whoever may come together does."""
    runs.check(row)
