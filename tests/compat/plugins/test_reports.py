"""Plugins that report: coverage, files of results, the terminal."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from .._agreement import Row, Runs, rows
from .._invocation import normalise
from .._table import Feature, Table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_AUTO = "asyncio_mode = auto"

_RESULTS = {
    "results": Feature(
        """
        import asyncio, logging, pytest

        @pytest.mark.parametrize("n", range(5))
        async def test_each(n):
            print("out of", n)
            await asyncio.sleep(0.003)
            logging.warning("log of %s", n)
            await asyncio.sleep(0.003)
            print("more of", n)

        @pytest.fixture
        async def broken():
            print("in the fixture")
            await asyncio.sleep(0.003)
            raise OSError("broken")

        async def test_error(broken): ...

        @pytest.fixture
        async def breaks_late():
            yield
            await asyncio.sleep(0.003)
            raise OSError("late")

        async def test_late_error(breaks_late): ...

        async def test_fails():
            print("before")
            await asyncio.sleep(0.003)
            assert 1 == 2

        @pytest.mark.skip(reason="not now")
        async def test_skipped(): ...

        @pytest.mark.xfail(reason="known")
        async def test_expected():
            await asyncio.sleep(0.003)
            assert False

        @pytest.mark.xfail
        async def test_unexpected(): ...
        """,
        sees="passed failed error skipped xfailed xpassed",
    ),
}

# Its terminal tells errors from failures as little as expected failures from skips.
_RESULTS_OF_SUGAR = {
    name: replace(feature, sees="passed failed skipped xpassed")
    for name, feature in _RESULTS.items()
}

_TOGETHER = {
    "together": Feature(
        """
        import pytest
        from gate import arrive

        @pytest.mark.parametrize("n", range(20))
        async def test_together(n):
            await arrive("together")
        """
    )
}

_SHOP = """
    import asyncio

    async def price(kind):
        await asyncio.sleep(0.003)
        if kind == "book":
            await asyncio.sleep(0.003)
            return 10
        elif kind == "pen":
            return 1
        else:
            raise LookupError(kind)

    def never():
        return 1

    def in_thread(kind):
        if kind == "book":
            return 1
        return 2
