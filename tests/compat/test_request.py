"""The request answers as under pytest."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import DEFAULT, SERIAL, Feature, Table

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
    "marks_while_it_runs": Feature(
        """
        import pytest

        @pytest.fixture
        def labels(request):
            request.applymarker(pytest.mark.labelled("by request"))
            request.node.add_marker("labelled")
            return [mark.args for mark in request.node.iter_markers("labelled")]

        @pytest.mark.labelled("by decorator")
        async def test_sees_all(labels, request):
            assert labels == [("by decorator",), ("by request",), ()]
            assert request.node.get_closest_marker("labelled").args == ("by decorator",)

        async def test_keywords(request):
            request.node.extra_keyword_matches.add("extra")
            assert "extra" in request.node.listextrakeywords()
            assert "test_keywords" in request.keywords

        @pytest.fixture
        async def refused(request):
            request.raiseerror("in the fixture's words")

        async def test_refused(refused): ...
        """,
        "passed error",
    ),
    "parameters_of_a_request": Feature(
        """
        import pytest

        @pytest.fixture(params=["a", "b"], ids=str.upper)
        async def letter(request):
            assert request.param_index == "ab".index(request.param)
            return request.param

        @pytest.fixture(params=[pytest.param(1, id="one"), pytest.param(
            2, marks=pytest.mark.xfail(reason="two")), None, 2.5, b"x", int, "a b"])
        def number(request):
            return request.param

        async def test_both(letter, number, request):
            assert request.node.callspec.params == {"letter": letter, "number": number}
            assert number != 2

        async def test_no_parameter(request):
            assert not hasattr(request, "param")
        """,
        "passed xfailed",
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

        # Only a run which writes a JUnit file warns.
        pytestmark = pytest.mark.filterwarnings("ignore:record_property")

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

# What the running loop is asked for while another test sets it up on that loop.
_IN_A_LOOP = {
    "asked_for_meanwhile": Feature(
        """
        import asyncio, pytest, pytest_asyncio

        pytestmark = pytest.mark.asyncio(loop_scope="module")

        @pytest_asyncio.fixture(scope="module", loop_scope="module")
        async def slow():
            await asyncio.sleep(0.02)
            return 1

        async def test_first(slow): ...

        async def test_asks(request):
            assert request.getfixturevalue("slow") == 1
        """
    )
}

_TABLES = (
    Table("request", _REQUEST, "asyncio_mode = auto\nmarkers = labelled"),
    # It cannot be waited for there, so the test is run again.
    Table("request-in-a-loop", _IN_A_LOOP, settings=(SERIAL, DEFAULT)),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_requests_agree(runs: Runs, row: Row) -> None:
    """A suite that asks about itself gets pytest's answers."""
    runs.check(row)
