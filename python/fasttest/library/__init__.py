"""The engine for suites that are built in Python, without pytest."""
