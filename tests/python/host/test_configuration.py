"""What ``[tool.fasttest]`` may say, and how it is refused."""

from __future__ import annotations

import textwrap

import pytest

from fasttest.engine.rates import Rate
from fasttest.host.configuration import Bounds, Need, configuration_of

pytest_plugins = ["pytester"]


def configured(pytester: pytest.Pytester, text: str) -> pytest.Config:
    """The configuration of a folder with this ``pyproject.toml``."""
    pytester.makefile(".toml", pyproject=textwrap.dedent(text))
    return pytester.parseconfig("--rootdir", str(pytester.path))


def test_all_that_can_be_said_is_read(pytester: pytest.Pytester) -> None:
    """One resource may be named shortly, or as one that is only read, or several."""
    config = configured(
        pytester,
        """
        [tool.fasttest]
        concurrency = 64
        serial = ["tests/e2e/**", "tests/x.py::test_y"]
        own = ["shop.clock:Clock.current"]

        [tool.fasttest.resources]
        db = 1
        browser = 4
        api = {rate = "10/s"}
        mail = {limit = 2, rate = "100/h"}
        shop = {limit = 3}

        [tool.fasttest.fixtures]
        database = "db"
        catalog = {resource = "db", write = false}

        [tool.fasttest.paths]
        "tests/integration" = ["browser", {resource = "db"}]
        """,
    )
    found = configuration_of(config)
    assert found.concurrency == 64
    assert [p.text for p in found.serial] == ["tests/e2e/**", "tests/x.py::test_y"]
    assert found.own == ("shop.clock:Clock.current",)
    assert found.resources == {
        "db": Bounds(1),
        "browser": Bounds(4),
        "api": Bounds(rate=Rate(10, "s")),
        "mail": Bounds(2, Rate(100, "h")),
        "shop": Bounds(3),
    }
    assert found.fixtures == {
        "database": (Need("db"),),
        "catalog": (Need("db", write=False),),
    }
    [(pattern, needs)] = found.paths.items()
    assert pattern.text == "tests/integration"
    assert needs == (Need("browser"), Need("db"))


@pytest.mark.parametrize("text", ["", "[tool]\n", "[tool.other]\nfasttest = 1\n"])
def test_nothing_has_to_be_said(pytester: pytest.Pytester, text: str) -> None:
    """Most projects have nothing to say."""
    found = configuration_of(configured(pytester, text))
    assert (found.concurrency, found.serial, found.paths) == (None, (), {})


