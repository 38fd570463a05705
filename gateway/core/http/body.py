"""Where a body ends (RFC 9112 §6.3): by length, by chunks, or by the connection's end.

The three have one shape: ``feed`` takes the bytes that arrived and gives the content among them
and what follows the body; ``done`` says that it has ended. Chunks are taken apart here and made
anew when written: no chunk extension or odd framing of one side ever reaches the other.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

from gateway.core import bounds
from gateway.core.http.head import passes

_CHUNK: Final = re.compile(
    rb"([0-9A-Fa-f]{1,15})"
    rb"(?:[ \t]*;[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+"
    rb'(?:=(?:[!#$%&\'*+.^_`|~0-9A-Za-z-]+|"[^"\\\x00-\x1f\x7f]*"))?)*+'
)
_TRAILER: Final = re.compile(rb"([!#$%&'*+.^`|~0-9A-Za-z-]+):[^\x00-\x08\x0a-\x1f\x7f]*")
_NO_TRAILERS: Final = frozenset(
    b"set-cookie content-type content-encoding content-range content-location cache-control "
    b"expires date age vary location retry-after range if-match if-none-match if-modified-since "
    b"if-unmodified-since if-range max-forwards www-authenticate".split()
)
"""Fields that must not come after the body (RFC 9110 §6.5.1), besides those that never pass."""


class Malformed(ValueError):
    """The framing of a body cannot be read, or can be read in more than one way."""


class Body(Protocol):
    """How much of a body is still to come."""

    done: bool

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Content in ``data``, and what comes after the body.

        Raises:
            Malformed: the framing is not what RFC 9112 §7.1 says.
        """


class Sized:
    """A body of so many bytes."""

    __slots__ = ("done", "left")

    def __init__(self, length: int) -> None:
        self.left = length
        self.done = length == 0

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        left = self.left - len(data)
        if left > 0:
            self.left = left
            return data, b""
        size = self.left
        self.left = 0
        self.done = True
        return (data, b"") if left == 0 else (data[:size], data[size:])


WHOLE: Final = Sized(0)
"""A body that came in one piece with its head."""


class UntilClose:
    """An answer that goes on until its connection ends."""

    __slots__ = ("done",)

    def __init__(self) -> None:
        self.done = False

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        return data, b""


class Chunked:
    """A body in chunks; ``trailers`` are the fields after it, each ending in CRLF."""

    __slots__ = ("_ending", "_held", "_left", "_room", "done", "trailers")

    def __init__(self) -> None:
        self.done = False
        self.trailers = b""
        self._left = 0  # of the chunk in hand, with its CRLF
        self._held = b""  # a line that has not arrived whole
        self._ending = False  # the last chunk was seen, trailers follow
        self._room = bounds.TRAILER_BYTES  # for more of them

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        data = self._held + data if self._held else data
        self._held = b""
        content: list[bytes] = []
        at = 0
        while at < len(data) and not self.done:
            at = self._chunk(data, at, content) if self._left else self._line(data, at)
        return b"".join(content), data[at:]

    def _chunk(self, data: bytes, at: int, content: list[bytes]) -> int:
        take = min(self._left, len(data) - at)
        if self._left > 2:
            content.append(data[at : at + min(take, self._left - 2)])
        # the two bytes after the chunk's data must be CRLF
        ending = data[max(at, at + self._left - 2) : at + take]
        if ending and ending != b"\r\n"[2 - min(2, self._left) :][: len(ending)]:
            raise Malformed("a chunk is not followed by CRLF")
        self._left -= take
        return at + take

    def _line(self, data: bytes, at: int) -> int:
        end = data.find(b"\r\n", at)
        most = bounds.TRAILER_BYTES if self._ending else bounds.CHUNK_LINE_BYTES
        if (len(data) - 1 if end < 0 else end) - at > most:  # its LF may be on its way
            raise Malformed("a chunk size or trailer is too long")
        if end < 0:
            self._held = data[at:]
            if b"\n" in self._held:
                raise Malformed("a line ends in a bare LF")
            return len(data)
        line = data[at:end]
        if self._ending:
            self._trailer(line)
        else:
            self._size(line)
        return end + 2

    def _size(self, line: bytes) -> None:
        found = _CHUNK.fullmatch(line)
        if found is None:
            raise Malformed("a chunk size is not a hexadecimal number")
        size = int(found[1], 16)
        self._ending = size == 0
        self._left = size + 2 if size else 0

    def _trailer(self, line: bytes) -> None:
        if not line:
            self.done = True
            return
        found = _TRAILER.fullmatch(line)
        if found is None:
            raise Malformed("a trailer is not a header field")
        self._room -= len(line) + 2
        if self._room < 0:
            raise Malformed("the trailers are too long")
        name = found[1].lower()
        if name not in _NO_TRAILERS and passes(name):
            self.trailers += line + b"\r\n"


def chunk(content: bytes) -> bytes:
    """``content`` as one chunk."""
    return b"%x\r\n%b\r\n" % (len(content), content)


def last_chunk(trailers: bytes = b"") -> bytes:
    return b"0\r\n" + trailers + b"\r\n"
