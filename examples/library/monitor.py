"""Runs the checks inside a program that has better things to do meanwhile."""

import asyncio

from checks import suite


async def tick(beats: list[float]) -> None:
    """The program's own work, which goes on while the checks run."""
    while True:
        beats.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.01)


async def main() -> None:
    """Stream the results of the checks beside the program's own work."""
    beats: list[float] = []
    ticking = asyncio.create_task(tick(beats))
    async with suite.stream(concurrency=20) as results:
        async for result in results:
            print(result)
    ticking.cancel()
    print(results.report)
    print(f"still alive: {len(beats) > 1}")


if __name__ == "__main__":
    asyncio.run(main())
