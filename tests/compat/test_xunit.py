"""The old set-up functions run where pytest runs them, and fail alike."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

_LEVELS = {
    "every_level": Feature(
        """
        import asyncio
        from journal import note

        def setup_module(module): note("module", "module up")
        def teardown_module(module): note("module", "module down")
        def setup_function(function): note(function.__name__, "up")
        def teardown_function(function): note(function.__name__, "down")

        async def test_a():
            note("test_a", "call")
            await asyncio.sleep(0.005)

        def test_b(): note("test_b", "call")

        class TestClass:
            @classmethod
            def setup_class(cls): note("class", "class up")
            @classmethod
            def teardown_class(cls): note("class", "class down")
            def setup_method(self, method):
                self.name = method.__name__
                note(self.name, "up")
            def teardown_method(self, method):
                assert self.name == method.__name__
                note(self.name, "down")

            async def test_c(self):
                await asyncio.sleep(0.005)
                note(self.name, "call")

            def test_d(self): note(self.name, "call")
        """
    ),
    "without_arguments": Feature(
        """
        from journal import note

        def setup_module(): note("module", "up")
        def teardown_module(): note("module", "down")
        def setup_function(): note("module", "function")

        async def test_a(): ...

        class TestClass:
            def setup_class(self): note("class", "up")
            def teardown_class(self): note("class", "down")
            def setup_method(self): self.ready = True
            def teardown_method(self): assert self.ready
            async def test_b(self): assert self.ready
        """
    ),
    "inherited": Feature(
        """
        from journal import note

        class Base:
            @classmethod
            def setup_class(cls): note(cls.__name__, "up")
            def setup_method(self): note(type(self).__name__, "method")
            async def test_it(self): note(type(self).__name__, "call")

        class TestOne(Base): ...
        class TestTwo(Base): ...
        """
    ),
    "beside_fixtures": Feature(
        """
        import pytest
        from journal import note

        class TestOrder:
            @pytest.fixture(autouse=True)
            async def automatic(self, request):
                note(request.node.name, "autouse up")
                yield
                note(request.node.name, "autouse down")

            @pytest.fixture
            async def asked(self, request):
                note(request.node.name, "asked up")
                yield
                note(request.node.name, "asked down")

            def setup_method(self, method): note(method.__name__, "method up")
            def teardown_method(self, method): note(method.__name__, "method down")
            async def test_a(self, asked): ...
            def test_b(self, asked): ...
        """
    ),
    "loop_made_by_hand": Feature(
        """
        import asyncio

        class TestByHand:
            def setup_method(self):
                self.loop = asyncio.new_event_loop()
            def teardown_method(self):
                self.loop.close()
            def test_runs_it(self):
                self.loop.run_until_complete(asyncio.sleep(0.005))
            def test_runs_it_again(self):
                assert self.loop.run_until_complete(asyncio.sleep(0.005, 3)) == 3
        """
    ),
}

_FAILURES = {
    "module_up": Feature(
        """
        def setup_module(): raise OSError("no module")
        def teardown_module(): raise OSError("never")
        async def test_a(): ...
        def test_b(): ...
        """,
        sees="error",
    ),
    "module_down": Feature(
        """
        import asyncio
        def teardown_module(): raise OSError("late")
        async def test_a(): await asyncio.sleep(0.01)
        async def test_b(): ...
        """,
        sees="passed error",
    ),
    "class_up": Feature(
        """
        class TestA:
            @classmethod
            def setup_class(cls): raise OSError("no class")
            async def test_a(self): ...
            def test_b(self): ...

        async def test_c(): ...
        """,
        sees="passed error",
    ),
    "class_down": Feature(
        """
        import asyncio
        class TestA:
            @classmethod
            def teardown_class(cls): raise OSError("late")
            async def test_a(self): await asyncio.sleep(0.01)
            async def test_b(self): ...

        async def test_c(): ...
        """,
        sees="passed error",
    ),
    "method_up": Feature(
        """
        class TestA:
            def setup_method(self, method):
                if method.__name__ == "test_a":
                    raise OSError("not for this one")
            async def test_a(self): ...
            async def test_b(self): ...
        """,
        sees="passed error",
    ),
    "method_down": Feature(
        """
        class TestA:
            def teardown_method(self, method): raise OSError(method.__name__)
            async def test_a(self): ...
            async def test_b(self): assert False
        """,
        sees="passed failed error",
    ),
    "function_up": Feature(
        """
        def setup_function(function): raise OSError(function.__name__)
        async def test_a(): ...
        def test_b(): ...
        """,
        sees="error",
    ),
    "constructor": Feature(
        """
        class TestNotCollected:
            def __init__(self): ...
            async def test_a(self): ...

        async def test_collected(): ...
        """
    ),
}

_INIT = """
    from journal import note

    def setup_module(module=None):
        note("package", "up")
        {fails_up}

    def teardown_module(module=None):
        note("package", "down")
        {fails_down}
"""


def _package(sees: str, up: str = "", down: str = "") -> Feature:
    module = """
        import asyncio
        from journal import note

        def setup_module(): note("{name}", "up")
        def teardown_module(): note("{name}", "down")
        async def test_a(): await asyncio.sleep(0.005)
        def test_b(): ...
    """
    files = {
        "__init__.py": _INIT.format(fails_up=up, fails_down=down),
        "inner/__init__.py": "",
        "inner/test_three.py": module.format(name="three"),
        "test_one.py": module.format(name="one"),
        "test_two.py": module.format(name="two"),
    }
    return Feature(files, sees)


_PACKAGES = {
    "package": _package("passed"),
    "package_fails_up": _package("error", up="raise ValueError('up')"),
    "package_fails_down": _package("passed error", down="raise ValueError('down')"),
}

_TABLES = (
    Table("xunit-packages", _PACKAGES, "asyncio_mode = auto"),
    Table("xunit", _LEVELS, "asyncio_mode = auto"),
    Table("xunit-failures", _FAILURES, "asyncio_mode = auto"),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_xunit_agrees(runs: Runs, row: Row) -> None:
    """Functions of the xunit style are fixtures like others."""
    runs.check(row)
