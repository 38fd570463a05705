"""OPTIONS: of the server as a whole, and how often one may be forwarded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.core.reply import Refused, Reply

if TYPE_CHECKING:
    from gateway.core.app import Core
    from gateway.core.exchange import Exchange

_METHODS: Final = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"


class NoContent(Reply):
    """204 with these methods to ``Allow``; no refusal, so it has no reason."""

    def __init__(self, allow: bytes) -> None:
        self.status = 204
        self.reason = ""
        self.body = b""
        self.head = b"HTTP/1.1 204 No Content\r\nallow: " + allow + b"\r\n"


SERVER: Final = NoContent(_METHODS)
"""To ``OPTIONS *`` (RFC 9110 §9.3.7): what routes here may have."""


def count_forwards(core: Core, exchange: Exchange) -> None:
    """``Max-Forwards`` (RFC 9110 §7.6.2): at 0 the question was ours to answer, else one less."""
    left = exchange.fields.max_forwards
    if left == 0:
        node = exchange.policy.table.find(exchange.segments)
        methods = sorted(node.routes) if node is not None else ()
        raise Refused(NoContent(b", ".join(methods)))
    if left > 0:
        exchange.hop += b"\r\nmax-forwards: %d" % (left - 1)
