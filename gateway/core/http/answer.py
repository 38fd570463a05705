"""Reading the head of an upstream's answer.

Upstreams may be anybody's. What cannot be read in one way only is not passed on: the client is
told 502. Fields that belong to the connection, or that only the gateway may set, stay here.

The lines of one API's answers repeat: its content type, its server, a length, the date of this
second. What a line means is remembered by its bytes, so that most lines cost one look-up.
"""

from __future__ import annotations

import re
from typing import Final

from gateway.core.cache import Recent
from gateway.core.http.body import Body, Chunked, Malformed, Sized, UntilClose

_STATUS: Final = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?")
_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\x00-\x08\x0a-\x1f\x7f]*)")
_DROPPED: Final = frozenset(
    b"keep-alive proxy-connection proxy-authenticate upgrade te x-request-id server "
    b"x-powered-by ratelimit ratelimit-policy".split()
)
BODILESS: Final = frozenset((204, 304))

# What a line of a head is: one of these, or a length (an int), or connection options (a set).
FORWARD: Final = "forward"
DROP: Final = "drop"
DATE: Final = "date"
CHUNKED: Final = "chunked"
NO_LENGTH: Final = -1

_Meaning = str | int | frozenset[bytes]
_NONE: Final[frozenset[bytes]] = frozenset()
_lines: Final[Recent[bytes, _Meaning]] = Recent(4_096)
_firsts: Final[Recent[bytes, tuple[int, bool]]] = Recent(256)
_REMEMBERED: Final = 1_024
"""Longest head that is remembered."""
heads: Final[Recent[bytes, Answer]] = Recent(1_024)
"""For the common path: ``heads.young.get(head) or read(head)``."""


def read(head: bytes) -> Answer:
    """``head`` read now, or remembered by its bytes: within a second many answers begin alike.

    Raises:
        Malformed: as :class:`Answer`.
    """
    answer = heads.older(head)
    if answer is None:
        answer = Answer(head)
        if len(head) <= _REMEMBERED:
            heads.put(head, answer)
    return answer


class Answer:
    """The head of one answer, read; never changed afterwards.

    Attributes:
        status: HTTP status code.
        lines: what is passed on: the status line, as of HTTP/1.1, and the fields that go further;
            framing is not among them. Shared by all answers with this head: not to be changed.
        whole: these lines, the length, and the name of the request id, which follows: where
            the content came in one piece with its head.
        measured: the length, if a content of so many bytes is all that belongs to a final answer
            to anything but HEAD; else -1.
        dated: whether a ``Date`` is.
        length: ``Content-Length``, -1 if not given.
        chunked, close: as the upstream said them.
    """

    __slots__ = ("chunked", "close", "dated", "length", "lines", "measured", "status", "whole")

    def __init__(self, head: bytes) -> None:
        """Read ``head``: everything before the empty line, without the last CRLF.

        Raises:
            Malformed: it cannot be read, or could be read in two ways.
        """
        lines = head.split(b"\r\n")
        first = lines[0]
        self.status, self.close = _firsts.young.get(first) or _first(first)
        self.length = NO_LENGTH
        self.chunked = self.dated = False
        passed = self.lines = [first if first[7:8] == b"1" else b"HTTP/1.1" + first[8:]]
        del lines[0]
        listed = _NONE
        known = _lines.young
        for line in lines:
            meaning = known.get(line) or _meaning(line)
            if meaning is FORWARD:
                passed.append(line)
            elif meaning is DATE:
                self.dated = True
                passed.append(line)
            elif meaning is CHUNKED and not self.chunked:
                self.chunked = True
            elif isinstance(meaning, int):
                if self.length not in (NO_LENGTH, meaning):  # RFC 9112 §6.3
                    raise Malformed("more than one length")
                self.length = meaning
            elif isinstance(meaning, frozenset):
                listed |= meaning
            elif meaning is not DROP:
                raise Malformed("more than one transfer coding")
        if listed:
            self._connection(listed)
        if self.chunked and (self.length >= 0 or first[7:8] == b"0"):
            raise Malformed("both a length and a transfer coding, or one in HTTP/1.0")
        final = self.status >= 200 and self.status not in BODILESS
        self.measured = self.length if final else NO_LENGTH
        self.whole = b"".join((
            b"\r\n".join(self.lines), b"\r\ncontent-length: %d\r\nx-request-id: " % self.length
        ))  # fmt: skip

    def _connection(self, options: frozenset[bytes]) -> None:
        """``close``, and the names of fields that go no further (RFC 9110 §7.6.1)."""
        self.close = self.close or b"close" in options
        self.lines[1:] = [
            line for line in self.lines[1:] if line.partition(b":")[0].lower() not in options
        ]

    def body(self, method: bytes) -> Body:
        """How the body of this answer to a ``method`` request ends; RFC 9112 §6.3."""
        if method == b"HEAD" or self.status in BODILESS:
            return Sized(0)
        if self.chunked:
            return Chunked()
        return UntilClose() if self.length < 0 else Sized(self.length)


def _first(line: bytes) -> tuple[int, bool]:
    """Status of a status line, and whether it is HTTP/1.0, whose connections end."""
    found = _STATUS.fullmatch(line)
    if found is None:
        raise Malformed("no status line")
    meaning = int(found[2]), found[1] == b"0"
    _firsts.put(line, meaning)
    return meaning


def _meaning(line: bytes) -> _Meaning:
    """What a line means that was not seen lately."""
    meaning = _lines.older(line)
    if meaning is None:
        meaning = _classify(line)
        if len(line) <= 256:
            _lines.put(line, meaning)
    return meaning


def _classify(line: bytes) -> _Meaning:
    found = _FIELD.fullmatch(line)
    if found is None:
        raise Malformed("a line of the head is no field")
    name, value = found[1].lower(), found[2].strip(b" \t")
    if name == b"content-length":
        if not value.isdigit() or len(value) > 18:
            raise Malformed("a length that is not one number")
        return int(value)
    if name == b"transfer-encoding":
        if value.lower() != b"chunked":
            raise Malformed("a transfer coding that is not known")
        return CHUNKED
    if name == b"connection":
        options = frozenset(option.strip(b" \t").lower() for option in value.split(b","))
        return options if options - {b"keep-alive"} else DROP
    if name in _DROPPED or name.startswith(b"x-city-"):
        return DROP
    return DATE if name == b"date" else FORWARD
