"""Queries in a body (GS CIM 009 §5.2.23, §6.23)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.broker.conformance.query.city import (
    OPERATIONS,
    City,
    at,
    names,
    prop,
    refused,
    rel,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_every_condition(city: City) -> None:
    await city.has(
        a={"n": prop(1), "location": at(11, 11)}, b={"n": prop(2)}, c={"type": f"{city.type}X"}
    )
    assert names(await city.ask()) == "a b"
    assert names(await city.ask(q="n>1")) == "b"
    assert names(await city.ask(attrs=["location"])) == "a"
    near = {"georel": "near;maxDistance==10", "geometry": "Point", "coordinates": [11, 11]}
    assert names(await city.ask(geoQ=near)) == "a"
    assert names(await city.ask(geoQ={**near, "coordinates": "[11,11]"})) == "a"
    ordering = {"orderBy": ["n;desc"]}
    answer = await city.api.post(
        f"{OPERATIONS}/query?local=true",
        json={"type": "Query", "entities": [{"type": city.type}], "ordering": ordering},
    )
    assert names(answer) == "b a"


async def test_any_of_several_selectors(city: City) -> None:
    """§5.2.33: within one all hold, and id takes precedence over idPattern."""
    await city.has(a={}, b={}, c={"type": f"{city.type}X"}, d={"type": f"{city.type}X"})
    both = [
        {"type": city.type, "id": city.id("a"), "idPattern": "nothing"},
        {"type": f"{city.type}X", "idPattern": ":d$"},
    ]
    assert names(await city.ask(entities=both)) == "a d"
    several = [{"type": city.type, "id": [city.id("a"), city.id("b")]}]
    assert names(await city.ask(entities=several)) == "a b"


async def test_pages_come_from_the_url(city: City) -> None:
    await city.has(a={}, b={}, c={})
    body = {"type": "Query", "entities": [{"type": city.type}]}
    answer = await city.api.post(f"{OPERATIONS}/query?limit=1&offset=1&count=true", json=body)
    assert names(answer) == "b"
    assert answer.headers["ngsild-results-count"] == "3"
    assert 'rel="next"' in answer.headers["link"]
    assert 'rel="prev"' in answer.headers["link"]


async def test_a_context_in_the_body(city: City) -> None:
    """§6.23: names mean what the body's @context says."""
    await city.has(a={"https://example.org/speed": prop(5)})
    body = {
        "@context": [{"speed": "https://example.org/speed"}],
        "type": "Query",
        "entities": [{"type": city.type}],
        "q": "speed==5",
    }
    answer = await city.api.post(
        f"{OPERATIONS}/query", json=body, headers={"content-type": "application/ld+json"}
    )
    assert names(answer) == "a"


async def test_linked_entities(city: City) -> None:
    await city.has(a={"to": rel(city.id("b"))}, b={"type": f"{city.type}X"})
    assert names(await city.ask(join="flat", joinLevel=1)) == "a b"


@pytest.mark.parametrize(
    "body",
    [
        {"type": "Other"},
        {"type": "Query"},
        {"entities": []},
        {"entities": [{}]},
        {"entities": [{"type": "T", "id": "no uri"}]},
        {"entities": "T"},
        {"q": 5},
        {"attrs": []},
        {"attrs": "n"},
        {"geoQ": {"georel": "near"}},
        {"geoQ": "near"},
        {"joinLevel": 0},
        {"joinLevel": "2"},
        {"join": "deep"},
        {"ordering": {"orderBy": ["n"]}},
    ],
)
async def test_what_is_no_query_is_refused(city: City, body: dict[str, Any]) -> None:
    """§5.2.23, §5.7.2.4."""
    whole = {"type": "Query", "entities": [{"type": city.type}]} if "type" not in body else {}
    assert refused(await city.api.post(f"{OPERATIONS}/query", json={**whole, **body}))
