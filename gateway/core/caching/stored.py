"""One kept answer, and its bytes as a client gets them: head beforehand, one write."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from gateway.core.caching.freshness import Terms, gathered

if TYPE_CHECKING:
    from gateway.core.caching.asked import Asked
    from gateway.core.exchange import Exchange

NAME: Final = b"supercity"
"""This cache in ``Cache-Status`` (RFC 9211 §2); as in ``Via``."""
_NOT_KEPT: Final = frozenset((b"age",))
_NOT_IN_304: Final = frozenset((b"content-type", b"content-encoding", b"content-language"))
"""RFC 9110 §15.4.5: a 304 says what the stored answer is, not how it is represented."""
_NOT_FRESHENED: Final = _NOT_IN_304 | {b"content-length", b"content-range"}
_OVERHEAD: Final = 1_024
"""Bytes that an entry costs beside its content and head: objects, keys, index."""


class Stored:
    """One answer that is kept.

    Attributes:
        lines: status line and fields, as they were passed on.
        fresh_until, stale_until, error_until: on the loop's clock: until then it may be used
            without asking, while asking, and when asking fails.
        since: when it was asked for, on the same clock.
        retry_at: asking has failed; not tried again before.
        strict: never used when stale.
        etag, modified, vary: see :class:`gateway.core.caching.freshness.Terms`.
        size: bytes of memory that it is counted as.
    """

    __slots__ = (
        "_age", "_born", "_front", "_front304", "_head", "_head304", "body", "error_until",
        "etag", "fresh_until", "lines", "modified", "retry_at", "since", "size", "stale_until",
        "status", "strict", "vary",
    )  # fmt: skip

    def __init__(
        self, status: int, lines: list[bytes], body: bytes, terms: Terms, now: float, since: float
    ) -> None:
        self.status = status
        self.since = since
        self.body = body
        self.lines = [line for line in lines if _name(line) not in _NOT_KEPT]
        fields = b"\r\n".join(self.lines)
        self._head = b"%b\r\ncontent-length: %d" % (fields, len(body))
        conditional = [line for line in self.lines[1:] if _name(line) not in _NOT_IN_304]
        self._head304 = b"\r\n".join((b"HTTP/1.1 304 Not Modified", *conditional))
        self.size = len(body) + len(self._head) * 5 + _OVERHEAD
        self._born = now - terms.age
        self.fresh_until = self._born + terms.lifetime
        self.stale_until = self.fresh_until + terms.while_revalidating
        self.error_until = self.fresh_until + terms.on_error
        self.strict = terms.strict
        self.etag, self.modified, self.vary = terms.etag, terms.modified, terms.vary
        self.retry_at = -inf
        self._age = -1
        self._front = self._front304 = b""

    def age(self, now: float) -> int:
        """Seconds since it was made (RFC 9111 §4.2.3)."""
        return int(now - self._born)

    def serve(self, exchange: Exchange, now: float) -> None:
        """A hit."""
        exchange.serve(self.status, self.front(now), self.body)

    def front(self, now: float) -> bytes:
        """The head of a hit, as far as all share it; what changes with the second is made then."""
        age = int(now - self._born)
        if age != self._age:
            self._renew(age, now)
        return self._front

    def serve_on_terms(self, exchange: Exchange, asked: Asked, now: float, how: bytes = b"") -> int:
        """Serve it, or 304 if the client has it already.

        Args:
            how: parameters of ``Cache-Status`` if this is no plain hit.

        Returns:
            The status.
        """
        age = int(now - self._born)
        self._renew(age, now)
        not_modified = self.status == 200 and asked.has(self)
        status = 304 if not_modified else self.status
        front = self._front304 if not_modified else self._front
        if how:
            head = self._head304 if not_modified else self._head
            front = _front(head, age, how)
        exchange.serve(status, front, b"" if not_modified else self.body)
        return status

    def _renew(self, age: int, now: float) -> None:
        self._age = age
        hit = b"hit; ttl=%d" % (self.fresh_until - now)
        self._front = _front(self._head, age, hit)
        self._front304 = _front(self._head304, age, hit)

    def validators(self) -> bytes:
        """The fields by which the upstream is asked whether it still holds (RFC 9111 §4.3.1)."""
        found = b"if-none-match: %b\r\n" % self.etag if self.etag else b""
        return found + (b"if-modified-since: %b\r\n" % self.modified if self.modified else b"")

    def freshened(self, lines: list[bytes]) -> list[bytes]:
        """Its lines with what a 304 says anew (RFC 9111 §3.2)."""
        new = [line for line in lines[1:] if _name(line) not in _NOT_FRESHENED]
        names = gathered(new).keys()
        return [line for line in self.lines if _name(line) not in names] + new


def _name(line: bytes) -> bytes:
    return line.partition(b":")[0].lower()


def _front(head: bytes, age: int, how: bytes) -> bytes:
    return b"%b\r\nage: %d\r\ncache-status: %b; %b" % (head, max(0, age), NAME, how)
