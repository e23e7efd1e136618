"""All private names of pytest that fasttest uses, in one place.

Checked against pytest 8.2, 8.4, 9.0 and 9.2. ``check`` is called at start: where a name
is missing, the run says which, instead of failing in the middle.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import operator
import os
import pathlib
import types
import warnings
from typing import TYPE_CHECKING, Any, TextIO, TypeGuard, cast

import pytest
from _pytest import (
    assertion,
    doctest,
    faulthandler,
    fixtures,
    monkeypatch,
    nodes,
    python,
    runner,
    skipping,
    threadexception,
    unittest,
    unraisableexception,
)
from _pytest import logging as pytest_logging
from _pytest.assertion import util as assertion_util
from _pytest.config import parse_warning_filter
from _pytest.scope import Scope
from _pytest.warnings import catch_warnings_for_item

if TYPE_CHECKING:
    import contextvars
    import logging
    from collections import deque
    from collections.abc import (
        Callable,
        Generator,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )

    from _pytest.capture import CaptureManager
    from _pytest.fixtures import FixtureDef, FixtureRequest, SubRequest, TopRequest
    from _pytest.logging import LoggingPlugin

__all__ = ["CallInfo", "Scope", "SetupState", "resolve_fixture_function"]

SetupState = runner.SetupState
CallInfo = runner.CallInfo
resolve_fixture_function = fixtures.resolve_fixture_function
_NOTSET: Any = fixtures.NOTSET  # type: ignore[attr-defined]

# Before pytest 9.1 it was a name of its own.
_UNPATCHED: Any = getattr(monkeypatch, "notset", _NOTSET)

# pytest 9.1 moved the call of this hook from FixtureDef.finish to FixtureDef.execute.
_FINISH_CALLS_HOOK = (
    "pytest_fixture_post_finalizer" in fixtures.FixtureDef.finish.__code__.co_names
)


def is_direct_parameter(definition: FixtureDef[Any]) -> bool:
    """Whether it is the pseudo fixture of a directly parametrized argument."""
    return definition.func is python.get_direct_param_fixture_func


def fixture_info(item: pytest.Item) -> fixtures.FuncFixtureInfo | None:
    """The fixtures an item asks for, or None for an item without fixtures."""
    return getattr(item, "_fixtureinfo", None)


def argument_names(item: pytest.Item) -> Sequence[str]:
    """The names of the fixtures which a test's function takes as arguments."""
    names: Sequence[str] = item._fixtureinfo.argnames  # type: ignore[attr-defined]
    return names


def definitions_of(
    item: pytest.Item,
) -> Mapping[str, Sequence[fixtures.FixtureDef[Any]]]:
    """The fixtures which a test asked for by name, the closest definition last."""
    info = fixture_info(item)
    return {} if info is None else info.name2fixturedefs


def parameters(item: pytest.Item) -> Mapping[str, Any]:
    """The parameters of an item by argument name."""
    callspec = getattr(item, "callspec", None)
    return {} if callspec is None else callspec.params


def parameter_scopes(item: pytest.Item) -> Mapping[str, Scope]:
    """The scopes of an item's parameters by argument name."""
    callspec = getattr(item, "callspec", None)
    return {} if callspec is None else callspec._arg2scope


def parameter_index(item: pytest.Item, argname: str) -> int:
    """The index of an item's parameter within its parametrization."""
    index: int = item.callspec.indices[argname]  # type: ignore[attr-defined]
    return index


def scope_of(definition: FixtureDef[Any]) -> Scope:
    """The scope of a fixture as pytest's ordered enumeration."""
    return definition._scope


def package_of(item: pytest.Item, definition: FixtureDef[Any]) -> nodes.Node | None:
    """The node in which a package-scoped fixture lives for this item."""
    return fixtures.get_scope_package(item, definition)


def sets_up(collector: nodes.Node) -> bool:
    """Whether a collector does something in its own ``setup`` or ``teardown``."""
    kind = type(collector)
    return (
        kind.setup is not nodes.Node.setup or kind.teardown is not nodes.Node.teardown
    )