"""

_COVERED = {
    "covered": Feature(
        {
            "shop.py": _SHOP,
            "test_shop.py": """
                import asyncio, pytest, sys
                from pathlib import Path
                sys.path.insert(0, str(Path(__file__).parent))
                import shop

                @pytest.mark.parametrize("n", range(5))
                async def test_book(n):
                    assert await shop.price("book") == 10

                @pytest.mark.no_cover
                async def test_not_covered():
                    await asyncio.sleep(0.003)
                    assert shop.never() == 1

                async def test_unknown():
                    assert await shop.price("car") == 1

                async def test_thread():
                    assert await asyncio.to_thread(shop.in_thread, "book") == 1

                def test_sync():
                    assert asyncio.run(shop.price("book")) == 10
                """,
        },
        sees="passed failed",
    ),
}


def _coverage(root: Path, text: str) -> object:
    """The covered and missing lines and branches of each file."""
    files = json.loads((root / "coverage.json").read_text())["files"]
    return {
        path: (
            file["executed_lines"],
            file["missing_lines"],
            file.get("executed_branches"),
            file.get("missing_branches"),
            sorted((k, sorted(v)) for k, v in file.get("contexts", {}).items()),
        )
        for path, file in files.items()
        if "shop" in path
    }


def _html_report(root: Path, text: str) -> object:
    page = (root / "report.html").read_text()
    found = re.search(r'data-jsonblob="([^"]*)"', page)
    assert found is not None
    tests = json.loads(html.unescape(found[1]))["tests"]
    return Counter(
        (test, each["result"], normalise(each["log"], root)[:400])
        for test, each_of in tests.items()
        for each in each_of
    )


def _json_report(root: Path, text: str) -> object:
    report = json.loads((root / "report.json").read_text())
    return {
        "exitcode": report["exitcode"],
        "summary": report["summary"],
        "tests": {test["nodeid"]: _phases(test) for test in report["tests"]},
    }


def _phases(test: dict[str, Any]) -> object:
    phases = [test[when] for when in ("setup", "call", "teardown") if when in test]
    return test["outcome"], [
        (
            phase["outcome"],
            phase.get("stdout"),
            [record["msg"] for record in phase.get("log", ())],
            phase.get("crash", {}).get("message"),
        )
        for phase in phases
    ]


def _allure_results(root: Path, text: str) -> object:
    results = [
        json.loads(file.read_text()) for file in (root / "allure").glob("*-result.json")
    ]
    containers = [
        json.loads(file.read_text())
        for file in (root / "allure").glob("*-container.json")
    ]
    names = {result["uuid"]: result["fullName"] for result in results}
    return {
        "tests": Counter(
            (
                result["fullName"],
                result["name"],
                result["status"],
                result.get("statusDetails", {}).get("message", ""),
                str([step["name"] for step in result.get("steps", ())]),
                len(result.get("attachments", ())),
            )
            for result in results
        ),
        "fixtures": Counter(
            (before["name"], before["status"], name)
            for container in containers
            for before in container.get("befores", ())
            for child in container.get("children", ())
            if (name := names.get(child)) is not None
            if before["name"] in ("broken", "breaks_late", "prepared", "shared")
        ),
    }


_WITH_EXTRAS = {
    "extras": Feature(
        """
        import asyncio, pytest
        from pytest_html import extras as kinds

        @pytest.mark.parametrize("n", range(5))
        async def test_each(extras, n):
            extras.append(kinds.text(f"first of {n}", name=f"first {n}"))
            await asyncio.sleep(0.003)
            extras.append(kinds.text(f"second of {n}", name=f"second {n}"))

        @pytest.mark.parametrize("n", range(5))
        async def test_without(n):
            await asyncio.sleep(0.003)
        """
    ),
    **_TOGETHER,
}


def _extras(root: Path, text: str) -> object:
    page = (root / "report.html").read_text()
    found = re.search(r'data-jsonblob="([^"]*)"', page)
    assert found is not None
    tests = json.loads(html.unescape(found[1]))["tests"]
    return {
        test: [[extra["name"] for extra in each["extras"]] for each in each_of]
        for test, each_of in tests.items()
    }


_WITH_STEPS = {
    "steps": Feature(
        """
        import allure, asyncio, pytest

        @pytest.fixture
        async def prepared():
            await asyncio.sleep(0.003)
            yield

        @pytest.fixture(scope="module")
        async def shared():
            yield

        @allure.title("number {n}")
        @pytest.mark.parametrize("n", range(5))
        async def test_each(shared, prepared, n):
            with allure.step(f"first of {n}"):
                await asyncio.sleep(0.003)
            with allure.step(f"second of {n}"):
                allure.attach(str(n), name="n")

        async def test_fails():
            with allure.step("fails"):
                await asyncio.sleep(0.003)
                assert False, "wrong"
        """,
        sees="passed failed",
    ),
}


def _sugar(root: Path, text: str) -> object:
    """The totals, which it writes in its own way."""
    totals = re.findall(r"^ +(\d+) (passed|failed|skipped|xfailed|xpassed)", text, re.M)
    return sorted(totals)


def _table(
    name: str,
    features: dict[str, Feature],
    step: tuple[str, ...],
    plugins: tuple[str, ...],
    leaves: Callable[[Path, str], object],
) -> Table:
    return Table(name, features, _AUTO, (step,), plugins=plugins, leaves=leaves)


_COV = ("--cov=.", "--cov-branch", "--cov-report=json")
_JSON = ("--json-report", "--json-report-file=report.json")
_HTML = ("html", "html_fixtures", "metadata")

_TABLES = (
    _table("cov", _COVERED, _COV, ("pytest_cov",), _coverage),
    _table(
        "cov-context",
        _COVERED,
        ("--cov=.", "--cov-context=test", "--cov-report=json:coverage.json"),
        ("pytest_cov",),
        _coverage,
    ),
    _table("html", _RESULTS, ("--html=report.html",), _HTML, _html_report),
    _table("html-extras", _WITH_EXTRAS, ("--html=report.html",), _HTML, _extras),
    _table("json", _RESULTS, _JSON, ("pytest_jsonreport", "metadata"), _json_report),
    _table(
        "allure", _RESULTS, ("--alluredir=allure",), ("allure_pytest",), _allure_results
    ),
    _table(
        "allure-steps",
        _WITH_STEPS,
        ("--alluredir=allure",),
        ("allure_pytest",),
        _allure_results,
    ),
    _table("sugar", _RESULTS_OF_SUGAR, ("--force-sugar",), ("sugar",), _sugar),
    Table(
        "all-idle",
        _TOGETHER,
        _AUTO,
        plugins=(
            "allure_pytest",
            "benchmark",
            "codspeed",
            "html",
            "html_fixtures",
            "inline_snapshot",
            "metadata",
            "pytest-bdd",
            "pytest-structlog",
            "pytest_cov",
            "pytest_httpserver",
            "pytest_jsonreport",
            "recording",
            "rerunfailures",
            "socket",
            "syrupy",
            "typeguard",
        ),
    ),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_reports_agree(runs: Runs, row: Row) -> None:
    """Reports name the same tests, with the same outcomes and output."""
    runs.check(row)
