"""What is decided at the moment of sending: a notification may have waited, and things changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

from schemas.kit.outgoing.model import Request
from schemas.kit.store import Store
from services.broker.consent.gate import Gate
from services.broker.delivery import Deliveries, EndpointStatus, loops
from services.broker.delivery.identity import broker_id
from services.broker.delivery.model import Drop, Hold, Prepare, Waiting
from services.broker.subscriptions.index import Index, Table
from services.broker.subscriptions.model import Subscription
from services.broker.subscriptions.notification import PERSONAL
from services.broker.subscriptions.store import endpoint_name
from services.broker.subscriptions.vault import Vault

Consent = Callable[[Subscription], bool]
"""Whether the owner may at this moment be told of persons."""


def by_scope(subscription: Subscription) -> bool:
    """The scope that the owner had when the subscription was written last."""
    return subscription.personal


class Preparer:
    """Drops what may not, or need not, be told any more.

    Args:
        clock: gives aware datetimes.
    """

    def __init__(
        self,
        store: Store,
        index: Index,
        deliveries: Deliveries,
        vault: Vault,
        *,
        gate: Gate,
        consent: Consent = by_scope,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._index, self._deliveries = store, index, deliveries
        self._gate, self._consent, self._clock = gate, consent, clock
        self._vault, self._broker = vault, ""
        self._names: tuple[Table | None, dict[str, Subscription]] = (None, {})

    async def __call__(self, endpoints: Sequence[str]) -> Mapping[str, Prepare]:
        async with self._store.read() as connection:
            table = await self._index.current(connection)
        names = self._named(table)
        found = {name: names[name] for name in endpoints if name in names}
        cooling = [name for name, s in found.items() if "cooldown" in s.endpoint]
        doing = await self._deliveries.statuses(cooling) if cooling else {}
        await self._vault.ready()
        via = loops.via("", await self._id())
        return {
            name: partial(self._prepare, subscription, doing.get(name, EndpointStatus()), via)
            for name, subscription in found.items()
        }

    def _named(self, table: Table) -> Mapping[str, Subscription]:
        """The subscriptions by their endpoints; made once for a table, not for every portion."""
        if self._names[0] is not table:
            self._names = table, {endpoint_name(*key): s for key, s in table.all.items()}
        return self._names[1]

    async def _id(self) -> str:
        if not self._broker:
            self._broker = await broker_id(self._store)
        return self._broker

    def _prepare(
        self, subscription: Subscription, doing: EndpointStatus, via: str, waiting: Waiting
    ) -> Request | Drop | Hold:
        now = self._clock()
        ended, standing = self._gate.ended, subscription.standing
        if ended.is_over(standing):
            return Drop("what the subscription was made under has ended")
        if ended.is_suspended(standing.client) or (standing.grant and ended.is_silent):
            return Hold()
        status = subscription.status(now)
        if status != "active":
            return Drop(f"the subscription is {status}")
        if PERSONAL in waiting.delivery.about and not self._consent(subscription):
            return Drop("its owner may not see entities about persons")
        if is_cooling(subscription, doing, now):
            return Drop("its endpoint failed within the cooldown")
        delivery = waiting.delivery
        url = str(subscription.endpoint["uri"])
        asked = self._vault.headers(subscription.document, subscription.tenant)
        # each is there once, and the broker's own win
        headers = {**asked, **delivery.headers, loops.VIA: via}
        return Request(url, delivery.body, headers, delivery.timeout)


def is_cooling(subscription: Subscription, doing: EndpointStatus, now: datetime) -> bool:
    """Whether the endpoint failed so lately that nothing is sent (§5.2.15, milliseconds)."""
    cooldown = subscription.endpoint.get("cooldown")
    failed = doing.last_failure
    if cooldown is None or failed is None or not doing.failures:
        return False
    return now.timestamp() < failed + float(cooldown) / 1000