def sets_up_itself(item: pytest.Item) -> bool:
    """Whether an item's class has a ``setup`` that is not pytest's.

    What it does before it calls ``Function.setup`` precedes the item's fixtures.
    """
    for kind in type(item).__mro__:
        if "setup" in vars(kind):
            return kind.__module__.partition(".")[0] != "_pytest"
    return False


def request_of(item: pytest.Item) -> TopRequest:
    """An item's own request."""
    request: TopRequest = item._request  # type: ignore[attr-defined]
    return request


def new_request(item: pytest.Item) -> None:
    """Give an item a fresh request and no arguments, as before its first run."""
    if not item._request:  # type: ignore[attr-defined]
        item._initrequest()  # type: ignore[attr-defined]


def drop_request(item: pytest.Item) -> None:
    """Let go of an item's fixture values after its run, as pytest does."""
    if hasattr(item, "_request"):
        item._request = False
        item.funcargs = None  # type: ignore[attr-defined]


def active_fixtures(request: FixtureRequest) -> dict[str, FixtureDef[Any]]:
    """The fixtures which have a value for this request, by name; live."""
    return request._fixture_defs


def route_definitions(
    request: TopRequest, definitions: Mapping[str, Sequence[FixtureDef[Any]]]
) -> None:
    """Let a request find its fixture definitions in ``definitions``."""
    request._arg2fixturedefs = definitions  # type: ignore[misc]


def visible_definitions(
    item: pytest.Item, argname: str
) -> Sequence[FixtureDef[Any]] | None:
    """The definitions of a fixture which an item sees, the closest last."""
    manager = item.session._fixturemanager
    return manager.getfixturedefs(argname, item)


def all_definitions(session: pytest.Session) -> Iterator[FixtureDef[Any]]:
    """Every fixture of a session, whoever may see it."""
    manager: Any = session._fixturemanager
    if hasattr(manager, "_arg2fixturedefs"):  # before pytest 9.1
        places = [manager._arg2fixturedefs]
    else:
        places = [
            *manager._arg2node2fixturedefs.values(),
            *manager._arg2nodeid2fixturedefs.values(),
        ]
    for place in places:
        for definitions in place.values():
            yield from definitions


@contextlib.contextmanager
def definitions_in_use(
    session: pytest.Session,
    in_use: Callable[[str, object], Sequence[FixtureDef[Any]] | None],
) -> Iterator[None]:
    """Have the definitions looked up by a name and an item that are ``in_use`` there.

    Plugins keep what they know of a fixture by its definition, and look it up so.
    """
    manager: Any = session._fixturemanager
    stock = manager.getfixturedefs

    def look_up(argname: str, node: object) -> Sequence[FixtureDef[Any]] | None:
        found: Sequence[FixtureDef[Any]] | None = in_use(argname, node)
        return stock(argname, node) if found is None else found

    manager.getfixturedefs = look_up
    try:
        yield
    finally:
        del manager.getfixturedefs


def sub_request(
    parent: FixtureRequest, scope: Scope, definition: FixtureDef[Any], argname: str
) -> SubRequest:
    """The request with which ``definition`` is set up on behalf of ``parent``."""
    item = parent._pyfuncitem
    params = parameters(item)
    if argname in params:
        param, index = params[argname], parameter_index(item, argname)
    else:
        param, index = _NOTSET, 0
    return fixtures.SubRequest(parent, scope, param, index, definition, _ispytest=True)


def check_scope(request: SubRequest, dependency: FixtureDef[Any]) -> None:
    """Fail as pytest does if ``dependency`` is too narrow for ``request``."""
    request._check_scope(dependency, dependency._scope)


def parent_request(request: SubRequest) -> FixtureRequest:
    """The request of the fixture or test which asked."""
    return request._parent_request


def request_definition(request: FixtureRequest) -> FixtureDef[Any] | None:
    """The definition a request was made for; None for a test's own request."""
    return getattr(request, "_fixturedef", None)


def active_definition(request: FixtureRequest, argname: str) -> FixtureDef[Any]:
    """Have a fixture's value made, if it is not, and return its definition."""
    return request._get_active_fixturedef(argname)


