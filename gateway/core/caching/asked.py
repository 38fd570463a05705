"""What a request says to a cache: whether it may be answered from one, and on what condition.

Like the header section itself (``core/http/head.py``) it hardly changes from call to call, so
that it is read once for all requests with the same fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.core.caching.directives import parse, seconds
from gateway.core.caching.freshness import date, gathered

if TYPE_CHECKING:
    from gateway.core.caching.stored import Stored

_BYPASS: Final = frozenset((b"range", b"if-range", b"if-match", b"if-unmodified-since"))
"""Requests with one of these are for the API itself: parts are not kept."""
_OWN: Final = frozenset((b"if-none-match", b"if-modified-since"))
"""Conditions that are answered here; what is asked upstream has the stored answer's instead."""


class Asked:
    """One set of request fields, as a cache reads it (RFC 9111 §5.2.1, RFC 9110 §13).

    Attributes:
        bypass: the cache has nothing to do with it.
        simple: whatever is fresh will do, and no condition is made: the common case.
        strict: says how fresh an answer must be, so that a stale one does only where it says so.
        no_store: the answer must not be kept.
        only_cached: an answer from the cache, or 504.
        forward: the fields for the upstream, without conditions.
    """

    __slots__ = (
        "_fields", "_max_age", "_max_stale", "_min_fresh", "_modified_since", "_no_cache",
        "_none_match", "_selected", "bypass", "forward", "no_store", "only_cached", "simple",
        "strict",
    )  # fmt: skip

    def __init__(self, block: bytes) -> None:
        """Read ``block``: :attr:`gateway.core.http.head.Fields.forward`."""
        lines = block.split(b"\r\n")
        lines.pop()
        fields = self._fields = gathered(lines)
        said = parse(fields.get(b"cache-control", b"")) or {}
        self.bypass = not _BYPASS.isdisjoint(fields)
        self.no_store = b"no-store" in said
        self.only_cached = b"only-if-cached" in said
        self._no_cache = b"no-cache" in said
        self._max_age = seconds(said, b"max-age")
        self._min_fresh = seconds(said, b"min-fresh") or 0
        self._max_stale = _max_stale(said)
        self.strict = self._no_cache or self._max_age is not None or self._min_fresh > 0
        self._none_match = _tags(fields.get(b"if-none-match", b""))
        since = fields.get(b"if-modified-since")
        self._modified_since = None if since is None or self._none_match else date(since)
        conditional = bool(self._none_match) or self._modified_since is not None
        self.simple = not (self.bypass or self.no_store or said or conditional)
        kept = [line for line in lines if line.partition(b":")[0].lower() not in _OWN]
        self.forward = b"".join(line + b"\r\n" for line in kept)
        self._selected: dict[tuple[bytes, ...], tuple[bytes | None, ...]] = {}

    def selected(self, names: tuple[bytes, ...]) -> tuple[bytes | None, ...]:
        """Its values of ``names``: what a variant is known by (RFC 9111 §4.1)."""
        found = self._selected.get(names)
        if found is None:
            found = tuple(self._fields.get(name) for name in names)
            if len(self._selected) < 16:
                self._selected[names] = found
        return found

    def accepts(self, stored: Stored, now: float) -> bool:
        """Whether ``stored`` will do as it is, without asking upstream (RFC 9111 §4.2, §5.2.1)."""
        if self._no_cache:
            return False
        if self._max_age is not None and stored.age(now) > self._max_age:
            return False
        left = stored.fresh_until - now
        if left > 0:
            return left >= self._min_fresh
        return not stored.strict and 0 < -left <= self._max_stale

    def has(self, stored: Stored) -> bool:
        """Whether the client's copy is this one: 304 (RFC 9110 §13.1.2, §13.1.3)."""
        if self._none_match:
            return b"*" in self._none_match or opaque(stored.etag) in self._none_match
        if self._modified_since is None:
            return False
        modified = date(stored.modified)
        return modified is not None and modified <= self._modified_since


def opaque(etag: bytes) -> bytes:
    """An entity tag for the weak comparison (RFC 9110 §8.8.3.2)."""
    return etag.removeprefix(b"W/")


def _tags(value: bytes) -> frozenset[bytes]:
    """Entity tags of ``If-None-Match``; one with a comma in it matches nothing, which is safe."""
    return frozenset(opaque(tag.strip(b" \t")) for tag in value.split(b",")) - {b""}


def _max_stale(said: dict[bytes, bytes]) -> float:
    """Seconds past its freshness that an answer may be; without a number, any."""
    if b"max-stale" not in said:
        return 0
    return (seconds(said, b"max-stale") or 0) if said[b"max-stale"] else float("inf")
