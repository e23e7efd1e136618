"""The hook ``pytest_asyncio_loop_factories`` makes the tests and loops it should."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import IN_ORDER, Feature, Table, apart
from ._versions import UNHANDLED, installed

# The hook came with this version, and so did what is mended here of policies.
_SINCE = "pytest-asyncio>=1.4"

_TWO = """
    import asyncio

    class LoopA(asyncio.SelectorEventLoop): ...
    class LoopB(asyncio.SelectorEventLoop): ...

    def pytest_asyncio_loop_factories(config, item):
        return {"a": LoopA, "b": LoopB}
"""

_KIND = """
    import asyncio, pytest, pytest_asyncio
    from journal import note

    def kind():
        return type(asyncio.get_running_loop()).__name__
"""


def _hook(body: str) -> str:
    """A conftest whose hook does this, in one expression."""
    return (
        "import asyncio\n"
        "Loop = asyncio.SelectorEventLoop\n"
        "def pytest_asyncio_loop_factories(config, item):\n"
        f"    return {body}\n"
    )


_ONE_TEST = """
    import pytest

    @pytest.mark.asyncio
    async def test_async(): ...

    def test_sync(): ...
"""

_REFUSED = {
    f"hook_returns_{name}": Feature(
        {"__init__.py": "", "conftest.py": _hook(value), "test_it.py": _ONE_TEST},
        "error",
    )
    for name, value in {
        "none": "None",
        "nothing": "{}",
        "a_list": "[Loop]",
        "an_empty_name": "{'': Loop}",
        "no_callable": "{'default': 1}",
    }.items()
}

_FACTORIES = _REFUSED | {
    "parametrizes": Feature(
        {
            "__init__.py": "",
            "conftest.py": _TWO,
            "test_it.py": _KIND
            + """
    @pytest.mark.asyncio
    @pytest.mark.parametrize("n", [1, 2])
    async def test_both(n, request):
        assert kind() == {"a": "LoopA", "b": "LoopB"}[request.node.name[-4]]
        assert "_asyncio_loop_factory" in request.fixturenames

    def test_sync(request):
        assert request.node.name == "test_sync"

    async def test_unmarked(): ...
    """,
        },
        f"passed {UNHANDLED}",
    ),
    "one_factory_hides_its_name": Feature(
        {
            "__init__.py": "",
            "conftest.py": _hook("{'one': Loop}"),
            "test_it.py": _ONE_TEST,
        }
    ),
    "chosen_by_mark": Feature(
        {
            "__init__.py": "",
            "conftest.py": _TWO,
            "test_it.py": _KIND
            + """
    @pytest.mark.asyncio(loop_factories=["b", "nowhere", "a"])
    async def test_some():
        note("test_some", kind())

    @pytest.mark.asyncio(loop_factories=["b"])
    async def test_one(request):
        assert kind() == "LoopB"
        assert request.node.name == "test_one"
    """,
        },
        "passed skipped",
    ),
    "chosen_by_item": Feature(
        {
            "__init__.py": "",
            "conftest.py": _hook(
                "{'x': Loop, 'y': Loop} if item.get_closest_marker('usefixtures')"
                " else {'z': Loop}"
            ),
            "test_it.py": """
    import pytest

    @pytest.mark.asyncio
    @pytest.mark.usefixtures("tmp_path")
    async def test_two(): ...

    @pytest.mark.asyncio
    async def test_one(): ...
    """,
        }
    ),
    "closest_conftest": Feature(
        {
            "__init__.py": "",
            "conftest.py": _TWO,
            "test_upper.py": _ONE_TEST,
            "lower/conftest.py": _hook("{'c': Loop}"),
            "lower/test_lower.py": _ONE_TEST,
        }
    ),
    "wide_loops": Feature(
        {
            "__init__.py": "",
            "conftest.py": _TWO,
            "test_it.py": _KIND
            + """
    pytestmark = pytest.mark.asyncio(loop_scope="module")

    @pytest_asyncio.fixture(scope="module", loop_scope="module")
    async def made_on():
        note("made_on", f"up on {kind()}")
        yield kind()
        note("made_on", f"down on {kind()}")

    @pytest.fixture(scope="module")
    def dependent(made_on):
        note("made_on", f"dependent of {made_on}")
        return made_on

    async def test_first(made_on):
        assert made_on == kind()

    async def test_second(dependent):
        assert dependent == kind()

    async def test_asks(request):
        assert request.getfixturevalue("dependent") == kind()
    """,
        },
    ),
    "own_loops_and_a_wide_fixture": Feature(
        {
            "__init__.py": "",
            "conftest.py": _TWO,
            "test_it.py": _KIND
            + """
    @pytest_asyncio.fixture(scope="module", loop_scope="module")
    async def made_on():
        return kind()

    @pytest.mark.asyncio
    async def test_first(made_on):
        assert made_on == kind()

    @pytest.mark.asyncio
    async def test_second(made_on):
        await asyncio.sleep(0.002)
        assert made_on == kind()

    def test_sync(made_on):
        assert made_on not in ("LoopA", "LoopB")
    """,
        }
    ),
    "session_loops": Feature(
        {
            "__init__.py": "",
            "conftest.py": _TWO
            + """
    import pytest_asyncio

    @pytest_asyncio.fixture(scope="session", loop_scope="session")
    async def made_on():
        return asyncio.get_running_loop()
    """,
            "test_it.py": """
    import asyncio, pytest
    pytestmark = pytest.mark.asyncio(loop_scope="session")

    @pytest.mark.parametrize("n", range(3))
    async def test_all(made_on, n):
        await asyncio.sleep(0.002)
        assert made_on is asyncio.get_running_loop()
    """,
        }
    ),
    "factory_fails": Feature(
        {
            "__init__.py": "",
            "conftest.py": _hook("{'x': lambda: 1 / 0}"),
            "test_it.py": _ONE_TEST,
        },
        "passed error",
    ),
}

_MARKS = {
    f"mark_{name}": Feature(
        f"""
        import pytest

        @pytest.mark.asyncio({arguments})
        async def test_it(): ...

        def test_other(): ...
        """,
        # Before, marks were read at the set-up of each test.
        "error" if installed(_SINCE) else "passed error",
    )
    for name, arguments in {
        "positional": "'module'",
        "unknown": "timeout=3",
        "both_scopes": "scope='module', loop_scope='module'",
        "bogus_scope": "loop_scope='bogus'",
        "bogus_old_scope": "scope='bogus'",
        "factories_a_string": "loop_factories='a'",
        "factories_empty": "loop_factories=[]",
        "factories_no_strings": "loop_factories=[1]",
        "factories_empty_name": "loop_factories=['']",
        "factories_a_set": "loop_factories={'a'}",
        "factories_without_hook": "loop_factories=['a']",
    }.items()
} | {
    "mark_on_a_sync_test_is_not_read": Feature(
        """
        import pytest

        @pytest.mark.asyncio(loop_scope="bogus")
        def test_it(): ...
        """
    )
}

_POLICIES = {
    "policy_for_a_wide_fixture": Feature(
        """
        import asyncio, pytest, pytest_asyncio

        class LoopA(asyncio.SelectorEventLoop): ...
        class LoopB(asyncio.SelectorEventLoop): ...

        class Policy(asyncio.DefaultEventLoopPolicy):
            def __init__(self, kind):
                super().__init__()
                self._kind = kind
            def new_event_loop(self):
                return self._kind()

        @pytest.fixture(scope="module", params=[LoopA, LoopB])
        def event_loop_policy(request):
            return Policy(request.param)

        @pytest_asyncio.fixture(scope="module", loop_scope="module")
        async def made_on():
            return type(asyncio.get_running_loop())

        @pytest.mark.asyncio(loop_scope="module")
        async def test_first(made_on):
            assert made_on is type(asyncio.get_running_loop())

        @pytest.mark.asyncio(loop_scope="module")
        async def test_second(made_on):
            await asyncio.sleep(0.002)
            assert made_on is type(asyncio.get_running_loop())
        """
    ),
}

# A lane that several tests share, and a fixture asked for in a running loop, which one
# of the tests before has set up.
_ANY_ORDER, _ORDERED = apart(_FACTORIES, "chosen_by_mark", "wide_loops")

_TABLES = (
    Table(
        "factories",
        _ANY_ORDER,
        steps=(("--continue-on-collection-errors",),),
        needs=_SINCE,
    ),
    Table("factories-in-order", _ORDERED, settings=IN_ORDER, needs=_SINCE),
    Table("marks", _MARKS, steps=(("--continue-on-collection-errors",),)),
    Table("policies", _POLICIES, needs=_SINCE),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_loop_factories_agree(runs: Runs, row: Row) -> None:
    """Ids, loops, fixtures and errors are those of the real plugin."""
    runs.check(row)
