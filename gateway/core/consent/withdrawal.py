"""What is under way ends when what allowed it does.

A request is judged when it comes. What then goes on for long (a stream, a WebSocket, a large
download, a call that is still waited for) is looked at again whenever a policy comes into force,
and ends at once where its token was revoked, its client suspended or its consent withdrawn. It is
the connections that are looked at, so that a request pays nothing for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from gateway.core.reply import Reply, invalid_token, reply
from gateway.core.slices import Work

if TYPE_CHECKING:
    from gateway.core.app import Core
    from gateway.core.exchange import Exchange
    from gateway.core.policy.policy import Policy
    from gateway.core.server import ClientConnection

WITHDRAWN: Final = reply(
    403, "consent-withdrawn", "The resident has withdrawn the consent",
    "The consent under which this was asked for was withdrawn while it was under way.",
)  # fmt: skip
ENDED: Final = invalid_token("it has expired while the answer was under way", "token-expired")
_GRACE: Final = 1.0
"""Seconds for which an API may end its stream by itself, in its own words."""


def cut_withdrawn(clients: Iterable[ClientConnection], policy: Policy) -> Work[int]:
    """End what ``policy`` no longer allows, in steps; the number of exchanges that it was."""
    cut = 0
    for client in clients:
        exchange = client.exchange or client.owed
        if exchange is not None and exchange.policy is not policy:
            reason = against(exchange, policy)
            if reason is not None:
                cut += 1
                client.cut() if exchange is client.owed else exchange.cut(reason)
        yield
    return cut


def against(exchange: Exchange, policy: Policy) -> Reply | None:
    """What speaks under ``policy`` against an exchange that was admitted under another."""
    if not exchange.routed or exchange.route.access == "open":
        return None
    grant, consent = exchange.grant, exchange.consent
    if grant.checked is not policy:
        reason = grant.check(policy)
        if reason is not None:
            return reason
    if consent is not None and consent["consent_id"] in policy.revoked.get("consents", ()):
        return WITHDRAWN
    return None


def note_lasting(core: Core, exchange: Exchange) -> None:
    """The step of a route whose answers go on: they end with the token and the consent."""
    exchange.lasts_until = min(exchange.lasts_until, exchange.grant.expires)
    core.lasting.add(exchange)


def cut_ended(lasting: set[Exchange], now: float) -> None:
    """End what has outlasted its token or consent; forget what has ended by itself."""
    for exchange in tuple(lasting):
        if not exchange.alive:
            lasting.discard(exchange)
        elif exchange.lasts_until + _GRACE <= now:
            lasting.discard(exchange)
            exchange.cut(ENDED)
