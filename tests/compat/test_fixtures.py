"""Fixtures of every kind are found, overridden and set up as under pytest."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

_KINDS = {
    "sync_plain": Feature(
        """
        import pytest

        @pytest.fixture
        def number():
            return 7

        def test_sync(number):
            assert number == 7

        async def test_async(number):
            assert number == 7
        """
    ),
    "async_plain": Feature(
        """
        import asyncio, pytest

        @pytest.fixture
        async def number():
            await asyncio.sleep(0.01)
            return 7

        def test_sync(number):
            assert number == 7

        async def test_async(number):
            assert number == 7
        """
    ),
    "sync_generator": Feature(
        """
        import asyncio, pytest
        from journal import note

        @pytest.fixture
        def opened(request):
            note(request.node.name, "open")
            yield []
            note(request.node.name, "close")

        @pytest.mark.parametrize("n", range(3))
        async def test_each_has_its_own(opened, n, request):
            note(request.node.name, "call")
            await asyncio.sleep(0.01)
            assert opened == []
            opened.append(n)
        """
    ),
    "async_generator": Feature(
        """
        import asyncio, pytest
        from journal import note

        @pytest.fixture
        async def opened(request):
            note(request.node.name, "open")
            await asyncio.sleep(0.01)
            yield []
            await asyncio.sleep(0.01)
            note(request.node.name, "close")

        @pytest.mark.parametrize("n", range(3))
        async def test_each_has_its_own(opened, n, request):
            note(request.node.name, "call")
            await asyncio.sleep(0.01)
            assert opened == []
            opened.append(n)

        def test_sync(opened):
            assert opened == []
        """
    ),
    "autouse": Feature(
        """
        import asyncio, pytest
        from journal import note

        @pytest.fixture(autouse=True)
        async def first(request):
            note(request.node.name, "first up")
            yield
            note(request.node.name, "first down")

        @pytest.fixture(autouse=True)
        def second(request):
            note(request.node.name, "second up")
            yield
            note(request.node.name, "second down")

        @pytest.fixture
        async def asked(request):
            note(request.node.name, "asked")

        async def test_async(asked):
            await asyncio.sleep(0.01)

        def test_sync(asked):
            pass

        class TestInside:
            @pytest.fixture(autouse=True)
            async def third(self, request):
                note(request.node.name, "third")

            async def test_method(self, asked):
                pass
        """
    ),
    "indirect": Feature(
        """
        import asyncio, pytest

        @pytest.fixture
        async def squared(request):
            await asyncio.sleep(0.01)
            return request.param ** 2

        @pytest.mark.parametrize("squared, wanted", [(2, 4), (3, 9)],
                                 indirect=["squared"])
        async def test_pairs(squared, wanted):
            assert squared == wanted

        @pytest.mark.parametrize("squared", [5], indirect=True, ids=["five"])
        def test_all(squared):
            assert squared == 25
        """
    ),
    "parametrized": Feature(
        """
        import asyncio, pytest

        @pytest.fixture(params=["a", pytest.param("b", id="second"), "c"])
        async def letter(request):
            await asyncio.sleep(0.01)
            yield request.param

        @pytest.fixture(params=[1, 2], ids=lambda n: f"n{n}")
        def number(request, letter):
            return f"{letter}{request.param}"

        async def test_product(number, letter):
            assert number.startswith(letter)

        def test_one(letter):
            assert letter in "abc"
        """
    ),
    "factory": Feature(
        """
        import asyncio, pytest

        @pytest.fixture
        async def make():
            made = []
            async def factory(name):
                await asyncio.sleep(0)
                made.append(name)
                return len(made)
            yield factory
            assert made == ["x", "y"]

        async def test_makes_two(make):
            assert await make("x") == 1
            assert await make("y") == 2
        """
    ),
    "named": Feature(
        """
        import pytest

        @pytest.fixture(name="client")
        async def _client():
            return "client"

        async def test_by_name(client):
            assert client == "client"
        """
    ),
    "shared_value": Feature(
        """
        import pytest

        @pytest.fixture
        def box():
            return []

        @pytest.fixture
        async def left(box):
            box.append("left")
            return box

        @pytest.fixture
        async def right(box):
            box.append("right")
            return box

        async def test_one_box_for_all(left, right, box):
            assert left is right is box
            assert box == ["left", "right"]
        """
    ),
    "usefixtures": Feature(
        """
        import pytest
        from journal import note

        @pytest.fixture
        async def noted(request):
            note(request.node.name, "up")
            yield
            note(request.node.name, "down")

        @pytest.mark.usefixtures("noted")
        async def test_by_mark():
            pass

        @pytest.mark.usefixtures("noted")
        class TestByClass:
            def test_method(self):
                pass
        """
    ),
}

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

_WRONG = {
    "missing": Feature(
        """
        async def test_asks_for_nothing_known(nowhere):
            pass

        def test_too(nowhere):
            pass
        """,
        sees="error",
    ),
    "cycle": Feature(
        """
        import pytest

        @pytest.fixture
        def a(b): ...

        @pytest.fixture
        def b(a): ...

        async def test_cycle(a):
            pass
        """,
        sees="error",
    ),
    "scope_mismatch": Feature(
        """
        import pytest

        @pytest.fixture
        def narrow(): ...

        @pytest.fixture(scope="module")
        async def wide(narrow): ...

        async def test_mismatch(wide):
            pass

        async def test_fine(narrow):
            pass
        """,
        sees="error passed",
    ),
    "second_yield": Feature(
        """
        import pytest

        @pytest.fixture
        def sync_twice():
            yield 1
            yield 2

        @pytest.fixture
        async def async_twice():
            yield 1
            yield 2

        def test_sync(sync_twice): ...

        async def test_async(async_twice): ...
        """,
        sees="passed error",
    ),
    "no_yield": Feature(
        """
        import pytest

        @pytest.fixture
        def sync_none():
            if False:
                yield

        @pytest.fixture
        async def async_none():
            if False:
                yield

        def test_sync(sync_none): ...

        async def test_async(async_none): ...
        """,
        sees="error",
    ),
    "called_directly": Feature(
        """
        import pytest

        @pytest.fixture
        async def value():
            return 1

        async def test_calls_it():
            value()
        """,
        sees="failed",
    ),
    "bad_scope": Feature(
        """
        import pytest

        @pytest.fixture(scope="galaxy")
        async def value():
            return 1

        async def test_it(value): ...
        """,
        sees="error",
    ),
}

_TABLES = (
    Table("fixture-kinds", _KINDS, "asyncio_mode = auto"),
    Table("fixture-classes", _CLASSES, "asyncio_mode = auto"),
    Table("fixtures-wrong", _WRONG, "asyncio_mode = auto", (("--continue-on-collection-errors",),)),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_fixtures_agree(runs: Runs, row: Row) -> None:
    """What a fixture gives, and the order of its life, is what pytest makes of it."""
    runs.check(row)
