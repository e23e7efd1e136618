"""A test is shown the warnings it would be shown alone, whoever runs beside it."""

from __future__ import annotations

import sys
import types
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fasttest.host import private
from fasttest.host.warning_filters import OncePerTest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ACTIONS = ("default", "always", "ignore", "module", "once", "error")
FILES = {"/law/one.py": "law.one", "/law/two.py": "law.two"}

FILTERS = st.lists(
    st.tuples(
        st.sampled_from(ACTIONS),
        st.sampled_from(["", "a"]),
        st.sampled_from([Warning, UserWarning, DeprecationWarning]),
        st.sampled_from(["", r"law\.one"]),
        st.sampled_from([0, 1]),
    ),
    max_size=4,
)
EMITTED = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=2),
        st.sampled_from(["a", "b"]),
        st.sampled_from([UserWarning, DeprecationWarning]),
        st.sampled_from(sorted(FILES)),
        st.sampled_from([1, 2]),
    ),
    max_size=20,
)


@dataclass
class Emitter:
    """Emits warnings as the modules in ``FILES`` would.

    Attributes:
        raised: The warnings that were errors.
    """

    raised: list[Any] = field(default_factory=list)
    registries: dict[str, Any] = field(default_factory=dict)

    def emit(self, text: str, category: type[Warning], file: str, line: int) -> None:
        """Warn; an error is kept."""
        registry = self.registries.setdefault(file, {})
        try:
            warnings.warn_explicit(text, category, file, line, FILES[file], registry)
        except Warning as error:
            self.raised.append((str(error), file, line))


def seen(message: warnings.WarningMessage) -> Any:
    """What of a warning is compared."""
    return str(message.message), message.category, message.filename, message.lineno


def apply(filters: Iterable[tuple[Any, ...]]) -> None:
    """Set the filters, the first to be looked at last."""
    warnings.resetwarnings()
    for action, *rest in filters:
        warnings.filterwarnings(action, *rest)


def shown_alone(filters: Any, emitted: Any) -> tuple[list[Any], list[Any]]:
    """What Python shows, and raises, if these are all there are."""
    emitter = Emitter()
    with warnings.catch_warnings(record=True) as shown:
        apply(filters)
        for _, *warning in emitted:
            emitter.emit(*warning)
    return [seen(message) for message in shown], emitter.raised


def shown_beside(filters: Any, emitted: Any) -> dict[int, tuple[list[Any], list[Any]]]:
    """What each test is shown, and has raised, if they warn in this order."""
    shown: dict[int, list[Any]] = {}
    emitters: dict[int, Emitter] = {}
    # The modules, and so their registries, are the same for all.
    registries: dict[str, Any] = {}
    sets: dict[int, set[Any]] = {}
    once = OncePerTest()
    current = -1

    def receive(message: warnings.WarningMessage) -> None:
        if once.is_new(message, sets.setdefault(current, set())):
            shown.setdefault(current, []).append(seen(message))

    with warnings.catch_warnings():
        apply(filters)
        with once.applied():
            private.route_warnings(receive)
            for test, *warning in emitted:
                current = test
                emitters.setdefault(test, Emitter(registries=registries)).emit(*warning)
    return {t: (shown.get(t, []), e.raised) for t, e in emitters.items()}


@pytest.fixture(autouse=True, scope="module")
def modules() -> Iterator[None]:
    """The modules of the files, which filters go by."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for file, name in FILES.items():
            module = types.ModuleType(name)
            module.__file__ = file
            monkeypatch.setitem(sys.modules, name, module)
        yield


@settings(max_examples=200, deadline=None)
@given(FILTERS, EMITTED)
@example(
    [("error", "", Warning, "", 0), ("default", "", Warning, r"law\.one", 0)],
    [(0, "a", UserWarning, "/law/one.py", 1)] * 2,
)
def test_each_is_shown_what_it_would_be_shown_alone(filters: Any, emitted: Any) -> None:
    """Under any filters, and in whatever order the tests come to warn."""
    beside = shown_beside(filters, emitted)
    for test, shown in beside.items():
        own = [warning for warning in emitted if warning[0] == test]
        assert shown == shown_alone(filters, own)


@pytest.mark.parametrize("action", ["default", "module", "once"])
def test_twenty_tests_see_one_warning_each(action: str) -> None:
    """Python itself would show it to the first of them only."""
    warning = ("a", UserWarning, "/law/one.py", 1)
    emitted = [(test, *warning) for test in range(20) for _ in range(3)]
    shown = shown_beside([(action,)], emitted)
    assert all(len(messages) == 1 for messages, _ in shown.values())
    assert len(shown) == 20


def test_the_filters_are_as_before_afterwards() -> None:
    """Also when the run ends with an error."""
    with warnings.catch_warnings():
        apply([("once",), ("error", "a")])
        filters, default = list(warnings.filters), warnings.defaultaction  # type: ignore[attr-defined]
        with pytest.raises(ZeroDivisionError), OncePerTest().applied():
            raise ZeroDivisionError
        assert warnings.defaultaction == default  # type: ignore[attr-defined]
    assert filters[0][0] == "error"


def test_a_warning_of_no_module_is_told_apart_by_its_file() -> None:
    """Generated code has a file name and no module."""
    once, message = OncePerTest(), UserWarning("a")
    shown = warnings.WarningMessage(message, UserWarning, "<generated>", 1)
    other = warnings.WarningMessage(message, UserWarning, "<other>", 1)
    marks: set[Any] = set()
    with warnings.catch_warnings():
        apply([("default", "", Warning, "<gen")])
        with once.applied():
            assert once.is_new(shown, marks)
            assert not once.is_new(shown, marks)
            assert once.is_new(other, marks)
