"""Reading the head of an upstream's answer.

Upstreams may be anybody's. What cannot be read in one way only is not passed on: the client is
told 502. Fields that belong to the connection, or that only the gateway may set, stay here.
"""

from __future__ import annotations

import re
from typing import Final

from gateway.core.body import Body, Chunked, Malformed, Sized, UntilClose

_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?")
_CONTROLS: Final = bytes([*range(0x09), *range(0x0A, 0x20), 0x7F])
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_DROP: Final = frozenset(
    b"keep-alive proxy-connection proxy-authenticate upgrade te x-request-id server "
    b"x-powered-by ratelimit ratelimit-policy".split()
)
_READ: Final = frozenset(b"content-length transfer-encoding connection".split())
_KNOWN: Final = {
    spelled: name
    for name in (
        b"content-type content-length transfer-encoding connection date server etag vary "
        b"last-modified cache-control content-encoding content-language accept-ranges location link"
    ).split()
    for spelled in (name, name.title())
}
BODILESS: Final = frozenset((204, 304))


class Answer:
    """The head of one answer, read.

    Attributes:
        status: HTTP status code.
        phrase: what follows the version in the status line: ``b"200 OK"``.
        fields: the lines that are passed on; framing is not among them.
        dated: whether a ``Date`` is.
        length: ``Content-Length``, -1 if not given.
        chunked, close: as the upstream said them.
    """

    __slots__ = ("chunked", "close", "dated", "fields", "length", "phrase", "status")

    def __init__(self, head: bytes) -> None:
        """Read ``head``: everything before the empty line, without the last CRLF.

        Raises:
            Malformed: it cannot be read, or could be read in two ways.
        """
        first, *lines = head.split(b"\r\n")
        found = _STATUS.fullmatch(first)
        if found is None:
            raise Malformed("no status line")
        if len(head) - len(head.translate(None, _CONTROLS)) != 2 * len(lines):
            raise Malformed("control characters in the head")
        self.status = int(found[1])
        self.phrase = first[9:]
        passed: list[bytes] = []
        read: dict[bytes, bytes] = {}
        self.dated = False
        for line in lines:
            name, colon, value = line.partition(b":")
            lower = _KNOWN.get(name) or name.lower()
            if not colon or not _NAME.fullmatch(name):
                raise Malformed("a line of the head is no field")
            if lower in _READ:
                read[lower] = _join(read, lower, value.strip(b" \t"))
            elif lower not in _DROP and not lower.startswith(b"x-city-"):
                passed.append(line)
                self.dated = self.dated or lower == b"date"
        self._framing(read, first)
        if b"connection" in read:
            passed = self._connection(read[b"connection"], passed)
        self.fields = passed

    def _framing(self, read: dict[bytes, bytes], first: bytes) -> None:
        self.close = first[7:8] == b"0"
        coding = read.get(b"transfer-encoding")
        length = read.get(b"content-length", b"")
        self.chunked = coding is not None
        if coding is not None and (coding.lower() != b"chunked" or length or self.close):
            raise Malformed("transfer coding that is not known, or with a length")
        if length and not (length.isdigit() and len(length) < 19):
            raise Malformed("a length that is not one number")
        self.length = int(length) if length else -1

    def _connection(self, options: bytes, passed: list[bytes]) -> list[bytes]:
        listed = {option.strip(b" \t").lower() for option in options.split(b",")}
        self.close = self.close or b"close" in listed
        if not listed - {b"close", b"keep-alive"}:
            return passed
        return [line for line in passed if line.partition(b":")[0].lower() not in listed]

    def body(self, method: bytes) -> Body:
        """How the body of this answer to a ``method`` request ends; RFC 9112 §6.3."""
        if method == b"HEAD" or self.status in BODILESS:
            return Sized(0)
        if self.chunked:
            return Chunked()
        return UntilClose() if self.length < 0 else Sized(self.length)


def _join(read: dict[bytes, bytes], name: bytes, value: bytes) -> bytes:
    """Several fields of one name; lengths must agree word for word (RFC 9112 §6.3)."""
    first = read.get(name)
    if first is None or (first == value and name == b"content-length"):
        return value
    return first + b"," + value
