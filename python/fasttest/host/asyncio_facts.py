"""What the engine must know of tests and fixtures: the event loops they run on."""

from __future__ import annotations

import inspect
import os
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from fasttest.host import asyncio_fixtures, asyncio_marks, asyncio_version, private
from fasttest.host import asyncio_options as options
from fasttest.host.asyncio_factories import FACTORY_FIXTURE, LoopFactory
from fasttest.host.asyncio_items import is_async_function, is_async_test
from fasttest.host.asyncio_options import SCOPES, Mode, ScopeName

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

POLICY_FIXTURE = "event_loop_policy"

# Where the dialect's fixtures come from; suites may import them from the latter.
_SHIPPING_MODULES = (asyncio_fixtures.__name__, "pytest_asyncio.plugin")


def test_loop_scope(item: pytest.Item) -> ScopeName | None:
    """The scope of the loop a test runs on; None for a test that runs on none.

    Marks may be added up to the end of collection, so ask after that.
    """
    if not is_async_test(item):
        return None
    mark = asyncio_marks.closest_mark(item)
    if mark is None:
        return options.default_test_loop_scope(item.config)
    return asyncio_marks.loop_scope(mark, item.config)


# pytest would take the name for a test's in modules that import it.
test_loop_scope.__test__ = False  # type: ignore[attr-defined]


def fixture_loop_scope(
    definition: pytest.FixtureDef[Any], config: pytest.Config
) -> ScopeName | None:
    """The scope of the loop a fixture is set up on; None for a fixture of pytest's own.

    Fixtures made by the real ``pytest_asyncio.fixture`` count too. In strict mode an
    async function under ``@pytest.fixture`` is pytest's, which refuses it.
    """
    if not options.is_active(config):
        return None
    function = definition.func
    if not _is_asyncio_fixture(function) and (
        not is_async_function(function) or options.mode(config) is Mode.STRICT
    ):
        return None
    named = getattr(function, "_loop_scope", None)
    if named in SCOPES:
        scope: ScopeName = named
        return scope
    return options.default_fixture_loop_scope(config) or definition.scope


def loop_factory(item: pytest.Item) -> LoopFactory | None:
    """The factory of a test's loops; None for the policy's."""
    factory: LoopFactory | None = private.parameters(item).get(FACTORY_FIXTURE)
    return factory


def check_test(item: pytest.Item) -> None:
    """Fail if a mark is wrong that has not been read at collection.

    That is one added later, or any with an old version of pytest-asyncio.
    """
    if is_async_test(item):
        mark = asyncio_marks.closest_mark(item)
        if mark is None:
            return
        version = asyncio_version.followed(item.config)
        if version >= asyncio_version.MARKS_ARE_READ_AT_COLLECTION:
            asyncio_marks.check_loop_scope(mark, item.nodeid)
        else:
            asyncio_marks.check_at_set_up(mark)


