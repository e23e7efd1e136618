"""Tests that change the same thing of the process, all at once, each for itself.

Twenty at a time stand in the middle of their change before any goes on.
"""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table, apart

_HEADER = """
import asyncio, contextlib, gate, io, logging, os, pytest, sys, warnings
from unittest import mock

class Settings:
    mode = "plain"
    table = {"kept": 0}

def plain():
    return "plain"

HERE = os.getcwd()
ME = sys.modules[__name__]
LOG = logging.getLogger("sample.own")

def is_clean():
    return (
        Settings.mode == "plain" and "added" not in vars(Settings)
        and Settings.table == {"kept": 0} and plain() == "plain"
        and os.getcwd() == HERE and "SAMPLE_OWN" not in os.environ
        and "PATH" in os.environ and not any("sample_own" in p for p in sys.path)
    )

@pytest.fixture(scope="module", autouse=True)
def nothing_is_left():
    assert is_clean()
    yield
    assert is_clean()
"""

_TWENTY = '@pytest.mark.parametrize("n", range(20))'


def _own(test: str, sees: str = "passed") -> Feature:
    lines = test.strip("\n").splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip())
    body = "\n".join(line[indent:] for line in lines)
    return Feature(f"{_HEADER}\n{body.replace('@TWENTY', _TWENTY)}\n", sees)


_MONKEYPATCH = {
    "attribute": _own(
        """
        @TWENTY
        async def test_own(monkeypatch, n):
            monkeypatch.setattr(Settings, "mode", n)
            monkeypatch.setattr(Settings, "added", n, raising=False)
            await gate.arrive("attribute")
            assert (Settings.mode, Settings.added) == (n, n)
        """
    ),
    "attribute_by_path": _own(
        """
        @TWENTY
        async def test_own(monkeypatch, n):
            monkeypatch.setattr(f"{__name__}.plain", lambda: n)
            await gate.arrive("by path")
            assert plain() == n
        """
    ),
    "deleted_attribute": _own(
        """
        @TWENTY
        async def test_own(monkeypatch, n):
            if n % 2:
                monkeypatch.delattr(Settings, "mode")
            await gate.arrive("deleted")
            assert hasattr(Settings, "mode") == (n % 2 == 0)
        """
    ),
    "items": _own(
        """
        @TWENTY
        async def test_own(monkeypatch, n):
            monkeypatch.setitem(Settings.table, "mine", n)
            monkeypatch.delitem(Settings.table, "kept")
            await gate.arrive("items")
            assert Settings.table == {"mine": n}
        """
    ),
    "environment_and_directory": _own(
        """
        @TWENTY
        async def test_own(monkeypatch, tmp_path, n):
            monkeypatch.setenv("SAMPLE_OWN", str(n))
            monkeypatch.delenv("PATH")
            monkeypatch.chdir(tmp_path)
            monkeypatch.syspath_prepend(f"/sample_own/{n}")
            await gate.arrive("environment")
            assert os.environ["SAMPLE_OWN"] == os.getenv("SAMPLE_OWN") == str(n)
            assert "PATH" not in os.environ
            assert os.getcwd() == str(tmp_path)
            assert [p for p in sys.path if "sample_own" in p] == [f"/sample_own/{n}"]
        """
    ),
    "undone_and_done_again": _own(
        """
        @TWENTY
        async def test_own(monkeypatch, n):
            monkeypatch.setattr(Settings, "mode", n)
            with monkeypatch.context() as inner:
                inner.setattr(Settings, "mode", -n)
                await gate.arrive("nested")
                assert Settings.mode == -n
            await gate.arrive("inner undone")
            assert Settings.mode == n
            monkeypatch.undo()
            await gate.arrive("undone")
            assert Settings.mode == "plain"
            monkeypatch.setattr(Settings, "mode", "again")
            await gate.arrive("again")
            assert Settings.mode == "again"
        """
    ),
    "by_fixture_and_test": _own(
        """
        @pytest.fixture
        async def prepared(monkeypatch):
            monkeypatch.setattr(Settings, "mode", "fixture")
            await gate.arrive("in fixture")
            yield
            assert Settings.mode == "fixture"

        @TWENTY
        async def test_own(prepared, n):
            assert Settings.mode == "fixture"
            with mock.patch.object(Settings, "mode", n):
                await gate.arrive("fixture and test")
                assert Settings.mode == n
        """
    ),
    "a_red_one_among_them": _own(
        """
        @TWENTY
        async def test_own(monkeypatch, n):
            monkeypatch.setattr(Settings, "mode", n)
            await gate.arrive("red")
            assert Settings.mode == 7
        """,
        "failed passed",
    ),
    "an_object_that_resists": _own(
        """
        class Checked:
            __slots__ = ("value",)
            def __init__(self): self.value = 0
        SHARED = Checked()

        @TWENTY
        async def test_own(monkeypatch, n):
            monkeypatch.setattr(SHARED, "value", n)
            await gate.arrive("slots")
            assert SHARED.value == n
        """
    ),
    "sync_tests_that_run_a_loop": _own(
        """
        @TWENTY
        def test_own(monkeypatch, n):
            monkeypatch.setattr(Settings, "mode", n)
            async def inside():
                await gate.arrive("sync")
                return Settings.mode
            assert asyncio.run(inside()) == n
        """
    ),
    "a_patch_that_outlives_its_test": Feature(
        {
            "__init__.py": "",
            "test_lasting.py": """
                import asyncio, os, pytest

                @pytest.fixture(scope="module")
                def patch():
                    with pytest.MonkeyPatch.context() as patch:
                        yield patch

                async def test_first(patch):
                    patch.setenv("SAMPLE_LASTING", "set")
                    await asyncio.sleep(0.01)

                async def test_second(patch):
                    await asyncio.sleep(0.01)
                    assert os.environ["SAMPLE_LASTING"] == "set"
                """,
        }
    ),
}

