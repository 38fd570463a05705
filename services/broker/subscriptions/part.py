"""Subscriptions as one part of the broker: put together, started and stopped here."""

from __future__ import annotations

from schemas.kit.store import Store
from services.broker.consent.gate import Gate
from services.broker.context.entities import Entities
from services.broker.context.ld.contexts import Contexts
from services.broker.delivery import Deliveries
from services.broker.subscriptions.index import Index
from services.broker.subscriptions.journal import Journal
from services.broker.subscriptions.notifier import Notifier
from services.broker.subscriptions.preparer import Preparer
from services.broker.subscriptions.store import ENDPOINT_KIND, Subscriptions
from services.broker.subscriptions.vault import Vault


class Subscribing:
    """Who subscribed, what is to be told, and who tells it.

    Args:
        gate: what may be handed out.
        key: under which the secrets of receivers are kept.

    Attributes:
        journal: to be told of every change of entities.
        subscriptions: what the routes speak to.
    """

    def __init__(
        self,
        store: Store,
        deliveries: Deliveries,
        contexts: Contexts,
        gate: Gate,
        *,
        key: str = "",
    ) -> None:
        self._store, self._deliveries, self._contexts = store, deliveries, contexts
        self._index = Index()
        self.journal = Journal(self._index)
        vault = Vault(store, key)
        self.subscriptions = Subscriptions(store, deliveries, contexts, vault)
        self._notifier: Notifier | None = None
        preparer = Preparer(store, self._index, deliveries, vault, gate=gate)
        deliveries.prepare(ENDPOINT_KIND, preparer)

    def start(self, entities: Entities) -> None:
        """Begin to tell."""
        self._notifier = Notifier(
            self._store,
            entities,
            self._index,
            self.journal,
            self._deliveries,
            contexts=self._contexts,
        )
        self._notifier.start()

    async def waiting(self) -> int:
        """How many changes wait to be told."""
        async with self._store.read() as connection:
            return await self.journal.waiting(connection)

    async def stop(self) -> None:
        if self._notifier:
            await self._notifier.stop()
