"""Notifications as they arrive: GS CIM 009 §5.3.1, §5.8.6, §6.3.8."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.services.broker.conformance.subscriptions.subscribers import ENTITIES, Party, prop

pytestmark = pytest.mark.asyncio(loop_scope="module")

NULL = "urn:ngsi-ld:null"


async def test_a_change_is_told_by_post_with_the_notification_as_body(party: Party) -> None:
    """§5.3.1, §6.3.8"""
    location = await party.subscribe()
    await party.upsert(party.entity(speed=prop(50)))
    request = (await party.requests())[0]
    assert (request.method, request.path) == ("POST", party.path)
    assert request.headers["content-type"] == "application/json"
    body = orjson.loads(request.body)
    assert body["id"].startswith("urn:ngsi-ld:Notification:")
    assert body["type"] == "Notification"
    assert body["subscriptionId"] == location.rpartition("/")[2]
    assert body["notifiedAt"].endswith("Z")
    assert body["data"] == [party.entity(speed=prop(50))]


async def test_json_comes_with_a_link_to_the_context(party: Party) -> None:
    """§6.3.8"""
    await party.subscribe()
    await party.upsert(party.entity(speed=prop(50)))
    link = (await party.requests())[0].headers["link"]
    assert 'rel="http://www.w3.org/ns/json-ld#context"' in link
    assert 'type="application/ld+json"' in link


async def test_json_ld_comes_with_the_context_in_the_body(party: Party) -> None:
    """§6.3.8, §5.2.15"""
    endpoint = {"uri": party.url, "accept": "application/ld+json"}
    await party.subscribe(notification={"endpoint": endpoint})
    await party.upsert(party.entity(speed=prop(50)))
    request = (await party.requests())[0]
    assert request.headers["content-type"] == "application/ld+json"
    assert "link" not in request.headers
    body = orjson.loads(request.body)
    assert body["@context"] == body["data"][0]["@context"]


PLACE = {"type": "Point", "coordinates": [139.88, 36.55]}


@pytest.mark.parametrize("prefer", ["", "body=json", "body=ld+json"])
async def test_geojson_comes_as_a_feature_collection(party: Party, prefer: str) -> None:
    """§5.3.1, §6.3.8: the @context is in the body unless body=json is preferred."""
    endpoint: dict[str, Any] = {"uri": party.url, "accept": "application/geo+json"}
    if prefer:
        endpoint["receiverInfo"] = [{"key": "Prefer", "value": prefer}]
    await party.subscribe(notification={"endpoint": endpoint})
    place = {"type": "GeoProperty", "value": PLACE}
    await party.upsert(party.entity(location=place, speed=prop(50)), party.entity(2, speed=prop(1)))
    request = (await party.requests())[0]
    assert request.headers["content-type"] == "application/geo+json"
    collection = orjson.loads(request.body)["data"]
    assert collection["type"] == "FeatureCollection"
    assert ("link" in request.headers) == (prefer == "body=json")
    assert ("@context" in collection) == (prefer != "body=json")
    first, second = collection["features"]
    assert first == {
        "id": party.id(),
        "type": "Feature",
        "geometry": PLACE,
        "properties": {"type": party.kind, "location": place, "speed": prop(50)},
    }
    assert second["geometry"] is None


async def test_receiver_info_becomes_header_fields(party: Party) -> None:
    """§6.3.8"""
    info = [{"key": "Authorization", "value": "Bearer x"}, {"key": "X-Own", "value": "y z"}]
    await party.subscribe(notification={"endpoint": {"uri": party.url, "receiverInfo": info}})
    await party.upsert(party.entity(speed=prop(50)))
    headers = (await party.requests())[0].headers
    assert (headers["authorization"], headers["x-own"]) == ("Bearer x", "y z")


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("normalized", prop(50, unitCode="KMH")),
        ("concise", {"value": 50, "unitCode": "KMH"}),
        ("simplified", 50),
        ("keyValues", 50),
    ],
)
async def test_entities_come_in_the_format_asked_for(party: Party, form: str, shown: Any) -> None:
    """§5.8.6, §5.2.14"""
    await party.subscribe(notification={"format": form})
    await party.upsert(party.entity(speed=prop(50, unitCode="KMH")))
    assert await party.data() == [party.entity(speed=shown)]


async def test_only_the_attributes_asked_for_are_included(party: Party) -> None:
    """§5.8.6, §5.2.14: attributes"""
    await party.subscribe(notification={"attributes": ["speed"]})
    await party.upsert(party.entity(speed=prop(50), colour=prop("red")))
    assert await party.data() == [party.entity(speed=prop(50))]


async def test_picked_members_are_all_there_is(party: Party) -> None:
    """§5.8.6: pick"""
    await party.subscribe(notification={"pick": ["id", "speed"]})
    await party.upsert(party.entity(speed=prop(50), colour=prop("red")))
    assert await party.data() == [{"id": party.id(), "speed": prop(50)}]


async def test_omitted_members_are_missing(party: Party) -> None:
    """§5.8.6: omit"""
    await party.subscribe(notification={"omit": ["type", "colour"]})
    await party.upsert(party.entity(speed=prop(50), colour=prop("red")))
    assert await party.data() == [{"id": party.id(), "speed": prop(50)}]


async def test_system_attributes_are_included_when_asked_for(party: Party) -> None:
    """§5.2.14: sysAttrs"""
    await party.subscribe(notification={"sysAttrs": True})
    await party.upsert(party.entity(speed=prop(50)))
    (entity,) = await party.data()
    assert {"createdAt", "modifiedAt"} <= entity.keys()
    assert {"createdAt", "modifiedAt"} <= entity["speed"].keys()


async def test_only_instances_of_the_dataset_are_included(party: Party) -> None:
    """§5.8.6: datasetId"""
    await party.subscribe(datasetId=["urn:d:1"])
    one = prop(1, datasetId="urn:d:1")
    await party.upsert(party.entity(speed=[prop(50), one], colour=prop("red")))
    assert await party.data() == [party.entity(speed=one)]


async def test_the_default_dataset_is_called_none(party: Party) -> None:
    """§5.2.12: datasetId @none"""
    await party.subscribe(datasetId=["@none"])
    await party.upsert(party.entity(speed=[prop(50), prop(1, datasetId="urn:d:1")]))
    assert await party.data() == [party.entity(speed=prop(50))]


async def test_what_changed_together_is_told_together(party: Party) -> None:
    """§5.8.6: all the subscribed entities that changed"""
    await party.subscribe(q="speed>10")
    await party.upsert(*(party.entity(n, speed=prop(n * 10)) for n in range(1, 4)))
    assert [entity["id"] for entity in await party.data()] == [party.id(2), party.id(3)]


async def test_nothing_is_told_of_what_did_not_change(party: Party) -> None:
    """§5.8.6: a change has a value different from the existing one."""
    await party.subscribe()
    for speed in (50, 50, 60):
        await party.upsert(party.entity(speed=prop(speed)))
    assert await party.values("speed", 2) == [50, 60]


async def test_a_change_below_an_attribute_is_a_change_of_it(party: Party) -> None:
    """§5.8.6: members, including children"""
    await party.subscribe()
    await party.upsert(party.entity(speed=prop(50)))
    await party.upsert(party.entity(speed=prop(50, source=prop("radar"))))
    assert (await party.data(2))[1]["speed"] == prop(50, source=prop("radar"))


SHOWN = {
    "value": (prop(1), prop(2), {"previousValue": 1}),
    "object": (
        {"type": "Relationship", "object": "urn:a:1"},
        {"type": "Relationship", "object": "urn:a:2"},
        {"previousObject": "urn:a:1"},
    ),
    "languageMap": (
        {"type": "LanguageProperty", "languageMap": {"ja": "赤"}},
        {"type": "LanguageProperty", "languageMap": {"ja": "青"}},
        {"previousLanguageMap": {"ja": "赤"}},
    ),
}


@pytest.mark.parametrize(("old", "new", "previous"), SHOWN.values(), ids=SHOWN.keys())
async def test_changes_show_the_value_before(
    party: Party, old: dict[str, Any], new: dict[str, Any], previous: dict[str, Any]
) -> None:
    """§5.2.14: showChanges; not in the case of creations"""
    await party.subscribe(notification={"showChanges": True})
    await party.upsert(party.entity(a=old, b=prop(1)))
    await party.upsert(party.entity(a=new))
    first, second = await party.data(2)
    assert first == party.entity(a=old, b=prop(1))
    assert second == party.entity(a={**new, **previous}, b=prop(1))


async def test_changes_are_shown_in_the_concise_format_too(party: Party) -> None:
    """§5.2.14: showChanges"""
    await party.subscribe(notification={"showChanges": True, "format": "concise"})
    await party.upsert(party.entity(a=prop(1)))
    await party.upsert(party.entity(a=prop(2)))
    assert (await party.data(2))[1] == party.entity(a={"value": 2, "previousValue": 1})


DELETED: dict[str, tuple[dict[str, Any], Any]] = {
    "plain": ({}, NULL),
    "simplified": ({"format": "simplified"}, NULL),
    "showChanges": ({"showChanges": True}, prop(NULL, previousValue=1)),
}


@pytest.mark.parametrize(("wanted", "shown"), DELETED.values(), ids=DELETED.keys())
async def test_a_deleted_attribute_is_null(
    party: Party, wanted: dict[str, Any], shown: Any
) -> None:
    """§5.8.6: urn:ngsi-ld:null, with more only where more is required"""
    await party.subscribe(notificationTrigger=["attributeDeleted"], notification=wanted)
    await party.upsert(party.entity(a=prop(1)))
    await party.delete(attribute="a")
    assert await party.data() == [party.entity(a=shown)]


async def test_a_deleted_attribute_has_its_times_when_asked_for(party: Party) -> None:
    """§5.8.6: sysAttrs"""
    await party.subscribe(notificationTrigger=["attributeDeleted"], notification={"sysAttrs": True})
    await party.upsert(party.entity(a=prop(1)))
    await party.delete(attribute="a")
    (entity,) = await party.data()
    assert {"type", "value", "createdAt", "modifiedAt", "deletedAt"} == entity["a"].keys()
    assert entity["a"]["value"] == NULL


async def test_a_deleted_instance_is_named_by_its_dataset(party: Party) -> None:
    """§5.8.6: a datasetId needs to be provided"""
    await party.subscribe(notificationTrigger=["attributeDeleted"])
    await party.upsert(party.entity(a=[prop(1), prop(2, datasetId="urn:d:1")]))
    where = f"{ENTITIES}/{party.id()}/attrs/a"
    answer = await party.api.delete(where, params={"datasetId": "urn:d:1"})
    assert answer.status_code == 204
    assert await party.data() == [party.entity(a=[prop(1), prop(NULL, datasetId="urn:d:1")])]


async def test_a_deleted_language_property_is_null_in_no_language(party: Party) -> None:
    """§5.8.6: {"@none": "urn:ngsi-ld:null"}"""
    await party.subscribe(
        notificationTrigger=["attributeDeleted"], notification={"showChanges": True}
    )
    await party.upsert(party.entity(a={"type": "LanguageProperty", "languageMap": {"ja": "赤"}}))
    await party.delete(attribute="a")
    (entity,) = await party.data()
    assert entity["a"] == {
        "type": "LanguageProperty",
        "languageMap": {"@none": NULL},
        "previousLanguageMap": {"ja": "赤"},
    }


async def test_a_deleted_entity_is_told_by_when_it_went(party: Party) -> None:
    """§5.8.6: only deletedAt"""
    await party.subscribe(notificationTrigger=["entityDeleted"])
    await party.upsert(party.entity(a=prop(1)))
    await party.delete()
    (entity,) = await party.data()
    assert entity == {**party.entity(), "deletedAt": entity["deletedAt"]}


async def test_a_deleted_entity_has_all_its_times_when_asked_for(party: Party) -> None:
    """§5.8.6: sysAttrs"""
    await party.subscribe(notificationTrigger=["entityDeleted"], notification={"sysAttrs": True})
    await party.upsert(party.entity(a=prop(1)))
    await party.delete()
    (entity,) = await party.data()
    assert entity.keys() == {"id", "type", "deletedAt", "createdAt", "modifiedAt"}


async def test_a_deleted_entity_shows_what_it_was(party: Party) -> None:
    """§5.8.6: showChanges"""
    await party.subscribe(notificationTrigger=["entityDeleted"], notification={"showChanges": True})
    await party.upsert(party.entity(a=prop(1)))
    await party.delete()
    (entity,) = await party.data()
    assert entity["a"] == prop(NULL, previousValue=1)


async def test_counters_tell_what_was_sent_and_when(party: Party) -> None:
    """§5.8.6, §5.2.14.2"""
    location = await party.subscribe()
    assert not {"timesSent", "status"} & (await party.get(location))["notification"].keys()
    await party.upsert(party.entity(a=prop(1)))
    found = await party.doing(location, timesSent=1)
    assert found["status"] == "ok"
    assert found["lastNotification"] == found["lastSuccess"]
    assert not {"timesFailed", "lastFailure"} & found.keys()


async def test_a_failure_is_counted_and_told(party: Party) -> None:
    """§5.8.6: lastFailure, status failed"""
    party.answer(500)
    location = await party.subscribe()
    await party.upsert(party.entity(a=prop(1)))
    found = await party.doing(location, timesFailed=1)
    assert (found["timesSent"], found["status"]) == (1, "failed")
    assert found["lastFailure"] == found["lastNotification"]
    assert "lastSuccess" not in found
