"""Groups: where tests and fixtures are declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from fasttest import _core
from fasttest.library.definitions import (
    REQUEST,
    FixtureDefinition,
    Kind,
    ScopeName,
    TestDefinition,
    argnames_of,
    kind_of,
    name_of,
    parse_loop_scope,
    parse_scope,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from typing_extensions import Self

F = TypeVar("F", bound="Callable[..., Any]")


class Group:
    """Tests and fixtures with a common scope; made by the methods of a wider group.

    Its fixtures serve its own tests and those of the groups in it, and override the
    fixtures of the groups around it. ``with`` may be used to show the nesting; it does
    nothing else.

    Attributes:
        name: Its name among the groups around it.
        scope: The scope it stands for.
        parent: The group around it; None for the suite.
        members: Its tests and groups, in the order of their definition.
        fixtures: Its fixtures, in the order of their definition.
    """

    def __init__(self, name: str, scope: _core.Scope, parent: Group | None) -> None:
        self.name = name
        self.scope = scope
        self.parent = parent
        self.members: list[TestDefinition | Group] = []
        self.fixtures: list[FixtureDefinition] = []
        self._names: set[str] = set()

    def __enter__(self) -> Self:
        """The group itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Do nothing."""

    def group(self, name: str, scope: ScopeName) -> Group:
        """Add a group for a scope: "package", "module" or "class".

        Raises:
            ValueError: If the name is taken, or the scope is none for a group or wider
                than this one's.
        """
        parsed = parse_scope(scope)
        if parsed in (_core.Scope.FUNCTION, _core.Scope.SESSION):
            raise ValueError(
                f"group {name!r} cannot stand for the {scope} scope; "
                "a package, a module or a class can be a group"
            )
        if parsed > self.scope:
            raise ValueError(
                f"group {name!r} stands for a {scope}, which is wider than "
                f"the {self.scope.name.lower()} it is in"
            )
        self._take_name(name)
        group = Group(name, parsed, self)
        self.members.append(group)
        return group

    def package(self, name: str) -> Group:
        """Add a group for the package scope."""
        return self.group(name, "package")

    def module(self, name: str) -> Group:
        """Add a group for the module scope."""
        return self.group(name, "module")

    def class_(self, name: str) -> Group:
        """Add a group for the class scope."""
        return self.group(name, "class")

    def add_test(
        self,
        function: Callable[..., object],
        *,
        name: str | None = None,
        loop_scope: ScopeName | None = None,
        params: Mapping[str, Iterable[object]] | None = None,
        resources: Iterable[str] = (),
        exclusive: bool = False,
        expected_wait: float = 0.0,
    ) -> None:
        """Add a test.

        Args:
            function: A callable, async or not; its arguments without a default are
                parameters, fixtures, or ``request`` (see ``Request``).
            name: Its name in the group; by default the function's.
            loop_scope: The scope of the event loop an async test runs on; by default
                the suite's.
            params: Values for some of the arguments; the test is run for each of their
                combinations.
            resources: Names of the resources it uses.
            exclusive: Whether nothing else may be in flight while it runs.
            expected_wait: Seconds it is known to wait; from 0.1 on, it starts early.

        Raises:
            ValueError: If the name is taken, the function is a generator, or a
                parameter is no argument of it.
        """
        name = name_of(function) if name is None else name
        kind = kind_of(function)
        if kind in (Kind.GENERATOR, Kind.ASYNC_GENERATOR):
            raise ValueError(f"test {name!r} is a generator: its body would never run")
        argnames = argnames_of(function)
        values = {arg: tuple(given) for arg, given in (params or {}).items()}
        for arg in values:
            if arg not in argnames or arg == REQUEST:
                raise ValueError(
                    f"test {name!r} has no argument {arg!r} to parametrize"
                )
        scope = parse_loop_scope(loop_scope, kind, f"test {name!r}")
        self._take_name(name)
        self.members.append(
            TestDefinition(
                name,
                function,
                kind,
                tuple(arg for arg in argnames if arg != REQUEST),
                REQUEST in argnames,
                scope,
                values,
                tuple(resources),
                exclusive,
                expected_wait,
            )
        )

    @overload
    def test(self, function: F, /) -> F: ...

    @overload
    def test(
        self,
        *,
        name: str | None = None,
        loop_scope: ScopeName | None = None,
        params: Mapping[str, Iterable[object]] | None = None,
        resources: Iterable[str] = (),
        exclusive: bool = False,
        expected_wait: float = 0.0,
    ) -> Callable[[F], F]: ...

    def test(self, function: Callable[..., Any] | None = None, **options: Any) -> Any:
        """Add the decorated function as a test; arguments as of ``add_test``."""

        def add(function: F) -> F:
            self.add_test(function, **options)
            return function

        return add if function is None else add(function)

    def add_fixture(
        self,
        function: Callable[..., object],
        *,
        name: str | None = None,
        scope: ScopeName = "function",
        loop_scope: ScopeName | None = None,
        params: Iterable[object] | None = None,
        autouse: bool = False,
    ) -> None:
        """Add a fixture, for this group and the groups in it.

        Args:
            function: A callable that returns the value, or a generator function that
                yields it once and then tears down; async or not. Its arguments without
                a default are fixtures, or ``request`` (see ``Request``). If it asks for
                its own name, it gets the fixture that it overrides.
            name: The argument name to ask for it by; by default the function's.
            scope: How long a value lives.
            loop_scope: The scope of the event loop an async fixture runs on; by
                default the fixture's scope or the suite's loop scope, whichever is
                wider, and the test's loop for a fixture of function scope.
            params: Values of ``request.param``; tests that need the fixture are run
                for each.
            autouse: Whether all tests of the group need it.

        Raises:
            ValueError: If the scopes are unknown or contradict each other.
        """
        name = name_of(function) if name is None else name
        kind = kind_of(function)
        argnames = argnames_of(function)
        parsed = parse_scope(scope)
        loop = parse_loop_scope(loop_scope, kind, f"fixture {name!r}")
        if loop is not None and loop < parsed:
            raise ValueError(
                f"fixture {name!r} has {scope} scope and would outlive its loop, "
                f"which has {loop_scope} scope"
            )
        self.fixtures.append(
            FixtureDefinition(
                name,
                function,
                kind,
                tuple(arg for arg in argnames if arg != REQUEST),
                REQUEST in argnames,
                parsed,
                loop,
                None if params is None else tuple(params),
                autouse,
            )
        )

    @overload
    def fixture(self, function: F, /) -> F: ...

    @overload
    def fixture(
        self,
        *,
        name: str | None = None,
        scope: ScopeName = "function",
        loop_scope: ScopeName | None = None,
        params: Iterable[object] | None = None,
        autouse: bool = False,
    ) -> Callable[[F], F]: ...

    def fixture(
        self, function: Callable[..., Any] | None = None, **options: Any
    ) -> Any:
        """Add the decorated function as a fixture; arguments as of ``add_fixture``."""

        def add(function: F) -> F:
            self.add_fixture(function, **options)
            return function

        return add if function is None else add(function)

    def _take_name(self, name: str) -> None:
        if name in self._names:
            raise ValueError(
                f"{self.name or 'the suite'} has a member {name!r} already; "
                "give one of them another name"
            )
        self._names.add(name)
