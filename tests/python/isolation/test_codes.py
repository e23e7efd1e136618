"""What can be read off the code of a function."""

from __future__ import annotations

from typing import Any

import pytest

from fasttest.isolation.codes import imported_in


def _function(body: str) -> Any:
    space: dict[str, Any] = {"__name__": "package.module"}
    exec(f"def function():\n{body}", space)
    return space["function"]


@pytest.mark.parametrize("constants", [0, 300, 70_000])
def test_imports_are_found_however_long_a_function_is(constants: int) -> None:
    """Whole names only; numbers beyond a byte take further instructions."""
    numbers = "".join(f"    x = 'c{n}'\n" for n in range(constants))
    function = _function(
        f"{numbers}    import freezegun\n    from moto.s3 import mock\n"
        "    from . import respx\n    from .vcr import use\n"
        "    def inner():\n        import inside.it\n"
    )
    found = list(imported_in(function.__code__))
    assert found == ["freezegun", "moto.s3", "inside.it"]
