"""One case: bytes that a client sends, and all that may come of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HOST: Final = b"Host: city.example\r\n"
GET: Final = b"GET /open HTTP/1.1\r\n"
POST: Final = b"POST /open HTTP/1.1\r\n" + HOST
CHUNKED: Final = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as the API behind may see it: method, target and content."""

    method: str
    target: str
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Case:
    """Bytes in, and what must happen.

    Attributes:
        name: what is tried, in words.
        sent: all that the client sends.
        answers: statuses, in order; interim ones are not counted.
        kept: the connection takes another request afterwards; if not, nothing that follows is read.
        seen: every whole request that the API behind sees, in order, and no other.
    """

    name: str
    sent: bytes
    answers: tuple[int, ...]
    kept: bool
    seen: tuple[Seen, ...] = ()


def refused(name: str, sent: bytes, status: int = 400) -> Case:
    """Answered by the gateway, connection closed, nothing forwarded."""
    return Case(name, sent, (status,), kept=False)


def answered(name: str, sent: bytes, status: int) -> Case:
    """Answered by the gateway itself; the connection goes on, since nothing is in doubt."""
    return Case(name, sent, (status,), kept=True)


def passed(name: str, sent: bytes, *seen: Seen, kept: bool = True) -> Case:
    """Forwarded as ``seen``, each answered with 200."""
    return Case(name, sent, (200,) * len(seen), kept, seen)


def got(target: str = "/open") -> Seen:
    return Seen("GET", target)


def posted(content: bytes = b"", target: str = "/open") -> Seen:
    return Seen("POST", target, content)
