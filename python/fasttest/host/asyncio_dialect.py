"""pytest-asyncio's vocabulary: what suites may say, without its plugin.

``take_over`` registers the collection side. The functions here answer, for tests and
fixtures, which event loops they run on; running them is the engine's part.
"""

from __future__ import annotations

from fasttest.host.asyncio_factories import FACTORY_FIXTURE
from fasttest.host.asyncio_facts import (
    POLICY_FIXTURE,
    check_loop_scope,
    check_test,
    fixture_loop_scope,
    is_loop_factory,
    is_shipped,
    leaves_no_loop,
    loop_factory,
    test_loop_scope,
    warn_before_call,
    warn_of_policy,
)
from fasttest.host.asyncio_items import (
    PytestAsyncioFunction,
    is_async_function,
    is_async_test,
    item_class_for,
)
from fasttest.host.asyncio_options import (
    PLUGIN_NAME,
    Mode,
    ScopeName,
    debug,
    is_active,
    mode,
)
from fasttest.host.asyncio_standin import StandIn, install
from fasttest.host.asyncio_takeover import block, take_over

__all__ = [
    "FACTORY_FIXTURE",
    "PLUGIN_NAME",
    "POLICY_FIXTURE",
    "Mode",
    "PytestAsyncioFunction",
    "ScopeName",
    "StandIn",
    "block",
    "check_loop_scope",
    "check_test",
    "debug",
    "fixture_loop_scope",
    "install",
    "is_active",
    "is_async_function",
    "is_async_test",
    "is_loop_factory",
    "is_shipped",
    "item_class_for",
    "leaves_no_loop",
    "loop_factory",
    "mode",
    "take_over",
    "test_loop_scope",
    "warn_before_call",
    "warn_of_policy",
]