def copy_definition(
    definition: FixtureDef[Any], kind: type[FixtureDef[Any]]
) -> FixtureDef[Any]:
    """A definition of class ``kind`` with no value and no finalizers of its own."""
    new = kind.__new__(kind)
    new.__dict__.update(definition.__dict__)
    new.cached_result = None
    new._finalizers = copy.copy(definition._finalizers)  # type: ignore[misc]
    new._finalizers.clear()
    return new


def renamed_definition(
    definition: FixtureDef[Any],
    argname: str,
    function: Callable[..., Any],
    scope: Scope,
) -> FixtureDef[Any]:
    """A definition of another fixture, for the same tests."""
    new = copy_definition(definition, fixtures.FixtureDef)
    vars(new).update(argname=argname, func=function, _scope=scope)
    return new


def announce_finalizer(definition: FixtureDef[Any], request: SubRequest) -> None:
    """Have ``pytest_fixture_post_finalizer`` called when ``definition`` is finished."""
    if not _FINISH_CALLS_HOOK:
        definition.addfinalizer(
            lambda: request.node.ihook.pytest_fixture_post_finalizer(
                fixturedef=definition, request=request
            )
        )


def has_finalizers(definition: FixtureDef[Any]) -> bool:
    """Whether anything is to be done when ``definition`` is finished."""
    return bool(definition._finalizers)


def has_teardown(definition: FixtureDef[Any]) -> bool:
    """Whether anything is to be done when a fixture that is set up ends."""
    return len(definition._finalizers) > (not _FINISH_CALLS_HOOK)


def set_setup_state(session: pytest.Session, state: SetupState) -> SetupState:
    """Replace the session's set-up state; returns the former."""
    former = session._setupstate
    session._setupstate = state
    return former


def push(
    state: SetupState,
    node: nodes.Node,
    failure: tuple[BaseException, types.TracebackType | None] | None = None,
    finalizers: Sequence[Callable[[], object]] = (),
) -> None:
    """Put a node on the stack of those that are set up, as if it had been."""
    state.stack[node] = (list(finalizers), failure)  # type: ignore[assignment]


def is_interactive(call: pytest.CallInfo[Any], report: pytest.TestReport) -> bool:
    """Whether ``pytest_exception_interact`` is called for this outcome."""
    return runner.check_interactive_exception(call, report)


def capture_manager(config: pytest.Config) -> CaptureManager | None:
    """The capturing, or None where it is turned off."""
    manager: CaptureManager | None = config.pluginmanager.getplugin("capturemanager")
    return manager


def set_current_test(item: pytest.Item | None, when: str | None) -> None:
    """Set ``PYTEST_CURRENT_TEST`` as pytest does."""
    if item is not None:
        runner._update_current_test_var(item, when)  # type: ignore[arg-type]


def catch_warnings_for_run(session: pytest.Session) -> Any:
    """Context manager: the configured warning filters, as pytest sets them per test."""
    return catch_warnings_for_item(
        config=session.config, ihook=session.config.hook, when="runtest", item=None
    )


def route_warnings(receive: Callable[[warnings.WarningMessage], None]) -> None:
    """Hand each shown warning to ``receive``, until the filters are restored."""
    warnings._showwarnmsg_impl = receive  # type: ignore[attr-defined]


def record_warning(
    session: pytest.Session, message: warnings.WarningMessage, nodeid: str
) -> None:
    """Tell pytest's reporters of a warning; ``nodeid`` is "" if it is no test's."""
    session.config.hook.pytest_warning_recorded.call_historic(
        kwargs={
            "warning_message": message,
            "nodeid": nodeid,
            "when": "runtest",
            "location": None,
        }
    )


@contextlib.contextmanager
def comparisons(
    config: pytest.Config, explain: Callable[[str, object, object], str | None]
) -> Iterator[None]:
    """Have ``explain`` explain failed comparisons in rewritten assertions meanwhile."""
    former = assertion_util._reprcompare, assertion_util._config
    assertion_util._reprcompare, assertion_util._config = explain, config
    try:
        yield
    finally:
        assertion_util._reprcompare, assertion_util._config = former


def comparison_of(item: pytest.Item) -> Callable[[str, object, object], str | None]:
    """What pytest would set to explain ``item``'s failed comparisons."""
    former = assertion_util._reprcompare, assertion_util._config
    protocol = cast("Generator[None]", assertion.pytest_runtest_protocol(item))
    next(protocol)
    explain = assertion_util._reprcompare
    protocol.close()
    assertion_util._reprcompare, assertion_util._config = former
    assert explain is not None
    return explain


