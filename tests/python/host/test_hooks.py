"""Who listens to a test's hooks, and whether the test can run beside others for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import TypeAlias

import pytest

from fasttest.host.hooks import Listeners

Items: TypeAlias = Callable[..., dict[str, pytest.Item]]

pytest_plugins = ["pytester"]

pytestmark = pytest.mark.usefixtures("dialect")

AROUND = """
    def {name}({arguments}):
        pass
"""


@pytest.fixture
def items(pytester: pytest.Pytester) -> Items:
    """Collects everything in the folder; returns the items by their names."""

    def collect(*options: str) -> dict[str, pytest.Item]:
        found, _ = pytester.inline_genitems(*options)
        return {item.name: item for item in found}

    return collect


def strangers(items: dict[str, pytest.Item]) -> dict[str, str | None]:
    """The stranger at each item."""
    listeners = Listeners(next(iter(items.values())).session)
    return {name: listeners.stranger(item) for name, item in items.items()}


def lay_out(pytester: pytest.Pytester, **conftests: str) -> None:
    """Make folders with a conftest each, and a test of the folder's name."""
    for folder, conftest in conftests.items():
        path = pytester.mkdir(folder)
        (path / "conftest.py").write_text(conftest)
        (path / f"test_{folder}.py").write_text(f"def test_{folder}(): pass")


def test_plain_items_have_no_strangers(pytester: pytest.Pytester, items: Items) -> None:
    """With pytest's own plugins, and those installed here that do nothing."""
    pytester.makepyfile("def test_it(): pass")
    assert strangers(items()) == {"test_it": None}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("pytest_runtest_protocol", "item"),
        ("pytest_runtest_setup", "item"),
        ("pytest_runtest_call", "item"),
        ("pytest_runtest_teardown", "item"),
        ("pytest_pyfunc_call", "pyfuncitem"),
        ("pytest_fixture_setup", "fixturedef"),
    ],
)
def test_a_conftest_round_the_phases_is_a_stranger(
    pytester: pytest.Pytester, items: Items, name: str, arguments: str
) -> None:
    """It may rely on tests being run one after another."""
    pytester.makeconftest(AROUND.format(name=name, arguments=arguments))
    pytester.makepyfile("def test_it(): pass")
    (stranger,) = strangers(items()).values()
    assert stranger is not None
    assert stranger.endswith("conftest.py")


def test_a_conftest_that_only_looks_at_reports_is_none(
    pytester: pytest.Pytester, items: Items
) -> None:
    """Reports are made one at a time; but the short way would make too few."""
    pytester.makeconftest(AROUND.format(name="pytest_runtest_logreport", arguments=""))
    pytester.makepyfile("def test_it(): pass")
    found = items()
    assert strangers(found) == {"test_it": None}
    (item,) = found.values()
    assert Listeners(item.session).watched(item)


def test_nobody_watches_where_nobody_is(
    pytester: pytest.Pytester, items: Items
) -> None:
    """The short way is open then."""
    pytester.makepyfile("def test_it(): pass")
    (item,) = items().values()
    assert not Listeners(item.session).watched(item)


def test_a_conftest_counts_where_it_applies(
    pytester: pytest.Pytester, items: Items
) -> None:
    """Tests of other folders are none of its business."""
    hook = "def pytest_runtest_call(item): pass"
    lay_out(pytester, mine=hook, other="")
    found = strangers(items())
    assert found["test_mine"] is not None
    assert found["test_other"] is None


def test_a_protocol_counts_everywhere(pytester: pytest.Pytester, items: Items) -> None:
    """Of this hook pytest asks all conftests there are, for every item."""
    hook = "def pytest_runtest_protocol(item, nextitem): pass"
    lay_out(pytester, mine=hook, other="")
    assert None not in strangers(items()).values()


def test_hooks_of_other_folders_are_not_called(
    pytester: pytest.Pytester, items: Items
) -> None:
    """The phases' hooks are called as pytest would call them for the item."""
    hook = "def pytest_runtest_setup(item): pass"
    lay_out(pytester, mine=hook, other=hook)
    found = items()
    listeners = Listeners(found["test_mine"].session)

    def conftests(name: str) -> list[str]:
        implementations = listeners.phases(found[name]).setup.get_hookimpls()
        return [i.plugin_name for i in implementations if "conftest" in i.plugin_name]

    for name in ("mine", "other"):
        (plugin,) = conftests(f"test_{name}")
        assert f"{name}/conftest.py" in plugin.replace("\\", "/")


def test_what_the_engine_routes_is_not_redirected_again(
    pytester: pytest.Pytester, items: Items
) -> None:
    """Capturing and logging would redirect the process for one test of many."""
    pytester.makepyfile("def test_it(): pass")
    (item,) = items().values()
    phases = Listeners(item.session).phases(item)
    for caller in (phases.setup, phases.call, phases.teardown):
        names = {each.plugin_name for each in caller.get_hookimpls()}
        assert names.isdisjoint({"capturemanager", "logging-plugin"})
        assert names & {"runner", "skipping"}


