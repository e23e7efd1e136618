"""``python -m fasttest``."""

from __future__ import annotations

from fasttest.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
