"""The newest tests of the suite."""

import asyncio
import contextvars

import pytest

from .words import plural, translate

language = contextvars.ContextVar("language", default="en")


@pytest.fixture
async def german():
    token = language.set("de")
    yield
    language.reset(token)


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize("word", ["test", "loop", "word"])
async def test_translates(word):
    assert language.get() == "de"
    if word == "word":
        pytest.skip("not in the dictionary")
    assert await translate(word) != word


async def test_language_is_back():
    await asyncio.sleep(0.005)
    assert language.get() == "en"


@pytest.mark.parametrize("n", range(3))
def test_sync_with_a_loop(n):
    assert asyncio.run(translate("loop")) == "Schleife"


@pytest.fixture
async def closed_badly():
    yield plural
    await asyncio.sleep(0.005)
    raise ConnectionError("closed badly")


async def test_error_in_teardown(closed_badly):
    assert closed_badly("bus") == "buses"


async def test_missing_word():
    await translate("absent")


@pytest.fixture
async def unreachable():
    raise TimeoutError("no dictionary")


async def test_error_in_set_up(unreachable):
    raise AssertionError
