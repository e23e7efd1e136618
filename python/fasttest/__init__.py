"""fasttest: runs pytest and pytest-asyncio suites concurrently, with their outcomes."""

from __future__ import annotations

# Read by pytest when it is started with ``-p fasttest``.
pytest_plugins = ["fasttest.host.plugin"]
