"""What the README and the documentation say holds."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from fasttest.isolation import process_state

_ROOT = Path(__file__).parents[2]
_DOCS = _ROOT / "docs"
_PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md", "benchmarks/*.md")
    for path in _ROOT.glob(pattern)
)
_LINK = re.compile(r"\[[^]]+\]\(([^)#:]+)(?:#[^)]*)?\)")


def _text(*path: str) -> str:
    return _ROOT.joinpath(*path).read_text("utf-8")


@pytest.mark.parametrize("page", _PAGES, ids=lambda p: p.relative_to(_ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    """A page that was renamed takes its links along."""
    targets = _LINK.findall(page.read_text("utf-8"))
    assert [x for x in targets if not (page.parent / x).exists()] == []


def test_every_page_can_be_found_from_the_index() -> None:
    """A page that the index does not name is read by nobody."""
    index = _DOCS / "README.md"
    listed = {(_DOCS / x).resolve() for x in _LINK.findall(index.read_text("utf-8"))}
    pages = {p for p in _DOCS.rglob("*.md") if p.parent.name != "changelog.d"}
    assert pages - {index} == listed


def test_the_library_example_in_the_readme_runs() -> None:
    """The first thing that somebody copies must work as it stands."""
    (code,) = re.findall(r"```python\n(.*?)```", _text("README.md"), re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.startswith("2 passed in ")


def test_every_option_is_documented() -> None:
    """The reference has all of fasttest's own options, and no others."""
    done = subprocess.run(
        [sys.executable, "-m", "fasttest", "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=_DOCS,
    )
    group = re.search(r"\(fasttest\):\n((?: .*\n)+)", done.stdout)
    assert group is not None
    offered = set(re.findall(r"^  (--[\w-]+)", group[1], re.MULTILINE))
    table = _text("docs", "reference", "options.md").partition("\n## ")[0]
    assert set(re.findall(r"^\| `(--[\w-]+)", table, re.MULTILINE)) == offered


@pytest.mark.parametrize(
    "names", [process_state.PATCHING_FIXTURES, process_state.PATCHING_MARKS]
)
def test_the_rules_name_whatever_makes_a_test_run_alone(names: frozenset[str]) -> None:
    """Who wonders why a test runs alone finds the reason on the page of the rules."""
    page = _text("docs", "reference", "when-tests-overlap.md")
    assert sorted(name for name in names if f"`{name}`" not in page) == []
