"""Bodies of any length, and an API that gives and takes them, as raw as can be.

Content is the same mebibyte again and again; a checksum over all of it says whether any byte was
lost, doubled or moved.
"""

from __future__ import annotations

import asyncio
import zlib
from asyncio import BufferedProtocol, Transport
from typing import cast

PIECE = bytes(range(256)) * 4_096
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"


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
