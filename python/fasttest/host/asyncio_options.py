"""pytest-asyncio's options and ini values: names, values, errors and header line."""

from __future__ import annotations

import enum
import warnings
from contextlib import suppress
from typing import Any, Literal, TypeAlias

import pytest

ScopeName: TypeAlias = Literal["function", "class", "module", "package", "session"]

SCOPES: tuple[ScopeName, ...] = ("function", "class", "module", "package", "session")

# The name under which pytest-asyncio's plugin is known, and ours in its place.
PLUGIN_NAME = "asyncio"

# The value of asyncio_default_fixture_loop_scope that asks for the fixture's own scope.
_FIXTURE_SCOPE = "fixture-scope"

_FIXTURE_LOOP_SCOPE_UNSET = """\
The configuration option "asyncio_default_fixture_loop_scope" is unset.
The event loop scope for asynchronous fixtures will default to the fixture scope. \
Future versions of pytest-asyncio will default the loop scope for asynchronous \
fixtures to "function" scope. Set the default fixture loop scope explicitly in order \
to avoid unexpected behavior in the future. Valid fixture loop scopes are: \
"function", "class", "module", "package", "session". Set it to "fixture-scope" to \
keep the current behavior.
"""


class Mode(str, enum.Enum):
    """Which async functions are taken up: the marked ones only, or all."""

    AUTO = "auto"
    STRICT = "strict"


def add_options(parser: pytest.Parser) -> None:
    """Add the options and ini values of pytest-asyncio 1.5."""
    group = parser.getgroup("asyncio")
    # The options are there already if pytest-asyncio's plugin was loaded first.
    with suppress(ValueError):
        group.addoption(
            "--asyncio-mode",
            dest="asyncio_mode",
            default=None,
            metavar="MODE",
            help="'auto': take up all async functions; "
            "'strict': only those marked for asyncio",
        )
    with suppress(ValueError):
        group.addoption(
            "--asyncio-debug",
            dest="asyncio_debug",
            action="store_true",
            default=None,
            help="run the event loops in asyncio's debug mode",
        )
    parser.addini("asyncio_mode", "default of --asyncio-mode", default="strict")
    parser.addini(
        "asyncio_debug", "default of --asyncio-debug", type="bool", default="false"
    )
    parser.addini(
        "asyncio_default_fixture_loop_scope",
        "scope of the event loop in which async fixtures run",
        type="string",
        default=None,
    )
    parser.addini(
        "asyncio_default_test_loop_scope",
        "scope of the event loop in which async tests run",
        type="string",
        default="function",
    )


def is_active(config: pytest.Config) -> bool:
    """Whether the dialect is spoken: not after ``-p no:asyncio``.

    Nor by an old version of pytest-asyncio, which has kept its place.
    """
    plugin = config.pluginmanager.get_plugin(PLUGIN_NAME)
    return getattr(plugin, "__name__", "").startswith("fasttest.")


def mode(config: pytest.Config) -> Mode:
    """The mode in force.

    Raises:
        pytest.UsageError: The value is not a mode; as in pytest-asyncio this is found
            where the mode is first needed, not at start.
    """
    value = _option_or_ini(config, "asyncio_mode")
    try:
        return Mode(value)
    except ValueError as error:
        modes = ", ".join(mode.value for mode in Mode)
        raise pytest.UsageError(
            f"{value!r} is not a valid asyncio_mode. Valid modes: {modes}."
        ) from error


def debug(config: pytest.Config) -> bool:
    """Whether event loops run in debug mode."""
    value = _option_or_ini(config, "asyncio_debug")
    return value is True or value == "true"


def default_test_loop_scope(config: pytest.Config) -> ScopeName:
    """The loop scope of tests whose mark names none."""
    scope: ScopeName = config.getini("asyncio_default_test_loop_scope")
    return scope


def default_fixture_loop_scope(config: pytest.Config) -> ScopeName | None:
    """The loop scope of fixtures that name none; None for the fixture's own scope."""
    scope = config.getini("asyncio_default_fixture_loop_scope")
    return None if scope == _FIXTURE_SCOPE else scope or None


def check_fixture_loop_scope(config: pytest.Config) -> None:
    """Raise a usage error if the default loop scope of fixtures is no scope."""
    if config.getini("asyncio_default_fixture_loop_scope") != _FIXTURE_SCOPE:
        _check_scope(config, "asyncio_default_fixture_loop_scope")


def check_test_loop_scope(config: pytest.Config) -> None:
    """Raise a usage error if the default loop scope of tests is no scope."""
    _check_scope(config, "asyncio_default_test_loop_scope")


def warn_of_unset_scope(config: pytest.Config) -> None:
    """Warn as pytest-asyncio does when the fixtures' loop scope is not configured."""
    if not config.getini("asyncio_default_fixture_loop_scope"):
        warnings.warn(
            pytest.PytestDeprecationWarning(_FIXTURE_LOOP_SCOPE_UNSET), stacklevel=1
        )


def header(config: pytest.Config) -> str:
    """The line that pytest-asyncio prints in the report's header."""
    fixture_scope = config.getini("asyncio_default_fixture_loop_scope")
    return (
        f"asyncio: mode={mode(config)}, debug={debug(config)}, "
        f"asyncio_default_fixture_loop_scope={fixture_scope}, "
        f"asyncio_default_test_loop_scope={default_test_loop_scope(config)}"
    )


def _option_or_ini(config: pytest.Config, name: str) -> Any:
    value = config.getoption(name)
    return config.getini(name) if value is None else value


def _check_scope(config: pytest.Config, name: str) -> None:
    scope = config.getini(name)
    if scope is not None and scope not in SCOPES:
        raise pytest.UsageError(
            f"{scope!r} is not a valid {name}. Valid scopes are: {', '.join(SCOPES)}."
        )