def logging_plugin(config: pytest.Config) -> LoggingPlugin | None:
    """The logging plugin, or None where it is turned off."""
    plugin: LoggingPlugin | None = config.pluginmanager.get_plugin("logging-plugin")
    return plugin


def root_handler(plugin: LoggingPlugin, handler: logging.Handler) -> Any:
    """Context manager: ``handler`` gets what pytest's own handlers would get."""
    return pytest_logging.catching_logs(handler, level=plugin.log_level)


def log_capture_handler(formatter: logging.Formatter) -> logging.StreamHandler[Any]:
    """A handler which formats records into a string, as pytest's does."""
    handler = pytest_logging.LogCaptureHandler()
    handler.setFormatter(formatter)
    return handler


def faulthandler_timeout(config: pytest.Config) -> tuple[float, bool, int] | None:
    """After how long pytest shows the stacks of a test, and where.

    Returns:
        Seconds, whether the process ends then, and the descriptor to write to; None
        if it never does.
    """
    stderr = config.stash.get(faulthandler.fault_handler_stderr_fd_key, None)
    if stderr is None:
        return None
    seconds = faulthandler.get_timeout_config_value(config)
    # New in pytest 9.
    exits = getattr(faulthandler, "get_exit_on_timeout_config_value", lambda _: False)
    return (seconds, exits(config), stderr) if seconds > 0 else None


def logs_live(config: pytest.Config) -> bool:
    """Whether log records are to be shown while tests run."""
    plugin = logging_plugin(config)
    return plugin is not None and plugin._log_cli_enabled()


@contextlib.contextmanager
def past_capture(capture: CaptureManager) -> Iterator[dict[str, TextIO]]:
    """Streams to where output would go if it were not captured, by their names."""
    capturing = capture._global_capturing
    with contextlib.ExitStack() as stack:
        streams = {}
        for name in ("stdout", "stderr"):
            stream: Any = getattr(capturing, name.removeprefix("std"), None)
            file = getattr(getattr(stream, "syscapture", stream), "_old", None)
            saved = getattr(stream, "targetfd_save", None)
            if saved is not None and file is not None:
                file.flush()
                file = stack.enter_context(
                    open(
                        os.dup(saved),
                        "w",
                        encoding=file.encoding,
                        errors=file.errors,
                        buffering=1,
                    )
                )
            if file is not None:
                streams[name] = file
        yield streams


@contextlib.contextmanager
def terminal_to(config: pytest.Config, file: TextIO | None) -> Iterator[None]:
    """Let pytest's terminal reporter write to a file, if there are both.

    Of itself pytest suspends capturing whenever it reports, which moves file
    descriptors; done for each test that would cost more than many a test.
    """
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or file is None:
        yield
        return
    writer = reporter._tw
    former = writer._file
    former.flush()
    writer._file = file
    try:
        yield
    finally:
        writer._file = former


def leave_files_alone(session: pytest.Session, folder: str) -> None:
    """In a forked process, write to none of the files which the other one writes to.

    Args:
        session: The session.
        folder: Where its temporary directories are to be.
    """
    config = session.config
    capture = capture_manager(config)
    if capture is not None:
        capture.suspend_global_capture(in_=True)
        capture.read_global_capture()
        capture.stop_global_capturing()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
    if capture is not None:
        capture.start_global_capturing()
        capture.suspend_global_capture(in_=False)
    logging_ = logging_plugin(config)
    if logging_ is not None:
        logging_.set_log_path(os.devnull)
    factory: Any = getattr(config, "_tmp_path_factory", None)
    if factory is not None:
        factory._basetemp = pathlib.Path(folder).resolve()


def output_check(capture: CaptureManager) -> Callable[[], bool]:
    """What says whether anything was captured since it was last read.

    It holds for as long as the capture does; it is asked after each test.
    """
    capturing = capture._global_capturing
    streams = () if capturing is None else (capturing.out, capturing.err)
    files = [file for each in streams if (file := getattr(each, "tmpfile", None))]
    try:
        descriptors = [file.fileno() for file in files]
    except (OSError, ValueError):
        return lambda: any(file.tell() for file in files)
    return lambda: any([os.lseek(each, 0, os.SEEK_CUR) for each in descriptors])


