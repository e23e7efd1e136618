"""What a test or a fixture can ask about the run it is part of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Request:
    """The value of the argument ``request`` of a test or a fixture.

    Attributes:
        test_name: The name of the test; for a wider-scoped fixture, of the test that
            was the first to need it.
    """

    __slots__ = ("_get", "_params", "test_name")

    def __init__(
        self, test_name: str, params: tuple[object, ...], get: Callable[[str], Any]
    ) -> None:
        self.test_name = test_name
        self._params = params
        self._get = get

    @property
    def param(self) -> Any:
        """The parameter of the fixture.

        Raises:
            AttributeError: If it is not parametrized.
        """
        if not self._params:
            raise AttributeError(
                f"this request of {self.test_name} has no param: "
                "only that of a parametrized fixture has one"
            )
        return self._params[0]

    def get(self, name: str) -> Any:
        """The value of a fixture that is not known to be needed before the run.

        It is set up if nobody has yet, and lives as long as if it had been an argument.
        An async fixture can only be set up where no event loop is running: by sync
        tests and fixtures. A parametrized one must be an argument of its tests.

        Raises:
            PlanError: If the fixture cannot be resolved, or would not live as long as
                the one that asks for it.
            BaseException: What its set-up raised.
        """
        return self._get(name)
