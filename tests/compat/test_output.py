"""What a test prints, logs and warns is reported under that test and no other."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import IN_ORDER, Feature, Table, apart

_CAPTURED = {
    "printed_by_twenty": Feature(
        """
        import gate, os, pytest, sys

        @pytest.fixture
        async def loud(request):
            print("set-up of", request.node.name)
            yield
            print("teardown of", request.node.name)

        @pytest.mark.parametrize("n", range(20))
        async def test_prints(loud, n):
            print("before", n)
            print("error", n, file=sys.stderr)
            await gate.arrive("printed")
            print("after", n)
            assert n % 2
        """,
        sees="passed failed",
    ),
    "logged_by_twenty": Feature(
        """
        import gate, logging, pytest

        log = logging.getLogger("sample")

        @pytest.fixture
        async def logging_fixture(request):
            log.warning("set-up of %s", request.node.name)
            yield
            log.warning("teardown of %s", request.node.name)

        @pytest.mark.parametrize("n", range(20))
        async def test_logs(logging_fixture, n):
            log.warning("before %s", n)
            await gate.arrive("logged")
            log.error("after %s", n)
            log.debug("never shown")
            assert n % 2
        """,
        sees="passed failed",
    ),
    "caplog_by_twenty": Feature(
        """
        import asyncio, logging, pytest

        log = logging.getLogger("other")

        @pytest.mark.parametrize("n", range(20))
        async def test_own_records(caplog, n):
            log.warning("before %s", n)
            await asyncio.sleep(0.005)
            log.warning("after %s", n)
            assert caplog.messages == [f"before {n}", f"after {n}"]
            assert [r.levelname for r in caplog.records] == ["WARNING"] * 2
            assert f"after {n}" in caplog.text
            caplog.clear()
            assert not caplog.records
        """
    ),
    "caplog_levels": Feature(
        """
        import asyncio, logging, pytest

        log = logging.getLogger("levels")

        async def test_at_level(caplog):
            with caplog.at_level(logging.DEBUG, logger="levels"):
                log.debug("seen")
                await asyncio.sleep(0.002)
            log.debug("unseen")
            assert caplog.messages == ["seen"]

        async def test_set_level(caplog):
            caplog.set_level(logging.INFO)
            log.info("seen")
            await asyncio.sleep(0.002)
            assert caplog.messages == ["seen"]

        async def test_level_is_back(caplog):
            log.info("unseen")
            assert not caplog.messages

        @pytest.fixture
        async def logging_fixture():
            log.warning("in set-up")

        async def test_phases(logging_fixture, caplog):
            log.warning("in call")
            assert caplog.messages == ["in call"]
            assert [r.message for r in caplog.get_records("setup")] == ["in set-up"]

        async def test_own_handler():
            records = []
            handler = logging.Handler()
            handler.emit = records.append
            log.addHandler(handler)
            try:
                log.warning("one")
            finally:
                log.removeHandler(handler)
            assert len(records) == 1
        """
    ),
    "capsys_by_twenty": Feature(
        """
        import asyncio, pytest, sys

        @pytest.mark.parametrize("n", range(20))
        async def test_own_output(capsys, n):
            print("before", n)
            print("wrong", n, file=sys.stderr)
            await asyncio.sleep(0.005)
            out, err = capsys.readouterr()
            assert out == f"before {n}\\n"
            assert err == f"wrong {n}\\n"
            print("after", n)
            assert capsys.readouterr().out == f"after {n}\\n"
            with capsys.disabled():
                pass
            print("left", n)
        """
    ),
    "capfd": Feature(
        """
        import asyncio, os, pytest, subprocess, sys

        @pytest.mark.parametrize("n", range(3))
        async def test_descriptors(capfd, n):
            os.write(1, b"%d\\n" % n)
            await asyncio.sleep(0.005)
            subprocess.run([sys.executable, "-c", "print('child')"], check=True)
            assert capfd.readouterr().out == f"{n}\\nchild\\n"

        async def test_binary(capsysbinary):
            sys.stdout.buffer.write(b"\\xff")
            assert capsysbinary.readouterr().out == b"\\xff"

        async def test_binary_descriptors(capfdbinary):
            os.write(2, b"\\xfe")
            assert capfdbinary.readouterr().err == b"\\xfe"

        async def test_both(capsys, capfd): ...
        """,
        sees="passed error",
    ),
    "descriptors_by_many": Feature(
        """
        import asyncio, os

        async def test_a():
            os.write(1, b"descriptor a\\n")
            assert False

        async def test_b():
            os.write(2, b"descriptor b\\n")
            assert False
        """,
        sees="failed",
    ),
    "printed_by_tasks_and_threads": Feature(
        """
        import asyncio, gate, logging, pytest

        async def speak(n):
            await asyncio.sleep(0.002)
            print("task of", n)
            logging.getLogger("task").warning("task of %s", n)

        def speak_in_thread(n):
            print("thread of", n)

        @pytest.mark.parametrize("n", range(5))
        async def test_spoken_for(n):
            await gate.arrive("tasks", 5)
            await asyncio.create_task(speak(n))
            await asyncio.to_thread(speak_in_thread, n)
            assert False
        """,
        sees="failed",
    ),
    "warned_by_twenty": Feature(
        """
        import gate, pytest, warnings

        @pytest.mark.parametrize("n", range(20))
        async def test_warns(n):
            warnings.warn(f"before {n}")
            await gate.arrive("warned")
            warnings.warn(f"after {n}", DeprecationWarning)

        @pytest.mark.filterwarnings("error:made an error")
        async def test_filter():
            warnings.warn("made an error")

        @pytest.mark.filterwarnings("ignore::UserWarning")
        async def test_ignored():
            warnings.warn("not shown")

        def test_once_each():
            for _ in range(3):
                warnings.warn("the same")
        """,
        sees="passed failed",
    ),
    "printed_by_fixtures": Feature(
        """
        import asyncio, pytest

        @pytest.fixture(scope="module")
        async def wide():
            print("wide up")
            yield
            print("wide down")

        async def test_first(wide):
            await asyncio.sleep(0.01)
            print("first")
            assert False

        async def test_second(wide):
            print("second")
            assert False
        """,
        sees="failed",
    ),
}

# Output past Python goes to the next test that ends a phase.
_ANY_ORDER, _ORDERED = apart(_CAPTURED, "descriptors_by_many")

# What shows at the default level only.
_ANY_LEVEL, _ = apart(_ANY_ORDER, "caplog_levels")

_AUTO = "asyncio_mode = auto\njunit_logging = all"
_TABLES = (
    Table("captured", _ANY_ORDER, _AUTO),
    Table("captured-in-order", _ORDERED, _AUTO, settings=IN_ORDER),
    Table("captured-by-sys", _ANY_ORDER, _AUTO, (("--capture=sys",),)),
    # What is shown at once is run one by one, so that nobody is to be met at a gate.
    Table(
        "captured-by-tee",
        _CAPTURED,
        _AUTO,
        (("--capture=tee-sys",),),
        env={"COMPAT_PARTIES": "1"},
    ),
    Table("log-level", _ANY_LEVEL, f"{_AUTO}\nlog_level = INFO"),
    Table(
        "log-format",
        {"logged_by_twenty": _CAPTURED["logged_by_twenty"]},
        f"{_AUTO}\nlog_format = %(levelname)s/%(message)s\nlog_file = run.log",
    ),
    Table(
        "no-log-reports",
        {"logged_by_twenty": _CAPTURED["logged_by_twenty"]},
        _AUTO,
        (("--show-capture=stdout", "-p", "no:logging"),),
    ),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_captured_output_agrees(runs: Runs, row: Row) -> None:
    """JUnit's captured output is the test's own; warnings name the test."""
    runs.check(row)