def queues_unraisable() -> bool:
    """Whether pytest queues errors in finalizers and threads, as it does from 8.4 on.

    Before, each phase replaces the process's hooks for such errors and puts them back,
    which only works for one test at a time.
    """
    return hasattr(unraisableexception, "collect_unraisable") and hasattr(
        threadexception, "collect_thread_exception"
    )


def note_unraisable(error: Any, queue: deque[Any]) -> None:
    """Queue what ``sys.unraisablehook`` was called with."""
    unraisableexception.unraisable_hook(error, append=queue.append)


def note_thread_exception(error: Any, queue: deque[Any]) -> None:
    """Queue what ``threading.excepthook`` was called with."""
    threadexception.thread_exception_hook(error, append=queue.append)


def hand_back_unraisable(
    config: pytest.Config, finalizers: deque[Any], threads: deque[Any]
) -> None:
    """Leave queued errors to pytest, which warns of them at the session's end."""
    for key, queue in zip(_unraisable_keys(), (finalizers, threads), strict=True):
        if key in config.stash:
            config.stash[key].extend(queue)
        queue.clear()


def _unraisable_keys() -> tuple[Any, Any]:
    return (
        unraisableexception.unraisable_exceptions,
        threadexception.thread_exceptions,
    )


def collect_unraisable(
    config: pytest.Config, finalizers: deque[Any], threads: deque[Any]
) -> None:
    """Warn of queued errors; raises if the filters make the warnings errors."""
    stash = config.stash
    keys = _unraisable_keys()
    former = [stash.get(key, None) for key in keys]
    stash[keys[0]], stash[keys[1]] = finalizers, threads
    try:
        unraisableexception.collect_unraisable(config)
        threadexception.collect_thread_exception(config)
    finally:
        for key, queue in zip(keys, former, strict=True):
            if queue is None:
                del stash[key]
            else:
                stash[key] = queue


def failure_of(definition: fixtures.FixtureDef[Any]) -> BaseException | None:
    """What the set-up of a definition raised, None if it has a value."""
    result = definition.cached_result
    assert result is not None
    failure = result[2]
    if isinstance(failure, tuple):  # from pytest 8.3 on, with the traceback
        return failure[0].with_traceback(failure[1])
    return failure


def call_function(item: pytest.Function) -> None:
    """Call a test function with its arguments, by pytest's own implementation."""
    python.pytest_pyfunc_call(item)


def ended_call(
    when: Any, start: float, duration: float, error: BaseException | None = None
) -> pytest.CallInfo[Any]:
    """The call of a phase that passed, or raised ``error``; times in seconds."""
    return runner.CallInfo(
        None,
        None if error is None else pytest.ExceptionInfo.from_exception(error),
        start=start,
        stop=start + duration,
        duration=duration,
        when=when,
        _ispytest=True,
    )


def may_end_otherwise(
    item: pytest.Item, report: pytest.TestReport, call: pytest.CallInfo[Any] | None
) -> bool:
    """Whether a phase was skipped while it ran, or failed as it has to.

    What marks say before anything runs is the same in any company, and so is a test
    that may fail: pytest is content with either.
    """
    if not report.skipped or call is None or call.excinfo is None:
        return False
    error = call.excinfo.value
    if isinstance(error, pytest.skip.Exception):
        return not error._use_item_location
    if isinstance(error, pytest.xfail.Exception):
        return not str(getattr(report, "wasxfail", "")).startswith("reason: [NOTRUN]")
    xfailed = item.stash.get(skipping.xfailed_key, None)
    return xfailed is not None and xfailed.strict


def passed_report(
    item: pytest.Item,
    location: tuple[str, int | None, str],
    duration: float,
    start: float,
) -> pytest.TestReport:
    """The report of a call that passed, for listeners which read no keywords."""
    return pytest.TestReport(
        _key_of(item),
        location,
        {},
        "passed",
        None,
        "call",
        duration=duration,
        start=start,
        stop=start + duration,
    )


