"""Plugins that bring ways to write tests: scenarios, databases, subtests, types."""

from __future__ import annotations

import pytest

from .._agreement import Row, Runs, rows
from .._table import Feature, Table
from .._versions import installed

_AUTO = "asyncio_mode = auto"

_BESIDE = Feature(
    """
    import asyncio, pytest

    @pytest.mark.parametrize("n", range(5))
    async def test_beside(n):
        for _ in range(5):
            await asyncio.sleep(0.003)
            print("beside", n)
    """
)

_TOGETHER = Feature(
    """
    import pytest
    from gate import arrive

    @pytest.mark.parametrize("n", range(20))
    async def test_together(n):
        await arrive("together")
    """
)

_MOCKED = {
    "mocker": Feature(
        """
        import asyncio, os, pytest

        class Client:
            async def fetch(self): raise OSError("the network")

        @pytest.mark.parametrize("n", range(5))
        async def test_patched(mocker, n):
            fetch = mocker.patch.object(Client, "fetch", return_value=n)
            await asyncio.sleep(0.005)
            assert await Client().fetch() == n
            fetch.assert_awaited_once()

        async def test_not_patched():
            await asyncio.sleep(0.005)
            with pytest.raises(OSError):
                await Client().fetch()

        async def test_stopped(mocker):
            mocker.patch.object(Client, "fetch", return_value=1)
            mocker.stopall()
            await Client().fetch()

        async def test_not_called(mocker):
            stub = mocker.async_stub("stub")
            stub.assert_awaited_once_with(1)
        """,
        sees="passed failed",
    ),
    "module_mocker": Feature(
        """
        import asyncio, pytest

        class Settings:
            mode = "plain"

        @pytest.fixture(scope="module", autouse=True)
        def patched(module_mocker):
            module_mocker.patch.object(Settings, "mode", "mocked")

        @pytest.mark.parametrize("n", range(3))
        async def test_patched(n):
            await asyncio.sleep(0.003)
            assert Settings.mode == "mocked"
        """
    ),
}

_SCENARIOS = {
    "scenarios": Feature(
        {
            "test_shop.py": """
                import asyncio
                from pytest_bdd import given, parsers, scenarios, then, when
                from journal import note

                scenarios("shop.feature")

                @given("a basket", target_fixture="basket")
                def basket():
                    return []

                @when(parsers.parse("I take {n:d} books"))
                def take(basket, n):
                    asyncio.run(asyncio.sleep(0.003))
                    basket.extend(["book"] * n)

                @then(parsers.parse("I pay {price:d}"))
                def pay(basket, price, request):
                    note(request.node.name, f"pays for {len(basket)}")
                    assert len(basket) * 10 == price
                """,
            "shop.feature": """
                Feature: A shop
                    Scenario: Two books
                        Given a basket
                        When I take 2 books
                        Then I pay 20

                    Scenario: A wrong price
                        Given a basket
                        When I take 1 books
                        Then I pay 20

                    Scenario: A step that is missing
                        Given a basket
                        When I fly

                    Scenario Outline: Many
                        Given a basket
                        When I take <n> books
                        Then I pay <price>

                        Examples:
                        | n | price |
                        | 3 | 30    |
                        | 4 | 40    |
                """,
        },
        sees="passed failed",
    ),
    "together": _TOGETHER,
}

_SUBTESTS = {
    "subtests": Feature(
        """
        import asyncio, pytest

        @pytest.mark.parametrize("start", range(3))
        async def test_async(subtests, start):
            for n in range(3):
                with subtests.test("number", n=n):
                    print("in", start, n)
                    await asyncio.sleep(0.002)
                    print("still in", start, n)
                    assert n != 1

        async def test_after_a_failure(subtests):
            with subtests.test("wrong"):
                await asyncio.sleep(0.002)
                assert False
            await asyncio.sleep(0.002)
            assert False, "and then this"

        def test_sync(subtests):
            with subtests.test("fine"): ...
            with subtests.test("skipped"):
                pytest.skip("not here")
        """,
        sees="passed failed subfailed",
    ),
    "beside": _BESIDE,
}

# pytest has its own from version 9 on, and leaves the plugin out.
_SUBTESTS_PLUGIN = () if installed("pytest>=9") else ("subtests",)

_TYPED = {
    "typed": Feature(
        {
            "test_typed.py": """
                import asyncio, sys
                from pathlib import Path
                sys.path.insert(0, str(Path(__file__).parent))
                import typed_shop

                async def test_right():
                    await asyncio.sleep(0.003)
                    assert await typed_shop.price(1) == 10

                async def test_wrong():
                    await typed_shop.price("one")

                def test_wrong_result():
                    typed_shop.wrong()
                """,
            "typed_shop.py": """
                import asyncio

                async def price(n: int) -> int:
                    await asyncio.sleep(0.003)
                    return 10 * n

                def wrong() -> str:
                    return 1
                """,
        },
        sees="passed failed",
    ),
    "together": _TOGETHER,
}

_LOGGED = {
    "logged": Feature(
        """
        import asyncio, pytest, structlog

        logger = structlog.get_logger()

        @pytest.mark.parametrize("n", range(4))
        async def test_each_its_own(log, n):
            logger.info("first", n=n)
            await asyncio.sleep(0.003)
            assert log.has("first", n=n)
            assert len(log.events) == 1

        async def test_wrong(log):
            logger.info("something")
            await asyncio.sleep(0.003)
            assert log.has("another")
        """,
        sees="passed failed",
    ),
    "together": _TOGETHER,
}

