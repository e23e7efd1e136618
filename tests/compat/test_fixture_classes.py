"""Fixtures of classes and folders, and which of several of one name is found."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

_CLASSES = {
    "instance_fixture": Feature(
        """
        import pytest

        class TestInstance:
            @pytest.fixture
            async def prepared(self):
                self.value = 3
                return self

            @pytest.fixture
            async def generated(self, prepared):
                assert prepared is self
                yield self.value
                assert self.value == 4

            async def test_same_instance(self, prepared, generated):
                assert prepared is self
                assert generated == 3
                self.value = 4

            async def test_fresh_instance(self):
                assert not hasattr(self, "value")
        """
    ),
    "class_scoped_method": Feature(
        """
        import pytest
        from journal import note

        class TestClass:
            @pytest.fixture(scope="class")
            async def shared(self, request):
                note(request.cls.__name__, "up")
                yield [request.cls.__name__]
                note(request.cls.__name__, "down")

            async def test_a(self, shared):
                shared.append("a")

            async def test_b(self, shared):
                assert shared[0] == type(self).__name__

        class TestDerived(TestClass):
            async def test_c(self, shared):
                assert shared[0] == "TestDerived"
        """
    ),
    "static_and_class_methods": Feature(
        """
        import pytest

        class TestMethods:
            @staticmethod
            async def test_static():
                pass

            @classmethod
            async def test_class(cls):
                assert cls.__name__ == "TestMethods"

            @staticmethod
            def test_static_sync():
                pass
        """
    ),
    "override_in_class": Feature(
        """
        import pytest

        @pytest.fixture
        async def who():
            return ["module"]

        class TestOverride:
            @pytest.fixture
            async def who(self, who):
                return [*who, "class"]

            async def test_inner(self, who):
                assert who == ["module", "class"]

        async def test_outer(who):
            assert who == ["module"]
        """
    ),
    "override_by_folder": Feature(
        {
            "conftest.py": """
                import pytest

                @pytest.fixture
                async def where():
                    return ["top"]
                """,
            "inner/conftest.py": """
                import pytest

                @pytest.fixture
                def where(where):
                    return [*where, "inner"]
                """,
            "inner/test_inner_folder.py": """
                async def test_inner(where):
                    assert where == ["top", "inner"]
                """,
            "test_top_folder.py": """
                import pytest

                @pytest.fixture
                async def where(where):
                    return [*where, "module"]

                async def test_top(where):
                    assert where == ["top", "module"]
                """,
        }
    ),
    "override_of_a_plugin": Feature(
        {
            "__init__.py": "",
            "provider.py": """
                import pytest, pytest_asyncio

                @pytest.fixture
                async def given():
                    return ["plugin"]

                @pytest_asyncio.fixture(scope="module", loop_scope="module")
                async def wide():
                    return "plugin"
                """,
            "test_uses.py": """
                import pytest

                pytest_plugins = ["override_of_a_plugin.provider"]

                @pytest.fixture
                async def given(given):
                    return [*given, "module"]

                class TestIn:
                    @pytest.fixture
                    def given(self, given):
                        return [*given, "class"]

                    async def test_class(self, given, wide):
                        assert given == ["plugin", "module", "class"]
                        assert wide == "plugin"

                async def test_module(given):
                    assert given == ["plugin", "module"]

                @pytest.mark.parametrize("given", [["parameter"]])
                async def test_parameter(given):
                    assert given == ["parameter"]
                """,
        }
    ),
    "override_by_parameter": Feature(
        """
        import pytest

        @pytest.fixture(params=["never", "used"])
        async def word(request):
            raise AssertionError("overridden")

        @pytest.fixture
        async def twice(word):
            return word * 2

        @pytest.mark.parametrize("word", ["ab", "c"])
        async def test_direct(word, twice):
            assert twice == word * 2
        """
    ),
}

_TABLE = Table("fixture-classes", _CLASSES, "asyncio_mode = auto")


@pytest.mark.parametrize("row", rows(_TABLE))
def test_overrides_agree(runs: Runs, row: Row) -> None:
    """The nearest fixture of a name is set up, on the instance of its test."""
    runs.check(row)