def is_status_pytests_own(config: pytest.Config) -> bool:
    """Whether only pytest itself says how reports are shown.

    Then all calls that passed, of tests without sub-tests, are shown alike.
    """
    return all(
        implementation.function.__module__.startswith("_pytest.")
        for implementation in config.hook.pytest_report_teststatus.get_hookimpls()
    )


def tell_passed(
    terminal: pytest.TerminalReporter,
    reports: Sequence[pytest.TestReport],
    status: tuple[str, str, Any],
) -> None:
    """Have the terminal show reports of calls that passed, as if one by one.

    Asking a hook for the status of each, drawing letter by letter and flushing is most
    of what the terminal takes for a test.

    Args:
        terminal: pytest's own.
        reports: The reports, in their order.
        status: What ``pytest_report_teststatus`` says of each of them.
    """
    hooks: Any = terminal.config.hook
    writer: Any = terminal._tw
    former = hooks.pytest_report_teststatus
    category, letter, word = status
    in_letters = not terminal.showlongtestinfo and len(letter) == 1
    writer.flush = _do_nothing
    try:
        for _, in_file in itertools.groupby(reports, _path_of):
            rest = list(in_file)
            while rest:
                terminal.pytest_runtest_logstart(rest[0].nodeid, rest[0].location)
                number = min(len(rest), _room(terminal)) if in_letters else 1
                *others, last = rest[:number]
                terminal._progress_nodeids_reported.update(map(_key_of, others))
                terminal._add_stats(category, others)
                shown = category, letter * number, word
                hooks.pytest_report_teststatus = lambda shown=shown, **_: shown
                terminal.pytest_runtest_logreport(last)
                del rest[:number]
    finally:
        hooks.pytest_report_teststatus = former
        del writer.flush
        writer.flush()


def _do_nothing() -> None:
    pass


# What the terminal counts a report by, and reports are made of: an object from 9.2 on,
# of which ``nodeid`` makes a text at each call.
_key_of = operator.attrgetter("id" if hasattr(pytest.TestReport, "id") else "nodeid")


def _path_of(report: pytest.TestReport) -> object:
    """Where the test is, for the terminal; the same object or text in each file."""
    key = _key_of(report)
    return key.partition("::")[0] if isinstance(key, str) else key.path


def _room(terminal: pytest.TerminalReporter) -> int:
    """How many letters can be written before the terminal has to look at the margin."""
    tests = getattr(terminal._session, "testscollected", 0)
    # The widest of what it shows at the end of a line, and the space before it.
    progress = max(len(f" [{tests}/{tests}]"), len(" 99h 59m")) + 1
    return max(terminal._screen_width - terminal._width_of_current_line - progress, 1)


def deserialized(
    config: pytest.Config, reports: Iterable[dict[str, Any]]
) -> list[pytest.TestReport]:
    """The reports which ``pytest_report_to_serializable`` has made dictionaries of."""
    return [
        config.hook.pytest_report_from_serializable(config=config, data=report)
        for report in reports
    ]


def last_failed(config: pytest.Config) -> bool:
    """Whether failures of the last run are remembered, which passing tests end."""
    plugin = config.pluginmanager.get_plugin("lfplugin")
    return bool(plugin is not None and plugin.lastfailed)


