"""Hooks of a suite's conftest are called for the tests they are meant for."""

from __future__ import annotations

import pytest

from ._agreement import Row, Runs, rows
from ._table import Feature, Table

_TWO_TESTS = """
    import asyncio

    async def test_async():
        await asyncio.sleep(0.005)

    def test_sync(): ...

    async def test_fails():
        await asyncio.sleep(0.005)
        assert False
"""


def _with_conftest(conftest: str, sees: str = "passed failed") -> Feature:
    # A package, so that many folders can have a module of this name.
    files = {"__init__.py": "", "conftest.py": conftest, "test_hooked.py": _TWO_TESTS}
    return Feature(files, sees)


_AROUND_TESTS = {
    "phases": _with_conftest(
        """
        from journal import note

        def pytest_runtest_setup(item): note(item.nodeid, "set-up")
        def pytest_runtest_call(item): note(item.nodeid, "call")
        def pytest_runtest_teardown(item, nextitem): note(item.nodeid, "teardown")
        """
    ),
    "wrapped_call": _with_conftest(
        """
        import pytest
        from journal import note

        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_call(item):
            note(item.nodeid, "before")
            try:
                return (yield)
            finally:
                note(item.nodeid, "after")

        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_setup(item):
            note(item.nodeid, "before set-up")
            yield
            note(item.nodeid, "after set-up")
        """
    ),
    "wrapped_protocol": _with_conftest(
        """
        import pytest
        from journal import note

        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_protocol(item, nextitem):
            note(item.nodeid, "begin")
            result = yield
            note(item.nodeid, "end")
            return result
        """
    ),
    "own_protocol": Feature(
        {
            "conftest.py": """
                from _pytest.runner import runtestprotocol

                def pytest_runtest_protocol(item, nextitem):
                    if "flaky" not in item.keywords:
                        return None
                    item.ihook.pytest_runtest_logstart(
                        nodeid=item.nodeid, location=item.location)
                    for _ in range(3):
                        reports = runtestprotocol(item, nextitem=nextitem, log=False)
                        if all(report.passed for report in reports):
                            break
                    for report in reports:
                        item.ihook.pytest_runtest_logreport(report=report)
                    item.ihook.pytest_runtest_logfinish(
                        nodeid=item.nodeid, location=item.location)
                    return True
                """,
            "test_flaky.py": """
                import asyncio, pytest

                tries = []

                @pytest.mark.flaky
                async def test_third_time():
                    await asyncio.sleep(0.002)
                    tries.append(1)
                    assert len(tries) == 3

                async def test_steady(): ...
                """,
        }
    ),
    "reports_changed": _with_conftest(
        """
        import pytest

        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport(item, call):
            report = yield
            item.stash.setdefault(pytest.StashKey(), report)
            if report.when == "call" and report.failed:
                report.outcome = "skipped"
                report.longrepr = (str(item.path), 1, "Skipped: by a hook")
            report.sections.append(("Seen by a hook", report.when))
            return report
        """,
        sees="passed skipped",
    ),
    "reports_for_fixtures": Feature(
        {
            "conftest.py": """
                import pytest
                from journal import note

                REPORTS = pytest.StashKey()

                @pytest.hookimpl(wrapper=True, tryfirst=True)
                def pytest_runtest_makereport(item, call):
                    report = yield
                    item.stash.setdefault(REPORTS, {})[report.when] = report
                    return report

                @pytest.fixture
                async def screenshot(request):
                    yield
                    report = request.node.stash[REPORTS]["call"]
                    note(request.node.name, report.outcome)
                """,
            "test_screen.py": """
                async def test_fine(screenshot): ...
                async def test_bad(screenshot): assert False
                """,
        },
        sees="passed failed",
    ),
    "called_otherwise": _with_conftest(
        """
        import pytest
        from journal import note

        @pytest.hookimpl(tryfirst=True)
        def pytest_pyfunc_call(pyfuncitem):
            note(pyfuncitem.nodeid, "called")
            if pyfuncitem.name == "test_fails":
                return True
        """,
        sees="passed",
    ),
    "fixtures_observed": Feature(
        {
            "conftest.py": """
                import pytest
                from journal import note

                @pytest.hookimpl(wrapper=True)
                def pytest_fixture_setup(fixturedef, request):
                    if fixturedef.argname.startswith("my_"):
                        note(request.node.nodeid, f"{fixturedef.argname} up")
                    return (yield)

                def pytest_fixture_post_finalizer(fixturedef, request):
                    # pytest before 9.1 may ask again when the value is gone.
                    known = fixturedef.cached_result is not None
                    if known and fixturedef.argname.startswith("my_"):
                        note("finalizer", fixturedef.argname)

                @pytest.fixture
                async def my_fixture(): yield 1
                """,
            "test_observed.py": "async def test_it(my_fixture): ...",
        }
    ),
    "exceptions_observed": _with_conftest(
        """
        from journal import note

        def pytest_exception_interact(node, call, report):
            note(node.nodeid, call.excinfo.typename)
        """
    ),
    "assertions_explained": _with_conftest(
        """
        def pytest_assertrepr_compare(config, op, left, right):
            return ["explained"]
        """
    ),
}

