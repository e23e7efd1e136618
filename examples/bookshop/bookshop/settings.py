"""Where the shop is, from the environment."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """What the command line needs to know."""

    port: int
    attempts: int

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read ``BOOKSHOP_PORT`` and ``BOOKSHOP_ATTEMPTS``.

        Raises:
            ValueError: If a value is no number.
        """
        return cls(
            port=int(os.environ.get("BOOKSHOP_PORT", "7323")),
            attempts=int(os.environ.get("BOOKSHOP_ATTEMPTS", "3")),
        )