def sort_summaries(session: pytest.Session) -> None:
    """Put the reports which the terminal sums up into the order of collection."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    places = {item.nodeid: place for place, item in enumerate(session.items)}
    for category, reports in reporter.stats.items():
        if category:  # passed phases are only counted
            reports.sort(key=lambda r: places.get(getattr(r, "nodeid", ""), -1))


def _argument_names(
    function: Any, *, name: str = "", cls: type | None = None
) -> tuple[str, ...]:
    """What ``getfuncargnames`` returns, the quick way for plain functions.

    The signature is the greatest single cost of collecting a simple test.
    """
    if (
        cls is not None
        or type(function) is not types.FunctionType
        or function.__dict__
        or function.__code__.co_posonlyargcount
    ):
        stock: tuple[str, ...] = _stock_argument_names(function, name=name, cls=cls)
        return stock
    code = function.__code__
    count = code.co_argcount - len(function.__defaults__ or ())
    names = code.co_varnames[:count]
    if code.co_kwonlyargcount:
        optional = function.__kwdefaults__ or {}
        first = code.co_argcount
        keywords = code.co_varnames[first : first + code.co_kwonlyargcount]
        names += tuple(each for each in keywords if each not in optional)
    return names


_stock_argument_names: Any = fixtures.getfuncargnames  # type: ignore[attr-defined]


@contextlib.contextmanager
def quick_argument_names() -> Iterator[None]:
    """Let pytest look up the arguments of plain functions the quick way meanwhile."""
    fixtures.getfuncargnames = _argument_names  # type: ignore[attr-defined]
    try:
        yield
    finally:
        fixtures.getfuncargnames = _stock_argument_names  # type: ignore[attr-defined]


def patched_attributes(patch: pytest.MonkeyPatch) -> list[tuple[Any, str, Any]]:
    """Owner, name and former value of the attributes which ``patch`` has changed."""
    return patch._setattr


def patched_items(patch: pytest.MonkeyPatch) -> list[tuple[Any, Any, Any]]:
    """Mapping, key and former value of the items which ``patch`` has changed."""
    return patch._setitem


def was_set(value: object) -> bool:
    """Whether a former value in the lists of a ``MonkeyPatch`` is one."""
    return value is not _UNPATCHED


def caplog_handler(item: pytest.Item) -> pytest_logging.LogCaptureHandler:
    """Give an item the handler and the records which its ``caplog`` reads."""
    handler = pytest_logging.LogCaptureHandler()
    item.stash[pytest_logging.caplog_handler_key] = handler
    item.stash[pytest_logging.caplog_records_key] = {}
    return handler


def begin_caplog_phase(item: pytest.Item, when: Any) -> None:
    """Have an item's ``caplog`` begin a phase with no records."""
    handler = item.stash[pytest_logging.caplog_handler_key]
    handler.reset()
    item.stash[pytest_logging.caplog_records_key][when] = handler.records


def end_caplog(item: pytest.Item) -> None:
    """Take the handler and the records away again."""
    del item.stash[pytest_logging.caplog_handler_key]
    del item.stash[pytest_logging.caplog_records_key]


@contextlib.contextmanager
def filters_of_marks(item: pytest.Item) -> Iterator[None]:
    """The item's own warnings filters, as its marks say, inside those of the run."""
    with warnings.catch_warnings():
        for mark in item.iter_markers(name="filterwarnings"):
            for argument in mark.args:
                parsed = parse_warning_filter(argument, escape=False)
                warnings.filterwarnings(*parsed)
        yield


def forget_sections(item: pytest.Item) -> None:
    """Drop what a former run of the item added to its report."""


# What pytest renews for a further run of an item, and what ``forget_run`` clears.
RUN_ATTRIBUTES = frozenset(
    {
        "_instance",
        "_obj",
        "_report_sections",
        "_request",
        "funcargs",
        "user_properties",
    }
)


def is_test_case(item: pytest.Item) -> TypeGuard[pytest.Function]:
    """Whether an item is a test of a ``unittest.TestCase``, as pytest makes them."""
    return type(item) is unittest.TestCaseFunction


def is_doctest(item: pytest.Item) -> TypeGuard[doctest.DoctestItem]:
    """Whether an item is a doctest, as pytest makes them."""
    return type(item) is doctest.DoctestItem


def context_of_case(item: pytest.Function) -> contextvars.Context | None:
    """The context in which an ``IsolatedAsyncioTestCase`` runs all its parts.

    From Python 3.11 on it is copied when the case is made, which is at collection.
    """
    return getattr(item.instance, "_asyncioTestContext", None)


def forget_run(item: pytest.Item, collected_in: contextvars.Context) -> None:
    """Drop what a former run of the item added to its report, and renew its test case.

    Args:
        item: The item.
        collected_in: The context in which test cases are made.
    """
    item._report_sections.clear()
    item.user_properties.clear()
    if is_test_case(item):
        # The first pytest 8.2 leaves None there, with which it cannot run again.
        vars(item).pop("_instance", None)
        vars(item).pop("_obj", None)
        collected_in.copy().run(getattr, item, "instance")
