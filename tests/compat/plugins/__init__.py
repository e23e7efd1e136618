"""Suites that use other people's plugins, each with the real one."""
