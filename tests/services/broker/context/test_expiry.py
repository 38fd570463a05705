"""What is stored for a time only (GS CIM 009 §4.22)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from services.broker.app import build_broker
from services.broker.context.entities import Entities
from services.broker.context.errors import ResourceNotFound
from services.broker.context.model import parse_entity, parse_fragment
from services.broker.context.mutations import merged
from services.broker.context.represent import represent
from services.broker.parts import Broker
from tests.services.broker.context.samples import prop, vehicle

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MORNING, EVENING = "2026-04-01T08:00:00Z", "2026-04-01T20:00:00.5Z"


@pytest.fixture
async def broker(store_url: str, embedded_url: str) -> AsyncIterator[Broker]:
    broker = build_broker(store_url, embedded_url)
    await broker.store.open()
    yield broker
    await broker.log.close()
    await broker.store.close()


@pytest.fixture
def entities(broker: Broker) -> Entities:
    return Entities(broker.store, broker.outbox, broker.backlog, clock=lambda: NOON)


async def test_what_has_expired_is_deleted(entities: Entities) -> None:
    await entities.create(parse_entity(vehicle("1", expiresAt=MORNING)))
    await entities.create(parse_entity(vehicle("2", expiresAt=EVENING)))
    await entities.create(parse_entity(vehicle("3")))
    await entities.expire()
    for number in ("2", "3"):
        found = await entities.get(vehicle(number)["id"], personal=False)
        assert found.id == vehicle(number)["id"]
    with pytest.raises(ResourceNotFound):
        await entities.get(vehicle("1")["id"], personal=False)


async def test_attributes_expire_one_by_one(entities: Entities) -> None:
    speed = [prop(1, expiresAt=MORNING), prop(2, datasetId="urn:d:1", expiresAt=EVENING)]
    await entities.create(parse_entity(vehicle(speed=speed, fuel=prop(1, expiresAt=MORNING))))
    await entities.expire()
    found = await entities.get(vehicle()["id"], personal=False)
    assert represent(found) == vehicle(speed=prop(2, datasetId="urn:d:1"))


async def test_an_end_can_be_moved(broker: Broker, entities: Entities) -> None:
    before = Entities(
        broker.store, broker.outbox, broker.backlog, clock=lambda: NOON.replace(hour=1)
    )
    entity = parse_entity(vehicle(expiresAt=MORNING))
    await before.create(entity)

    async def move(fragment: dict[str, object]) -> None:
        said = parse_fragment(fragment, nulls="deep")
        await before.change(entity.id, lambda old, now: merged(old, said, now))

    await move({"expiresAt": EVENING})
    await entities.expire()
    await move({"expiresAt": "urn:ngsi-ld:null"})
    late = Entities(broker.store, broker.outbox, broker.backlog, clock=lambda: NOON.replace(day=2))
    await late.expire()
    assert (await late.get(entity.id, personal=False)).expires == ""
