"""Fields by which an answer says that its operation is to go: RFC 9745, RFC 8594."""

from __future__ import annotations

from email.utils import formatdate

from gateway.core.policy.check import At
from schemas.policy import CHANGES


def read(at: At | None, base: str) -> list[str]:
    """The lines for a :class:`schemas.policy.Deprecation`; none for None.

    Args:
        base: the public URL, to which the page of announcements belongs.
    """
    if at is None:
        return []
    said = [f"deprecation: @{at['since'].whole()}"]  # a date of structured fields (RFC 9651 §3.3.7)
    sunset = at.get("sunset")
    if sunset is not None:
        said.append(f"sunset: {formatdate(sunset.whole(), usegmt=True)}")
    said.append(f'link: <{base}{CHANGES}>; rel="deprecation"; type="text/html"')
    return said
