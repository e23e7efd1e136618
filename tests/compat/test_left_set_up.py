"""A hook that keeps pytest from tearing a test down makes the next one fail."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

_CONFTEST = """
    import pytest

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(item):
        if "skips" in item.name:
            pytest.skip("by the hook")
        if "raises" in item.name:
            raise RuntimeError("in the hook")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(item):
        if "without_set_up" in item.name:
            raise RuntimeError("in the hook")
"""

_FIXTURES = """
    import pytest

    @pytest.fixture(scope="module")
    def wide():
        yield
        raise ValueError("wide")

    @pytest.fixture
    async def own():
        yield
        raise ValueError("own")
"""


def _folder(module: str, sees: str, **others: str) -> Feature:
    files = {"hooked/conftest.py": _CONFTEST, "hooked/test_hooked.py": module}
    return Feature(files | {f"{name}.py": text for name, text in others.items()}, sees)


_LEFT = {
    "raises": _folder(
        _FIXTURES
        + """
    async def test_before(wide): ...
    async def test_raises(wide, own): ...
    async def test_goes_without(wide): ...
    async def test_fine(wide): ...
    """,
        "passed error",
    ),
    "skips": _folder(
        """
        async def test_skips(): ...
        async def test_goes_without(): ...
        async def test_fine(): ...
        """,
        "passed skipped error",
    ),
    "outside_of_the_folder": _folder(
        _FIXTURES + "\n    async def test_raises(wide, own): ...",
        "passed error",
        test_later="""
            import asyncio, gate

            async def test_goes_without(): ...
            async def test_one(): await gate.arrive("later", 2)
            async def test_other(): await gate.arrive("later", 2)
            """,
    ),
    "one_after_another": _folder(
        """
        async def test_raises(): ...
        async def test_raises_too(): ...
        async def test_skips(): ...
        async def test_goes_without(): ...
        async def test_fine(): ...
        """,
        "passed skipped error",
    ),
    "without_set_up": _folder(
        """
        async def test_before(): ...
        async def test_raises_without_set_up(): ...
        async def test_fine(): ...
        async def test_raises_without_set_up_again(): ...
        """,
        "passed error",
        test_later="""
            async def test_above_the_former_module(): ...
            async def test_fine(): ...
            """,
    ),
    "collector_failed": Feature(
        {
            "conftest.py": _CONFTEST,
            "pack/__init__.py": "def setup_module(): raise ValueError('package')",
            "pack/test_in.py": """
                async def test_raises(): ...
                async def test_same_package(): ...
                async def test_raises_at_the_end(): ...
                """,
            "test_later.py": """
                async def test_goes_without(): ...
                async def test_fine(): ...
                """,
        },
        "passed error",
    ),
    "class": _folder(
        """
        from journal import note

        class TestClass:
            def setup_method(self): note("method", "up")
            def teardown_method(self): note("method", "down")
            @classmethod
            def teardown_class(cls): note("class", "down")
            async def test_raises(self): ...

        async def test_goes_without(): ...
        async def test_fine(): ...
        """,
        "passed error",
    ),
}

_LAST = Feature(_FIXTURES + "\n    async def test_raises(wide, own): ...", "")
_FIRST = _folder(
    _FIXTURES
    + """
    async def test_raises(wide, own): ...
    async def test_never_runs(wide): ...
    """,
    "",
)

_INI = """
    asyncio_mode = auto
    addopts = --import-mode=importlib
"""
_TABLES = (
    Table("left-set-up", _LEFT, _INI),
    Table("left-at-first-failure", {"x": _FIRST}, _INI, steps=(("-x",),)),
    Table("left-to-the-session", {"last": _LAST}, _INI, conftest=_CONFTEST),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_left_set_up_agrees(runs: Runs, row: Row) -> None:
    """Nothing that was not torn down in time goes unnoticed."""
    runs.check(row)
