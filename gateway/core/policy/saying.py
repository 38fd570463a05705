"""What the answers of a route say besides: made when the policy is compiled.

A route that has nothing to say has no such step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.core.policy import deprecation
from gateway.core.policy.check import At

if TYPE_CHECKING:
    from gateway.core.app import Core
    from gateway.core.exchange import Exchange

CONFINED: Final = ("x-content-type-options: nosniff", "content-security-policy: sandbox")
"""Of an answer that others made, on the origin of the city's own pages: opened in a browser it runs
no script, has no origin and posts no form, so it cannot act as who is signed in at those pages
(W3C CSP Level 3 §6.3.2)."""


class Saying:
    """A step of the request's way: what the answer will say besides."""

    __slots__ = ("_fields",)

    def __init__(self, fields: bytes) -> None:
        self._fields = fields

    def __call__(self, core: Core, exchange: Exchange) -> None:
        exchange.add_field(self._fields)


def read(at: At, base: str) -> Saying | None:
    """The step of a :class:`schemas.policy.Route`.

    Args:
        base: the public URL.
    """
    confined = at.get("confined")
    lines = [*deprecation.read(at.get("deprecation"), base)]
    if confined is not None and confined.flag():
        lines += CONFINED
    return Saying("\r\n".join(lines).encode("ascii")) if lines else None
