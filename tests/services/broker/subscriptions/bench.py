"""The notifier taken step by step, on a store of its own and a clock that a test turns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.store import Store
from services.broker.app import build_broker
from services.broker.context.entities import Entities
from services.broker.context.jsonld import CORE
from services.broker.context.model import ContextEntity, Fragment, parse_entity
from services.broker.context.mutations import appended, created
from services.broker.context.rows import Change
from services.broker.delivery import Delivery, EndpointStatus, Handover
from services.broker.subscriptions.index import Index
from services.broker.subscriptions.journal import Journal
from services.broker.subscriptions.notifier import Notifier
from services.broker.subscriptions.preparer import Preparer
from services.broker.subscriptions.store import Owner, Subscriptions
from services.broker.subscriptions.vault import Vault

KIND = "Vehicle"
OWNER = Owner("", "tests", personal=False)


@dataclass
class Clock:
    now: datetime = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Sent:
    """Stands for the deliveries: keeps what it is given, fails when it is told to."""

    deliveries: list[Delivery] = field(default_factory=list)
    doing: dict[str, EndpointStatus] = field(default_factory=dict)
    fails: bool = False

    async def enqueue_latest(
        self, connection: AsyncConnection, wanted: Sequence[Delivery]
    ) -> Handover:
        if self.fails:
            raise ConnectionError("in the middle of it")
        self.deliveries.extend(wanted)
        return Handover((), is_all=True, wakes=0)

    def begin(self, handover: Handover) -> None: ...

    async def statuses(self, names: Iterable[str]) -> dict[str, EndpointStatus]:
        return {name: self.doing[name] for name in names if name in self.doing}

    async def forget(self, connection: AsyncConnection, endpoint: str) -> None: ...

    async def enable(self, connection: AsyncConnection, endpoint: str) -> None: ...

    def check_url(self, url: str, *, where: str = "") -> None: ...

    def wake(self) -> None: ...


@dataclass
class Bench:
    store: Store
    entities: Entities
    subscriptions: Subscriptions
    notifier: Notifier
    preparer: Preparer
    sent: Sent
    clock: Clock

    async def subscribe(self, owner: Owner = OWNER, **members: Any) -> str:
        notification = {
            "endpoint": {"uri": "https://example.com/hook", **members.pop("endpoint", {})},
            **members.pop("notification", {}),
        }
        body = {
            "type": "Subscription",
            "entities": [{"type": KIND}],
            **members,
            "notification": notification,
        }
        return await self.subscriptions.create(owner, body, CORE)

    async def upsert(self, *entities: ContextEntity) -> None:
        """Store them in one transaction."""

        def decide(old: dict[str, ContextEntity], now: str) -> list[Change]:
            return [_change(old.get(entity.id), entity, now) for entity in entities]

        await self.entities.transact([entity.id for entity in entities], decide)

    async def work(self) -> None:
        """Tell all there is to tell at this time."""
        while await self.notifier.once():
            pass

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [orjson.loads(delivery.body) for delivery in self.sent.deliveries]

    def values(self, name: str = "a") -> list[list[Any]]:
        """What each notification says of an attribute of its entities."""
        return [[entity[name]["value"] for entity in body["data"]] for body in self.bodies]


def _change(old: ContextEntity | None, new: ContextEntity, now: str) -> Change:
    if old is None:
        return Change(None, created(new, now))
    return Change(old, appended(old, Fragment(new.types, new.attributes, CORE), now))


def vehicle(number: int = 1, /, **values: Any) -> ContextEntity:
    return parse_entity({"id": f"urn:ngsi-ld:Vehicle:{number}", "type": KIND, **values})


@asynccontextmanager
async def bench(store_url: str, log_url: str) -> AsyncIterator[Bench]:
    parts = build_broker(store_url, log_url)
    await parts.store.open()
    clock, sent, index = Clock(), Sent(), Index()
    journal = Journal(index)
    entities = Entities(parts.store, parts.outbox, parts.backlog, watcher=journal, clock=clock)
    deliveries: Any = sent
    vault = Vault(parts.store)
    yield Bench(
        parts.store,
        entities,
        Subscriptions(parts.store, deliveries, parts.contexts, vault, clock=clock),
        Notifier(
            parts.store,
            entities,
            index,
            journal,
            deliveries,
            contexts=parts.contexts,
            clock=clock,
        ),
        Preparer(parts.store, index, deliveries, vault, gate=parts.consents.gate, clock=clock),
        sent,
        clock,
    )
    await parts.log.close()
    await parts.store.close()