_MOCK = {
    "with_block": _own(
        """
        @TWENTY
        async def test_own(n):
            with mock.patch(f"{__name__}.plain", return_value=n) as mocked:
                await gate.arrive("with")
                assert plain() == n and mocked.call_count == 1
            await gate.arrive("with over")
            assert plain() == "plain"
        """
    ),
    "decorator": _own(
        """
        @TWENTY
        @mock.patch.object(Settings, "mode", new_callable=mock.PropertyMock)
        async def test_own(mode, n):
            mode.return_value = n
            await gate.arrive("decorator")
            assert Settings().mode == n
        """
    ),
    "started_and_stopped": _own(
        """
        @TWENTY
        async def test_own(n):
            patcher = mock.patch.object(Settings, "mode", n)
            patcher.start()
            await gate.arrive("started")
            assert Settings.mode == n
            patcher.stop()
            await gate.arrive("stopped")
            assert Settings.mode == "plain"
        """
    ),
    "all_stopped": _own(
        """
        @TWENTY
        async def test_own(n):
            mock.patch.object(Settings, "mode", n).start()
            mock.patch(f"{__name__}.plain", lambda: n).start()
            await gate.arrive("all started")
            if n % 2:
                mock.patch.stopall()
            await gate.arrive("half stopped")
            assert Settings.mode == plain() == ("plain" if n % 2 else n)
            mock.patch.stopall()
        """
    ),
    "dictionary": _own(
        """
        @TWENTY
        async def test_own(n):
            with mock.patch.dict(Settings.table, {"mine": n}, clear=bool(n % 2)):
                Settings.table["by hand"] = n
                await gate.arrive("dict")
                expected = {"mine": n, "by hand": n}
                if not n % 2:
                    expected["kept"] = 0
                assert Settings.table == expected
            with mock.patch.dict("os.environ", SAMPLE_OWN=str(n)):
                os.environ["SAMPLE_OWN_TOO"] = str(n)
                await gate.arrive("environ")
                assert os.environ["SAMPLE_OWN"] == str(n)
                assert os.environ["SAMPLE_OWN_TOO"] == str(n)
            assert "SAMPLE_OWN_TOO" not in os.environ
        """
    ),
    "multiple": _own(
        """
        @TWENTY
        async def test_own(n):
            with mock.patch.multiple(Settings, mode=n, added=n, create=True):
                await gate.arrive("multiple")
                assert (Settings.mode, Settings.added) == (n, n)
        """
    ),
    "mocker": _own(
        """
        @TWENTY
        async def test_own(mocker, n):
            mocker.patch.object(Settings, "mode", n)
            spy = mocker.spy(ME, "plain")
            await gate.arrive("mocker")
            assert Settings.mode == n
            assert plain() == "plain" and spy.call_count == 1
        """
    ),
    "an_expectation_that_fails": _own(
        """
        @TWENTY
        async def test_own(mocker, n):
            mocked = mocker.patch(f"{__name__}.plain")
            await gate.arrive("expectation")
            if n != 3:
                plain(n)
            mocked.assert_called_once_with(n)
        """,
        "failed passed",
    ),
}

