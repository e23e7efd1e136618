"""The fixtures of pytest itself give the same under the engine."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

_BUILT_IN = {
    "tmp_path": Feature(
        """
        import asyncio, pytest

        @pytest.mark.parametrize("n", range(20))
        async def test_each_has_its_own(tmp_path, n):
            assert not list(tmp_path.iterdir())
            (tmp_path / "file").write_text(str(n))
            await asyncio.sleep(0.005)
            assert (tmp_path / "file").read_text() == str(n)
            assert tmp_path.name.startswith("test_each_has_its_own")

        @pytest.fixture(scope="session")
        async def database(tmp_path_factory):
            path = tmp_path_factory.mktemp("data") / "db"
            path.write_text("rows")
            return path

        async def test_factory(database):
            assert database.read_text() == "rows"

        def test_tmpdir(tmpdir):
            assert tmpdir.check()
        """
    ),
    "monkeypatch": Feature(
        """
        import asyncio, os, pytest, sys

        class Target:
            value = "original"

        @pytest.fixture
        async def patched(monkeypatch):
            monkeypatch.setattr(Target, "value", "patched")

        @pytest.mark.parametrize("n", range(3))
        async def test_attribute(monkeypatch, n):
            assert Target.value == "original"
            monkeypatch.setattr(Target, "value", n)
            await asyncio.sleep(0.005)
            assert Target.value == n

        async def test_environment(monkeypatch):
            monkeypatch.setenv("COMPAT_SAMPLE", "set")
            await asyncio.sleep(0.005)
            assert os.environ["COMPAT_SAMPLE"] == "set"

        async def test_undone():
            assert "COMPAT_SAMPLE" not in os.environ
            assert Target.value == "original"

        async def test_directory(monkeypatch, tmp_path):
            monkeypatch.chdir(tmp_path)
            await asyncio.sleep(0.005)
            assert os.getcwd() == str(tmp_path)

        async def test_through_fixture(patched):
            await asyncio.sleep(0.005)
            assert Target.value == "patched"

        async def test_path(monkeypatch, tmp_path):
            monkeypatch.syspath_prepend(tmp_path)
            await asyncio.sleep(0.005)
            assert sys.path[0] == str(tmp_path)

        async def test_context(monkeypatch):
            with monkeypatch.context() as inner:
                inner.setattr(Target, "value", "inner")
                await asyncio.sleep(0.005)
            assert Target.value == "original"
        """
    ),
    "config_and_cache": Feature(
        """
        import pytest

        async def test_config(pytestconfig, request):
            assert pytestconfig is request.config
            assert pytestconfig.getini("asyncio_mode") == "auto"
            assert pytestconfig.rootpath.joinpath("pytest.ini").exists()

        async def test_namespace(doctest_namespace):
            assert isinstance(doctest_namespace, dict)
        """
    ),
    "recwarn": Feature(
        """
        import asyncio, pytest, warnings

        @pytest.mark.parametrize("n", range(5))
        async def test_recwarn(recwarn, n):
            warnings.warn(f"number {n}", UserWarning)
            await asyncio.sleep(0.005)
            assert [str(w.message) for w in recwarn] == [f"number {n}"]

        @pytest.mark.parametrize("n", range(5))
        async def test_warns(n):
            with pytest.warns(UserWarning, match=f"number {n}"):
                await asyncio.sleep(0.005)
                warnings.warn(f"number {n}", UserWarning)

        async def test_raises():
            with pytest.raises(ValueError, match="no"):
                await asyncio.sleep(0.002)
                raise ValueError("no")
        """
    ),
}

_TABLE = Table("built-in", _BUILT_IN, "asyncio_mode = auto")


@pytest.mark.parametrize("row", rows(_TABLE))
def test_built_in_fixtures_agree(runs: Runs, row: Row) -> None:
    """Folders, patches and recorded warnings are the test's own."""
    runs.check(row)
