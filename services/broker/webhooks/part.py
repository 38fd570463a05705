"""Webhooks as the broker has them: their parts, put together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from schemas.kit.outbox import Outbox
from schemas.kit.outgoing.signing import Seal
from schemas.kit.store import Store
from services.broker.consent.gate import Gate
from services.broker.delivery import Deliveries
from services.broker.delivery.identity import broker_id, broker_key
from services.broker.log import EventLog, Topic
from services.broker.registry.audience import Consumer
from services.broker.webhooks.book import Book
from services.broker.webhooks.mourning import Mourning
from services.broker.webhooks.pump import Pump
from services.broker.webhooks.replay import Replay
from services.broker.webhooks.target import Targets
from services.broker.webhooks.verify import Verifier
from services.broker.webhooks.webhook import KIND


class Webhooks:
    """Everything about webhooks.

    Args:
        topics: where city events are on the log.
        gate: what may be handed out.
        key: secret from which the key of signing secrets at rest is derived; may be empty, see
            :func:`services.broker.delivery.identity.broker_key`.
        origin: host name that the broker gives itself in a handshake; its id without one.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        store: Store,
        log: EventLog,
        outbox: Outbox,
        deliveries: Deliveries,
        topics: Callable[[], Sequence[Topic]],
        gate: Gate,
        *,
        key: str = "",
        origin: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._key, self._origin = store, key, origin
        self._seal: Seal | None = None
        self.broker = ""
        """The broker's id among brokers; known once started."""
        self.topics = topics
        self.deliveries = deliveries
        targets = Targets(store, self._sealing, gate, clock)
        deliveries.prepare(KIND, targets)
        deliveries.mourn(KIND, Mourning(outbox, clock))
        self.pump = Pump(store, log, deliveries, topics, self._broker, gate)
        self.book = Book(store, deliveries, self._sealing, self.pump.changed, clock)
        self.replay = Replay(store, log, deliveries, self.book, topics, self._broker, gate)
        self.verifier = Verifier(deliveries.sender, targets, self._called, clock)

    def _broker(self) -> str:
        return self.broker

    def _called(self) -> str:
        return self._origin or self.broker

    def _sealing(self) -> Seal:
        assert self._seal, "webhooks are not started"  # noqa: S101
        return self._seal

    async def audience(self, type_: str) -> list[Consumer]:
        """The webhooks that an event of this type would go to."""
        return [
            Consumer(one.owner.client, "webhook", one.id)
            for one in await self.book.every()
            if one.wants(type_)
        ]

    async def start(self) -> None:
        """Learn who this broker is, and begin; the store is open."""
        self.broker = await broker_id(self._store)
        self._seal = Seal(await broker_key(self._store, self._key))
        self.pump.start()

    async def stop(self) -> None:
        await self.pump.stop()
