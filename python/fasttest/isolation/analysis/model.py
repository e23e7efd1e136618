"""What the analyzer says of a line, and of a test."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any


class Category(enum.Enum):
    """What a line has to do with."""

    FILE = "file"
    PORT = "port"
    ENVIRONMENT = "environment"
    DIRECTORY = "directory"
    GLOBAL = "global"
    CLASS_ATTRIBUTE = "class attribute"
    SINGLETON = "singleton"
    PATCH = "patch"
    PROCESS = "process"
    BLOCKING = "blocking"
    COMPUTING = "computing"


class Effect(enum.Enum):
    """What a line means for the company of a test."""

    OWN = "own"
    """Changes what can be each test's own."""
    SHARED = "shared"
    """Uses a named resource that another test may use as well."""
    ALONE = "alone"
    """Changes what all tests share and cannot have a copy of."""
    HOLDS_UP = "holds up"
    """Blocks the thread on which all tests run."""
    COMPUTES = "computes"
    """Keeps the processor busy."""


class Kind(enum.Enum):
    """What a test is, as far as one can read."""

    SEQUENTIAL = "sequential"
    RESOURCE_INTENSIVE = "resource-intensive"
    CPU_BOUND = "CPU-bound"
    PARALLEL_SAFE = "parallel-safe"


@dataclass(frozen=True, slots=True)
class Finding:
    """A line, and what it does.

    Attributes:
        category: What it has to do with.
        effect: What that means for the test's company.
        text: What it does, in a few words.
        file: The file's path.
        line: The line's number, from 1.
        function: The name of the function it is in.
        resource: The name of what it shares; None if that has no name.
        attribute: The object and the name of an attribute that it assigns to.
    """

    category: Category
    effect: Effect
    text: str
    file: str
    line: int
    function: str
    resource: str | None = None
    attribute: tuple[Any, str] | None = field(default=None, compare=False)
