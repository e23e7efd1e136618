"""``[tool.fasttest]`` of the root folder's ``pyproject.toml``, read and checked."""

from __future__ import annotations

import difflib
import sys
import types
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeGuard

import pytest

from fasttest.engine.rates import Rate
from fasttest.host.path_patterns import PathPattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FILE = "pyproject.toml"

_TABLE = "tool.fasttest"
_KEYS = ("concurrency", "fixtures", "own", "paths", "resources", "serial")
_BOUND_KEYS = ("limit", "rate")
_NEED_KEYS = ("resource", "write")

_NONE: Mapping[Any, Any] = types.MappingProxyType({})

_A_BOUND = (
    "give a whole number of tests, from 1 on; or say how often they start, "
    '{rate = "10/s"}, or both, {limit = 4, rate = "10/s"}'
)
_A_NEED = (
    'name a resource, "db"; or one that is only read, '
    '{resource = "db", write = false}; or give a list of these'
)


class Bounds(NamedTuple):
    """What tests that hold a resource must keep to.

    Attributes:
        limit: How many may hold it at once; None: any number.
        rate: How often they may start; None: no matter how often.
    """

    limit: int | None = None
    rate: Rate | None = None


class Need(NamedTuple):
    """A resource that a test holds from its set-up to its teardown.

    Attributes:
        resource: Its name.
        write: Whether the test counts against the limit; if not it only reads, beside
            any number of others that read, and beside none that writes.
    """

    resource: str
    write: bool = True


class Configuration(NamedTuple):
    """What a project says of its tests.

    Attributes:
        concurrency: Tests in flight at most; None where nothing is said.
        serial: Which tests run alone.
        own: Attributes of which each test has its own value, by their names.
        resources: How many tests at once may hold each resource, and how often they
            may start.
        fixtures: What the tests need that have a fixture of this name, asked for by
            themselves or by other fixtures.
        paths: What the tests need which a pattern matches.
    """

    concurrency: int | None = None
    serial: tuple[PathPattern, ...] = ()
    own: tuple[str, ...] = ()
    resources: Mapping[str, Bounds] = _NONE
    fixtures: Mapping[str, tuple[Need, ...]] = _NONE
    paths: Mapping[PathPattern, tuple[Need, ...]] = _NONE


_configuration = pytest.StashKey[Configuration]()


def configuration_of(config: pytest.Config) -> Configuration:
    """The configuration of a run's root folder.

    Raises:
        pytest.UsageError: Something in it is wrong.
    """
    if _configuration not in config.stash:
        config.stash[_configuration] = _read(config.rootpath / FILE)
    return config.stash[_configuration]


def _read(path: Path) -> Configuration:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return Configuration()
    if "fasttest" not in text:
        return Configuration()  # a file which is none of our business may be as it is
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise pytest.UsageError(f"{path}: {error}") from None
    tool = document.get("tool")
    table = tool.get("fasttest", {}) if isinstance(tool, dict) else {}
    return _check(table)


def _check(table: object) -> Configuration:
    table = _table(_TABLE, table)
    _check_keys(f"[{_TABLE}]", table, _KEYS)
    resources = {
        name: _bounds(f"[{_TABLE}.resources] {name}", value)
        for name, value in _table(
            f"{_TABLE}.resources", table.get("resources", {})
        ).items()
    }
    concurrency = table.get("concurrency")
    if concurrency is not None:
        _check_number(f"[{_TABLE}] concurrency", concurrency)
    serial = table.get("serial", [])
    if not _are_names(serial):
        _refuse(f"[{_TABLE}] serial", serial, "give a list of paths or node ids")
    own = table.get("own", [])
    if not _are_names(own):
        _refuse(f"[{_TABLE}] own", own, "give a list of names")
    needs = {
        key: {
            name: _needs(f"[{_TABLE}.{key}] {name}", value, resources)
            for name, value in _table(f"{_TABLE}.{key}", table.get(key, {})).items()
        }
        for key in ("fixtures", "paths")
    }
    return Configuration(
        concurrency,
        tuple(map(PathPattern, serial)),
        tuple(own),
        resources,
        needs["fixtures"],
        {PathPattern(text): found for text, found in needs["paths"].items()},
    )


def _table(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        _refuse(name, value, f"make it a table, [{name}]")
    return value


def _bounds(where: str, value: object) -> Bounds:
    if not isinstance(value, dict):
        if not _is_number(value):
            _refuse(where, value, _A_BOUND)
        return Bounds(value)
    _check_keys(where, value, _BOUND_KEYS)
    if not value:
        _refuse(where, value, _A_BOUND)
    limit, rate = value.get("limit"), value.get("rate")
    if limit is not None:
        _check_number(f"{where}: limit", limit)
    if rate is None:
        return Bounds(limit)
    try:
        return Bounds(limit, Rate.parse(rate))
    except ValueError as error:
        _refuse(f"{where}: rate", rate, str(error))


def _needs(
    where: str, value: object, resources: Mapping[str, Bounds]
) -> tuple[Need, ...]:
    found = []
    for each in value if isinstance(value, list) else [value]:
        stated = {"resource": each} if isinstance(each, str) else each
        if not isinstance(stated, dict):
            _refuse(where, each, _A_NEED)
        _check_keys(where, stated, _NEED_KEYS)
        name, write = stated.get("resource"), stated.get("write", True)
        if not isinstance(name, str) or not isinstance(write, bool):
            _refuse(where, each, _A_NEED)
        if name not in resources:
            raise pytest.UsageError(
                f"{FILE}: {where} needs {name!r}, which is no resource: declare it in "
                f"[{_TABLE}.resources], as in {name} = 1{_meant(name, resources)}"
            )
        found.append(Need(name, write))
    if not found:
        _refuse(where, value, _A_NEED)
    return tuple(found)


def _check_keys(
    where: str, table: Mapping[str, object], known: tuple[str, ...]
) -> None:
    for key in table:
        if key not in known:
            raise pytest.UsageError(
                f"{FILE}: {where} has no key {key!r}: there are {', '.join(known)}"
                f"{_meant(key, known)}"
            )


def _check_number(where: str, value: object) -> None:
    if not _is_number(value):
        _refuse(where, value, "give a whole number of tests, from 1 on")


def _is_number(value: object) -> TypeGuard[int]:
    # In Python True is a number, in TOML it is not.
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _are_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) and v for v in value)


def _meant(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _refuse(where: str, value: object, way_out: str) -> NoReturn:
    raise pytest.UsageError(f"{FILE}: {where} cannot be {value!r}: {way_out}")
