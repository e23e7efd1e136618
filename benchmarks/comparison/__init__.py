"""Compares fasttest with other runners on generated suites."""
