"""What importing fasttest brings along."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import fasttest


def _run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_library_works_with_pytest_uninstalled() -> None:
    """A custom runner needs nothing of pytest."""
    done = _run("""
        import sys

        class Uninstalled:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in ("pytest", "_pytest", "pluggy"):
                    raise ModuleNotFoundError(f"No module named {name!r}", name=name)

        sys.meta_path.insert(0, Uninstalled())
        import asyncio
        import fasttest

        suite = fasttest.Suite()

        @suite.fixture(scope="session", params=[1, 2])
        async def number(request):
            yield request.param

        @suite.test
        async def positive(number):
            await asyncio.sleep(0)
            assert number > 0

        print(suite.run(), asyncio.run(suite.run_async()).ok)
        try:
            fasttest.run([])
        except ModuleNotFoundError as error:
            print(error)
    """)

    assert done.stderr == ""
    summary, error = done.stdout.splitlines()
    assert summary.startswith("2 passed in ")
    assert summary.endswith("True")
    assert error == "No module named 'pytest'"


def test_importing_the_package_imports_nothing_else() -> None:
    """Neither pytest nor the library, before a name of it is used."""
    done = _run("""
        import sys
        before = set(sys.modules)
        import fasttest
        for name in sorted(set(sys.modules) - before):
            if name.partition(".")[0] in ("fasttest", "pytest", "asyncio", "greenlet"):
                print(name)
    """)

    assert done.stdout == "fasttest\n", done.stderr


def test_all_names_are_there() -> None:
    """Those promised can be had, others are attribute errors."""
    for name in fasttest.__all__:
        assert getattr(fasttest, name) is not None
    assert not hasattr(fasttest, "unheard_of")
    assert fasttest.__all__ == sorted(fasttest.__all__)
