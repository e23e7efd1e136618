"""Fixtures of every kind give their tests what they give under pytest."""

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

_TABLE = Table("fixture-kinds", _KINDS, "asyncio_mode = auto")


@pytest.mark.parametrize("row", rows(_TABLE))
def test_fixtures_agree(runs: Runs, row: Row) -> None:
    """What a fixture gives, and the order of its life, is what pytest makes of it."""
    runs.check(row)
