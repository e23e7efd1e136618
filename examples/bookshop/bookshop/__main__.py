"""``python -m bookshop``: serve, ask for the stock, or buy."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from bookshop.client import Client, RefusedError, UnavailableError
from bookshop.server import Server
from bookshop.settings import Settings
from bookshop.store import Store


def main(arguments: Sequence[str], settings: Settings, out: TextIO) -> int:
    """Do what the command line says; returns the exit code."""
    parser = argparse.ArgumentParser("bookshop")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve")
    serve.add_argument("database", type=Path)
    serve.add_argument("--latency", type=float, default=0.0)
    commands.add_parser("stock").add_argument("title")
    order = commands.add_parser("order")
    order.add_argument("customer")
    order.add_argument("title")
    options = parser.parse_args(arguments)
    if options.command == "serve":
        asyncio.run(_serve(options.database, options.latency, out))
        return 0
    client = Client(settings.port, settings.attempts)
    try:
        if options.command == "stock":
            print(asyncio.run(client.stock(options.title)), file=out)
        else:
            left = asyncio.run(client.order(options.customer, options.title))
            print(f"bought, {left} left", file=out)
    except (RefusedError, UnavailableError) as error:
        print(error, file=out)
        return 1
    return 0


async def _serve(database: Path, latency: float, out: TextIO) -> None:
    async with Store.open(database) as store, Server(store, latency).serve() as port:
        print(port, file=out, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Settings.from_environment(), sys.stdout))
