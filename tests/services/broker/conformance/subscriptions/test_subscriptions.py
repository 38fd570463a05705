"""Subscriptions as resources: GS CIM 009 §5.8.1 to §5.8.5, §6.10, §6.11."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.ngsild import timestamp
from tests.services.broker.conformance.subscriptions.subscribers import (
    SUBSCRIPTIONS,
    Party,
    client,
    error_of,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


def moment(seconds: float) -> str:
    return timestamp(datetime.now(UTC) + timedelta(seconds=seconds))


async def test_creation_answers_201_with_the_relative_path(party: Party) -> None:
    """§6.10.3.1"""
    id_ = f"urn:ngsi-ld:Subscription:{party.kind}"
    answer = await party.api.post(SUBSCRIPTIONS, json=party.subscription(id=id_))
    assert (answer.status_code, answer.content) == (201, b"")
    assert answer.headers["location"] == f"{SUBSCRIPTIONS}/{id_}"


async def test_an_id_is_generated_when_none_is_sent(party: Party) -> None:
    """§5.8.1.4"""
    location = await party.subscribe()
    id_ = location.rpartition("/")[2]
    assert id_.startswith("urn:ngsi-ld:Subscription:")
    assert (await party.get(location))["id"] == id_


async def test_an_id_that_is_there_is_refused_with_409(party: Party) -> None:
    """§5.8.1.4"""
    body = party.subscription(id=f"urn:ngsi-ld:Subscription:{party.kind}")
    await party.api.post(SUBSCRIPTIONS, json=body)
    answer = await party.api.post(SUBSCRIPTIONS, json=body)
    assert error_of(answer) == (409, "AlreadyExists")


async def test_what_was_sent_is_what_is_retrieved(party: Party) -> None:
    """§5.8.3.5"""
    sent = party.subscription(
        subscriptionName="buses",
        description="Buses that speed",
        entities=[{"type": f"({party.kind};Vehicle)|Bus", "idPattern": "^urn:.*"}],
        watchedAttributes=["speed"],
        notificationTrigger=["attributeUpdated", "entityDeleted"],
        q="speed>50",
        geoQ={
            "georel": "near;maxDistance==100",
            "geometry": "Point",
            "coordinates": [139.88, 36.55],
            "geoproperty": "position",
        },
        scopeQ="/Mirai/#",
        datasetId=["urn:d:1", "@none"],
        isActive=True,
        expiresAt="2099-01-01T00:00:00Z",
        throttling=1.5,
        lang="ja",
        notification={
            "format": "concise",
            "attributes": ["speed"],
            "showChanges": True,
            "sysAttrs": True,
            "endpoint": {
                "uri": party.url,
                "accept": "application/ld+json",
                "timeout": 500,
                "cooldown": 1000,
                "receiverInfo": [{"key": "Authorization", "value": "Bearer x"}],
                "notifierInfo": [{"key": "k", "value": "v"}],
            },
        },
    )
    found = await party.get(await party.subscribe(**sent))
    assert {name: found[name] for name in sent} == sent
    assert found["status"] == "active"


async def test_the_status_tells_paused_from_active(party: Party) -> None:
    """§5.8.1.4: isActive false makes a subscription paused."""
    assert (await party.get(await party.subscribe(isActive=False)))["status"] == "paused"
    assert (await party.get(await party.subscribe()))["status"] == "active"


async def test_read_only_members_are_ignored(party: Party) -> None:
    """§5.2.12, §5.2.14.2"""
    location = await party.subscribe(
        status="expired", createdAt="2020-01-01T00:00:00Z", notification={"timesSent": 7}
    )
    found = await party.get(location, options="sysAttrs")
    assert found["status"] == "active"
    assert found["createdAt"] > "2020-01-02"
    assert "timesSent" not in found["notification"]


async def test_system_attributes_are_shown_on_request_only(party: Party) -> None:
    """§6.3.11"""
    location = await party.subscribe()
    assert not {"createdAt", "modifiedAt"} & (await party.get(location)).keys()
    assert {"createdAt", "modifiedAt"} <= (await party.get(location, options="sysAttrs")).keys()


async def test_the_context_is_kept_with_the_subscription(party: Party) -> None:
    """§5.8.1.4: jsonldContext is initialised with the applicable @context."""
    found = await party.get(await party.subscribe())
    assert found["jsonldContext"].startswith("https://uri.etsi.org/ngsi-ld/v1/")


BAD: dict[str, dict[str, Any]] = {
    "no type": {"type": None},
    "another type": {"type": "Registration"},
    "id is no URI": {"id": "not a uri"},
    "no entities": {"entities": []},
    "neither entities nor watched attributes": {"entities": ...},
    "a selector without a type": {"entities": [{"id": "urn:a:b"}]},
    "a type expression that is none": {"entities": [{"type": "(A;B"}]},
    "a selector's id is no URI": {"entities": [{"type": "A", "id": "b c"}]},
    "a pattern that is none": {"entities": [{"type": "A", "idPattern": "("}]},
    "no watched attributes": {"watchedAttributes": []},
    "watched attributes are no names": {"watchedAttributes": [1]},
    "a trigger that does not exist": {"notificationTrigger": ["entityMoved"]},
    "q is no query": {"q": "speed>"},
    "geoQ is no object": {"geoQ": "near"},
    "coordinates are none": {
        "geoQ": {"georel": "within", "geometry": "Point", "coordinates": {"x": 1}}
    },
    "notification is no object": {"notification": []},
    "entities are no objects": {"entities": ["A"]},
    "the context is no URL": {"jsonldContext": "nothing"},
    "geoQ without georel": {"geoQ": {"geometry": "Point", "coordinates": [1, 1]}},
    "geoQ with a relation that does not exist": {
        "geoQ": {"georel": "beside", "geometry": "Point", "coordinates": [1, 1]}
    },
    "scopeQ is no scope query": {"scopeQ": "/a b"},
    "csf is no query": {"csf": "=="},
    "datasetId is no URI": {"datasetId": ["not a uri"]},
    "expiresAt is no DateTime": {"expiresAt": "tomorrow"},
    "expiresAt is past": {"expiresAt": "2020-01-01T00:00:00Z"},
    "isActive is no boolean": {"isActive": "yes"},
    "throttling is 0": {"throttling": 0},
    "timeInterval is negative": {"timeInterval": -1},
    "timeInterval with watched attributes": {"timeInterval": 5, "watchedAttributes": ["a"]},
    "timeInterval with throttling": {"timeInterval": 5, "throttling": 5},
    "notification is null": {"notification": None},
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD.keys())
async def test_a_subscription_that_is_none_is_refused(party: Party, change: dict[str, Any]) -> None:
    """§5.2.12: BadRequestData."""
    sent = {**party.subscription(), **change}
    sent = {name: value for name, value in sent.items() if value is not ...}
    answer = await party.api.post(SUBSCRIPTIONS, json=sent)
    assert error_of(answer) == (400, "BadRequestData"), answer.text


BAD_NOTIFICATIONS: dict[str, dict[str, Any]] = {
    "no endpoint": {"endpoint": ...},
    "an endpoint without a uri": {"endpoint": {"accept": "application/json"}},
    "uri is no URL": {"endpoint": {"uri": "nowhere"}},
    "uri of another protocol": {"endpoint": {"uri": "ftp://example.com/a"}},
    "a media type that is not offered": {"accept": "text/html"},
    "timeout is 0": {"timeout": 0},
    "cooldown is negative": {"cooldown": -1},
    "receiverInfo is no list": {"receiverInfo": {"key": "a", "value": "b"}},
    "a value is missing": {"receiverInfo": [{"key": "a"}]},
    "a header that cannot be": {"receiverInfo": [{"key": "a b", "value": "c"}]},
    "a header that belongs to the connection": {
        "receiverInfo": [{"key": "Content-Length", "value": "1"}]
    },
    "a header that ends the header": {"receiverInfo": [{"key": "a", "value": "b\r\nc: d"}]},
    "no attributes": {"attributes": []},
    "id is no attribute": {"attributes": ["id"]},
    "an attribute is no text": {"attributes": [{}]},
    "what is picked is no projection": {"pick": ["a{"]},
    "what is omitted is no text": {"omit": [["a"]]},
    "pick beside attributes": {"attributes": ["a"], "pick": ["b"]},
    "a format that does not exist": {"format": "xml"},
    "changes in the simplified format": {"format": "keyValues", "showChanges": True},
    "a join that does not exist": {"join": "outer"},
    "joinLevel is 0": {"join": "inline", "joinLevel": 0},
    "sysAttrs is no boolean": {"sysAttrs": "yes"},
}
_OF_ENDPOINT = {"accept", "timeout", "cooldown", "receiverInfo"}


@pytest.mark.parametrize("change", BAD_NOTIFICATIONS.values(), ids=BAD_NOTIFICATIONS.keys())
async def test_notification_parameters_that_are_none_are_refused(
    party: Party, change: dict[str, Any]
) -> None:
    """§5.2.14, §5.2.15, §5.2.22: BadRequestData."""
    endpoint = {"uri": party.url, **{n: v for n, v in change.items() if n in _OF_ENDPOINT}}
    rest = {n: v for n, v in change.items() if n not in _OF_ENDPOINT}
    notification = {"endpoint": endpoint, **rest}
    notification = {n: v for n, v in notification.items() if v is not ...}
    sent = {**party.subscription(), "notification": notification}
    answer = await party.api.post(SUBSCRIPTIONS, json=sent)
    assert error_of(answer) == (400, "BadRequestData"), answer.text


async def test_mqtt_is_refused_by_name(party: Party) -> None:
    """§7 is optional: OperationNotSupported (§5.5.2)."""
    sent = party.subscription(notification={"endpoint": {"uri": "mqtt://example.com/topic"}})
    assert error_of(await party.api.post(SUBSCRIPTIONS, json=sent)) == (
        422,
        "OperationNotSupported",
    )


async def test_a_body_that_is_no_json_is_an_invalid_request(party: Party) -> None:
    """§5.5.4"""
    answer = await party.api.post(
        SUBSCRIPTIONS, content=b"{", headers={"content-type": "application/json"}
    )
    assert error_of(answer) == (400, "InvalidRequest")


async def test_what_is_not_there_is_404(party: Party) -> None:
    """§5.8.2.4, §5.8.3.4, §5.8.5.4"""
    gone = f"{SUBSCRIPTIONS}/urn:ngsi-ld:Subscription:{party.kind}"
    assert error_of(await party.api.get(gone)) == (404, "ResourceNotFound")
    answer = await party.api.patch(gone, json={"isActive": False})
    assert error_of(answer) == (404, "ResourceNotFound")
    assert error_of(await party.api.delete(gone)) == (404, "ResourceNotFound")


async def test_an_id_that_is_no_uri_is_400(party: Party) -> None:
    """§5.8.2.4, §5.8.3.4, §5.8.5.4"""
    bad = f"{SUBSCRIPTIONS}/nothing"
    assert error_of(await party.api.get(bad)) == (400, "BadRequestData")
    answer = await party.api.patch(bad, json={"isActive": False})
    assert error_of(answer) == (400, "BadRequestData")
    assert error_of(await party.api.delete(bad)) == (400, "BadRequestData")


async def test_an_update_replaces_members_and_keeps_the_others(party: Party) -> None:
    """§5.8.2.4, §5.5.8"""
    location = await party.subscribe(q="a==1", description="one")
    change = {"type": "Subscription", "q": "b==2", "watchedAttributes": ["b"]}
    answer = await party.api.patch(location, json=change)
    assert (answer.status_code, answer.content) == (204, b"")
    found = await party.get(location)
    assert (found["q"], found["watchedAttributes"]) == ("b==2", ["b"])
    assert (found["description"], found["entities"]) == ("one", [{"type": party.kind}])


async def test_an_update_of_the_notification_may_leave_the_endpoint_out(party: Party) -> None:
    """§5.8.2.4: data types and restrictions of a fragment are checked, not its cardinalities."""
    location = await party.subscribe(notification={"format": "concise"})
    await party.api.patch(location, json={"notification": {"attributes": ["a"]}})
    found = (await party.get(location))["notification"]
    assert found == {"endpoint": {"uri": party.url}, "attributes": ["a"]}


async def test_null_removes_a_member(party: Party) -> None:
    """§5.5.8"""
    location = await party.subscribe(q="a==1", description="one")
    change = {"q": None, "description": "urn:ngsi-ld:null"}
    assert (await party.api.patch(location, json=change)).status_code == 204
    assert not {"q", "description"} & (await party.get(location)).keys()


BAD_CHANGES = [change for change in BAD.values() if ... not in change.values()]


@pytest.mark.parametrize("change", [*BAD_CHANGES, {"id": "urn:ngsi-ld:Subscription:other"}])
async def test_an_update_that_makes_no_subscription_is_refused(
    party: Party, change: dict[str, Any]
) -> None:
    """§5.8.2.4; the id cannot be modified (§5.2.12)."""
    location = await party.subscribe()
    before = await party.get(location)
    answer = await party.api.patch(location, json=change)
    assert error_of(answer) == (400, "BadRequestData"), answer.text
    assert await party.get(location) == before


@pytest.mark.parametrize(
    ("before", "change", "status"),
    [
        ({"isActive": False}, {"isActive": True}, "active"),
        ({"isActive": False}, {"isActive": True, "expiresAt": "2099-01-01T00:00:00Z"}, "active"),
        ({}, {"isActive": False}, "paused"),
        ({"isActive": False}, {"expiresAt": "2099-01-01T00:00:00Z"}, "paused"),
        ({}, {"expiresAt": "2099-01-01T00:00:00Z"}, "active"),
    ],
)
async def test_an_update_changes_the_status(
    party: Party, before: dict[str, Any], change: dict[str, Any], status: str
) -> None:
    """§5.8.2.4: the rules of isActive and expiresAt."""
    location = await party.subscribe(**before)
    assert (await party.api.patch(location, json=change)).status_code == 204
    assert (await party.get(location))["status"] == status


async def test_a_context_that_is_removed_is_the_requests_again(party: Party) -> None:
    """§5.8.1.4"""
    location = await party.subscribe()
    before = await party.get(location)
    answer = await party.api.patch(location, json={"jsonldContext": None})
    assert answer.status_code == 204
    assert await party.get(location) == before


async def test_deletion_answers_204_and_is_final(party: Party) -> None:
    """§5.8.5.4"""
    location = await party.subscribe()
    answer = await party.api.delete(location)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await party.api.get(location)).status_code == 404


async def test_the_list_is_paged_with_links_and_a_count(party: Party) -> None:
    """§5.8.4.4, §6.3.10, §6.3.13"""
    async with client(party.api._transport.app, party.kind) as api:  # type: ignore[attr-defined]
        own = Party(api, party.receiver)
        for n in range(3):
            await own.subscribe(id=f"urn:ngsi-ld:Subscription:{own.kind}:{n}")
        answer = await api.get(SUBSCRIPTIONS, params={"limit": 1, "offset": 1, "count": "true"})
        assert answer.status_code == 200
        assert [one["id"][-1] for one in answer.json()] == ["1"]
        assert answer.headers["ngsild-results-count"] == "3"
        assert 'rel="next"' in answer.headers["link"]
        assert 'rel="prev"' in answer.headers["link"]
        last = await api.get(SUBSCRIPTIONS, params={"limit": 2, "offset": 2})
        assert [one["id"][-1] for one in last.json()] == ["2"]
        assert 'rel="next"' not in last.headers["link"]
        counted = await api.get(SUBSCRIPTIONS, params={"limit": 0, "count": "true"})
        assert (counted.json(), counted.headers["ngsild-results-count"]) == ([], "3")
        uncounted = await api.get(SUBSCRIPTIONS, params={"limit": 0})
        assert error_of(uncounted) == (400, "BadRequestData")


async def test_a_subscription_is_its_owners_alone(party: Party) -> None:
    """Not of the specification: another client neither sees nor changes it."""
    location = await party.subscribe()
    async with client(party.api._transport.app, "other") as other:  # type: ignore[attr-defined]
        assert (await other.get(location)).status_code == 404
        assert (await other.patch(location, json={"isActive": False})).status_code == 404
        assert (await other.delete(location)).status_code == 404
        assert (await other.get(SUBSCRIPTIONS)).json() == []
    assert (await party.get(location))["status"] == "active"
