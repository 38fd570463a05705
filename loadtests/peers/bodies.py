"""Bodies of any length: an API that gives and takes them, and a client that does, both raw.

Content is the same mebibyte again and again; a checksum over all of it says whether any byte was
lost, doubled or moved.
"""

from __future__ import annotations

import asyncio
import zlib
from asyncio import BufferedProtocol, StreamReader, StreamWriter, Transport
from collections.abc import Callable
from typing import cast

PIECE = bytes(range(256)) * 4_096
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"
QUIET = 0.25
"""Seconds in which nothing moved: then nothing will, until somebody takes something."""
HELD = 64_000_000
"""Bytes that may be under way to one who does not read: in the candidate and in four sockets."""


def checksum(size: int) -> int:
    """CRC-32 of the first ``size`` bytes of content."""
    found = 0
    for _ in range(size // len(PIECE)):
        found = zlib.crc32(PIECE, found)
    return zlib.crc32(PIECE[: size % len(PIECE)], found)


class Serving(BufferedProtocol):
    """One connection of the API.

    ``GET /…?<n>`` is answered with so many bytes; POST with the checksum of what came.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._into = memoryview(bytearray(262_144))
        self._head = b""
        self._left = self._crc = self._to_send = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(Transport, transport)
        self._transport.set_write_buffer_limits(high=262_144)
        self._may_write = True
        self._api.transports.append(self._transport)

    def get_buffer(self, hint: int) -> memoryview:
        return self._into

    def buffer_updated(self, count: int) -> None:
        data: bytes | memoryview = self._into[:count]
        if not self._left:
            self._head += data
            head, end, rest = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            self._head, self._crc, data = b"", 0, rest
            if not self._begin(head):
                return
        self._crc = zlib.crc32(data, self._crc)
        self._left -= len(data)
        self._api.taken += len(data)
        if not self._left:
            said = b"%d" % self._crc
            self._transport.write(OK % len(said) + said)

    def _begin(self, head: bytes) -> bool:
        """Whether content follows."""
        if head.startswith(b"POST "):
            fields = head.lower()
            self._left = int(fields.partition(b"content-length:")[2].split(b"\r\n")[0])
            if self._api.holding:
                self._transport.pause_reading()
            return True
        self._to_send = int(head.split()[1].partition(b"?")[2])
        self._transport.write(OK % self._to_send)
        self._send()
        return False

    def pause_writing(self) -> None:
        self._may_write = False

    def resume_writing(self) -> None:
        self._may_write = True
        self._send()

    def _send(self) -> None:
        while self._to_send and self._may_write:
            piece = PIECE[: self._to_send]
            self._to_send -= len(piece)
            self._api.given += len(piece)
            self._transport.write(piece)


class Api:
    """The API.

    Attributes:
        given, taken: bytes of content so far.
        holding: content that begins now is not read before :meth:`release`.
    """

    def __init__(self) -> None:
        self.given = self.taken = 0
        self.holding = False
        self.transports: list[Transport] = []

    def connection(self) -> Serving:
        return Serving(self)

    def release(self) -> None:
        self.holding = False
        for transport in self.transports:
            transport.resume_reading()

    def close(self) -> None:
        for transport in self.transports:
            transport.abort()


async def at_rest(moved: Callable[[], int]) -> int:
    """Wait until no more is moved; how much was."""
    before = -1
    while before != moved():
        before = moved()
        await asyncio.sleep(QUIET)
    return before


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