_EMITTED = {
    "capsys": _own(
        """
        @TWENTY
        async def test_own(capsys, n):
            print("out", n)
            print("err", n, file=sys.stderr)
            await gate.arrive("capsys")
            print("more", n)
            assert capsys.readouterr() == (f"out {n}\\nmore {n}\\n", f"err {n}\\n")
            with capsys.disabled():
                pass
            print("left", n)
            await gate.arrive("capsys read")
        """
    ),
    "capsys_in_a_red_test": _own(
        """
        @TWENTY
        async def test_own(capsys, n):
            print("out", n)
            await gate.arrive("red capsys")
            assert capsys.readouterr().out == "out 3\\n"
            print("not read", n)
            assert n != 3
        """,
        "failed",
    ),
    "tasks_in_empty_contexts": _own(
        """
        import contextvars

        async def serve(n):
            print("out", n)
            LOG.warning("log %s", n)
            warnings.warn(f"warned {n}")
            with mock.patch.object(Settings, "mode", n):
                await gate.arrive("empty contexts")
                assert Settings.mode == n
            print("err", n, file=sys.stderr)

        @TWENTY
        async def test_own(n):
            await contextvars.Context().run(asyncio.ensure_future, serve(n))
            assert n != 3
        """,
        "passed failed",
    ),
    "capsysbinary": _own(
        """
        @TWENTY
        async def test_own(capsysbinary, n):
            sys.stdout.buffer.write(bytes([n]))
            await gate.arrive("binary")
            assert capsysbinary.readouterr().out == bytes([n])
        """
    ),
    "redirected": _own(
        """
        @TWENTY
        async def test_own(n):
            with contextlib.redirect_stdout(io.StringIO()) as out:
                print("before", n)
                await gate.arrive("redirected")
                print("after", n)
            assert out.getvalue() == f"before {n}\\nafter {n}\\n"
        """
    ),
    "replaced_by_hand": _own(
        """
        @TWENTY
        async def test_own(n):
            before = sys.stdout, sys.stderr
            sys.stdout = sys.stderr = out = io.StringIO()
            try:
                print("before", n)
                await gate.arrive("by hand")
                print("after", n, file=sys.stderr)
            finally:
                sys.stdout, sys.stderr = before
            assert out.getvalue() == f"before {n}\\nafter {n}\\n"
            print("shown", n)
            assert n != 3
        """,
        "passed failed",
    ),
    "replaced_and_left": _own(
        """
        async def test_leaves():
            print("before")
            sys.stdout = io.StringIO()
            print("hidden")
            await asyncio.sleep(0.005)
            print("hidden as well")

        @pytest.fixture
        def leaves():
            sys.stderr = io.StringIO()
            print("hidden", file=sys.stderr)

        async def test_after_a_fixture(leaves):
            print("shown", file=sys.stderr)
            assert not "failed"

        async def test_after_a_test():
            await asyncio.sleep(0.01)
            print("shown")
            assert not "failed"
        """,
        "passed failed",
    ),
    "caplog": _own(
        """
        @TWENTY
        async def test_own(caplog, n):
            LOG.warning("before %d", n)
            LOG.info("not seen")
            await gate.arrive("caplog")
            LOG.error("after %d", n)
            assert caplog.messages == [f"before {n}", f"after {n}"]
            assert [r.levelname for r in caplog.records] == ["WARNING", "ERROR"]
            caplog.clear()
            await gate.arrive("caplog cleared")
            assert caplog.record_tuples == [] and caplog.text == ""
        """
    ),
    "caplog_levels": _own(
        """
        @TWENTY
        async def test_own(caplog, n):
            level = [logging.DEBUG, logging.ERROR][n % 2]
            with caplog.at_level(level, logger="sample.own"):
                await gate.arrive("at level")
                LOG.info("inside %d", n)
            LOG.info("outside")
            caplog.set_level(level)
            await gate.arrive("level set")
            LOG.info("set %d", n)
            LOG.error("error %d", n)
            quiet = [] if n % 2 else [f"inside {n}", f"set {n}"]
            assert caplog.messages == [*quiet, f"error {n}"]
            assert LOG.getEffectiveLevel() == level
        """
    ),
    "caplog_by_phase": _own(
        """
        @pytest.fixture
        async def logs(caplog):
            LOG.warning("set up")
            yield
            assert [r.message for r in caplog.get_records("setup")] == ["set up"]
            assert [r.message for r in caplog.get_records("call")] == ["called"]

        @TWENTY
        async def test_own(logs, caplog, n):
            await gate.arrive("phases")
            LOG.warning("called")
            assert caplog.messages == ["called"]
        """
    ),
    "caplog_asked_for_late": _own(
        """
        @TWENTY
        async def test_own(request, n):
            caplog = request.getfixturevalue("caplog")
            await gate.arrive("late")
            LOG.warning("late %d", n)
            assert caplog.messages == [f"late {n}"]
        """
    ),
    "recwarn": _own(
        """
        @TWENTY
        async def test_own(recwarn, n):
            warnings.warn(f"before {n}")
            await gate.arrive("recwarn")
            warnings.warn(f"after {n}", DeprecationWarning)
            texts = [str(w.message) for w in recwarn]
            assert texts == [f"before {n}", f"after {n}"]
        """
    ),
    "warns": _own(
        """
        @TWENTY
        async def test_own(n):
            with pytest.warns(UserWarning, match=f"mine {n}$") as caught:
                warnings.warn(f"mine {n}")
                await gate.arrive("warns")
                warnings.warn(f"mine {n}")
            assert len(caught) == 2
        """
    ),
    "warnings_caught_by_hand": _own(
        """
        @TWENTY
        async def test_own(n):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always" if n % 2 else "ignore")
                warnings.warn(f"mine {n}")
                await gate.arrive("by hand")
                warnings.warn(f"mine {n}")
            assert len(caught) == 2 * (n % 2)
        """
    ),
    "filters_by_mark": _own(
        """
        @TWENTY
        async def test_own(n, request):
            if n % 2:
                request.applymarker(pytest.mark.filterwarnings("ignore"))
            await gate.arrive("unmarked")

        FILTERS = [pytest.mark.filterwarnings(f) for f in ("ignore", "error")]

        @pytest.mark.parametrize(
            "n", [pytest.param(n, marks=FILTERS[n % 2]) for n in range(20)]
        )
        async def test_marked(n):
            await gate.arrive("marked")
            if n % 2:
                with pytest.raises(UserWarning):
                    warnings.warn("raised")
            else:
                warnings.warn("dropped")

        @pytest.mark.filterwarnings("error:red")
        @TWENTY
        async def test_red(n):
            await gate.arrive("red marked")
            warnings.warn("red" if n == 3 else "green")
        """,
        "failed passed",
    ),
}

