"""The options and ini values of pytest-asyncio, their errors and the header line."""

from __future__ import annotations

import pytest

from fasttest.host import asyncio_dialect, asyncio_options

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def suite(dialect: None, pytester: pytest.Pytester) -> None:
    """One async and one sync test, unmarked."""
    pytester.makepyfile("async def test_async(): pass\ndef test_sync(): pass\n")


def ini(pytester: pytest.Pytester, *lines: str) -> None:
    """Write an ini file with a configured loop scope, so that nothing is warned of."""
    pytester.makeini(
        "\n".join(
            ("[pytest]", "asyncio_default_fixture_loop_scope=function", *lines, "")
        )
    )


SCOPES = "Valid scopes are: function, class, module, package, session."


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            "asyncio_mode=legacy",
            "'legacy' is not a valid asyncio_mode. Valid modes: auto, strict.",
        ),
        (
            "asyncio_default_fixture_loop_scope=x",
            f"'x' is not a valid asyncio_default_fixture_loop_scope. {SCOPES}",
        ),
        (
            "asyncio_default_test_loop_scope=fixture-scope",
            f"'fixture-scope' is not a valid asyncio_default_test_loop_scope. {SCOPES}",
        ),
    ],
)
def test_a_bad_value_is_a_usage_error(
    pytester: pytest.Pytester, setting: str, message: str
) -> None:
    """A misspelt setting ends the run with pytest-asyncio's words and exit code 4."""
    name = setting.partition("=")[0]
    first = "asyncio_default_fixture_loop_scope=function\n"
    pytester.makeini(
        f"[pytest]\n{'' if name in first else first}{setting}\n",
    )
    result = pytester.runpytest_inprocess("--collect-only")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{message}"])


def test_the_header_says_what_is_in_force(pytester: pytest.Pytester) -> None:
    """The line is the one pytest-asyncio prints; people paste it into issues."""
    ini(pytester, "asyncio_mode=auto", "asyncio_debug=true")
    result = pytester.runpytest_inprocess("--collect-only")
    # Python 3.10 formats a string enumeration by its value.
    result.stdout.re_match_lines(
        [
            r"asyncio: mode=(Mode\.AUTO|auto), debug=True, "
            "asyncio_default_fixture_loop_scope=function, "
            "asyncio_default_test_loop_scope=function"
        ]
    )


def test_the_command_line_wins_over_the_ini_file(pytester: pytest.Pytester) -> None:
    """``--asyncio-mode`` is for one run and must not need an edit of the ini file."""
    ini(pytester, "asyncio_mode=auto", "asyncio_debug=false")
    config = pytester.parseconfigure("--asyncio-mode=strict", "--asyncio-debug")
    assert asyncio_dialect.mode(config) is asyncio_dialect.Mode.STRICT
    assert asyncio_dialect.debug(config)


def test_the_mode_may_be_set_by_a_conftest(pytester: pytest.Pytester) -> None:
    """Suites set ``config.option.asyncio_mode`` when configured, after our plugin."""
    ini(pytester)
    pytester.makeconftest(
        "def pytest_configure(config): config.option.asyncio_mode = 'auto'"
    )
    result = pytester.runpytest_inprocess("--collect-only", "-m", "asyncio")
    result.stdout.fnmatch_lines(["*<Coroutine test_async>*", "*1/2 tests collected*"])


@pytest.mark.parametrize(
    ("value", "scope"),
    [("fixture-scope", None), ("session", "session")],
)
def test_the_default_loop_scope_of_fixtures(
    pytester: pytest.Pytester, value: str, scope: str | None
) -> None:
    """``fixture-scope`` asks for the scope of each fixture, which is no fixed one."""
    pytester.makeini(f"[pytest]\nasyncio_default_fixture_loop_scope={value}\n")
    config = pytester.parseconfigure()
    assert asyncio_options.default_fixture_loop_scope(config) == scope


def test_the_unset_loop_scope_is_warned_of(pytester: pytest.Pytester) -> None:
    """Where pytest-asyncio is installed, its warning is as visible as before."""
    pytest.importorskip("pytest_asyncio", minversion="0.24")
    pytester.makeini("[pytest]\n")
    with pytest.warns(pytest.PytestDeprecationWarning) as caught:
        pytester.parseconfigure()
    text = str(caught[0].message)
    assert text.startswith(
        'The configuration option "asyncio_default_fixture_loop_scope" is unset.\n'
    )
    assert text.endswith('Set it to "fixture-scope" to keep the current behavior.\n')


def test_the_warning_needs_an_installed_package(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without pytest-asyncio pytest is silent, and a strict filter would be fatal."""
    monkeypatch.setattr(
        "fasttest.host.asyncio_standin.adopt_installed", lambda config: None
    )
    pytester.makeini("[pytest]\nfilterwarnings = error\n")
    assert pytester.runpytest_inprocess("--collect-only").ret == pytest.ExitCode.OK


def test_pytest_asyncio_can_be_turned_off(pytester: pytest.Pytester) -> None:
    """``-p no:asyncio`` means that async functions are not taken up, here as there."""
    pytester.makeini("[pytest]\n")
    result = pytester.runpytest_inprocess("--collect-only", "-p", "no:asyncio")
    result.stdout.fnmatch_lines(["*<Function test_async>*"])
    result.stdout.no_fnmatch_line("asyncio: mode=*")
