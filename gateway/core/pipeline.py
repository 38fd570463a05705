"""A request's way through the gateway, as a list.

The head has been read (``core/http/head.py``, ``core/http/target.py``). Then :func:`admit`:
the route is found, and the steps of its access class run in order. Each either returns or raises
:class:`~gateway.core.reply.Refused`; none waits for anything. What has passed them all is written
to the upstream in the same turn of the event loop (``upstreams/upstream.py``), and the answer is
streamed back (:mod:`gateway.core.exchange`). The proofs of a turn are verified together at its end,
and only then do their requests take the next step (``proof/batch.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from gateway.core import options, reply
from gateway.core.access.limits import joined
from gateway.core.consent.withdrawal import note_lasting
from gateway.core.overload.admission import share_capacity
from gateway.core.proof.batch import Waits
from gateway.core.proof.proof import accept, read
from gateway.core.reply import Refused
from gateway.core.telemetry.telemetry import ANYBODY
from gateway.core.trail.trail import note_access
from gateway.core.upgrade import offer

if TYPE_CHECKING:
    from gateway.core.access.quotas import Quota
    from gateway.core.app import Core
    from gateway.core.exchange import Exchange
    from gateway.core.http.target import RequestLine
    from gateway.core.policy.policy import Policy
    from gateway.core.reply import Reply

Step = Callable[["Core", "Exchange"], None]


def admit(core: Core, exchange: Exchange) -> None:
    """Take ``exchange`` through every step up to its upstream.

    Raises:
        Refused: at the first step that it does not pass.
        Waits: it is for :func:`go_on` to take it further.
    """
    find_route(core, exchange)
    for step in exchange.route.steps:
        step(core, exchange)
    if exchange.body is not None:
        limit_body(exchange)


def go_on(core: Core, exchange: Exchange, against: Reply | None) -> None:
    """The same from where :func:`admit` was left by :class:`Waits`, in the first step.

    Args:
        against: what speaks against the exchange's proof; None if nothing does.
    """
    accept(core, exchange, against)
    for step in exchange.route.steps[1:]:
        step(core, exchange)


def find_route(core: Core, exchange: Exchange) -> None:
    """One dictionary step per path segment; 404, or 405 with the methods that there are."""
    policy = core.policy
    if policy is None:
        raise Refused(reply.NO_POLICY)
    exchange.policy = policy
    line = exchange.line
    if line.found_by is not policy:
        _search(policy, line)
    route = exchange.route = line.route
    exchange.routed = True
    exchange.start = line.start
    exchange.stats = route.stats[ANYBODY]


def _search(policy: Policy, line: RequestLine) -> None:
    """Look ``line`` up; it remembers its route until there is another policy."""
    node = policy.table.find(line.segments)
    if node is None:
        raise Refused(reply.NOT_FOUND if line.segments else options.SERVER)
    route = node.routes.get(line.method)
    if route is None:
        raise Refused(node.refusal or reply.NOT_FOUND)
    line.route = route
    line.start = route.start(line.path, line.query)
    line.found_by = policy
    line.target = ""  # under another policy the city may have another name


def authenticate(core: Core, exchange: Exchange) -> None:
    """Whose token is it? A signature is verified once; afterwards this is a look-up.

    A token that is bound to a key needs a proof of it each time.

    Raises:
        Waits: the proof is verified with others; then :func:`go_on`.
    """
    fields, tokens = exchange.fields, core.tokens
    grant = fields.grant
    if (
        grant is not None
        and grant.checked is exchange.policy
        and grant.expires > tokens.now()
    ):  # fmt: skip
        tokens.remembered += 1
    else:
        if not fields.token:
            raise Refused(reply.NO_TOKEN)
        fields.grant = None
        grant = fields.grant = tokens.grant(
            fields.token, exchange.policy, exchange.client.source, exchange.began
        )
    exchange.grant = grant
    exchange.caller = grant.client_id
    exchange.stats = exchange.route.stats[grant.client.kind]
    if grant.thumbprint or fields.bound:
        proof = read(core, exchange, grant)
        # content may be here already; and what calls this as a part of a step goes on by itself
        if exchange.body is None and exchange.route.steps[0] is authenticate:
            core.batch.add(exchange, proof)
            raise Waits
        accept(core, exchange, core.batch.judge([proof])[0])


def limit_client(core: Core, exchange: Exchange) -> None:
    """The client's own rate, over all routes. Before the scope: a wrong scope is a call too."""
    client = exchange.grant.client
    rate = client.rate
    left = core.buckets.take(client.id, rate, exchange.began)
    exchange.rate_fields = rate.told.get(int(left)) or rate.fields(left)


def authorise(core: Core, exchange: Exchange) -> None:
    """One of the route's alternatives must be held whole (OpenAPI's ``security``)."""
    held = exchange.grant.scopes
    for needed in exchange.route.scopes:
        if needed <= held:
            return
    raise Refused(exchange.route.forbidden)


def need_resident(core: Core, exchange: Exchange) -> None:
    """A personal route needs a resident behind the token."""
    if not exchange.grant.resident:
        raise Refused(reply.NO_RESIDENT)


