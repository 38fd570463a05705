from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx

from schemas.context import ENTITY_CHANGED
from tests.services.broker.domain import PERSON, THING
from tests.services.broker.registry.test_registration import DOCKED, owner, register


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for part in node.values():
            yield from references(part)
    elif isinstance(node, list):
        for part in node:
            yield from references(part)


def resolve(document: Any, pointer: str) -> Any:
    for part in pointer.removeprefix("#/").split("/"):
        document = document[part]
    return document


async def read(api: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await api.get("/events/v1/asyncapi.json")).json()
    return found


async def test_the_document_has_the_form_of_asyncapi_3(api: httpx.AsyncClient) -> None:
    document = await read(api)
    assert document["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= document["info"].keys()
    for channel in document["channels"].values():
        assert channel["address"]
        for message in channel["messages"].values():
            assert {"schemaFormat", "schema"} == message["payload"].keys()
    for operation in document["operations"].values():
        assert operation["action"] in ("send", "receive")
        channel = resolve(document, operation["channel"]["$ref"])
        for reference in operation["messages"]:
            assert resolve(document, reference["$ref"]) in channel["messages"].values()


async def test_every_reference_leads_somewhere(api: httpx.AsyncClient) -> None:
    document = await read(api)
    for reference in set(references(document)):
        if reference.startswith("#"):
            assert resolve(document, reference)
        else:
            assert (await api.get(reference)).status_code == 200, reference


async def test_it_says_everything_that_may_be_published_and_on_which_terms(url: str) -> None:
    async with owner(url) as api:
        await register(api, retentionDays=30)
        document = await read(api)
    messages = {name for one in document["channels"].values() for name in one["messages"]}
    assert {THING, PERSON, DOCKED, ENTITY_CHANGED} <= messages
    kafka = {
        name: one["bindings"]["kafka"]["topicConfiguration"]
        for name, one in document["channels"].items()
    }
    assert kafka["city.context.entity"] == {"cleanup.policy": ["compact"], "retention.ms": -1}
    assert kafka["city.bikeshare.dock"]["retention.ms"] == 30 * 86_400_000
    operations = document["operations"]
    assert "say.city.context.entity" not in operations, "the broker alone says it"
    assert "bikes alone" in operations["say.city.bikeshare.dock"]["summary"]
    assert "events:personal" in operations["hear.city.test.person"]["summary"]
