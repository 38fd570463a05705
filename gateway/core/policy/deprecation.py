"""Fields by which an answer says that its operation is to go: RFC 9745, RFC 8594.

Made when the policy is compiled. On a route that is not announced there is no such step.
"""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING

from gateway.core.policy.check import At
from schemas.policy import CHANGES

if TYPE_CHECKING:
    from gateway.core.app import Core
    from gateway.core.exchange import Exchange


class Announcement:
    """A step of the request's way: what the answer will say besides."""

    __slots__ = ("_fields",)

    def __init__(self, fields: bytes) -> None:
        self._fields = fields

    def __call__(self, core: Core, exchange: Exchange) -> None:
        exchange.add_field(self._fields)


def read(at: At | None, base: str) -> Announcement | None:
    """The step for a :class:`schemas.policy.Deprecation`.

    Args:
        base: the public URL, to which the page of announcements belongs.
    """
    if at is None:
        return None
    said = [f"deprecation: @{at['since'].whole()}"]  # a date of structured fields (RFC 9651 §3.3.7)
    sunset = at.get("sunset")
    if sunset is not None:
        said.append(f"sunset: {formatdate(sunset.whole(), usegmt=True)}")
    said.append(f'link: <{base}{CHANGES}>; rel="deprecation"; type="text/html"')
    return Announcement("\r\n".join(said).encode("ascii"))
