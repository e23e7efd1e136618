"""The request, and what pytest's own fixtures give, is the same in the engine."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

_REQUEST = {
    "request_of_a_test": Feature(
        """
        import asyncio, pytest

        @pytest.mark.parametrize("n", [1])
        @pytest.mark.labelled("x")
        async def test_plain(request, n):
            assert request.node.name == "test_plain[1]"
            assert request.node.originalname == "test_plain"
            assert request.node.nodeid.endswith("::test_plain[1]")
            assert request.function.__name__ == "test_plain"
            assert request.cls is None and request.instance is None
            assert request.module.__name__ == __name__
            assert request.path.name == __file__.rpartition("/")[2]
            assert request.scope == "function"
            assert request.fixturename is None
            assert request.node.callspec.params == {"n": 1}
            assert request.node.get_closest_marker("labelled").args == ("x",)
            assert "labelled" in request.keywords
            assert {"request", "n"} <= set(request.fixturenames)
            assert request.config is request.session.config
            assert request.config.getoption("verbose") == 0

        class TestClass:
            async def test_method(self, request):
                assert request.cls is TestClass
                assert request.instance is self
                assert request.node.cls is TestClass
                assert request.node.parent.name == "TestClass"
        """
    ),
    "request_of_a_fixture": Feature(
        """
        import pytest

        @pytest.fixture(scope="module", params=["p"])
        async def of_module(request):
            assert request.fixturename == "of_module"
            assert request.scope == "module"
            assert request.node.name == request.module.__name__ + ".py"
            with pytest.raises(AttributeError):
                request.function
            return request.param

        @pytest.fixture(scope="class")
        def of_class(request):
            assert request.scope == "class"
            return request.cls

        @pytest.fixture
        async def of_function(request):
            assert request.scope == "function"
            assert request.function.__name__ == "test_it"
            return request.node.name

        class TestClass:
            async def test_it(self, of_module, of_class, of_function):
                assert of_module == "p"
                assert of_class is TestClass
                assert of_function == "test_it[p]"
        """
    ),
    "current_test_of_the_environment": Feature(
        """
        import os, pytest

        @pytest.fixture
        def phase(): return os.environ["PYTEST_CURRENT_TEST"]

        def test_sync(phase):
            assert phase.endswith("::test_sync (setup)")
            assert os.environ["PYTEST_CURRENT_TEST"].endswith("::test_sync (call)")
        """
    ),
    "getfixturevalue": Feature(
        """
        import asyncio, pytest
        from journal import note

        @pytest.fixture
        def lazy(request):
            note(request.node.name, "lazy up")
            yield "lazy"
            note(request.node.name, "lazy down")

        @pytest.fixture
        async def async_lazy(request):
            note(request.node.name, "async lazy up")
            yield "async"
            note(request.node.name, "async lazy down")

        @pytest.fixture
        def chooser(request):
            return request.getfixturevalue("async_lazy")

        def test_sync_asks(request):
            assert request.getfixturevalue("lazy") == "lazy"
            assert request.getfixturevalue("async_lazy") == "async"

        async def test_async_asks_sync(request):
            assert request.getfixturevalue("lazy") == "lazy"

        async def test_through_a_fixture(chooser):
            assert chooser == "async"

        async def test_cached(async_lazy, request):
            assert request.getfixturevalue("async_lazy") == "async"

        async def test_unknown(request):
            with pytest.raises(pytest.FixtureLookupError):
                request.getfixturevalue("nowhere")

        async def test_async_asks_async(request):
            request.getfixturevalue("async_lazy")
        """,
        sees="passed failed",
    ),
    "getfixturevalue_of_a_module": Feature(
        """
        import asyncio, pytest
        from journal import note

        @pytest.fixture(scope="module")
        def wide():
            note("module", "up")
            yield object()
            note("module", "down")

        def test_a(request): assert request.getfixturevalue("wide")
        async def test_b(wide): await asyncio.sleep(0.005)
        async def test_c(request): assert request.getfixturevalue("wide")
        """
    ),
    "finalizers": Feature(
        """
        import pytest
        from journal import note

        @pytest.fixture
        async def finalized(request):
            name = request.node.name
            request.addfinalizer(lambda: note(name, "first"))
            request.addfinalizer(lambda: note(name, "second"))
            yield
            note(name, "after the yield")

        async def test_fixture(finalized): ...

        async def test_of_the_node(request):
            request.node.addfinalizer(lambda: note("test_of_the_node", "node"))
            request.addfinalizer(lambda: note("test_of_the_node", "request"))

        def _raise(): raise ValueError("from a finalizer")

        async def test_failing(request):
            request.addfinalizer(lambda: note("test_failing", "still runs"))
            request.addfinalizer(_raise)
        """,
        sees="passed error",
    ),
    "properties": Feature(
        """
        import pytest

        @pytest.fixture
        async def recorded(record_property):
            record_property("from", "fixture")

        async def test_property(recorded, record_property):
            record_property("n", 1)
            record_property("n", 2)

        async def test_suite_property(record_testsuite_property):
            record_testsuite_property("machine", "any")

        async def test_user_properties(request):
            request.node.user_properties.append(("key", "value"))
        """
    ),
}

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

_TABLES = (
    Table("request", _REQUEST, "asyncio_mode = auto\nmarkers = labelled"),
    Table("built-in", _BUILT_IN, "asyncio_mode = auto"),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_requests_agree(runs: Runs, row: Row) -> None:
    """A suite that asks about itself gets pytest's answers."""
    runs.check(row)
