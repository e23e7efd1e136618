"""Items of a suite's own classes: of files that are not Python, and of functions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ._agreement import Row, Runs, rows
from ._table import CROWDED, DEFAULT, SERIAL, Feature, Table

# Files whose lines are items; each feature adds how such an item runs.
_LINES = """
import asyncio, os, pytest

def pytest_collect_file(parent, file_path):
    if file_path.suffix == ".lines":
        return LinesFile.from_parent(parent, path=file_path)

class LinesFile(pytest.File):
    def collect(self):
        for n, line in enumerate(self.path.read_text().splitlines()):
            yield LineItem.from_parent(self, name=str(n), line=line)

class Line(pytest.Item):
    def __init__(self, line, **kwargs):
        super().__init__(**kwargs)
        self.line = line
    def reportinfo(self):
        return self.path, int(self.name), f"line {self.name}"
"""


def _items(runs: str, lines: str, sees: str = "passed", **files: str) -> Feature:
    conftest = f"{_LINES}\nclass LineItem(Line):\n{runs}"
    others = {f"{name}.py": text for name, text in files.items()}
    sources = {"conftest.py": conftest, "sample.lines": lines, **others}
    return Feature(sources, sees)


_ITEMS = {
    "together": _items(
        """
    def runtest(self):
        import gate
        asyncio.run(gate.arrive("items", 4))
""",
        "a\nb\nc\n",
        test_beside="""
            import gate
            async def test_beside(): await gate.arrive("items", 4)
            """,
    ),
    "sums": _items(
        """
    def runtest(self):
        left, right = self.line.split("=")
        asyncio.run(asyncio.sleep(0.002))
        if eval(left) != int(right):
            raise ValueError(self.line)
    def repr_failure(self, excinfo):
        return f"wrong: {excinfo.value}"
""",
        "1 + 1 = 2\n1 + 2 = 4\n",
        "passed failed",
    ),
    "default_failure": _items(
        """
    def runtest(self):
        asyncio.run(asyncio.sleep(0.002))
        print("about", self.line)
        assert self.line == "green"
""",
        "green\nred\n",
        "passed failed",
    ),
    "set_up_and_teardown": _items(
        """
    def setup(self):
        from journal import note
        asyncio.run(asyncio.sleep(0.002))
        note(self.line, "setup")
        self.addfinalizer(lambda: note(self.line, "finalizer"))
        if self.line == "in setup": raise ValueError("in setup")
    def runtest(self):
        from journal import note
        note(self.line, "run")
        asyncio.run(asyncio.sleep(0.002))
    def teardown(self):
        from journal import note
        note(self.line, "teardown")
        if self.line == "in teardown": raise ValueError("in teardown")
""",
        "green\nin setup\nin teardown\n",
        "passed error",
    ),
    "outcomes": _items(
        """
    def runtest(self):
        asyncio.run(asyncio.sleep(0.002))
        if self.line == "skip": pytest.skip("by the line")
        if self.line == "xfail": pytest.xfail("by the line")
        if self.line == "fail": pytest.fail("by the line", pytrace=False)
""",
        "pass\nskip\nxfail\nfail\n",
        "passed skipped xfailed failed",
    ),
    "marks": _items(
        """
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.add_marker(getattr(pytest.mark, self.line)(reason="by mark"))
    def runtest(self):
        asyncio.run(asyncio.sleep(0.002))
        raise ValueError("as marked")
""",
        "skip\nxfail\n",
        "skipped xfailed",
    ),
    "changing_state": _items(
        """
    def runtest(self):
        os.environ["SAMPLE_ITEM"] = self.line
        try:
            asyncio.run(asyncio.sleep(0.005))
            assert os.environ["SAMPLE_ITEM"] == self.line
        finally:
            del os.environ["SAMPLE_ITEM"]
