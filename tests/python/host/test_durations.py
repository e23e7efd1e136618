"""Waits are remembered from run to run, for the longest to start first."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from fasttest.host.durations import Durations

if TYPE_CHECKING:
    import pytest


class Cache:
    """Stands in for pytest's cache: whatever is kept goes through JSON.

    Attributes:
        writes: How often something was kept.
    """

    def __init__(self, **kept: Any) -> None:
        self.writes = 0
        self._kept = {"fasttest/waits": json.dumps(kept)} if kept else {}

    def get(self, key: str, default: Any) -> Any:
        """What was kept."""
        return json.loads(self._kept[key]) if key in self._kept else default

    def set(self, key: str, value: Any) -> None:
        """Keep something."""
        self.writes += 1
        self._kept[key] = json.dumps(value)


def durations(cache: Any) -> Durations:
    """Those of a run with this cache."""
    return Durations(SimpleNamespace(cache=cache))  # type: ignore[arg-type]


def item(nodeid: str) -> pytest.Item:
    """An item with a node id, of which nothing else is read."""
    return SimpleNamespace(nodeid=nodeid)  # type: ignore[return-value]


def test_the_next_run_knows_how_long_a_test_waited() -> None:
    """That is all they are for."""
    cache = Cache()
    first = durations(cache)
    assert first.expected(item("a")) == 0.0
    first.note(item("a"), 1.234)
    first.save()
    assert durations(cache).expected(item("a")) == 1.23


def test_short_waits_are_not_kept() -> None:
    """Ten thousand of them would be a file to read and write each time."""
    cache = Cache(a=2.0)
    run = durations(cache)
    run.note(item("a"), 0.01)
    run.note(item("b"), 0.01)
    run.save()
    assert cache.get("fasttest/waits", None) == {}


def test_tests_that_did_not_run_are_not_forgotten() -> None:
    """A run of a single file must not cost the next whole one its order."""
    cache = Cache(other=3.0)
    run = durations(cache)
    run.note(item("a"), 1.0)
    run.save()
    assert cache.get("fasttest/waits", None) == {"a": 1.0, "other": 3.0}


def test_nothing_is_written_where_nothing_is_new() -> None:
    """Most runs are like the last one."""
    cache = Cache(a=1.0)
    run = durations(cache)
    run.note(item("a"), 1.001)
    run.save()
    assert cache.writes == 0


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
        ),
    )
)
def test_whatever_the_file_holds_does_not_end_the_run(junk: Any) -> None:
    """The cache is a folder that anybody, and any version, may have written to."""
    cache = Cache()
    cache.set("fasttest/waits", junk)
    run = durations(cache)
    assert isinstance(run.expected(item("a")), float)
    run.note(item("b"), 1.0)
    run.save()
    assert durations(cache).expected(item("b")) == 1.0


def test_without_a_cache_nothing_is_remembered() -> None:
    """As with ``-p no:cacheprovider``."""
    run = durations(None)
    run.note(item("a"), 1.0)
    run.save()
    assert run.expected(item("a")) == 0.0


def test_what_is_known_is_told_apart_from_nothing() -> None:
    """Half of a run's time may be known to be short, or not be known at all."""
    kept = durations(Cache(a=1.5))
    assert kept.known(item("a")) == 1.5
    assert kept.known(item("b")) is None