_RANDOM = {
    "seeded_by_test": _own(
        """
        import random

        @TWENTY
        async def test_own(n):
            random.seed(n)
            expected = random.Random(n)
            await gate.arrive("seeded")
            assert random.random() == expected.random()
            await gate.arrive("drawn")
            assert random.gauss(0, 1) == expected.gauss(0, 1)
            await gate.arrive("half a pair drawn")
            assert random.gauss(0, 1) == expected.gauss(0, 1)
        """
    ),
    "seeded_alike": _own(
        """
        from random import seed, random

        async def test_leaves_the_same(): seed(5)

        @TWENTY
        async def test_own(n):
            seed(5)
            for _ in range(n % 3):
                random()
            await gate.arrive("alike")
            drawn = [random(), random(), random()]
            seed(5)
            assert [random() for _ in range(n % 3 + 3)][n % 3:] == drawn
        """
    ),
    "seeded_by_fixture": _own(
        """
        import random

        @pytest.fixture(autouse=True)
        def seeded():
            state = random.getstate()
            random.seed(7)
            yield
            random.setstate(state)

        @TWENTY
        async def test_own(n):
            expected = random.Random(7)
            for _ in range(3):
                await gate.arrive("by fixture")
                assert random.randrange(1000) == expected.randrange(1000)
        """
    ),
}