_DJANGO = {
    "database": Feature(
        {
            "test_shop.py": """
                import asyncio, pytest
                from django.contrib.auth.models import User
                from django.core import mail

                @pytest.mark.django_db
                @pytest.mark.parametrize("n", range(3))
                def test_sync(n):
                    User.objects.create(username="same name")
                    assert User.objects.count() == 1

                @pytest.mark.django_db(transaction=True)
                @pytest.mark.parametrize("n", range(2))
                async def test_async(n):
                    await User.objects.acreate(username="same name")
                    await asyncio.sleep(0.003)
                    assert await User.objects.acount() == 1

                def test_no_database():
                    User.objects.count()

                @pytest.mark.parametrize("n", range(3))
                async def test_mail(mailoutbox, n):
                    mail.send_mail(str(n), "text", "a@example.test", ["b@example.test"])
                    await asyncio.sleep(0.003)
                    assert [message.subject for message in mailoutbox] == [str(n)]

                async def test_settings(settings):
                    settings.DEBUG = True
                    await asyncio.sleep(0.003)
                    from django.conf import settings as now
                    assert now.DEBUG

                @pytest.mark.django_db
                def test_queries(django_assert_num_queries):
                    with django_assert_num_queries(2):
                        User.objects.count()

                def test_client(client):
                    assert client.get("/unknown").status_code == 404
                """
        },
        sees="passed failed",
    ),
    "test_case": Feature(
        """
        from django.contrib.auth.models import User
        from django.test import TestCase

        class TestUsers(TestCase):
            def test_one(self):
                User.objects.create(username="same name")
                assert User.objects.count() == 1

            def test_two(self):
                assert User.objects.count() == 1

            async def test_async(self):
                await User.objects.acreate(username="same name")
                assert await User.objects.acount() == 1
        """,
        sees="passed failed",
    ),
}

_DJANGO_SETTINGS = """
    from django.conf import settings

    def pytest_configure():
        settings.configure(
            SECRET_KEY="x",
            ROOT_URLCONF="gate",
            INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
            DATABASES={
                "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.db"}
            },
            DEFAULT_AUTO_FIELD="django.db.models.AutoField",
            USE_TZ=True,
        )
"""

_GIVEN = {
    "given": Feature(
        """
        import asyncio, pytest
        from hypothesis import HealthCheck, given, settings, strategies as st
        from journal import note

        quietly = settings(
            max_examples=5, derandomize=True, database=None, deadline=None)

        @quietly
        @given(n=st.integers())
        async def test_async(n):
            await asyncio.sleep(0.001)
            assert n == n

        @quietly
        @given(n=st.integers(min_value=0, max_value=100))
        async def test_fails(n):
            await asyncio.sleep(0)
            assert n < 10

        @quietly
        @given(n=st.integers(min_value=0, max_value=100))
        def test_fails_too(n):
            assert n < 10

        @pytest.mark.parametrize("factor", [1, 2])
        @quietly
        @given(n=st.integers())
        def test_parameters(factor, n):
            assert (n * factor) % factor == 0

        @settings(max_examples=1)
        def test_without_given(): ...
        """,
        sees="passed failed",
    ),
    "together": _TOGETHER,
}

_ONE_THREAD = {
    "sensitive": Feature(
        """
        import asyncio, gate, pytest, threading
        from asgiref.sync import async_to_sync, sync_to_async

        @pytest.mark.parametrize("n", range(20))
        async def test_waits_for_nobody(n):
            began, go_on = threading.Event(), threading.Event()

            def hold():
                began.set()
                assert go_on.wait(30)
                return threading.get_ident()

            held = asyncio.ensure_future(sync_to_async(hold)())
            while not began.is_set():
                await asyncio.sleep(0.001)
            await gate.arrive("asgiref")
            go_on.set()
            mine = await held
            assert await sync_to_async(threading.get_ident)() == mine

        def test_sync():
            here = threading.get_ident()

            async def main():
                return await sync_to_async(threading.get_ident)()

            assert async_to_sync(main)() == here
        """
    ),
    "together": _TOGETHER,
}

_TABLES = (
    Table("mock", _MOCKED, _AUTO),
    Table("bdd", _SCENARIOS, _AUTO, plugins=("pytest-bdd",)),
    Table("subtests", _SUBTESTS, _AUTO, plugins=_SUBTESTS_PLUGIN),
    Table(
        "typeguard",
        _TYPED,
        _AUTO,
        steps=(("--typeguard-packages=typed_shop",),),
        plugins=("typeguard",),
    ),
    Table("structlog", _LOGGED, _AUTO, plugins=("pytest-structlog",)),
    Table(
        "django",
        _DJANGO,
        _AUTO,
        conftest=_DJANGO_SETTINGS,
        plugins=("django",),
    ),
    Table("django-not-used", {"beside": _BESIDE}, _AUTO, plugins=("django",)),
    Table("asgiref", _ONE_THREAD, _AUTO, plugins=("asgiref",)),
    Table("given", _GIVEN, _AUTO, plugins=("hypothesispytest",)),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_frameworks_agree(runs: Runs, row: Row) -> None:
    """Tests written in a plugin's way end as pytest says."""
    runs.check(row)
