"""The lines of a journal, without any I/O.

Each ends with a checksum of its own, so that what a power cut left half written is known for what
it is::

    A17 {"at":1764000000000,"client":"app",…,"request":"…"}<TAB>9b1c02fe
    O17 200<TAB>5d0f3a11

``B`` begins a journal and names this format; ``A`` tells of an access before its upstream is asked,
``O`` which status it was answered with. The JSON is a :class:`schemas.consent.Access` but for
``status``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zlib import crc32

_CHECK: Final = 10
"""Bytes behind a line's text: a tab, eight hexadecimal digits, a newline."""


FORMAT: Final = 1


def begun() -> bytes:
    """A line that says nothing of any access."""
    return _checked(b"B%d " % FORMAT)


def access(number: int, at: int, said: bytes, request: bytes) -> bytes:
    """The line of one access.

    Args:
        at: when, in milliseconds since the epoch.
        said: members of a JSON object, with a comma after the last one; so there is neither a
            newline nor a tab.
        request: its id, which needs no escapes.
    """
    return _checked(b'A%d {"at":%d,%b"request":"%b"}' % (number, at, said, request))


def outcome(number: int, status: int) -> bytes:
    """The line that tells its status; 0 for one that was never answered."""
    return _checked(b"O%d %d" % (number, status))


def _checked(text: bytes) -> bytes:
    return b"%b\t%08x\n" % (text, crc32(text))


@dataclass(frozen=True, slots=True)
class Line:
    """One line, read.

    Attributes:
        number: of the access in its journal; -1 where the line is of none.
        status: of an outcome; None for an access, whose JSON is ``said``.
    """

    number: int
    said: bytes = b""
    status: int | None = None


def read(data: bytes) -> tuple[list[Line | None], int]:
    """The lines that ``data`` begins with.

    Returns:
        Each of them, None where one is damaged, and how many bytes they take: what is left is a
        line not written to its end.
    """
    found: list[Line | None] = []
    at = 0
    while (end := data.find(b"\n", at)) >= 0:
        found.append(_line(data[at : end + 1]))
        at = end + 1
    return found, at


def _line(line: bytes) -> Line | None:
    text = line[:-_CHECK]
    if line[-_CHECK:] != b"\t%08x\n" % crc32(text):
        return None
    kind, (number, _, rest) = text[:1], text[1:].partition(b" ")
    try:
        if kind == b"A":
            return Line(int(number), rest)
        if kind == b"B":
            return Line(-1, status=int(number))
        return Line(int(number), status=int(rest)) if kind == b"O" else None
    except ValueError:
        return None
