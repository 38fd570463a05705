"""A Smart Data Model's entity of each domain goes in, by every way, and comes back equal."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from connectors.registry import CONNECTORS
from services.broker.context.ld.documents import Fetched
from tests.services.broker.context.samples import BATCH, ENTITIES
from tests.services.broker.context.smart_models import BY_DOMAIN
from tests.services.broker.running import ALL, party, running

JSON_LD = {"content-type": "application/ld+json"}
CONTEXT = ["https://models.example.org/context.jsonld"]


@pytest.fixture
async def api(store_url: str, embedded_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async def fetch(url: str) -> Fetched:
        """A context as the models have: each term in a vocabulary of its own."""
        terms = {
            name: f"https://models.example.org/{name}" for e in BY_DOMAIN.values() for name in e
        }
        own = {name: iri for name, iri in terms.items() if name not in ("id", "type")}
        return Fetched(httpx.Response(200, json={"@context": own}).content, 60.0)

    async with running(store_url, embedded_url, fetch=fetch) as url, party(url, scope=ALL) as api:
        yield api


def test_there_is_one_of_each_domain() -> None:
    assert sorted(BY_DOMAIN) == sorted(CONNECTORS)


async def test_each_comes_back_equal(api: httpx.AsyncClient) -> None:
    for domain, entity in BY_DOMAIN.items():
        sent = await api.post(ENTITIES, json={**entity, "@context": CONTEXT}, headers=JSON_LD)
        assert sent.status_code == 201, (domain, sent.text)
    link = {"link": f'<{CONTEXT[0]}>; rel="http://www.w3.org/ns/json-ld#context"'}
    for domain, entity in BY_DOMAIN.items():
        found = await api.get(f"{ENTITIES}/{entity['id']}", headers=link)
        assert found.json() == entity, domain
        query = await api.get(ENTITIES, params={"type": entity["type"]}, headers=link)
        assert query.json() == [entity], domain


async def test_each_comes_back_equal_from_a_batch_and_after_an_update(
    api: httpx.AsyncClient,
) -> None:
    entities = list(BY_DOMAIN.values())
    assert (await api.post(f"{BATCH}/upsert", json=entities)).status_code == 201
    again = await api.post(f"{BATCH}/upsert", params={"options": "update"}, json=entities)
    assert again.status_code == 204
    for domain, entity in BY_DOMAIN.items():
        assert (await api.get(f"{ENTITIES}/{entity['id']}")).json() == entity, domain


@pytest.mark.parametrize("form", ["concise", "simplified"])
async def test_each_comes_back_in_short(api: httpx.AsyncClient, form: str) -> None:
    entities = list(BY_DOMAIN.values())
    await api.post(f"{BATCH}/create", json=entities)
    for domain, entity in BY_DOMAIN.items():
        path = f"{ENTITIES}/{entity['id']}"
        short = (await api.get(path, params={"format": form})).json()
        await api.delete(path)
        sent = await api.post(ENTITIES, params={"format": form}, json=short)
        assert sent.status_code == 201, (domain, sent.text)
        assert (await api.get(path, params={"format": form})).json() == short, domain
        if form == "concise":
            assert (await api.get(path)).json() == entity, domain
