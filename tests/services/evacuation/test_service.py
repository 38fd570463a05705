"""Several processes of the service on one store: each effect once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest

from schemas.cloudevents import CloudEvent
from schemas.kit.outbox import Message, Outbox
from schemas.kit.store import Store
from services.evacuation.alert import MIRAI, Alert
from services.evacuation.geometry import Patch
from services.evacuation.lookup import Found
from services.evacuation.rules import Shelter
from services.evacuation.service import Evacuation
from services.evacuation.tables import METADATA, OUTBOX, Outrun, Tables
from tests.services.evacuation.alerts import NOW, alert_event

SHELTER = Shelter("urn:ngsi-ld:Shelter:x", "school", (139.88, 36.55), capacity=10, open=True)


class Together:
    """Domains that answer once everybody has asked: all go on to the store at the same moment."""

    def __init__(self, number: int) -> None:
        self._all_here = asyncio.Barrier(number)

    async def look_up(self, _alert: Alert, _patches: tuple[Patch, ...]) -> Found:
        await self._all_here.wait()
        return Found(shelters=(SHELTER,))


@asynccontextmanager
async def processes(store_url: str, number: int) -> AsyncIterator[list[Evacuation]]:
    domains = Together(number)
    stores = [Store(store_url, "evacuation", METADATA) for _ in range(number)]
    for store in stores:
        await store.open()
    try:
        yield [
            Evacuation(Tables(store), Outbox(store, OUTBOX, _deaf), domains, MIRAI, lambda: NOW)
            for store in stores
        ]
    finally:
        for store in stores:
            await store.close()


async def _deaf(_messages: list[Message]) -> None:
    raise ConnectionError("nothing is delivered in these tests")


async def said(store_url: str) -> list[str]:
    """The events that wait in the outbox."""
    store = Store(store_url, "evacuation", METADATA)
    async with store.read() as connection:
        rows = (await connection.execute(OUTBOX.select().order_by(OUTBOX.c.position))).all()
    await store.close()
    events = [orjson.loads(row.body) for row in rows if row.channel == "event"]
    return [event["type"].rpartition(".")[2] for event in events]


async def handled(evacuation: Evacuation, event: CloudEvent) -> bool:
    """Handle an event as the consumer does: once more when another was faster."""
    try:
        await evacuation.handle(event)
    except Outrun:
        return False
    return True


async def test_one_event_at_several_processes_at_once_has_one_effect(store_url: str) -> None:
    async with processes(store_url, 4) as all_of_them:
        event = alert_event()
        await asyncio.gather(*(evacuation.handle(event) for evacuation in all_of_them))
        assert await said(store_url) == ["issued"]


async def test_two_updates_at_once_never_overwrite_each_other(store_url: str) -> None:
    async with processes(store_url, 1) as (only,):
        await only.handle(alert_event())
    updates = [
        alert_event("updated", f"e{severity}", severity=severity)
        for severity in ("extreme", "moderate")
    ]
    async with processes(store_url, 2) as both:
        done = await asyncio.gather(*map(handled, both, updates))
    # the one that was outrun has left no trace, and is handed out again by the broker
    assert done.count(True) == len(await said(store_url)) - 1
    assert any(done)


async def test_an_event_is_handled_whole_or_not_at_all(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with processes(store_url, 1) as (only,):

        async def fail(*_: object, **__: object) -> None:
            raise ConnectionError("the store went away")

        with monkeypatch.context() as broken:
            broken.setattr(Outbox, "add", fail)
            with pytest.raises(ConnectionError):
                await only.handle(alert_event())
        assert await said(store_url) == []
        await only.handle(alert_event())
        assert await said(store_url) == ["issued"]
