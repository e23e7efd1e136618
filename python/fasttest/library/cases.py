"""The tests to run: one case for each combination of a test's parameters."""

from __future__ import annotations

import enum
import itertools
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fasttest import _core
from fasttest.library.definitions import TestDefinition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fasttest.library.groups import Group
    from fasttest.library.names import Names


@dataclass(frozen=True, slots=True)
class Case:
    """One test with one choice of parameters.

    Attributes:
        name: Groups and test, joined by ``::``, with the parameters in brackets.
        group: Where it is defined.
        test: Its definition.
        values: Arguments which are parameters of the test itself.
        params: Which parameter each parametrized fixture has: index by fixture id.
    """

    name: str
    group: Group
    test: TestDefinition
    values: Mapping[str, object]
    params: Mapping[int, int]


def collect(suite: Group, names: Names) -> list[Case]:
    """All cases of a suite, in the order of definition.

    Raises:
        PlanError: If fixtures of a test cannot be resolved.
    """
    return [
        case
        for group, test in _tests(suite)
        for case in _parametrize(group, test, names)
    ]


def _tests(group: Group) -> Iterator[tuple[Group, TestDefinition]]:
    for member in group.members:
        if isinstance(member, TestDefinition):
            yield group, member
        else:
            yield from _tests(member)


def _parametrize(group: Group, test: TestDefinition, names: Names) -> Iterator[Case]:
    path = "::".join([*_path(group), test.name])
    try:
        closure = names.closure(group, test.argnames, test.params)
    except _core.PlanError as error:
        raise type(error)(f"{path}: {error}") from None
    fixtures = {
        needed.fixture: params
        for needed in closure
        if (params := names.definitions[needed.fixture].params) is not None
    }
    axes = [
        _ids(names.definitions[fixture].name, params)
        for fixture, params in fixtures.items()
    ]
    axes += [_ids(name, values) for name, values in test.params.items()]
    for choice in itertools.product(*(range(len(axis)) for axis in axes)):
        ids = [axis[index] for axis, index in zip(axes, choice, strict=True)]
        own = choice[len(fixtures) :]
        yield Case(
            f"{path}[{'-'.join(ids)}]" if ids else path,
            group,
            test,
            {
                name: values[index]
                for (name, values), index in zip(test.params.items(), own, strict=True)
            },
            dict(zip(fixtures, choice[: len(fixtures)], strict=True)),
        )


def _path(group: Group) -> list[str]:
    return [] if group.parent is None else [*_path(group.parent), group.name]


def _ids(name: str, values: Sequence[object]) -> list[str]:
    """Short texts for parameters, which differ from one another."""
    ids = [_id(value) or f"{name}{index}" for index, value in enumerate(values)]
    count = Counter(ids)
    return [
        text if count[text] == 1 else f"{text}{index}" for index, text in enumerate(ids)
    ]


def _id(value: object) -> str | None:
    if isinstance(value, enum.Enum):
        return str(value)
    if value is None or isinstance(value, str | int | float):
        return str(value)
    text: object = getattr(value, "__name__", None)
    return text if isinstance(text, str) else None