_LOGGERS = {
    "set_by_hand": _own(
        """
        class Kept(logging.Handler):
            def __init__(self):
                super().__init__()
                self.messages = []
            def emit(self, record):
                self.messages.append(record.getMessage())

        @TWENTY
        async def test_own(n):
            LOG.addHandler(kept := Kept())
            LOG.setLevel([logging.DEBUG, logging.ERROR][n % 2])
            await gate.arrive("by hand")
            LOG.info("info %d", n)
            await gate.arrive("logged")
            LOG.error("error %d", n)
            assert kept.messages == [f"info {n}", f"error {n}"][n % 2:]
            assert LOG.handlers == [kept]
            LOG.removeHandler(kept)
            LOG.setLevel(logging.NOTSET)
            await gate.arrive("undone")
            assert LOG.handlers == []
            LOG.info("nobody sees it")
            assert kept.messages == [f"info {n}", f"error {n}"][n % 2:]
        """
    ),
    "left_set": _own(
        """
        # Others may run between these.
        LEFT = logging.getLogger("sample.left")

        @pytest.fixture(scope="module", autouse=True)
        def put_back():
            yield
            assert LEFT.level == logging.ERROR
            LEFT.setLevel(logging.NOTSET)

        @TWENTY
        async def test_own(n):
            LEFT.setLevel(logging.ERROR)
            await asyncio.sleep(0.001)
            assert LEFT.level == logging.ERROR
        """
    ),
    "asserted": _own(
        """
        import unittest

        class TestLogs(unittest.IsolatedAsyncioTestCase):
            async def check(self, n, logger=LOG):
                with self.assertLogs(logger, level="INFO") as logs:
                    LOG.info("mine %d", n)
                    await gate.arrive("asserted", 6)
                    LOG.debug("not seen")
                    LOG.warning("mine too %d", n)
                await gate.arrive("asserted and over", 6)
                LOG.warning("of nobody")
                self.assertEqual(
                    logs.output,
                    [f"INFO:sample.own:mine {n}", f"WARNING:sample.own:mine too {n}"],
                )
            async def test_1(self): await self.check(1)
            async def test_2(self): await self.check(2)
            async def test_3(self): await self.check(3, None)
            async def test_4(self): await self.check(4, "sample")
            async def test_5(self): await self.check(5)
            async def test_none(self):
                await gate.arrive("asserted", 6)
                with self.assertLogs(LOG):
                    LOG.info("one")
                    await gate.arrive("asserted and over", 6)
                LOG.warning("in the report")
            async def test_red(self):
                with self.assertLogs(LOG):
                    await asyncio.sleep(0.005)
        """,
        "passed failed",
    ),
}

