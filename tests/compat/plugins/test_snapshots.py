"""Plugins that compare with what was stored before."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from .._agreement import Row, Runs, rows
from .._table import Feature, Table

if TYPE_CHECKING:
    from pathlib import Path

_AUTO = "asyncio_mode = auto"

_SYRUPY = {
    "snapshots": Feature(
        {
            "test_kept.py": """
                import asyncio, pytest

                @pytest.mark.parametrize("n", range(4))
                async def test_same(snapshot, n):
                    await asyncio.sleep(0.003)
                    assert {"n": n} == snapshot
                    await asyncio.sleep(0.003)
                    assert [n] == snapshot

                async def test_differs(snapshot):
                    await asyncio.sleep(0.003)
                    assert "new" == snapshot

                async def test_missing(snapshot):
                    assert "never stored" == snapshot

                def test_sync(snapshot):
                    assert 1 == snapshot(name="one")
                """,
            "__snapshots__/test_kept.ambr": """
                # serializer version: 1
                # name: test_differs
                  'old'
                # ---
                # name: test_same[0]
                  dict({
                    'n': 0,
                  })
                # ---
                # name: test_same[0].1
                  list([
                    0,
                  ])
                # ---
                # name: test_same[1]
                  dict({
                    'n': 1,
                  })
                # ---
                # name: test_same[1].1
                  list([
                    1,
                  ])
                # ---
                # name: test_same[2]
                  dict({
                    'n': 2,
                  })
                # ---
                # name: test_same[2].1
                  list([
                    2,
                  ])
                # ---
                # name: test_same[3]
                  dict({
                    'n': 3,
                  })
                # ---
                # name: test_same[3].1
                  list([
                    3,
                  ])
                # ---
                # name: test_sync[one]
                  1
                # ---
                # name: test_unused
                  2
                # ---
                """,
        },
        sees="passed failed",
    ),
}

_INLINE = """
    import asyncio, pytest
    from inline_snapshot import snapshot

    @pytest.mark.parametrize("n", range(4))
    async def test_same(n):
        await asyncio.sleep(0.003)
        assert [n, "x"][1] == snapshot("x")

    async def test_differs():
        await asyncio.sleep(0.003)
        assert 1 == snapshot(2)

    async def test_missing():
        await asyncio.sleep(0.003)
        assert 1 == snapshot()
        await asyncio.sleep(0.003)

    @pytest.mark.parametrize("value, kept", [(1, snapshot(1)), (2, snapshot(3))])
    async def test_in_parameters(value, kept):
        await asyncio.sleep(0.003)
        assert value == kept
        await asyncio.sleep(0.003)
"""

_WITHOUT = {
    "without": Feature(
        """
        import asyncio, pytest
        from gate import arrive

        @pytest.mark.parametrize("n", range(10))
        async def test_together(n):
            await arrive("together", 10)
        """
    ),
}


def _written(root: Path, text: str) -> object:
    """What is stored after the run, and what the plugin says of it."""
    files = [*root.rglob("*.ambr"), *root.rglob("test_inline.py")]
    stored = {file.name: file.read_text() for file in files}
    said = re.findall(r"^(?:Error|Info|\d+ snapshots?|These changes).*", text, re.M)
    return {**stored, "said": said}


_TABLES = (
    Table("syrupy", _SYRUPY, _AUTO, plugins=("syrupy",), leaves=_written),
    Table(
        "syrupy-update",
        {
            "snapshots": Feature(
                """
                import asyncio, pytest

                @pytest.mark.parametrize("n", range(5))
                async def test_each(snapshot, n):
                    assert n == snapshot
                    await asyncio.sleep(0.003)
                    assert {"n": [n]} == snapshot
                """
            )
        },
        _AUTO,
        steps=(("--snapshot-update",), ()),
        plugins=("syrupy",),
        leaves=_written,
    ),
    *(
        Table(
            f"inline-snapshot-{mode}",
            {"inline": Feature(_INLINE, sees), **_WITHOUT},
            _AUTO,
            steps=((f"--inline-snapshot={mode}",),),
            env={"CI": "", "COLUMNS": "200"},
            plugins=("inline_snapshot",),
            leaves=_written,
        )
        for mode, sees in (
            ("short-report", "passed failed error"),
            ("create,fix", "passed error"),
        )
    ),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_snapshots_agree(runs: Runs, row: Row) -> None:
    """The same snapshots match, differ, are missing and are written."""
    runs.check(row)
