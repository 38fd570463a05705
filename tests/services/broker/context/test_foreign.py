"""FIWARE Smart Data Models' own examples, which were not made for this broker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from services.broker.context.jsonld import CORE, CORE_TERMS
from services.broker.context.ld.documents import Fetched
from services.broker.context.ld.process import compile_context
from tests.foreign import foreign
from tests.services.broker.context.samples import BATCH, ENTITIES
from tests.services.broker.running import running

EXAMPLES = ["Alert", "ArrivalEstimation", "WeatherAlert"]
JSON_LD = {"content-type": "application/ld+json"}


@pytest.fixture
async def url(store_url: str, embedded_url: str) -> AsyncIterator[str]:
    async def fetch(url: str) -> Fetched:
        """A context that defines nothing, in place of those that the examples name."""
        return Fetched(b'{"@context": {}}', 60.0)

    async with running(store_url, embedded_url, fetch=fetch) as url:
        yield url


@pytest.mark.parametrize("name", EXAMPLES)
async def test_an_example_goes_in_and_comes_back_equal(api: httpx.AsyncClient, name: str) -> None:
    example = orjson.loads(foreign(f"ngsi-ld/{name}.jsonld").read_bytes())
    assert (await api.post(ENTITIES, json=example, headers=JSON_LD)).status_code == 201
    found = (await api.get(f"{ENTITIES}/{example['id']}")).json()
    del example["@context"]
    assert found == example
    query = await api.get(ENTITIES, params={"type": name})
    assert query.json() == [example]


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("form", ["simplified", "concise"])
async def test_an_example_goes_in_and_comes_back_in_short(
    api: httpx.AsyncClient, name: str, form: str
) -> None:
    """As keyValues in and keyValues out; concise is the same as normalized."""
    example = orjson.loads(foreign(f"ngsi-ld/{name}.jsonld").read_bytes())
    path = f"{ENTITIES}/{example['id']}"
    assert (await api.post(ENTITIES, json=example, headers=JSON_LD)).status_code == 201
    short = (await api.get(path, params={"format": form})).json()
    assert (await api.delete(path)).status_code == 204
    answer = await api.post(ENTITIES, params={"format": form}, json=short)
    assert answer.status_code == 201, answer.text
    assert (await api.get(path, params={"format": form})).json() == short
    if form == "concise":
        del example["@context"]
        assert (await api.get(path)).json() == example


async def test_examples_go_in_as_a_batch(api: httpx.AsyncClient) -> None:
    examples = [orjson.loads(foreign(f"ngsi-ld/{n}.jsonld").read_bytes()) for n in EXAMPLES]
    answer = await api.post(f"{BATCH}/upsert", json=examples, headers=JSON_LD)
    assert answer.status_code == 201
    assert answer.json() == [example["id"] for example in examples]


async def test_an_example_is_found_by_its_values(api: httpx.AsyncClient) -> None:
    example = orjson.loads(foreign("ngsi-ld/Alert.jsonld").read_bytes())
    await api.post(ENTITIES, json=example, headers=JSON_LD)
    for q in ('category=="traffic"', "dateIssued<2017-02-01T00:00:00Z", 'description~="road"'):
        found = await api.get(ENTITIES, params={"type": "Alert", "q": q})
        assert [entity["id"] for entity in found.json()] == [example["id"]], q


def test_the_core_terms_are_those_of_the_specification() -> None:
    """Annex B: every term stands for what ETSI's own context says, and there are no others."""
    for version in ("1.8", "1.9"):
        path = foreign(f"ngsi-ld/ngsi-ld-core-context-v{version}.jsonld")
        official = orjson.loads(path.read_bytes())["@context"]
        bare = {name: term for name, term in official.items() if name != "@protected"}
        context = compile_context(bare, {})
        terms = [name for name in bare if not name.startswith("@")]
        assert sorted(terms) == sorted(CORE_TERMS)
        for name in terms:
            assert CORE.expand_vocab(name) == _official(official, name), name
            assert context.expand_vocab(name) == CORE.expand_vocab(name)


def _official(context: dict[str, Any], name: str) -> str:
    said = str(context[name]["@id"] if isinstance(context[name], dict) else context[name])
    if said.startswith("@"):
        return said
    prefix, colon, rest = said.partition(":")
    if not colon:
        return str(context["@vocab"]) + said
    return f"{context.get(prefix, prefix + ':')}{rest}"
