"""Which changes are told: GS CIM 009 §5.2.12, §5.2.33, §5.8.6."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.broker.conformance.subscriptions.subscribers import (
    ENTITIES,
    SUBSCRIPTIONS,
    Party,
    client,
    prop,
)
from tests.services.broker.running import ALL

pytestmark = pytest.mark.asyncio(loop_scope="module")

CREATED, UPDATED, ATTRIBUTE_GONE, GONE = "created", "updated", "attribute gone", "gone"
TRIGGERS: dict[str, tuple[list[str], list[str]]] = {
    "by default": ([], [CREATED, UPDATED]),
    "entityCreated": (["entityCreated"], [CREATED]),
    "entityUpdated": (["entityUpdated"], [CREATED, UPDATED, ATTRIBUTE_GONE]),
    "entityDeleted": (["entityDeleted"], [GONE]),
    "attributeCreated": (["attributeCreated"], [CREATED]),
    "attributeUpdated": (["attributeUpdated"], [UPDATED]),
    "attributeDeleted": (["attributeDeleted"], [ATTRIBUTE_GONE]),
    "several": (["entityCreated", "entityDeleted"], [CREATED, GONE]),
}


@pytest.mark.parametrize(("triggers", "expected"), TRIGGERS.values(), ids=TRIGGERS.keys())
async def test_triggers_choose_the_kinds_of_change(
    party: Party, triggers: list[str], expected: list[str]
) -> None:
    """§5.2.12: notificationTrigger; entityUpdated stands for all changes of attributes."""
    await party.subscribe(**({"notificationTrigger": triggers} if triggers else {}))
    last = await everything_happens(party)
    found = [what_happened(entity) for entity in await party.data(len(expected))]
    assert found == expected
    await last


async def everything_happens(party: Party) -> Any:
    """An entity is created, updated, loses an attribute, is deleted."""
    await party.upsert(party.entity(a=prop(1), b=prop(1)))
    await party.upsert(party.entity(a=prop(2)))
    await party.delete(attribute="b")
    await party.delete()
    return nothing_more(party)


async def nothing_more(party: Party) -> None:
    """All was told that will be: a later change arrives, and nothing in between."""
    count = len(party.received)
    location = await party.subscribe(notificationTrigger=["entityCreated"])
    await party.upsert(party.entity("last"))
    await party.requests(count + 1)
    told = await party.told(count + 1)
    assert {one["data"][0]["id"] for one in told[count:]} == {party.id("last")}
    await party.api.delete(location)


def what_happened(entity: dict[str, Any]) -> str:
    if "deletedAt" in entity:
        return GONE
    if "b" not in entity or entity["b"] == "urn:ngsi-ld:null":
        return ATTRIBUTE_GONE
    return CREATED if entity["a"] == prop(1) else UPDATED


async def test_only_watched_attributes_trigger(party: Party) -> None:
    """§5.8.1.4; what is notified is the whole entity all the same."""
    await party.subscribe(watchedAttributes=["a"])
    await party.upsert(party.entity(b=prop(1)))
    await party.upsert(party.entity(a=prop(1)))
    await party.upsert(party.entity(b=prop(2)))
    await party.upsert(party.entity(a=prop(2)))
    first, second = await party.data(2)
    assert first == party.entity(a=prop(1), b=prop(1))
    assert second == party.entity(a=prop(2), b=prop(2))


async def test_watched_attributes_alone_subscribe_to_every_entity_that_has_them(
    party: Party,
) -> None:
    """§5.8.1.4"""
    name = f"{party.kind}Level"
    body = party.subscription(watchedAttributes=[name])
    del body["entities"]
    assert (await party.api.post("/ngsi-ld/v1/subscriptions", json=body)).status_code == 201
    await party.upsert({"id": f"urn:ngsi-ld:Any:{party.kind}", "type": "Any", name: prop(1)})
    assert await party.values(name) == [1]


SELECTORS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "id": ({"id": "1"}, ["1"]),
    "ids": ({"id": ["1", "2"]}, ["1", "2"]),
    "pattern": ({"idPattern": ".*:x.$"}, ["x1", "x2"]),
    "id before pattern": ({"id": "1", "idPattern": ".*:x.$"}, ["1"]),
}


@pytest.mark.parametrize(("selector", "expected"), SELECTORS.values(), ids=SELECTORS.keys())
async def test_entities_are_selected(
    party: Party, selector: dict[str, Any], expected: list[str]
) -> None:
    """§5.2.33: id takes precedence over idPattern."""
    chosen = dict(selector)
    if isinstance(chosen.get("id"), str):
        chosen["id"] = party.id(chosen["id"])
    elif "id" in chosen:
        chosen["id"] = [party.id(n) for n in chosen["id"]]
    await party.subscribe(entities=[{"type": party.kind, **chosen}])
    await party.upsert(*(party.entity(n, a=prop(1)) for n in ("1", "2", "x1", "x2")))
    assert [entity["id"] for entity in await party.data()] == [party.id(n) for n in expected]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [("A", "ab,a"), ("A,B", "ab,a,b"), ("A|B", "ab,a,b"), ("(A;B)", "ab"), ("(A;B)|C", "ab,c")],
)
async def test_types_are_selected_by_expression(
    party: Party, expression: str, expected: str
) -> None:
    """§4.17"""

    def typed(letter: str) -> str:
        return f"{party.kind}{letter}"

    written = "".join(typed(c) if c.isalpha() else c for c in expression)
    await party.subscribe(entities=[{"type": written}])
    for letters in ("ab", "a", "b", "c"):
        types = [typed(letter.upper()) for letter in letters]
        await party.upsert({"id": party.id(letters), "type": types, "a": prop(1)})
    wanted = expected.split(",")
    found = [e["id"].rpartition(":")[2] for e in await party.data(len(wanted))]
    assert sorted(found) == sorted(wanted)


QUERIES = {
    "speed>50": True,
    "speed<50": False,
    "speed>50;colour==%22red%22": False,
    'speed>50;colour=="red"': True,
    'colour=="blue"|speed==60': True,
    "nothing": False,
    "speed.source": True,
    'speed.source=="radar"': True,
    'speed.source!="radar"': False,
    "speed==50..70": True,
    "speed==1,60": True,
    'colour~="r.d"': True,
    'colour!~="r.d"': False,
    "address[city]": True,
    'address[city]=="Mirai"': True,
    "speed.observedAt>2026-01-01T00:00:00Z": True,
    'owner=="urn:a:1"': True,
}


async def test_the_query_decides(party: Party) -> None:
    """§5.8.6, §4.9: the same answer as a query gives."""
    ids = {await party.subscribe(q=q): q for q in QUERIES}
    await party.upsert(
        party.entity(
            speed=prop(60, source=prop("radar"), observedAt="2026-04-01T00:00:00Z"),
            colour=prop("red"),
            address=prop({"city": "Mirai"}),
            owner={"type": "Relationship", "object": "urn:a:1"},
        )
    )
    expected = {q for q, told in QUERIES.items() if told}
    told = await party.told(len(expected))
    assert {ids[f"{SUBSCRIPTIONS}/{one['subscriptionId']}"] for one in told} == expected
    for q in QUERIES:
        found = await party.api.get(ENTITIES, params={"type": party.kind, "q": q})
        assert bool(found.json()) is QUERIES[q], q
    await nothing_more(party)


async def nothing_more_than(party: Party, count: int) -> None:
    await party.requests(count)
    await nothing_more(party)


@pytest.mark.parametrize(("longitude", "told"), [(139.88, 1), (140.88, 0)])
async def test_the_geo_query_decides(party: Party, longitude: float, told: int) -> None:
    """§5.8.6, §4.10"""
    await party.subscribe(
        geoQ={
            "georel": "near;maxDistance==1000",
            "geometry": "Point",
            "coordinates": "[139.88,36.55]",
        }
    )
    place = {"type": "Point", "coordinates": [longitude, 36.55]}
    await party.upsert(party.entity(location={"type": "GeoProperty", "value": place}))
    await nothing_more_than(party, told)


async def test_any_instance_of_the_place_will_do(party: Party) -> None:
    """§5.8.6"""
    near = {"georel": "near;maxDistance==1000", "geometry": "Point", "coordinates": [139.88, 36.55]}
    await party.subscribe(geoQ=near)
    far, here = ([120.0, 30.0], [139.88, 36.55])
    places = [
        {"type": "GeoProperty", "value": {"type": "Point", "coordinates": far}},
        {
            "type": "GeoProperty",
            "value": {"type": "Point", "coordinates": here},
            "datasetId": "urn:d:1",
        },
    ]
    await party.upsert(party.entity(location=places))
    assert len(await party.data()) == 1


@pytest.mark.parametrize(
    ("scope_q", "told"),
    [("/Mirai/East", 1), ("/Mirai/#", 1), ("/+/East", 1), ("/Other|/Mirai/East", 1), ("/Mirai", 0)],
)
async def test_the_scope_query_decides(party: Party, scope_q: str, told: int) -> None:
    """§5.8.6, §4.19"""
    await party.subscribe(scopeQ=scope_q)
    await party.upsert(party.entity(a=prop(1), scope="/Mirai/East"))
    await nothing_more_than(party, told)


async def test_a_paused_subscription_is_told_nothing(party: Party) -> None:
    """§5.8.6"""
    location = await party.subscribe(isActive=False)
    await party.upsert(party.entity(a=prop(1)))
    await party.api.patch(location, json={"isActive": True})
    await party.upsert(party.entity(a=prop(2)))
    assert await party.values("a") == [2]


async def test_a_deleted_subscription_is_told_nothing(party: Party) -> None:
    """§5.8.5.4"""
    location = await party.subscribe()
    await party.api.delete(location)
    await party.upsert(party.entity(a=prop(1)))
    await nothing_more_than(party, 0)


async def test_an_updated_subscription_holds_for_the_next_change(party: Party) -> None:
    """§5.8.2.4"""
    location = await party.subscribe(q="a>10")
    await party.upsert(party.entity(a=prop(1)))
    await party.api.patch(location, json={"q": "a>1"})
    await party.upsert(party.entity(a=prop(2)))
    assert await party.values("a") == [2]


async def test_who_may_not_see_persons_is_not_told_of_them(party: Party) -> None:
    """Not of the specification: entities about persons need entities:personal."""
    await party.subscribe(entities=[{"type": f"TestPatient,{party.kind}"}])
    app = party.api._transport.app  # type: ignore[attr-defined]
    async with client(app, "hospital", ALL) as api:
        hospital = Party(api, party.receiver)
        await hospital.subscribe(entities=[{"type": "TestPatient", "id": party.id("patient")}])
        await party.upsert({"id": party.id("patient"), "type": "TestPatient", "name": prop("x")})
        assert await hospital.values("name") == ["x"]
    await party.upsert(party.entity(a=prop(1)))
    assert [entity["type"] for entity in await party.data()] == [party.kind]
