"""What notifications take from around them: contexts, tenants, linked entities, languages."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from tests.services.broker.conformance.subscriptions.subscribers import (
    ENTITIES,
    SUBSCRIPTIONS,
    Party,
    error_of,
    prop,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

LD = {"content-type": "application/ld+json"}
OWN = {"@context": {"geschwindigkeit": "https://example.org/speed"}}


async def hosted(party: Party, context: dict[str, Any] = OWN) -> str:
    """The URL of a context that the broker serves."""
    answer = await party.api.post("/ngsi-ld/v1/jsonldContexts", json=context)
    assert answer.status_code == 201, answer.text
    return str(httpx.URL("http://broker").join(answer.headers["location"]))


async def test_notifications_are_written_with_the_context_named(party: Party) -> None:
    """§5.8.6: jsonldContext"""
    url = await hosted(party)
    await party.subscribe(jsonldContext=url)
    await party.upsert(party.entity(**{"https://example.org/speed": prop(50)}))
    request = (await party.requests())[0]
    assert f"<{url}>" in request.headers["link"]
    (entity,) = orjson.loads(request.body)["data"]
    assert entity["geschwindigkeit"] == prop(50)


async def test_the_subscriptions_own_context_is_the_default(party: Party) -> None:
    """§5.8.1.4: names in it are expanded with the context that it came with."""
    sent = {
        **party.subscription(
            watchedAttributes=["geschwindigkeit"],
            q="geschwindigkeit>40",
            notification={"attributes": ["geschwindigkeit"]},
        ),
        **OWN,
    }
    answer = await party.api.post(SUBSCRIPTIONS, content=orjson.dumps(sent), headers=LD)
    assert answer.status_code == 201, answer.text
    for value in (30, 50):
        await party.upsert(party.entity(**{"https://example.org/speed": prop(value)}))
    request = (await party.requests())[0]
    assert orjson.loads(request.body)["data"] == [party.entity(geschwindigkeit=prop(50))]
    url = request.headers["link"].partition(">")[0].strip("<")
    served = (await party.api.get(url)).json()
    assert OWN["@context"] in (served["@context"], *served["@context"])


async def test_names_are_shown_in_the_readers_context(party: Party) -> None:
    """§5.5.7: compacted for whoever retrieves the subscription"""
    location = await party.subscribe(watchedAttributes=["https://example.org/speed"])
    assert (await party.get(location))["watchedAttributes"] == ["https://example.org/speed"]
    link = f'<{await hosted(party)}>; rel="http://www.w3.org/ns/json-ld#context"'
    found = await party.api.get(location, headers={"link": link})
    assert found.json()["watchedAttributes"] == ["geschwindigkeit"]


async def test_a_context_that_cannot_be_had_is_refused(party: Party) -> None:
    """§5.8.1.4: LdContextNotAvailable"""
    sent = party.subscription(jsonldContext="http://127.0.0.1:9/nothing")
    answer = await party.api.post(SUBSCRIPTIONS, json=sent)
    assert error_of(answer) == (503, "LdContextNotAvailable")


async def test_tenants_are_apart(party: Party) -> None:
    """§4.14, §6.3.14: notifications of a tenant name it"""
    tenant = {"ngsild-tenant": party.kind}
    body = party.subscription(id=f"urn:ngsi-ld:Subscription:{party.kind}")
    for headers in (tenant, {}):
        made = await party.api.post(SUBSCRIPTIONS, json=body, headers=headers)
        assert made.status_code == 201, made.text
    where = f"{SUBSCRIPTIONS}/{body['id']}"
    await party.api.delete(where)
    assert (await party.api.get(where)).status_code == 404
    assert (await party.api.get(where, headers=tenant)).headers["ngsild-tenant"] == party.kind
    await party.upsert(party.entity(a=prop(1)))
    answer = await party.api.post(ENTITIES, json=party.entity(a=prop(2)), headers=tenant)
    assert answer.status_code == 201
    request = (await party.requests())[0]
    assert request.headers["ngsild-tenant"] == party.kind
    assert await party.values("a") == [2]


async def test_a_tenant_that_is_not_there_is_404(party: Party) -> None:
    """§5.5.10"""
    answer = await party.api.get(SUBSCRIPTIONS, headers={"ngsild-tenant": f"no{party.kind}"})
    assert error_of(answer) == (404, "NonexistentTenant")


def link(target: object) -> dict[str, Any]:
    return {"type": "Relationship", "object": target}


async def test_linked_entities_are_put_into_those_that_link_to_them(party: Party) -> None:
    """§5.8.6: join inline"""
    owner = {"id": party.id("owner"), "type": "Owner", "name": prop("x")}
    await party.upsert(owner)
    await party.subscribe(notification={"join": "inline"})
    await party.upsert(party.entity(owner=link(owner["id"])))
    (entity,) = await party.data()
    assert entity["owner"] == {**link(owner["id"]), "entity": owner}


async def test_linked_entities_stand_beside_those_that_link_to_them(party: Party) -> None:
    """§5.8.6: join flat"""
    owner = {"id": party.id("owner"), "type": "Owner", "name": prop("x")}
    await party.upsert(owner)
    await party.subscribe(notification={"join": "flat"})
    await party.upsert(party.entity(owner=link(owner["id"])))
    assert await party.data() == [party.entity(owner=link(owner["id"])), owner]


async def test_a_query_may_be_about_linked_entities(party: Party) -> None:
    """§4.9: q through a relationship"""
    good, bad = ({"id": party.id(n), "type": "Owner", "name": prop(n)} for n in ("x", "y"))
    await party.upsert(good, bad)
    await party.subscribe(q='owner{Owner:name}=="x"')
    await party.upsert(party.entity(1, owner=link(bad["id"])))
    await party.upsert(party.entity(2, owner=link(good["id"])))
    assert [entity["id"] for entity in await party.data()] == [party.id(2)]


async def test_language_properties_come_in_the_language_asked_for(party: Party) -> None:
    """§5.2.12: lang"""
    await party.subscribe(lang="ja")
    words = {"type": "LanguageProperty", "languageMap": {"ja": "赤", "en": "red"}}
    await party.upsert(party.entity(colour=words))
    assert await party.data() == [party.entity(colour=prop("赤", lang="ja"))]


async def test_the_broker_names_itself_on_the_way(party: Party) -> None:
    """RFC 9110 §7.6.3: so that brokers that tell each other find out"""
    await party.subscribe()
    await party.upsert(party.entity(a=prop(1)))
    assert (await party.requests())[0].headers["via"].startswith("1.1 ")
