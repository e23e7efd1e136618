"""The side of pytest: its options, items, fixtures, hooks and reports."""
