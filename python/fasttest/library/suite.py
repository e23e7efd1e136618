"""A suite declared in Python, which can be run without pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fasttest import _core
from fasttest.engine.rates import Rate
from fasttest.library.definitions import ResourceDefinition, ScopeName, parse_scope
from fasttest.library.groups import Group

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Unpack

    from fasttest.library.options import RunOptions
    from fasttest.library.report import Report, Result
    from fasttest.library.runner import ResultStream


class Suite(Group):
    """The outermost group, which can be run. See ``Group`` for how to fill it.

    Args:
        loop_scope: The scope of the event loop that async tests run on by default:
            with "function" each has a loop of its own, with "session" all share one.
    """

    def __init__(self, *, loop_scope: ScopeName = "function") -> None:
        super().__init__("", _core.Scope.SESSION, None)
        self.loop_scope = parse_scope(loop_scope)
        self.resources: dict[str, ResourceDefinition] = {}

    def resource(
        self, name: str, *, capacity: int | None = None, rate: str | None = None
    ) -> None:
        """Limit how many of the tests that use a resource run at once, or how often.

        Args:
            name: The resource's name.
            capacity: How many are in flight at once; by default one, or any number if
                there is a rate.
            rate: How many start within any window of a period, as in "10/s", "10/min"
                or "10/h". With a concurrency of 1 it is not heeded.

        Raises:
            ValueError: If there is a resource with that name, the capacity is less
                than one, or the rate is none.
        """
        if name in self.resources:
            raise ValueError(f"there is a resource {name!r} already")
        if capacity is None and rate is None:
            capacity = 1
        if capacity is not None and capacity < 1:
            raise ValueError(f"resource {name!r} needs a capacity of at least 1")
        try:
            parsed = None if rate is None else Rate.parse(rate)
        except ValueError as error:
            raise ValueError(
                f"resource {name!r} cannot have a rate of {rate!r}: {error}"
            ) from None
        self.resources[name] = ResourceDefinition(capacity, parsed)

    def run(
        self,
        on_result: Callable[[Result], object] | None = None,
        **options: Unpack[RunOptions],
    ) -> Report:
        """Run all tests, on this thread; for code that runs on no event loop.

        Args:
            on_result: Called with each result as it comes. What it raises stops the
                run; it is raised again when everything has been torn down.
            **options: See ``RunOptions``.

        Raises:
            PlanError: If the fixtures cannot be resolved: ``FixtureCycleError``,
                ``FixtureLookupError`` or ``ScopeMismatchError``, with the whole path.
            KeyboardInterrupt: After Ctrl-C, when everything has been torn down.
            RuntimeError: If an event loop runs on this thread; see ``run_async``.
        """
        from fasttest.library.runner import run

        return run(self, on_result, **options)

    async def run_async(
        self,
        on_result: Callable[[Result], object] | None = None,
        **options: Unpack[RunOptions],
    ) -> Report:
        """Run all tests while the calling event loop goes on.

        The tests run on a thread of their own. If the awaiting task is cancelled, so
        are the tests in flight; everything is torn down before this returns.

        Args:
            on_result: Called on the calling event loop with each result as it comes;
                what it raises stops the run.
            **options: See ``RunOptions``.

        Raises:
            PlanError: As ``run``.
        """
        async with self.stream(**options) as results:
            async for result in results:
                if on_result is not None:
                    on_result(result)
        return results.report

    def stream(self, **options: Unpack[RunOptions]) -> ResultStream:
        """Run all tests as ``run_async`` does, and iterate over the results.

        ``async for result in suite.stream()`` yields each result as it comes; see
        ``ResultStream`` for the report and for leaving the loop early.
        """
        from fasttest.library.runner import ResultStream

        return ResultStream(self, options)
