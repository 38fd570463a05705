"""One HTTP/1.1 connection to a receiver: what a webhook needs of a client, and nothing else.

There are no redirects, cookies, proxies or decodings that would have to be turned off; and a
general client's bookkeeping costs several times what the request itself does.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import httptools

MOST_HEAD_BYTES: Final = 65_536
MOST_BODY_BYTES: Final = 65_536
_REST_SECONDS: Final = 1.0
"""For the rest of an answer whose head has said all: read only to use the connection again."""

_READ: Final = 65_536
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class NotHttp(Exception):
    """The answer, or the request, is none that HTTP knows; in words."""


class Broken(Exception):
    """The connection ended before the head of the answer was there."""


@dataclass
class Reply:
    """An answer as it arrives; the parser's callbacks fill it."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    has_head: bool = False
    is_whole: bool = False
    keep_alive: bool = False

    def __post_init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._size = 0

    def feed(self, data: bytes) -> None:
        """Take more of it.

        Raises:
            NotHttp: it is not HTTP, or its head is too long.
        """
        self._size += 0 if self.has_head else len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            raise NotHttp("the answer is not HTTP") from error
        if not self.has_head and self._size > MOST_HEAD_BYTES:
            raise NotHttp("the answer's head is too long")

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        self.has_head = self.status >= 200  # an interim answer (RFC 9110 §15.2) says nothing yet

    def on_body(self, part: bytes) -> None:
        self.body += part[: MOST_BODY_BYTES - len(self.body)]

    def on_message_complete(self) -> None:
        if self.has_head:
            self.is_whole = True
            self.keep_alive = self._parser.should_keep_alive()
        else:
            self.headers.clear()


class Connection:
    """A connection that takes one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.idle_since = 0.0
        self.is_used = False

    @classmethod
    async def open(
        cls, address: str, port: int, tls: ssl.SSLContext | None, host: str
    ) -> Connection:
        """Connect to an address, for a host whose name the certificate has to have."""
        reader, writer = await asyncio.open_connection(
            address, port, ssl=tls, server_hostname=host if tls else None
        )
        return cls(reader, writer)

    @property
    def is_open(self) -> bool:
        return not (self._reader.at_eof() or self._writer.is_closing())

    async def exchange(self, request: bytes, *, whole: bool) -> Reply:
        """Send a request and read its answer.

        Args:
            whole: wait for the answer's body, up to 64 KiB of it.

        Raises:
            Broken: no answer came; on a connection that was used before, the receiver may have
                closed it in the meantime.
            NotHttp: see :class:`NotHttp`.
        """
        reply = Reply()
        try:
            self._writer.write(request)
            await self._writer.drain()
            while not reply.has_head:
                await self._more(reply)
        except (ConnectionError, ssl.SSLError) as error:
            raise Broken from error
        with suppress(TimeoutError, ConnectionError, ssl.SSLError, Broken, NotHttp):
            async with asyncio.timeout(None if whole else _REST_SECONDS):
                while not reply.is_whole and len(reply.body) < MOST_BODY_BYTES:
                    await self._more(reply)
        self.is_used = True
        self.idle_since = time.monotonic()
        return reply

    async def _more(self, reply: Reply) -> None:
        data = await self._reader.read(_READ)
        if not data:
            raise Broken
        reply.feed(data)

    def close(self) -> None:
        self._writer.transport.abort()


def request_bytes(
    method: str, target: bytes, host: str, headers: Mapping[str, str], body: bytes
) -> bytes:
    """A request as it goes over the wire (RFC 9112 §3).

    Raises:
        NotHttp: a header field would not be one, or more than one.
    """
    lines = [f"host: {host}", f"content-length: {len(body)}"]
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or _CONTROL.search(value):
            raise NotHttp("the request cannot be said in HTTP")
        lines.append(f"{name}: {value}")
    head = method.encode() + b" " + target + b" HTTP/1.1\r\n"
    return head + "\r\n".join(lines).encode() + b"\r\n\r\n" + body