def test_a_project_may_have_no_such_file(pytester: pytest.Pytester) -> None:
    """There is no more to it than to an empty one."""
    config = pytester.parseconfig("--rootdir", str(pytester.path))
    assert configuration_of(config).resources == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[tool]\nfasttest = 1",
            "pyproject.toml: tool.fasttest cannot be 1: make it a table, "
            "[tool.fasttest]",
        ),
        (
            "[tool.fasttest]\nconcurency = 3",
            "pyproject.toml: [tool.fasttest] has no key 'concurency': there are "
            "concurrency, fixtures, own, paths, resources, serial; "
            "did you mean 'concurrency'?",
        ),
        (
            "[tool.fasttest]\nconcurrency = 0",
            "pyproject.toml: [tool.fasttest] concurrency cannot be 0: give a whole "
            "number of tests, from 1 on",
        ),
        (
            "[tool.fasttest]\nconcurrency = true",
            "pyproject.toml: [tool.fasttest] concurrency cannot be True: give a whole "
            "number of tests, from 1 on",
        ),
        (
            '[tool.fasttest]\nserial = "tests"',
            "pyproject.toml: [tool.fasttest] serial cannot be 'tests': give a list of "
            "paths or node ids",
        ),
        (
            "[tool.fasttest]\nown = [3]",
            "pyproject.toml: [tool.fasttest] own cannot be [3]: give a list of names",
        ),
        (
            "[tool.fasttest]\nresources = 3",
            "pyproject.toml: tool.fasttest.resources cannot be 3: make it a table, "
            "[tool.fasttest.resources]",
        ),
        (
            '[tool.fasttest.resources]\ndb = "one"',
            "pyproject.toml: [tool.fasttest.resources] db cannot be 'one': give a "
            "whole number of tests, from 1 on; or say how often they start, "
            '{rate = "10/s"}, or both, {limit = 4, rate = "10/s"}',
        ),
        (
            "[tool.fasttest.resources]\ndb = {}",
            "pyproject.toml: [tool.fasttest.resources] db cannot be {}: give a "
            "whole number of tests, from 1 on; or say how often they start, "
            '{rate = "10/s"}, or both, {limit = 4, rate = "10/s"}',
        ),
        (
            '[tool.fasttest.resources]\ndb = {limits = 4, rate = "10/s"}',
            "pyproject.toml: [tool.fasttest.resources] db has no key 'limits': there "
            "are limit, rate; did you mean 'limit'?",
        ),
        (
            '[tool.fasttest.resources]\ndb = {limit = 0, rate = "10/s"}',
            "pyproject.toml: [tool.fasttest.resources] db: limit cannot be 0: give a "
            "whole number of tests, from 1 on",
        ),
        (
            '[tool.fasttest.resources]\ndb = {rate = "10 per second"}',
            "pyproject.toml: [tool.fasttest.resources] db: rate cannot be '10 per "
            "second': give a whole number of tests, from 1 on, and a period, as in "
            '"10/s", "10/min" or "10/h"',
        ),
        (
            '[tool.fasttest.resources]\nbrowser = 1\n[tool.fasttest.fixtures]\np = "b"',
            "pyproject.toml: [tool.fasttest.fixtures] p needs 'b', which is no "
            "resource: declare it in [tool.fasttest.resources], as in b = 1",
        ),
        (
            '[tool.fasttest.resources]\ndb = 1\n[tool.fasttest.paths]\ntests = "dbs"',
            "pyproject.toml: [tool.fasttest.paths] tests needs 'dbs', which is no "
            "resource: declare it in [tool.fasttest.resources], as in dbs = 1; "
            "did you mean 'db'?",
        ),
        (
            "[tool.fasttest.paths]\ntests = []",
            "pyproject.toml: [tool.fasttest.paths] tests cannot be []: name a "
            'resource, "db"; or one that is only read, '
            '{resource = "db", write = false}; or give a list of these',
        ),
        (
            '[tool.fasttest.fixtures]\np = {resource = "db", read = true}',
            "pyproject.toml: [tool.fasttest.fixtures] p has no key 'read': there are "
            "resource, write",
        ),
        (
            '[tool.fasttest.fixtures]\np = {resource = "db", write = 0}',
            "pyproject.toml: [tool.fasttest.fixtures] p cannot be {'resource': 'db', "
            "'write': 0}: name a "
            'resource, "db"; or one that is only read, '
            '{resource = "db", write = false}; or give a list of these',
        ),
    ],
)
def test_every_mistake_is_named_with_the_rule_and_a_way_out(
    pytester: pytest.Pytester, text: str, message: str
) -> None:
    """A slip that is passed over would let tests overlap which must not."""
    config = configured(pytester, text)
    with pytest.raises(pytest.UsageError) as raised:
        configuration_of(config)
    assert str(raised.value) == message


def test_a_file_that_is_no_toml_is_refused(pytester: pytest.Pytester) -> None:
    """Nor does pytest read it, where it is told of an ini file."""
    ini = pytester.makeini("[pytest]\n")
    pytester.makefile(".toml", pyproject="[tool.fasttest\n")
    config = pytester.parseconfig("-c", str(ini), "--rootdir", str(pytester.path))
    with pytest.raises(pytest.UsageError, match=r"pyproject\.toml: Expected"):
        configuration_of(config)


def test_a_mistake_ends_the_run_as_wrong_usage(pytester: pytest.Pytester) -> None:
    """As a wrong option does, before anything is collected."""
    pytester.makefile(".toml", pyproject="[tool.fasttest]\nseriel = []\n")
    pytester.makepyfile("raise AssertionError('collected')")
    result = pytester.runpytest_inprocess(
        "-p", "fasttest.host.plugin", "--rootdir", str(pytester.path)
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: pyproject.toml: *'seriel'*mean 'serial'?"])
    result.stdout.no_fnmatch_line("*collected*")
