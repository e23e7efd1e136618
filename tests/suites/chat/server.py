"""A line-based chat server: join a room, say something, leave."""

from __future__ import annotations

import asyncio
from collections import defaultdict


class ChatServer:
    """Sends each line to everybody in the speaker's room."""

    def __init__(self) -> None:
        self.rooms: dict[str, set[asyncio.StreamWriter]] = defaultdict(set)

    async def serve(self, host: str = "127.0.0.1") -> asyncio.Server:
        """Listen on a free port."""
        return await asyncio.start_server(self._talk, host, 0)

    async def _talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        room: str | None = None
        while line := (await reader.readline()).decode().strip():
            verb, _, rest = line.partition(" ")
            if verb == "join" and rest:
                room = rest
                self.rooms[room].add(writer)
                writer.write(f"joined {room} {len(self.rooms[room])}\n".encode())
            elif verb == "say" and room is not None:
                for listener in self.rooms[room]:
                    listener.write(f"{rest}\n".encode())
            else:
                writer.write(b"error\n")
            await writer.drain()
        if room is not None:
            self.rooms[room].discard(writer)
        writer.close()


class Client:
    """One connection to the server."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int) -> Client:
        """Open a connection to a local port."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, line: str) -> str:
        """Send a line and return the next one received."""
        await self.send(line)
        return await self.hear()

    async def send(self, line: str) -> None:
        """Send a line."""
        self._writer.write(f"{line}\n".encode())
        await self._writer.drain()

    async def hear(self) -> str:
        """Return the next line received."""
        return (await asyncio.wait_for(self._reader.readline(), 10)).decode().strip()

    async def close(self) -> None:
        """Close the connection and wait until it is closed."""
        self._writer.close()
        await self._writer.wait_closed()
