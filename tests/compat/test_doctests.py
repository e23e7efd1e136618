"""Doctests run beside others, and none sees what another prints."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

_BESIDE = """
    import asyncio, pytest

    @pytest.mark.parametrize("n", range(3))
    async def test_beside(n):
        for _ in range(4):
            await asyncio.sleep(0.003)
            print("beside", n)
    """

_DOCTESTS = {
    "modules": Feature(
        {
            "test_documented.py": '''
                """A module with examples.

                >>> 1 + 1
                2
                """
                def double(n):
                    """
                    >>> double(2)
                    4
                    >>> print("printed", double(4))
                    printed 8
                    """
                    return n * 2

                class Stack(list):
                    """
                    >>> stack = Stack()
                    >>> stack.push(3)
                    >>> stack.pop()
                    3
                    """
                    def push(self, value):
                        """
                        >>> Stack([1]).push(2)
                        """
                        self.append(value)
                ''',
            "test_beside.py": _BESIDE,
        }
    ),
    "text_files": Feature(
        {
            "sample.txt": """
                Names last from example to example.

                >>> import asyncio
                >>> total = 3
                >>> for n in range(3):
                ...     total += n
                >>> total
                6
                """,
            "test_beside.py": _BESIDE,
        }
    ),
    "waiting": Feature(
        {
            "waiting.txt": """
                >>> import asyncio
                >>> async def main():
                ...     for n in range(4):
                ...         await asyncio.sleep(0.003)
                ...         print("from the doctest", n)
                >>> asyncio.run(main())
                from the doctest 0
                from the doctest 1
                from the doctest 2
                from the doctest 3
                """,
            "other.txt": """
                >>> import asyncio
                >>> asyncio.run(asyncio.sleep(0.01, "x"))
                'x'
                """,
            "test_beside.py": _BESIDE,
        }
    ),
    "red": Feature(
        {
            "test_red.py": '''
                def double(n):
                    """
                    >>> double(2)
                    5
                    >>> double(3)
                    6
                    >>> double(4)
                    9
                    """
                    return n * 2

                def raising():
                    """
                    >>> raising()
                    1
                    """
                    raise ValueError("inside")
                ''',
            "test_beside.py": _BESIDE,
        },
        sees="passed failed",
    ),
    "raising_as_shown": Feature(
        {
            "raising.txt": """
                >>> int("x")
                Traceback (most recent call last):
                ValueError: invalid literal for int() with base 10: 'x'
                >>> [n for n in range(20)] # doctest: +ELLIPSIS
                [0, 1, ..., 19]
                """
        }
    ),
    "skipped": Feature(
        {
            "all_skipped.txt": ">>> 1 / 0 # doctest: +SKIP\n",
            "one_skipped.txt": ">>> 1 / 0 # doctest: +SKIP\n>>> 1\n1\n",
            "by_pytest.txt": '>>> import pytest\n>>> pytest.skip("inside")\n',
        },
        sees="passed skipped",
    ),
    "fixtures": Feature(
        {
            "conftest.py": """
                import asyncio, pytest
                from journal import note

                @pytest.fixture(autouse=True)
                async def round(request):
                    await asyncio.sleep(0.002)
                    note(request.node.name, "up")
                    yield
                    note(request.node.name, "down")

                @pytest.fixture(scope="session")
                def slow():
                    asyncio.run(asyncio.sleep(0.01))
                    return "slow"
                """,
            "asking.txt": """
                >>> getfixture("slow")
                'slow'
                >>> getfixture("tmp_path").exists()
                True
                """,
            "asking_too.txt": """
                >>> getfixture("slow")
                'slow'
                """,
            "test_beside.py": """
                import asyncio
                async def test_beside(slow): await asyncio.sleep(0.005)
                """,
        }
    ),
    "namespace": Feature(
        {
            "conftest.py": """
                import pytest

                @pytest.fixture(autouse=True)
                def add_names(doctest_namespace):
                    doctest_namespace["answer"] = 42
                """,
            "named.txt": ">>> answer\n42\n",
        }
    ),
    "red_fixture": Feature(
        {
            "conftest.py": """
                import pytest

                @pytest.fixture(autouse=True)
                def broken(): raise ValueError("in the fixture")
                """,
            "green.txt": ">>> 1\n1\n",
        },
        sees="error",
    ),
    "changed_state": Feature(
        {
            "environment.txt": """
                >>> import asyncio, os
                >>> os.environ["SAMPLE_DOCTEST"] = "set"
                >>> asyncio.run(asyncio.sleep(0.01))
                >>> os.environ.pop("SAMPLE_DOCTEST")
                'set'
                """,
            "test_beside.py": """
                import asyncio, os, pytest

                @pytest.mark.parametrize("n", range(3))
                async def test_beside(n):
                    for _ in range(8):
                        await asyncio.sleep(0.002)
                        assert "SAMPLE_DOCTEST" not in os.environ
                """,
        }
    ),
}

_AUTO = "asyncio_mode = auto"
# Files of one name in several folders.
_IMPORT = "--import-mode=importlib"
_EVERYWHERE = (_IMPORT, "--doctest-modules", "--doctest-glob=*.txt")
_TABLES = (
    Table("doctests", _DOCTESTS, _AUTO, (_EVERYWHERE,)),
    Table(
        "doctests-continued",
        {"red": _DOCTESTS["red"]},
        _AUTO,
        ((*_EVERYWHERE, "--doctest-continue-on-failure"),),
    ),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_doctests_agree(runs: Runs, row: Row) -> None:
    """A doctest ends as pytest says, with the same text."""
    runs.check(row)
