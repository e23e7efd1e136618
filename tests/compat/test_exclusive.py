"""Tests that change the process are undisturbed, and disturb nobody."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

# Ten tests wait, in the middle of which the state changes; every one of them looks at
# the state before and after its wait, so that whoever overlaps is seen.
_BESIDE = """
    import asyncio, os, pytest, sys, warnings
    from unittest import mock
    {header}

    @pytest.mark.parametrize("n", range(5))
    async def test_before(n):
        assert {clean}
        await asyncio.sleep(0.01)
        assert {clean}

    {changing}

    @pytest.mark.parametrize("n", range(5))
    async def test_after(n):
        assert {clean}
        await asyncio.sleep(0.01)
        assert {clean}
"""


def _beside(changing: str, clean: str, header: str = "") -> Feature:
    parts = {"changing": changing, "clean": clean, "header": header}
    return Feature(_BESIDE.format(**{k: v.strip() for k, v in parts.items()}))


_CLASS = """
    class Settings:
        mode = "plain"
"""
_PLAIN = "Settings.mode == 'plain'"

_STATES = {
    "set_attribute": _beside(
        """
    async def test_changes(monkeypatch):
        monkeypatch.setattr(Settings, "mode", "changed")
        await asyncio.sleep(0.02)
        assert Settings.mode == "changed"
        """,
        _PLAIN,
        _CLASS,
    ),
    "set_by_autouse_fixture": Feature(
        """
        import asyncio, pytest

        class Settings:
            mode = "plain"

        class TestChanged:
            @pytest.fixture(autouse=True)
            def changed(self, monkeypatch):
                monkeypatch.setattr(Settings, "mode", "changed")

            @pytest.mark.parametrize("n", range(3))
            async def test_sees_it(self, n):
                await asyncio.sleep(0.01)
                assert Settings.mode == "changed"

        @pytest.mark.parametrize("n", range(5))
        async def test_does_not(n):
            await asyncio.sleep(0.01)
            assert Settings.mode == "plain"
        """
    ),
    "set_by_deep_fixture": _beside(
        """
    @pytest.fixture
    def deep(monkeypatch):
        monkeypatch.setattr(Settings, "mode", "deep")

    @pytest.fixture
    async def upon(deep): await asyncio.sleep(0.005)

    async def test_changes(upon):
        await asyncio.sleep(0.02)
        assert Settings.mode == "deep"
        """,
        _PLAIN,
        _CLASS,
    ),
    "environment": _beside(
        """
    async def test_changes(monkeypatch):
        monkeypatch.setenv("SAMPLE_STATE", "set")
        await asyncio.sleep(0.02)
        assert os.environ["SAMPLE_STATE"] == "set"

    async def test_deletes(monkeypatch):
        monkeypatch.delenv("PATH")
        await asyncio.sleep(0.02)
        assert "PATH" not in os.environ
        """,
        "'SAMPLE_STATE' not in os.environ and 'PATH' in os.environ",
    ),
    "environment_by_hand": _beside(
        """
    async def test_changes():
        os.environ["SAMPLE_HAND"] = "set"
        try:
            await asyncio.sleep(0.02)
            assert os.environ["SAMPLE_HAND"] == "set"
        finally:
            del os.environ["SAMPLE_HAND"]
        """,
        "'SAMPLE_HAND' not in os.environ",
    ),
    "directory": _beside(
        """
    async def test_changes(monkeypatch, tmp_path):
        monkeypatch.chdir(tmp_path)
        await asyncio.sleep(0.02)
        assert os.getcwd() == str(tmp_path)
        """,
        "os.getcwd() == HERE",
        "HERE = os.getcwd()",
    ),
    "mock_as_decorator": _beside(
        """
    @mock.patch.object(Settings, "mode", "mocked")
    async def test_decorated():
        await asyncio.sleep(0.02)
        assert Settings.mode == "mocked"

    @mock.patch.object(Settings, "mode")
    async def test_given(mode):
        await asyncio.sleep(0.02)
        assert Settings.mode is mode
        """,
        _PLAIN,
        _CLASS,
    ),
    "mock_inside": _beside(
        """
    async def test_inside():
        with mock.patch.object(Settings, "mode", "mocked"):
            await asyncio.sleep(0.02)
            assert Settings.mode == "mocked"

    async def test_dictionary():
        with mock.patch.dict(os.environ, {"SAMPLE_MOCK": "x"}):
            await asyncio.sleep(0.02)
            assert os.environ["SAMPLE_MOCK"] == "x"
        """,
        f"{_PLAIN} and 'SAMPLE_MOCK' not in os.environ",
        _CLASS,
    ),
    "mocker": _beside(
        """
    @pytest.mark.parametrize("n", range(3))
    async def test_mocked(mocker, n):
        mocker.patch.object(Settings, "mode", n)
        await asyncio.sleep(0.01)
        assert Settings.mode == n
        """,
        _PLAIN,
        _CLASS,
    ),
    "frozen_clock": _beside(
        """
    @pytest.fixture
    def frozen(monkeypatch):
        monkeypatch.setattr(time, "time", lambda: 0.0)

    async def test_changes(frozen):
        await asyncio.sleep(0.02)
        assert time.time() == 0.0
        """,
        "time.time() > 1e9",
        "import time",
    ),
    "warning_filters": _beside(
        """
    @pytest.mark.filterwarnings("error::UserWarning")
    async def test_by_mark():
        await asyncio.sleep(0.02)
        with pytest.raises(UserWarning):
            warnings.warn("x")

    async def test_by_hand():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            await asyncio.sleep(0.02)
            with pytest.raises(UserWarning):
                warnings.warn("x")

    async def test_recorded():
        with pytest.warns(UserWarning) as caught:
            warnings.warn("mine")
            await asyncio.sleep(0.02)
        assert len(caught) == 1
        """,
        "warnings.warn('to be seen') is None",
    ),
    "descriptors": _beside(
        """
    async def test_changes(capfd):
        os.write(1, b"mine")
        await asyncio.sleep(0.02)
        assert capfd.readouterr().out == "mine"
        """,
        "print('not in capfd') is None",
    ),
    "module_fixture": Feature(
        {
            "__init__.py": "",
            "test_changing_module.py": """
                import asyncio, os, pytest

                @pytest.fixture(scope="module", autouse=True)
                def changed():
                    with pytest.MonkeyPatch.context() as patch:
                        patch.setenv("SAMPLE_WIDE", "set")
                        yield

                @pytest.mark.parametrize("n", range(3))
                async def test_sees_it(n):
                    await asyncio.sleep(0.01)
                    assert os.environ["SAMPLE_WIDE"] == "set"
                """,
            "test_other_module.py": """
                import asyncio, os, pytest

                @pytest.mark.parametrize("n", range(3))
                async def test_does_not(n):
                    await asyncio.sleep(0.01)
                    assert "SAMPLE_WIDE" not in os.environ
                """,
        }
    ),
    "signal_handler": Feature(
        """
        import asyncio, os, signal

        async def test_loop_handler():
            seen = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, seen.set)
            os.kill(os.getpid(), signal.SIGUSR1)
            await asyncio.wait_for(seen.wait(), 5)

        async def test_beside(): await asyncio.sleep(0.02)

        def test_plain_handler():
            seen = []
            before = signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
            os.kill(os.getpid(), signal.SIGUSR1)
            signal.signal(signal.SIGUSR1, before)
            assert seen == [1]
        """
    ),
    "import_path": _beside(
        """
    async def test_changes(monkeypatch, tmp_path):
        (tmp_path / "only_here.py").write_text("x = 1")
        monkeypatch.syspath_prepend(tmp_path)
        await asyncio.sleep(0.02)
        import only_here
        assert only_here.x == 1
        """,
        "not any('test_changes' in path for path in sys.path)",
    ),
    "modules_by_hand": _beside(
        """
    async def test_changes():
        sys.modules["only_by_hand"] = module = type(sys)("only_by_hand")
        await asyncio.sleep(0.02)
        import only_by_hand
        assert only_by_hand is module
        del sys.modules["only_by_hand"]
        """,
        "'only_by_hand' not in sys.modules",
    ),
}

_TABLES = (Table("exclusive", _STATES, "asyncio_mode = auto"),)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_exclusive_tests_agree(runs: Runs, row: Row) -> None:
    """State is what pytest makes of it, before, in and after the test."""
    runs.check(row)
