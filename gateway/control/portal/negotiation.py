"""Which of several forms of one thing a client would like best (RFC 9110 §12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence


def preferred(accept: str, offered: Sequence[str]) -> str:
    """The media type that ``accept`` likes best; the first one offered where it does not matter.

    What is liked by nobody is sent all the same: a page is better than a refusal (§12.5.1 allows
    it).
    """
    likes = [_like(accept, one) for one in offered]
    best = max(likes)
    return offered[likes.index(best)] if best > 0 else offered[0]


def _like(accept: str, media_type: str) -> float:
    """Its weight, by the most specific range that covers it."""
    kind = media_type.partition("/")[0]
    found = (-1, 1.0 if not accept.strip() else 0.0)
    for one in accept.lower().split(",")[:50]:
        name, *parameters = (part.strip() for part in one.split(";"))
        if name in (ranges := ("*/*", f"{kind}/*", media_type)):
            found = max(found, (ranges.index(name), _weight(parameters)), key=lambda it: it[0])
    return found[1]


def _weight(parameters: Sequence[str]) -> float:
    for one in parameters:
        name, _, value = one.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
