"""What an answer says about being kept: may it be, for how long is it fresh, and stale how long?

RFC 9111 as a *shared* cache, without heuristics: what says nothing of its lifetime is not kept.
RFC 5861 for ``stale-while-revalidate`` and ``stale-if-error``. Pure: no clock, no I/O.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import mktime_tz, parsedate_tz
from typing import Final

from gateway.core.caching.directives import Directives, parse, seconds
from gateway.core.http import head

STATUSES: Final = frozenset((200, 203, 300, 301, 302, 307, 308, 404, 410))
"""Final statuses that are kept if they say for how long (RFC 9111 §3). 206 is not among them."""
LONGEST: Final = 86_400
"""Seconds after which nothing counts as fresh any more, whatever it says; and as long again for
being stale. So the control plane need not remember for ever what it has purged."""
_MOST_VARY: Final = 8
_SHARED: Final = frozenset((b"public", b"s-maxage", b"must-revalidate"))
_STRICT: Final = (b"must-revalidate", b"proxy-revalidate", b"s-maxage", b"no-cache")
"""With one of these, nothing stale is ever used (RFC 9111 §4.2.4, §5.2.2.10)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms on which an answer is kept. Times in seconds.

    Attributes:
        lifetime: for which it is fresh, counted from when it was made.
        age: it had when it arrived (RFC 9111 §4.2.3).
        while_revalidating, on_error: how long after that it may still be used.
        strict: never when stale.
        etag, modified: its validators, as they stand in the fields.
        vary: names of the request fields that it depends on, in lower case, sorted.
        kept: it is not for the present requests alone.
    """

    lifetime: float
    age: float
    while_revalidating: float
    on_error: float
    strict: bool
    etag: bytes
    modified: bytes
    vary: tuple[bytes, ...]
    kept: bool = True


def read_terms(
    status: int, lines: Iterable[bytes], *, authorized: bool, now: float, waited: float
) -> Terms | None:
    """The terms that an answer sets; None if it is not to be kept.

    Args:
        lines: its fields, as :class:`gateway.core.http.answer.Answer` has checked them.
        authorized: the request carried credentials: RFC 9111 §3.5 asks for an explicit word.
        now: wall clock at the answer's arrival; ``waited`` for it since the request was sent.
    """
    fields = gathered(lines)
    said = parse(fields.get(b"cache-control", b""))
    vary = _vary(fields.get(b"vary", b""))
    if said is None or vary is None or status not in STATUSES or not _permitted(said, authorized):
        return None
    if b"set-cookie" in fields:  # it is meant for one client, whatever else is said
        return None
    lifetime = _lifetime(said, fields, now)
    if lifetime is None:
        return None
    strict = any(name in said for name in _STRICT)
    terms = Terms(
        lifetime=min(lifetime, LONGEST),
        age=_age(fields, now, waited),
        while_revalidating=0 if strict else _window(said, b"stale-while-revalidate"),
        on_error=0 if strict else _window(said, b"stale-if-error"),
        strict=strict,
        etag=fields.get(b"etag", b""),
        modified=fields.get(b"last-modified", b""),
        vary=vary,
    )
    return terms if _useful(terms) else None


def spent(vary: tuple[bytes, ...]) -> Terms:
    """The terms of an answer that was confirmed and may not be kept any longer."""
    return Terms(0, 0, 0, 0, strict=True, etag=b"", modified=b"", vary=vary, kept=False)


def gathered(lines: Iterable[bytes]) -> dict[bytes, bytes]:
    """Values by name in lower case; several of one name are joined (RFC 9110 §5.3)."""
    found: dict[bytes, bytes] = {}
    for line in lines:
        name, _, value = line.partition(b":")
        name, value = name.lower(), value.strip(b" \t")
        found[name] = found[name] + b", " + value if name in found else value
    return found


def date(value: bytes) -> float | None:
    """Seconds since the epoch of an HTTP-date, in any of its three forms (RFC 9110 §5.6.7)."""
    try:
        parts = parsedate_tz(value.decode("latin-1"))
        return None if parts is None else float(mktime_tz(parts))
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def _permitted(said: Directives, authorized: bool) -> bool:
    if b"no-store" in said or b"private" in said:
        return False
    return not authorized or not _SHARED.isdisjoint(said)


def _lifetime(said: Directives, fields: dict[bytes, bytes], now: float) -> float | None:
    """RFC 9111 §4.2.1; None if nothing is said."""
    if b"no-cache" in said:
        return 0
    for name in (b"s-maxage", b"max-age"):
        found = seconds(said, name)
        if found is not None:
            return found
    if b"expires" not in fields:
        return None
    expires = date(fields[b"expires"])
    made = date(fields.get(b"date", b""))
    return 0 if expires is None else max(0.0, expires - (now if made is None else made))


def _age(fields: dict[bytes, bytes], now: float, waited: float) -> float:
    """RFC 9111 §4.2.3: the larger of what the clocks and what the ``Age`` field say."""
    made = date(fields.get(b"date", b""))
    said = fields.get(b"age", b"").partition(b",")[0].strip()
    held = min(int(said), LONGEST * 365) if said.isdigit() and len(said) < 12 else 0
    apparent = 0.0 if made is None else int(now) - made  # dates are whole seconds
    return max(apparent, held + waited)


def _window(said: Directives, name: bytes) -> float:
    return min(seconds(said, name) or 0, LONGEST)


def _vary(value: bytes) -> tuple[bytes, ...] | None:
    """Names in ``Vary``; None if it varies by what no other request can be compared in."""
    names = {name.strip(b" \t").lower() for name in value.split(b",")} - {b"", b"host"}
    if b"*" in names or len(names) > _MOST_VARY or not all(head.passes(name) for name in names):
        return None
    return tuple(sorted(names))


def _useful(terms: Terms) -> bool:
    longest = terms.lifetime + max(terms.while_revalidating, terms.on_error)
    return longest > terms.age or bool(terms.etag or terms.modified)