_OF_THE_PROCESS = {
    "locale": _own(
        """
        import locale

        @TWENTY
        async def test_own(n):
            name = ["C", "C.UTF-8"][n % 2]
            before = locale.setlocale(locale.LC_ALL)
            locale.setlocale(locale.LC_CTYPE, name)
            await gate.arrive("locale")
            assert locale.setlocale(locale.LC_CTYPE) == name
            locale.setlocale(locale.LC_ALL, before)

        async def test_the_others():
            before = locale.setlocale(locale.LC_ALL)
            await asyncio.sleep(0.005)
            assert locale.setlocale(locale.LC_ALL) == before
        """
    ),
    "signals_in_a_library": Feature(
        {
            "server.py": """
                import asyncio, os, signal

                def stops_at(number):
                    stopped = asyncio.Event()
                    loop = asyncio.get_running_loop()
                    getattr(loop, "add_signal" + "_handler")(number, stopped.set)
                    return stopped

                def go_on(number):
                    loop = asyncio.get_running_loop()
                    getattr(loop, "remove_signal" + "_handler")(number)
            """,
            "test_signals_in_a_library.py": """
                import asyncio, os, pytest, signal, sys
                from signals_in_a_library import server

                @pytest.mark.parametrize("n", range(5))
                async def test_child_sends_it(n):
                    await asyncio.sleep(0.002)
                    stopped = server.stops_at(signal.SIGTERM)
                    process = await asyncio.create_subprocess_exec(
                        sys.executable, "-c",
                        f"import os; os.kill({os.getpid()}, {int(signal.SIGTERM)})",
                    )
                    await asyncio.wait_for(stopped.wait(), 20)
                    assert await process.wait() == 0
                    server.go_on(signal.SIGTERM)

                @pytest.mark.parametrize("n", range(5))
                async def test_beside(n):
                    await asyncio.sleep(0.01)
                    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
            """,
        }
    ),
    "disabled_levels": _own(
        """
        @TWENTY
        async def test_own(n):
            logging.disable(n)
            await gate.arrive("disabled")
            assert logging.root.manager.disable == n
            assert LOG.isEnabledFor(15) == (n < 15 and LOG.getEffectiveLevel() <= 15)
            logging.disable(logging.NOTSET)
        """
    ),
    "what_a_wider_fixture_sets": _own(
        """
        @pytest.fixture(scope="module")
        def service():
            os.environ["SAMPLE_SERVICE"] = "up"
            Settings.table["service"] = "up"
            yield
            del os.environ["SAMPLE_SERVICE"], Settings.table["service"]

        @pytest.fixture(scope="session")
        def server():
            os.environ["SAMPLE_SERVER"] = "up"

        @TWENTY
        async def test_own(n, server):
            os.environ["SAMPLE_OWN"] = str(n)
            await gate.arrive("wider")
            assert os.environ["SAMPLE_SERVER"] == "up"
            assert os.environ.pop("SAMPLE_OWN") == str(n)

        @TWENTY
        async def test_later(n, request, monkeypatch):
            monkeypatch.setenv("SAMPLE_OWN", str(n))
            monkeypatch.setitem(Settings.table, "kept", n)
            request.getfixturevalue("service")
            await gate.arrive("later")
            assert os.environ["SAMPLE_SERVICE"] == "up"
            assert os.environ["SAMPLE_OWN"] == str(n)
            assert Settings.table == {"kept": n, "service": "up"}
        """
    ),
    "import_path_by_hand": _own(
        """
        @TWENTY
        async def test_own(n):
            sys.path.insert(0, f"/sample_own/{n}")
            await gate.arrive("path")
            try:
                own = [path for path in sys.path if "sample_own" in path]
                assert own == [f"/sample_own/{n}"]
            finally:
                sys.path.remove(f"/sample_own/{n}")

        async def test_the_others():
            before = list(sys.path)
            await asyncio.sleep(0.005)
            assert sys.path == before
        """
    ),
    "event_loop_policy": _own(
        """
        @pytest.fixture
        def policy():
            class Policy(asyncio.DefaultEventLoopPolicy): ...
            former = asyncio.get_event_loop_policy()
            asyncio.set_event_loop_policy(policy := Policy())
            yield policy
            asyncio.set_event_loop_policy(former)

        @TWENTY
        def test_own(policy, n):
            async def inside():
                await gate.arrive("policy")
                assert asyncio.get_event_loop_policy() is policy
            asyncio.run(inside())

        async def test_the_others():
            before = asyncio.get_event_loop_policy()
            await asyncio.sleep(0.005)
            assert asyncio.get_event_loop_policy() is before
        """
    ),
}

# On a loop of many nothing tells whose a callback in an empty context is.
_EMITTED, _WITHOUT_CONTEXT = apart(_EMITTED, "tasks_in_empty_contexts")

_FEATURES = {
    "own_monkeypatch": _MONKEYPATCH,
    "own_mock": _MOCK,
    "own_emitted": _EMITTED,
    "own_random": _RANDOM,
    "own_loggers": _LOGGERS,
    "own_of_the_process": _OF_THE_PROCESS,
}

_AUTO = "asyncio_mode = auto"

# On one loop the turns of tests change with every callback, not only where all wait.
_ON_ONE_LOOP = f"{_AUTO}\nasyncio_default_test_loop_scope = session"

_TABLES = [
    Table("own_without_context", _WITHOUT_CONTEXT, _AUTO),
    *(Table(name, features, _AUTO) for name, features in _FEATURES.items()),
    *(
        Table(f"{name}_on_one_loop", features, _ON_ONE_LOOP)
        for name, features in _FEATURES.items()
    ),
]


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_changes_of_ones_own_agree(runs: Runs, row: Row) -> None:
    """What a test changes for itself neither disturbs others nor is disturbed."""
    runs.check(row)
