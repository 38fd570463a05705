"""From a request line straight to a kept answer: a hit on an open route, in one step.

Such a request would pass one limit and leave again: what an exchange is there for (an upstream, a
body, a client that goes meanwhile) cannot happen to it. So none is made. Whatever is not a plain
hit goes the usual way, which decides everything once more: nothing here refuses.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from gateway.core.reply import Refused
from gateway.core.telemetry.telemetry import ANYBODY

if TYPE_CHECKING:
    from gateway.core.app import Core
    from gateway.core.caching.kept_route import KeptRoute
    from gateway.core.caching.shelf import Question
    from gateway.core.exchange import Exchange
    from gateway.core.http.head import Fields
    from gateway.core.server import ClientConnection


class Shortcut:
    """Hung on the request line of a hit, and good for as long as the policy is.

    Args:
        way: the route.
        hit: an exchange that took the usual way to a kept answer.
    """

    __slots__ = ("_policy", "_question", "_rate", "_stats", "_way")

    def __init__(self, way: KeptRoute, hit: Exchange, question: Question) -> None:
        self._way = way
        self._policy = hit.policy
        self._rate = hit.policy.open_rate
        self._stats = hit.route.stats[ANYBODY]
        self._question = question

    def answer(self, core: Core, client: ClientConnection, fields: Fields) -> bool:
        """Answer a request with this line and ``fields``, if it is a plain hit."""
        way, question = self._way, self._question
        asked = way.seen.young.get(fields.forward)
        if asked is None or not asked.simple or core.policy is not self._policy:
            return False
        if fields.length > 0 or fields.chunked or fields.close or fields.host != question[0]:
            return False
        resource = way.items.get(question)
        if resource is None or core.draining or core.noted:
            return False
        stored = resource.variants.get(asked.selected(resource.vary) if resource.vary else ())
        now = monotonic()
        if stored is None or now >= stored.fresh_until or stored.since < way.holder.changed:
            return False
        rate = self._rate
        try:
            said = rate.fields(core.buckets.take(client.source, rate, now))
        except Refused:
            return False
        way.items.move_to_end(question)
        name = fields.request_id or core.ids.trace_id()
        client.answer(b"".join((
            stored.front(now), b"\r\nx-request-id: ", name, b"\r\n", core.hsts, said, b"\r\n\r\n",
            stored.body,
        )), now)  # fmt: skip
        stats = self._stats
        stats.cached("hit")
        stats.observe(stored.status, monotonic() - now)
        return True
