"""What holds for all of fasttest's own tests."""

# Sample suites are run by other tests, in folders and with settings of their own.
collect_ignore = ["suites"]