""",
        "a\nb\n",
        test_beside="""
            import asyncio, os
            async def test_beside():
                for _ in range(6):
                    await asyncio.sleep(0.002)
                    assert "SAMPLE_ITEM" not in os.environ
            """,
    ),
    "file_with_set_up": Feature(
        {
            "conftest.py": """
                import asyncio, pytest
                from journal import note

                def pytest_collect_file(parent, file_path):
                    if file_path.suffix == ".steps":
                        return StepsFile.from_parent(parent, path=file_path)

                class StepsFile(pytest.File):
                    def collect(self):
                        for name in "abc":
                            yield Step.from_parent(self, name=name)
                    def setup(self): note("file", "setup")
                    def teardown(self): note("file", "teardown")

                class Step(pytest.Item):
                    def runtest(self):
                        asyncio.run(asyncio.sleep(0.002))
                        note(self.name, "run")
                """,
            "one.steps": "",
        }
    ),
}

_FUNCTIONS = {
    "loud": Feature(
        {
            "conftest.py": """
                import pytest

                class Loud(pytest.Function):
                    def runtest(self):
                        print("loud")
                        super().runtest()

                def pytest_pycollect_makeitem(collector, name, obj):
                    if name.startswith("loud_"):
                        return Loud.from_parent(collector, name=name, callobj=obj)
                """,
            "test_loud.py": """
                import asyncio, pytest

                @pytest.fixture
                async def value():
                    await asyncio.sleep(0.002)
                    return 3

                def loud_one(tmp_path): assert tmp_path.exists()
                def loud_two(value):
                    asyncio.run(asyncio.sleep(0.002))
                    assert value == 4
                def loud_three(value): assert value == 3
                """,
        },
        sees="passed failed",
    ),
    "together": Feature(
        {
            "conftest.py": """
                import asyncio, pytest

                class Running(pytest.Function):
                    def runtest(self): asyncio.run(self.obj())

                def pytest_pycollect_makeitem(collector, name, obj):
                    if name.startswith("run_"):
                        return Running.from_parent(collector, name=name, callobj=obj)
                """,
            "test_running.py": """
                import gate

                def run_one(): return gate.arrive("running", 3)
                def run_two(): return gate.arrive("running", 3)
                async def test_three(): await gate.arrive("running", 3)
                """,
        }
    ),
    "patching": Feature(
        {
            "conftest.py": """
                import asyncio, pytest
                from unittest import mock

                class Patched(pytest.Function):
                    def runtest(self):
                        with mock.patch.dict(self.module.settings, mode=self.name):
                            asyncio.run(self.obj())

                def pytest_pycollect_makeitem(collector, name, obj):
                    if name.startswith("run_"):
                        return Patched.from_parent(collector, name=name, callobj=obj)
                """,
            "test_running.py": """
                import asyncio

                settings = {"mode": "plain"}

                async def check(mode):
                    for _ in range(4):
                        assert settings["mode"] == mode
                        await asyncio.sleep(0.003)

                def run_one(): return check("run_one")
                def run_two(): return check("run_two")
                async def test_three(): await check("plain")
                """,
        }
    ),
}

# What an item found out in a first run, in company, is not known to the second.
_RESCUED = {
    "keeping": _items(
        """
    ran = False
    def runtest(self):
        import gate
        if self.ran:
            return
        self.ran = True
        asyncio.run(gate.arrive("keeping", 3))
        assert self.line == "green"
""",
        "green\nred\n",
        "passed failed",
        test_beside="""
            import gate
            async def test_beside(): await gate.arrive("keeping", 3)
            """,
    ),
}

_AUTO = "asyncio_mode = auto"
# Files of one name in several folders.
_IMPORT = (("--import-mode=importlib",),)
_TABLES = (
    Table("items", _ITEMS, _AUTO, _IMPORT),
    Table("item-functions", _FUNCTIONS, _AUTO, _IMPORT),
    Table(
        "items-rescued",
        _RESCUED,
        _AUTO,
        _IMPORT,
        settings=(
            SERIAL,
            DEFAULT,
            replace(CROWDED, name="rescued", args=("--concurrency", "64")),
        ),
    ),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_custom_items_agree(runs: Runs, row: Row) -> None:
    """An item of a class that no rule speaks against overlaps, and ends as ever."""
    runs.check(row)