def bind_resident(core: Core, exchange: Exchange) -> None:
    """The resident named in the path is the token's and nobody else.

    ``me``, and the name by which the client knows the resident, become the name by which the API
    behind knows them.
    """
    grant, route = exchange.grant, exchange.route
    pseudonym = grant.pseudonym(route.upstream.sector, core.pseudonyms).encode()
    named = exchange.segments[route.subject]
    if named == pseudonym:
        return
    if named not in (b"me", grant.subject.encode()):
        raise Refused(reply.OTHER_RESIDENT)
    exchange.replace_segment(route.subject, pseudonym)


def limit_route(core: Core, exchange: Exchange) -> None:
    """The route's own rate for each client."""
    _limit_route(core, exchange, exchange.grant.client_id)


def limit_route_by_source(core: Core, exchange: Exchange) -> None:
    """The route's own rate for each address."""
    _limit_route(core, exchange, exchange.client.source)


def _limit_route(core: Core, exchange: Exchange, who: str) -> None:
    route = exchange.route
    assert route.rate is not None  # noqa: S101 - or the step would not be in the list
    left = core.buckets.take((who, route.id), route.rate, exchange.began)
    exchange.rate_fields = joined(exchange.rate_fields, route.rate.fields(left))


def spend_client_quota(core: Core, exchange: Exchange) -> None:
    """The client's own quota of the day, over all routes, if it has one."""
    quota = exchange.grant.client.quota
    if quota is not None:
        client = exchange.grant.client_id
        _spend(core, exchange, quota, client, "")
        core.usage.spend(client, exchange.route.id, on_route=False)


def spend_route_quota(core: Core, exchange: Exchange) -> None:
    """The route's quota of the day for each client."""
    route = exchange.route
    assert route.quota is not None  # noqa: S101 - or the step would not be in the list
    client = exchange.grant.client_id
    _spend(core, exchange, route.quota, client, route.id)
    core.usage.spend(client, route.id, on_route=True)


def spend_route_quota_by_source(core: Core, exchange: Exchange) -> None:
    """The route's quota of the day for each address."""
    route = exchange.route
    assert route.quota is not None  # noqa: S101 - or the step would not be in the list
    _spend(core, exchange, route.quota, exchange.client.source, route.id)


def _spend(core: Core, exchange: Exchange, quota: Quota, who: str, route: str) -> None:
    now = exchange.began
    left = core.quotas.spend((who, route), quota, now)
    exchange.rate_fields = quota.join(exchange.rate_fields, left, core.quotas.day.left(now))


WAIVED: Final = frozenset((authorise, spend_client_quota, spend_route_quota))
"""What an emergency asks of nobody on the routes that it opens."""


def limit_source(core: Core, exchange: Exchange) -> None:
    """Open routes have no client; the address that asks is limited."""
    rate = exchange.policy.open_rate
    left = core.buckets.take(exchange.client.source, rate, exchange.began)
    exchange.rate_fields = rate.fields(left)


def limit_body(exchange: Exchange) -> None:
    """What is too long by its own word is refused before it is sent; chunks are counted."""
    if exchange.fields.length > exchange.route.max_body:
        raise Refused(exchange.route.too_large)


def steps(
    access: str,
    *,
    trusted: Sequence[Step] = (),
    lasting: bool = False,
    subject: bool,
    limited: bool,
    counted: bool = False,
    daily: bool = False,
    options_route: bool = False,
    upgrade: bytes = b"",
    kept: bool = False,
    said: Step | None = None,
) -> tuple[Step, ...]:
    """What a request passes on a route, in this order. What has nothing to do is not in it.

    Args:
        access: the route's access class.
        trusted: the steps by which its law, sign-in and consent are held to.
        lasting: its answers go on for as long as both sides like.
        subject: a segment of its path names the resident.
        limited: it has a rate of its own; ``counted``: a quota.
        daily: there are clients with a quota over all routes.
        options_route: its method is OPTIONS, whose forwards a client may have counted.
        upgrade: the protocol that its API speaks when asked to; ``b""`` if none.
        kept: its answers are kept; it takes a place at its server only when it goes there.
        said: adds what its answers say besides.
    """
    if access == "open":
        way: list[Step | None] = [
            limit_source,
            limit_route_by_source if limited else None,
            spend_route_quota_by_source if counted else None,
            None if kept else share_capacity,
        ]
    else:
        way = [
            authenticate,
            limit_client,
            authorise,
            *trusted,
            bind_resident if subject else None,
            limit_route if limited else None,
            spend_client_quota if daily else None,
            spend_route_quota if counted else None,
            None if kept else share_capacity,
        ]
    # before a place is taken, which is the last step
    way.insert(-1, options.count_forwards if options_route else None)
    way.insert(-1, offer(upgrade) if upgrade else None)
    way.insert(-1, said)
    way.append(note_access if access == "personal" else None)  # what is refused is no access
    way.insert(-1, note_lasting if lasting and access != "open" else None)
    return tuple(step for step in way if step is not None)
