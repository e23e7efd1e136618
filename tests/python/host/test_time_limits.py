"""Time limits: whose options they are, and how a run ends that a test holds up."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

FASTTEST = ("-p", "fasttest.host.plugin", "-p", "no:cacheprovider")

HOLDS_THE_THREAD = """
    import asyncio, pytest, signal, time

    @pytest.fixture(scope="module")
    def server():
        yield

    @pytest.fixture
    def file():
        yield

    @pytest.fixture
    def value():
        return 1

    @pytest.mark.asyncio
    async def test_fine(server): ...

    @pytest.mark.asyncio
    async def test_fails():
        await asyncio.sleep(0)
        assert False, "for a reason"

    @pytest.mark.asyncio
    async def test_waits(server):
        await asyncio.sleep(20)

    @pytest.mark.timeout(0.1)
    def test_holds_on(server, file, value):
        print("what it wrote")
        HOLD_ON

    def hear_nothing():
        signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
        time.sleep(20)

    def catch_everything():
        while True:
            try:
                time.sleep(20)
            except BaseException:
                pass
    """


@pytest.fixture(autouse=True)
def without_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let inner runs have no plugin but fasttest."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


@pytest.mark.slow
@pytest.mark.parametrize("args", [(), ("--concurrency", "1")])
def test_limits_are_served_without_the_plugin(
    pytester: pytest.Pytester, args: tuple[str, ...]
) -> None:
    """A suite written for it keeps its limits, and nothing is warned of."""
    pytester.makeini("[pytest]\ntimeout = 10\ntimeout_method = signal\n")
    pytester.makepyfile(
        """
        import asyncio, pytest, time

        @pytest.mark.timeout(0.1)
        def test_blocks():
            time.sleep(20)

        @pytest.mark.timeout(timeout=0.1, func_only=True)
        def test_its_function():
            asyncio.run(asyncio.sleep(20))

        @pytest.fixture
        def slow():
            time.sleep(0.2)

        @pytest.mark.timeout(0.1, func_only=True)
        def test_only_its_set_up(slow): ...

        def test_in_time(): ...
        """
    )
    result = pytester.runpytest_subprocess(*FASTTEST, *args, "--strict-markers", "-rA")
    result.assert_outcomes(passed=2, failed=2, warnings=0)
    result.stdout.fnmatch_lines(["*Failed: Timeout (>0.1s) from fasttest."])


@pytest.mark.slow
def test_the_report_says_where_a_test_waited(pytester: pytest.Pytester) -> None:
    """The exception leaves the loop's select, which says nothing about the test."""
    pytester.makepyfile(
        """
        import asyncio, pytest

        async def fetch():
            await asyncio.sleep(20)

        @pytest.mark.asyncio
        async def test_waits():
            await fetch()
        """
    )
    result = pytester.runpytest_subprocess(*FASTTEST, "--timeout=0.1")
    result.stdout.fnmatch_lines(["*tasks at the timeout*", "*in fetch"])


@pytest.mark.slow
def test_an_option_of_this_name_may_be_anothers(pytester: pytest.Pytester) -> None:
    """Then the mark means what they make of it."""
    pytester.makeconftest(
        """
        def pytest_addoption(parser):
            parser.addoption("--timeout")
        """
    )
    pytester.makepyfile(
        """
        import pytest, time

        @pytest.mark.timeout(0.01)
        def test_theirs(pytestconfig):
            time.sleep(0.1)
            assert pytestconfig.getoption("timeout") == "soon"
        """
    )
    result = pytester.runpytest_subprocess(*FASTTEST, "--timeout=soon")
    result.assert_outcomes(passed=1)


@pytest.mark.slow
def test_who_keeps_the_plugin_out_has_no_limits(pytester: pytest.Pytester) -> None:
    """As with pytest."""
    pytester.makepyfile(
        """
        import pytest, time

        @pytest.mark.timeout(0.01)
        def test_unlimited():
            time.sleep(0.1)
        """
    )
    result = pytester.runpytest_subprocess(*FASTTEST, "-p", "no:timeout")
    result.assert_outcomes(passed=1, warnings=1)


@pytest.mark.slow
@pytest.mark.parametrize("mark", ["", "'soon'", "1, 'never'", "1, tomorrow=True"])
def test_a_mark_that_is_none_is_refused(pytester: pytest.Pytester, mark: str) -> None:
    """It would be a limit that does not hold."""
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.timeout({mark})
        def test_it(): ...
        """
    )
    result = pytester.runpytest_subprocess(*FASTTEST)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*test_it: mark timeout: *"])


@pytest.mark.slow
def test_nothing_starts_when_the_sessions_time_is_over(
    pytester: pytest.Pytester,
) -> None:
    """What is in flight then comes to its end."""
    pytester.makepyfile(
        """
        import asyncio, pytest, time

        @pytest.mark.asyncio
        async def test_in_flight():
            await asyncio.sleep(0.4)

        def test_long():
            time.sleep(0.3)

        @pytest.mark.parametrize("n", range(5))
        def test_not_run(n): ...
        """
    )
    result = pytester.runpytest_subprocess(*FASTTEST, "--session-timeout=0.2")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["!* session-timeout: 0.2 sec exceeded !*"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("way", "args"),
    [
        ("catch_everything()", ()),
        ("catch_everything()", ("--maxfail=5",)),
        # Runs alone, by pytest's own protocol.
        ("hear_nothing()", ("-k", "not waits")),
        ("hear_nothing()", ("-k", "not waits", "--concurrency=1")),
    ],
)
def test_a_test_that_holds_the_thread_ends_the_run(
    pytester: pytest.Pytester, way: str, args: tuple[str, ...]
) -> None:
    """All that is known is reported, in the file as well; and the run is red."""
    pytester.makepyfile(HOLDS_THE_THREAD.replace("HOLD_ON", way))
    result = pytester.runpytest_subprocess(
        *FASTTEST, *args, "--timeout-grace=0.2", "--junitxml=report.xml", timeout=30
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "fasttest: test_*.py::test_holds_on holds up the run, at",
            "* in test_holds_on",
            "    time.sleep(20)",
        ]
    )
    report = (pytester.path / "report.xml").read_text()
    assert 'name="test_fine"' in report
    assert "for a reason" in report
    assert "The test did not end after its time limit." in report
    result.stdout.fnmatch_lines(
        [
            "!* test_*::test_holds_on did not end, and the run with it !*",
            *([] if "-k" in args else ["No outcome of:", "  *::test_waits"]),
            "Not torn down:",
            "  file of *::test_holds_on",
            "  server (module)",
        ]
    )
    result.stdout.no_fnmatch_line("*value of*")


@pytest.mark.slow
@pytest.mark.parametrize("what", ["time.sleep(20)", "asyncio.run(asyncio.sleep(20))"])
def test_the_method_thread_ends_the_run(pytester: pytest.Pytester, what: str) -> None:
    """As it does with pytest-timeout, though here with a report."""
    pytester.makepyfile(
        f"""
        import asyncio, time

        def test_fine(): ...

        def test_too_long():
            {what}
        """
    )
    result = pytester.runpytest_subprocess(
        *FASTTEST, "--timeout=0.1", "--timeout-method=thread", timeout=30
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=1, failed=1)