def check_loop_scope(
    definition: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> None:
    """Fail if a fixture would outlive the loop it is set up on.

    Args:
        definition: The fixture about to be set up.
        request: The request it is set up with; its scope is the one that counts.

    Raises:
        pytest.fail.Exception: pytest's error for a scope mismatch.
    """
    scope = fixture_loop_scope(definition, request.config)
    if scope is None:
        return
    named = getattr(definition.func, "_loop_scope", None)
    if named and named not in SCOPES:
        pytest.fail(
            f"fixture {definition.argname!r} has an unexpected loop scope value "
            f"{named!r}. Valid scopes are: {', '.join(SCOPES)}.",
            pytrace=False,
        )
    if SCOPES.index(request.scope) > SCOPES.index(scope):
        stack = "\n".join(
            _location(requester, request) for requester in _requesters(request)
        )
        pytest.fail(
            f"ScopeMismatch: You tried to access the {scope} scoped fixture "
            f"_{scope}_scoped_runner with a {request.scope} scoped request object. "
            f"Requesting fixture stack:\n{stack}\n"
            f"Requested fixture:\nthe event loop of {scope} scope; set loop_scope to "
            f"{request.scope!r} or wider",
            pytrace=False,
        )


def is_loop_factory(definition: pytest.FixtureDef[Any]) -> bool:
    """Whether a fixture is the one by which tests are parametrized by loop factory."""
    return definition.argname == FACTORY_FIXTURE and is_shipped(definition)


def is_shipped(definition: pytest.FixtureDef[Any]) -> bool:
    """Whether a fixture is one of the dialect's own, not a suite's of the same name."""
    return definition.func.__module__ in _SHIPPING_MODULES


def leaves_no_loop(config: pytest.Config) -> bool:
    """Whether there is no current event loop once one was closed."""
    return asyncio_version.followed(config) >= asyncio_version.NO_LOOP_IS_LEFT


def warn_of_policy(
    definition: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> None:
    """Warn if the fixture about to be set up overrides ``event_loop_policy``."""
    if definition.argname != POLICY_FIXTURE or not options.is_active(request.config):
        return
    version = asyncio_version.followed(request.config)
    if version >= asyncio_version.POLICY_IS_DEPRECATED and not is_shipped(definition):
        warnings.warn(
            pytest.PytestDeprecationWarning(
                'Overriding the "event_loop_policy" fixture is deprecated and will be '
                "removed in a future version of pytest-asyncio. Use the "
                '"pytest_asyncio_loop_factories" hook to customize event loop creation.'
            ),
            stacklevel=1,
        )


def warn_before_call(
    item: pytest.Function,
    definitions: Mapping[str, Sequence[pytest.FixtureDef[Any]]],
) -> None:
    """Issue pytest-asyncio's warnings of a test that is about to be called.

    Args:
        item: The test, set up.
        definitions: The fixtures it asked for by name, the closest definition last.
    """
    if not options.is_active(item.config):
        return
    if asyncio_marks.closest_mark(item) is None:
        return
    if not is_async_test(item):
        item.warn(
            pytest.PytestWarning(
                f"The test {item} is marked with '@pytest.mark.asyncio' "
                "but it is not an async function. Please remove the asyncio mark. "
                "If the test is not marked explicitly, "
                "check for global marks applied via 'pytestmark'."
            )
        )
    elif options.mode(item.config) is Mode.STRICT:
        _warn_of_unhandled_fixtures(item, definitions)


def _warn_of_unhandled_fixtures(
    item: pytest.Function,
    definitions: Mapping[str, Sequence[pytest.FixtureDef[Any]]],
) -> None:
    # Reached with pytest < 9.1 only; later ones refuse such a fixture at its set-up.
    for name, candidates in definitions.items():
        function = candidates[-1].func
        if is_async_function(function) and not _is_asyncio_fixture(function):
            warnings.warn(
                pytest.PytestDeprecationWarning(
                    f"asyncio test {item.name!r} requested async @pytest.fixture "
                    f"{name!r} in strict mode. You might want to use "
                    "@pytest_asyncio.fixture or switch to auto mode. "
                    "This will become an error in future versions of pytest-asyncio."
                ),
                stacklevel=1,
            )


def _is_asyncio_fixture(function: object) -> bool:
    function = getattr(function, "__func__", function)
    return bool(getattr(function, "_force_asyncio_fixture", False))


def _requesters(request: pytest.FixtureRequest) -> list[pytest.FixtureDef[Any]]:
    """The fixtures on the way from the test to ``request``, the outermost first."""
    chain: list[pytest.FixtureDef[Any]] = []
    current: Any = request
    while (definition := private.request_definition(current)) is not None:
        chain.append(definition)
        current = private.parent_request(current)
    return chain[::-1]


def _location(
    definition: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> str:
    function: Any = inspect.unwrap(definition.func)
    code = getattr(function, "__func__", function).__code__
    path = os.path.relpath(code.co_filename, request.session.path)
    signature = inspect.signature(definition.func)
    return f"{path}:{code.co_firstlineno}:  def {function.__name__}{signature}"
