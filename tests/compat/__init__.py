"""The same files under pytest and under fasttest: every outcome must agree."""
