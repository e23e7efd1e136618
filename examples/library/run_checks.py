"""Runs the checks from the command line; the exit code says how it went."""

from checks import suite


def main() -> int:
    """Run all checks and print each result as it comes, then the summary."""
    report = suite.run(print)
    print(report)
    return 0 if report.ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
