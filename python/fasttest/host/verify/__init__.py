"""Runs of a suite in processes of their own, which are compared with one another."""
