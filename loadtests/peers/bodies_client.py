"""A client that takes and gives bodies of any length, and looks at every byte of them."""

from __future__ import annotations

import asyncio
import zlib
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable

from loadtests.peers.bodies import PIECE, Api, checksum

QUIET = 0.25
"""Seconds in which nothing moved: then nothing will, until somebody takes something."""
HELD = 64_000_000
"""Bytes that may be under way to one who does not read: in the candidate and in four sockets."""


class Client:
    """Asks the gateway on ``port`` for, or gives it, bodies below ``path``."""

    def __init__(self, port: int, path: str, token: str) -> None:
        self._port, self._path, self._token = port, path, token
        self._given = 0

    async def take(self, size: int) -> int:
        """An answer of ``size`` bytes, read as it comes.

        Raises:
            ValueError: it is not what the API gave.
        """
        reader, writer = await self._ask("GET", f"{self._path}/1?{size}")
        return await _read(reader, writer, size)

    async def take_late(self, size: int, api: Api) -> int:
        """The same, but nothing is read before all stands still.

        Raises:
            ValueError: it did not stand still before :data:`HELD` had been taken.
        """
        given = api.given
        reader, writer = await self._ask("GET", f"{self._path}/1?{size}")
        held = await at_rest(lambda: api.given - given)
        if held > HELD:
            raise ValueError(f"{held} bytes were taken for one who read nothing")
        return await _read(reader, writer, size)

    async def give(self, size: int) -> int:
        """A request of ``size`` bytes, answered once all of it was taken.

        Raises:
            ValueError: it is not what was given.
        """
        length = f"Content-Length: {size}\r\nContent-Type: application/octet-stream\r\n"
        reader, writer = await self._ask("POST", f"{self._path}/1", length)
        for _ in range(size // len(PIECE)):
            writer.write(PIECE)
            self._given += len(PIECE)
            await writer.drain()
        writer.write(PIECE[: size % len(PIECE)])
        await _head(reader)
        said = int(await reader.read(20))
        writer.close()
        if said != checksum(size):
            raise ValueError("the request arrived otherwise than it was sent")
        return size

    async def give_held(self, size: int, api: Api) -> int:
        """The same, but the API reads nothing before all stands still.

        Raises:
            ValueError: it did not stand still before :data:`HELD` had been taken.
        """
        api.holding, given = True, self._given
        giving = asyncio.create_task(self.give(size))
        held = await at_rest(lambda: self._given - given)
        api.release()
        if held > HELD:
            giving.cancel()
            raise ValueError(f"{held} bytes were taken for an API that read nothing")
        return await giving

    async def _ask(
        self, method: str, path: str, more: str = ""
    ) -> tuple[StreamReader, StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=65_536)
        writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: city.example\r\nAccept: */*\r\n{more}"
            f"Authorization: Bearer {self._token}\r\n\r\n".encode()
        )
        return reader, writer


async def _head(reader: StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        raise ValueError(f"refused: {head.decode()}{(await reader.read(1_000)).decode()}")


async def _read(reader: StreamReader, writer: StreamWriter, size: int) -> int:
    await _head(reader)
    left, crc = size, 0
    while left:
        data = await reader.read(262_144)
        if not data:
            raise ValueError(f"the answer ended {left} bytes early")
        left -= len(data)
        crc = zlib.crc32(data, crc)
    writer.close()
    if crc != checksum(size):
        raise ValueError("the answer arrived otherwise than it was sent")
    return size


async def at_rest(moved: Callable[[], int]) -> int:
    """Wait until no more is moved; how much was."""
    before = -1
    while before != moved():
        before = moved()
        await asyncio.sleep(QUIET)
    return before
