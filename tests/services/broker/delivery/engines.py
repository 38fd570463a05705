"""A delivery engine of one's own, with a clock that the test turns."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry
from sqlalchemy import select

from schemas.kit.outgoing.addresses import networks
from schemas.kit.outgoing.guard import Guard
from schemas.kit.store import Store
from services.broker import tables
from services.broker.delivery import Deliveries, Delivery
from services.broker.delivery.tables import deliveries


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Engine:
    deliveries: Deliveries
    store: Store
    clock: Clock

    async def send(self, *wanted: Delivery, again: bool = False) -> None:
        if not again:
            async with self.store.write() as connection:
                handover = await self.deliveries.enqueue(connection, wanted)
            self.deliveries.begin(handover)
            return
        async with self.store.write() as connection:
            await self.deliveries.queue.enqueue(connection, wanted, again=True)
        self.deliveries.wake()

    def later(self, seconds: float) -> None:
        self.clock.now += seconds
        self.deliveries.wake()

    async def rows(self) -> list[Any]:
        async with self.store.read() as connection:
            return list(
                (await connection.execute(select(deliveries).order_by(deliveries.c.id))).all()
            )


@asynccontextmanager
async def engine(store_url: str, clock: Clock, *, start: bool = True) -> AsyncIterator[Engine]:
    store = Store(store_url, tables.COMPONENT, tables.metadata)
    await store.open()
    guard = Guard(networks("127.0.0.0/8"))
    found = Engine(Deliveries(store, guard, CollectorRegistry(), clock=clock), store, clock)
    if start:
        found.deliveries.start()
    try:
        yield found
    finally:
        await found.deliveries.stop()
        await store.close()