_AROUND_COLLECTION = {
    "reordered": _with_conftest(
        """
        from journal import note

        def pytest_collection_modifyitems(items):
            mine = [i for i in items if i.path.name == "test_hooked.py"]
            for place, item in zip(sorted(map(items.index, mine)), mine[::-1]):
                items[place] = item
        """
    ),
    "marked": _with_conftest(
        """
        import pytest

        def pytest_collection_modifyitems(items):
            for item in items:
                if item.name == "test_fails" and "marked" in item.nodeid:
                    item.add_marker(pytest.mark.xfail(reason="by the conftest"))
                if item.name == "test_sync" and "marked" in item.nodeid:
                    item.add_marker(pytest.mark.skip(reason="by the conftest"))
        """,
        sees="passed skipped xfailed",
    ),
    "deselected": _with_conftest(
        """
        def pytest_collection_modifyitems(config, items):
            mine = [i for i in items if "deselected/" in i.nodeid]
            gone = [i for i in mine if "sync" not in i.name]
            items[:] = [i for i in items if i not in gone]
            config.hook.pytest_deselected(items=gone)
        """,
        sees="passed",
    ),
    "ignored": Feature(
        {
            "conftest.py": "collect_ignore = ['test_ignored.py']",
            "test_ignored.py": "async def test_it(): assert False",
            "test_kept.py": "async def test_it(): ...",
        }
    ),
    "fixtures_added": Feature(
        {
            "conftest.py": """
                import pytest

                def pytest_itemcollected(item):
                    if "added_to" in item.name:
                        item.fixturenames.append("quiet")

                @pytest.fixture
                def quiet():
                    from journal import note
                    note("quiet", "used")
                """,
            "test_added.py": "async def test_added_to(): ...\nasync def test_no(): ...",
        }
    ),
    "loops_changed": Feature(
        {
            "conftest.py": """
                import asyncio, pytest

                @pytest.hookimpl(wrapper=True)
                def pytest_fixture_setup(fixturedef, request):
                    # A Runner, or with older versions of pytest-asyncio a loop.
                    result = yield
                    loop = result
                    if fixturedef.argname.endswith("_scoped_runner"):
                        loop = getattr(result, "_loop", result)
                    if isinstance(loop, asyncio.AbstractEventLoop):
                        loop.noted = fixturedef.argname, fixturedef.scope
                        assert request.fixturename == fixturedef.argname
                        assert request.scope == fixturedef.scope
                        request.addfinalizer(lambda: ended(request.scope))
                    return result

                def ended(scope):
                    from journal import note
                    note(scope, "loop ends")

                class Other:
                    def __init__(self):
                        self.seen = set()

                    def pytest_fixture_setup(self, fixturedef, request):
                        from journal import note
                        made = fixturedef.argname.endswith("_scoped_runner")
                        if made and fixturedef.scope not in self.seen:
                            self.seen.add(fixturedef.scope)
                            note("made", fixturedef.scope)

                def pytest_configure(config):
                    config.pluginmanager.register(Other())
                """,
            "test_changed.py": """
                import asyncio, pytest
                from journal import note

                @pytest.fixture(scope="module")
                async def wide():
                    return asyncio.get_running_loop().noted

                async def test_own():
                    note("own", asyncio.get_running_loop().noted)

                async def test_other(wide):
                    note("other", f"{asyncio.get_running_loop().noted} {wide}")

                @pytest.mark.asyncio(loop_scope="class")
                class TestClass:
                    async def test_one(self):
                        note("class", asyncio.get_running_loop().noted)

                    async def test_two(self):
                        note("class", asyncio.get_running_loop().noted)
                """,
        },
    ),
    "plugin_module": Feature(
        {
            "test_plugin.py": """
                import pytest
                async def test_it(request):
                    assert request.config.pluginmanager.hasplugin("terminalreporter")
                """
        }
    ),
}


def _whole(name: str, conftest: str, sees: str = "passed failed") -> Table:
    return Table(name, {"two": Feature(_TWO_TESTS, sees)}, _AUTO, conftest=conftest)


_AUTO = "asyncio_mode = auto"
_TABLES = (
    Table("around-tests", _AROUND_TESTS, _AUTO),
    Table("around-collection", _AROUND_COLLECTION, _AUTO),
    _whole(
        "exit-status",
        """
        def pytest_sessionfinish(session, exitstatus):
            session.exitstatus = 7
        """,
    ),
    _whole(
        "statuses",
        """
        def pytest_report_teststatus(report, config):
            if report.when == "call" and report.failed:
                return "failed", "!", "FAILED!"
        """,
    ),
    _whole(
        "log-start-and-finish",
        """
        from journal import note

        def pytest_runtest_logstart(nodeid, location): note(nodeid, "start")
        def pytest_runtest_logreport(report): note(report.nodeid, report.when)
        def pytest_runtest_logfinish(nodeid, location): note(nodeid, "finish")
        """,
    ),
    _whole(
        "own-summary",
        """
        def pytest_terminal_summary(terminalreporter, exitstatus, config):
            terminalreporter.section("mine")
            terminalreporter.line(f"{len(terminalreporter.stats['failed'])} failed")
        def pytest_report_header(config): return "a header"
        """,
    ),
    _whole(
        "own-options",
        """
        import pytest
        def pytest_addoption(parser):
            parser.addoption("--sample", default="unset")
            parser.addini("sample_ini", "a setting", default="ini")
        def pytest_configure(config):
            assert config.getoption("--sample") == "unset"
            assert config.getini("sample_ini") == "ini"
        """,
    ),
    _whole(
        "broken-hook",
        """
        def pytest_runtest_logreport(report): raise RuntimeError("in a hook")
        """,
        sees="",
    ),
)


@pytest.mark.parametrize("row", rows(*_TABLES))
def test_hooks_agree(runs: Runs, row: Row) -> None:
    """A hook sees the test it is called for, and what it changes holds."""
    runs.check(row)
