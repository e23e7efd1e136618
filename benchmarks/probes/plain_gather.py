"""Waits as the 200 tests do, with asyncio alone: the least a run phase can take.

Prints the seconds of one ``asyncio.run`` over one ``gather``.
"""

from __future__ import annotations

import asyncio
import sys
import time


async def _wait(count: int, seconds: float) -> None:
    await asyncio.gather(*(asyncio.sleep(seconds) for _ in range(count)))


if __name__ == "__main__":
    count, seconds = int(sys.argv[1]), float(sys.argv[2])
    start = time.perf_counter()
    asyncio.run(_wait(count, seconds))
    print(time.perf_counter() - start)