def test_hooks_are_looked_up_once_per_collector(
    pytester: pytest.Pytester, items: Items
) -> None:
    """Looking them up costs more than many a test."""
    pytester.makepyfile("def test_one(): pass\ndef test_two(): pass")
    found = items()
    listeners = Listeners(found["test_one"].session)
    assert listeners.phases(found["test_one"]) is listeners.phases(found["test_two"])


TIMEOUT = """
    import pytest

    @pytest.mark.timeout(5, method="thread")
    def test_marked(): pass

    def test_bare(): pass
"""


def test_a_known_plugin_counts_only_for_tests_it_acts_on(
    pytester: pytest.Pytester, items: Items
) -> None:
    """Many plugins are installed and listen, and do nothing for most tests."""
    pytest.importorskip("pytest_timeout")
    pytester.makepyfile(TIMEOUT)
    assert strangers(items()) == {"test_marked": "timeout", "test_bare": None}
    limited = items("--timeout=9", "--timeout-method=thread")
    assert set(strangers(limited).values()) == {"timeout"}


@pytest.mark.parametrize("name", ["object", "pytest_timeout"])
def test_a_plugin_is_known_by_its_module(
    pytester: pytest.Pytester, items: Items, name: str
) -> None:
    """Conftests register objects under any name, that of a known plugin included."""
    pytester.makeconftest(
        f"""
        class Plugin:
            def pytest_runtest_call(self, item):
                pass

        def pytest_configure(config):
            config.pluginmanager.register(Plugin(), {name!r})
        """
    )
    pytester.makepyfile("def test_it(): pass")
    assert strangers(items()) == {"test_it": name}


@pytest.mark.parametrize("option", ["--timeout=9", "--session-timeout=9"])
def test_a_limit_is_no_reason_to_run_alone(
    pytester: pytest.Pytester, items: Items, option: str
) -> None:
    """It is the engine's, whatever the plugin would do."""
    pytest.importorskip("pytest_timeout")
    pytester.makepyfile("def test_it(): pass")
    assert strangers(items(option)) == {"test_it": None}


def test_a_timer_of_somebody_elses_is(pytester: pytest.Pytester, items: Items) -> None:
    """pytest-timeout lets plugins put their own in the place of its alarm."""
    pytest.importorskip("pytest_timeout")
    pytester.makeconftest("def pytest_timeout_set_timer(item, settings): return True")
    pytester.makepyfile("def test_it(): pass")
    assert strangers(items("--timeout=9")) == {"test_it": "timeout"}


@pytest.mark.parametrize("where", ["conftest", "object"])
def test_a_plugin_may_say_that_it_overlaps(
    pytester: pytest.Pytester, items: Items, where: str
) -> None:
    """Then its hooks are called for each test, which is in nobody's way."""
    conftest = """
        fasttest_overlaps = True
        def pytest_runtest_protocol(item): pass
        def pytest_runtest_call(item): pass
    """
    as_object = """
        class Plugin:
            fasttest_overlaps = True
            def pytest_runtest_protocol(self, item): pass
            def pytest_runtest_call(self, item): pass

        def pytest_configure(config):
            config.pluginmanager.register(Plugin())
    """
    pytester.makeconftest(conftest if where == "conftest" else as_object)
    pytester.makepyfile("def test_it(): pass")
    found = items()
    assert strangers(found) == {"test_it": None}
    (item,) = found.values()
    listeners = Listeners(item.session)
    assert listeners.watched(item)
    protocol = listeners.phases(item).protocol
    assert protocol is not None
    names = [each.plugin_name for each in protocol.get_hookimpls()]
    assert len(names) == 1
    assert "runner" not in names


def test_a_conftest_is_named_by_its_place(
    pytester: pytest.Pytester, items: Items
) -> None:
    """Users see it from the folder they are in."""
    lay_out(pytester, mine="def pytest_runtest_call(item): pass")
    assert strangers(items()) == {"test_mine": os.path.join("mine", "conftest.py")}


@pytest.mark.parametrize(
    "code",
    [
        "def test_it():\n    with responses.mock: pass",
        "def test_it():\n    helper()",
        "@responses.mock\ndef test_it(): pass",
        "@pytest.fixture\ndef mocked():\n    responses.mock.start()\n"
        "def test_it(mocked): pass",
        "class TestIt:\n    def setup_method(self): helper()\n"
        "    def test_it(self): pass",
        "def test_it():\n    def inner():\n        responses.mock.start()\n    inner()",
    ],
    ids=["block", "helper", "decorator", "fixture", "xunit", "inner"],
)
def test_users_of_a_patching_library_are_found(
    pytester: pytest.Pytester,
    items: Items,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
) -> None:
    """What it patches, it puts back: of two at once, one would lose its patches."""
    pytester.makepyfile(
        responses="""
            import functools

            class Mock:
                def __call__(self, function):
                    @functools.wraps(function)
                    def wrapped(*args, **kwargs): return function(*args, **kwargs)
                    return wrapped
                def start(self): pass

            mock = Mock()
            """,
        test_them=f"""
import pytest
import responses

def helper():
    responses.mock.start()

{code}

def test_other(): pass
            """,
    )
    found = items()
    # The inner run has taken out again what it has imported.
    monkeypatch.setitem(sys.modules, "responses", ModuleType("responses"))
    assert strangers(found) == {"test_it": "responses", "test_other": None}
