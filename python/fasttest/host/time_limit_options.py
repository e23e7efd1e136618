"""pytest-timeout's options, ini values and mark: whose limit is how long."""

from __future__ import annotations

import os
import time
from typing import Any, NamedTuple

import pytest

from fasttest.engine.deadlines import GRACE

PLUGIN = "pytest_timeout"

_MARK = (
    "timeout(timeout, method=None, func_only=False): fail the test, its set-up and "
    "teardown included, if it takes longer than so many seconds; the test alone with "
    "func_only."
)
_METHODS = ("signal", "thread")


class Settings(NamedTuple):
    """The limit of a test.

    Attributes:
        seconds: How long it may take; 0 for no limit.
        method: "signal" if it fails then, "thread" if the process ends; None: the
            former, where possible.
        func_only: Whether set-up and teardown do not count.
        while_debugging: Whether it holds in a debugger as well.
    """

    seconds: float = 0.0
    method: str | None = None
    func_only: bool = False
    while_debugging: bool = False


# Whether limits are served; not if the plugin is kept out, or its option another's.
_served = pytest.StashKey[bool]()
_began = pytest.StashKey[float]()
# What ``settings`` has found.
_default = pytest.StashKey[Settings]()


def has_plugin(config: pytest.Config) -> bool:
    """Whether pytest-timeout is active."""
    plugins = config.pluginmanager.get_plugins()
    return any(getattr(plugin, "__name__", None) == PLUGIN for plugin in plugins)


def serve(config: pytest.Config, parser: pytest.Parser) -> None:
    """Add pytest-timeout's options unless it is there to do so, or is kept out."""
    manager = config.pluginmanager
    if manager.is_blocked("timeout") or manager.is_blocked(PLUGIN):
        config.stash[_served] = False
        return
    config.stash[_served] = True
    if has_plugin(config):
        return
    group = parser.getgroup("timeout", "time limits (fasttest)")
    try:
        group.addoption(
            "--timeout",
            type=float,
            metavar="SECONDS",
            help="time limit for each test; 0 for none",
        )
    except ValueError:
        # A conftest's or plugin's own, and so is whatever else has this name.
        config.stash[_served] = False
        return
    group.addoption(
        "--timeout-method",
        "--timeout_method",
        dest="timeout_method",
        choices=_METHODS,
        help="'signal': the test fails; 'thread': the process ends",
    )
    group.addoption(
        "--timeout-disable-debugger-detection",
        action="store_true",
        help="the limit holds in a debugger as well",
    )
    group.addoption(
        "--session-timeout",
        type=float,
        metavar="SECONDS",
        help="after so many seconds no further test starts",
    )
    parser.addini("timeout", "time limit for each test, in seconds")
    parser.addini("timeout_method", "'signal' or 'thread'")
    parser.addini("timeout_func_only", "as the mark's", type="bool", default=False)
    parser.addini(
        "timeout_disable_debugger_detection",
        "the limit holds in a debugger as well",
        type="bool",
        default=False,
    )
    parser.addini("session_timeout", "after so many seconds no further test starts")


def add_grace(group: Any) -> None:
    """Add fasttest's own option."""
    group.addoption(
        "--timeout-grace",
        type=float,
        default=GRACE,
        metavar="SECONDS",
        help="what a test has to end once its time limit is over; one that neither "
        "ends nor waits ends the run (default: %(default)g)",
    )


def describe(config: pytest.Config) -> None:
    """Make the mark known where the plugin does not; the session begins."""
    config.stash[_began] = time.time()
    if is_served(config) and not has_plugin(config):
        config.addinivalue_line("markers", _MARK)


def is_served(config: pytest.Config) -> bool:
    """Whether tests of this run can have limits."""
    served = config.stash.get(_served, None)
    # Without an answer it is a run whose plugins were handed in, not found.
    return has_plugin(config) if served is None else served


def settings(config: pytest.Config) -> Settings:
    """The limit of tests without a mark, as pytest-timeout finds it.

    Raises:
        pytest.UsageError: If a value is none.
    """
    found = config.stash.get(_default, None)
    if found is None:
        try:
            found = _settings(config) if is_served(config) else Settings()
        except ValueError as error:
            raise pytest.UsageError(f"time limit of the tests: {error}") from None
        config.stash[_default] = found
    return found


def _settings(config: pytest.Config) -> Settings:
    given = config.getoption("timeout", None)
    given = os.environ.get("PYTEST_TIMEOUT") if given is None else given
    given = (config.getini("timeout") or None) if given is None else given
    method = config.getoption("timeout_method", None) or config.getini("timeout_method")
    detection = "timeout_disable_debugger_detection"
    return Settings(
        _seconds(given),
        _method(method or None),
        bool(config.getini("timeout_func_only")),
        bool(config.getoption(detection, None) or config.getini(detection)),
    )


def began(config: pytest.Config) -> float:
    """When the session began, by the system's clock."""
    return config.stash[_began]


def session_seconds(config: pytest.Config) -> float | None:
    """How long the session may take until no further test starts; None: for ever."""
    if not is_served(config):
        return None
    given = config.getoption("session_timeout", None)
    if given is None:
        given = config.getini("session_timeout") or None
    try:
        return None if given is None else _seconds(given)
    except ValueError as error:
        raise pytest.UsageError(f"time limit of the session: {error}") from None


def settings_of(item: pytest.Item, default: Settings) -> Settings:
    """The limit of a test.

    Args:
        item: The test.
        default: What holds unless its mark says otherwise.

    Raises:
        ValueError: If its mark is none of pytest-timeout's.
    """
    mark = item.get_closest_marker("timeout")
    if mark is None:
        return default
    try:
        if not mark.args and not mark.kwargs:
            raise TypeError("at least one argument is needed")
        return default._replace(**_arguments(*mark.args, **mark.kwargs))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{item.nodeid}: mark timeout: {error}") from error


def is_plugins(item: pytest.Item) -> bool:
    """Whether pytest-timeout itself has to limit a test, which then runs alone.

    That is where its way is to end the process, and where a plugin has found another.
    """
    config = item.config
    try:
        limit = settings_of(item, settings(config))
    except ValueError:
        return True
    if limit.seconds <= 0:
        return False
    timers = config.hook.pytest_timeout_set_timer.get_hookimpls()
    return limit.method == "thread" or len(timers) > 1


def _arguments(
    timeout: Any = None, method: Any = None, *, func_only: Any = None
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if timeout is not None:
        found["seconds"] = _seconds(timeout)
    if method is not None:
        found["method"] = _method(method)
    if func_only is not None:
        if not isinstance(func_only, bool):
            raise ValueError(f"func_only={func_only!r} is neither True nor False")
        found["func_only"] = func_only
    return found


def _seconds(given: Any) -> float:
    try:
        return 0.0 if given is None else float(given)
    except (TypeError, ValueError):
        raise ValueError(f"{given!r} is no number of seconds") from None


def _method(given: Any) -> str | None:
    if given is not None and given not in _METHODS:
        raise ValueError(f"{given!r} is none of {', '.join(_METHODS)}")
    return None if given is None else str(given)
