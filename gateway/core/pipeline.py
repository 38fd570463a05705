"""A request's way through the gateway, as a list.

The head has been read (:mod:`gateway.core.head`, :mod:`gateway.core.target`). Then :func:`admit`:
the route is found, and the steps of its access class run in order. Each either returns or raises
:class:`~gateway.core.reply.Refused`; none waits for anything. What has passed them all is written
to the upstream in the same turn of the event loop (:mod:`gateway.core.upstream`), and the answer is
streamed back (:mod:`gateway.core.exchange`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from gateway.core import reply
from gateway.core.reply import Refused

if TYPE_CHECKING:
    from gateway.core.app import Core
    from gateway.core.exchange import Exchange

Step = Callable[["Core", "Exchange"], None]


def admit(core: Core, exchange: Exchange) -> None:
    """Take ``exchange`` through every step up to its upstream.

    Raises:
        Refused: at the first step that it does not pass.
    """
    find_route(core, exchange)
    for step in STEPS[exchange.route.access]:
        step(core, exchange)


def find_route(core: Core, exchange: Exchange) -> None:
    """One dictionary step per path segment; 404, or 405 with the methods that there are."""
    policy = core.policy
    if policy is None:
        raise Refused(reply.NO_POLICY)
    exchange.policy = policy
    node = policy.table.find(exchange.segments)
    if node is None:
        raise Refused(reply.NOT_FOUND)
    route = node.routes.get(exchange.method)
    if route is None:
        raise Refused(node.refusal or reply.NOT_FOUND)
    exchange.take(route)


def authenticate(core: Core, exchange: Exchange) -> None:
    """Whose token is it? A signature is verified once; afterwards this is a look-up."""
    token = exchange.fields.token
    if not token:
        raise Refused(reply.NO_TOKEN)
    grant = core.tokens.grant(token, exchange.policy, exchange.client.source, exchange.began)
    exchange.grant = grant
    exchange.stats = exchange.route.stats(grant.client.kind)


def limit_client(core: Core, exchange: Exchange) -> None:
    """The client's own rate, over all routes. Before the scope: a wrong scope is a call too."""
    client = exchange.grant.client
    slack = core.buckets.take(client.id, client.rate, exchange.began)
    exchange.rate_fields = client.rate.fields(slack)


def authorise(core: Core, exchange: Exchange) -> None:
    """One of the route's alternatives must be held whole (OpenAPI's ``security``)."""
    held = exchange.grant.scopes
    for needed in exchange.route.scopes:
        if needed <= held:
            return
    raise Refused(exchange.route.forbidden)


def bind_resident(core: Core, exchange: Exchange) -> None:
    """A personal route is about the token's resident and nobody else.

    In the path, ``me`` and the name by which the client knows the resident become the name by
    which the API behind knows them.
    """
    grant, route = exchange.grant, exchange.route
    if not grant.resident:
        raise Refused(reply.NO_RESIDENT)
    if route.subject < 0:
        return
    pseudonym = grant.pseudonym(route.upstream.sector, core.pseudonyms).encode()
    named = exchange.segments[route.subject]
    if named == pseudonym:
        return
    if named not in (b"me", grant.subject.encode()):
        raise Refused(reply.OTHER_RESIDENT)
    exchange.replace_segment(route.subject, pseudonym)


def limit_route(core: Core, exchange: Exchange) -> None:
    """The route's own rate for each client, where it has one."""
    route = exchange.route
    if route.rate is not None:
        key = (exchange.grant.client_id, route.id)
        exchange.rate_fields = route.rate.fields(core.buckets.take(key, route.rate, exchange.began))


def limit_source(core: Core, exchange: Exchange) -> None:
    """Open routes have no client; the address that asks is limited."""
    rate = exchange.policy.open_rate
    slack = core.buckets.take(exchange.client.source, rate, exchange.began)
    exchange.rate_fields = rate.fields(slack)
    route = exchange.route
    if route.rate is not None:
        core.buckets.take((exchange.client.source, route.id), route.rate, exchange.began)


def limit_body(core: Core, exchange: Exchange) -> None:
    """What is too long by its own word is refused before it is sent; chunks are counted."""
    if exchange.fields.length > exchange.route.max_body:
        raise Refused(exchange.route.too_large)


STEPS: Final[dict[str, tuple[Step, ...]]] = {
    "open": (limit_source, limit_body),
    "scoped": (authenticate, limit_client, authorise, limit_route, limit_body),
    "personal": (
        authenticate, limit_client, authorise, bind_resident, limit_route, limit_body,
    ),
}  # fmt: skip
"""What a request passes, by the access class of its route, in this order."""
