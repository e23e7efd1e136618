"""Words and what is made of them."""

from __future__ import annotations

import asyncio


def plural(word: str) -> str:
    """Return the plural of a word.

    >>> plural("test")
    'tests'
    >>> plural("batch")
    'batches'
    """
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")


async def translate(word: str) -> str:
    """Look a word up, slowly."""
    await asyncio.sleep(0.005)
    return {"test": "Prüfung", "loop": "Schleife"}[word]
