"""How many tests may be in flight, as far as the operating system is concerned."""

from __future__ import annotations

try:
    import resource
except ImportError:  # on Windows, which has no such limit
    resource = None  # type: ignore[assignment]

# Descriptors a test is reckoned to need: three for a loop of its own, and one more.
_FILES_PER_TEST = 4
_FILES_OF_THE_PROCESS = 64
_MOST = 512


def default_concurrency() -> int:
    """Tests in flight at most, as far as the limit on open files allows."""
    if resource is None:
        return _MOST
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return _MOST
    free = (limit - _FILES_OF_THE_PROCESS) // _FILES_PER_TEST
    return max(2, min(_MOST, free))
