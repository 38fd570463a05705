"""Attaching APIs that nobody has seen before, and keeping the good when the new is bad."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.control.catalogue.fetch import is_allowed
from tests.gateway.control.city import BOOTSTRAP, City, Network, running
from tests.gateway.control.test_compiler import DOCUMENT

URL = "http://parks.internal:9000/openapi.json"


@pytest.fixture
def network() -> Network:
    return Network({URL: copy.deepcopy(DOCUMENT)})


@pytest.fixture
async def parks(tmp_path: Path, network: Network) -> AsyncIterator[City]:
    addresses = {"metadata.internal": "169.254.169.254"}
    async with running(tmp_path, network=network, addresses=addresses) as city:
        yield city


@pytest.fixture
async def any_parks(tmp_path: Path, store_url: str, network: Network) -> AsyncIterator[City]:
    """Over each kind of store."""
    async with running(tmp_path, store_url=store_url, network=network) as city:
        yield city


async def attach(city: City, name: str = "parks", url: str = URL, **more: Any) -> httpx.Response:
    body = {"name": name, "documentUrl": url, **more}
    return await city.http.post("/control/v1/apis", json=body)


async def until(city: City, holds: Callable[[dict[str, Any]], bool], name: str = "parks") -> Any:
    """The API's state once ``holds``; fails after five seconds."""
    async with asyncio.timeout(5):
        while True:
            state = (await city.http.get(f"/control/v1/apis/{name}")).json()
            if holds(state):
                return state
            await asyncio.sleep(0.02)


async def test_an_api_moves_without_ever_being_away(parks: City, network: Network) -> None:
    assert (await attach(parks)).status_code == 201
    elsewhere = "http://new.internal:9000/openapi.json"
    place = {"documentUrl": elsewhere, "upstream": ["http://a.internal:1", "http://b.internal:1"]}
    path = "/control/v1/apis/parks"
    refused = await parks.http.put(path, json=place)
    assert refused.json()["errors"][0]["where"] == "/documentUrl"
    assert (await parks.policy())["upstreams"]["parks"]["addresses"] == ["parks.internal:9000"]
    network.documents[elsewhere] = copy.deepcopy(DOCUMENT)
    moved = await parks.http.put(path, json=place)
    assert moved.status_code == 200, moved.text
    assert moved.json()["documentUrl"] == elsewhere
    addresses = (await parks.policy())["upstreams"]["parks"]["addresses"]
    assert addresses == ["a.internal:1", "b.internal:1"]
    await parks.http.delete(path)
    assert (await parks.http.put(path, json=place)).status_code == 404


async def test_an_attached_api_is_in_the_next_policy(any_parks: City) -> None:
    answer = await attach(any_parks)
    assert answer.status_code == 201, answer.text
    assert answer.json()["state"] == "attached"
    policy = await any_parks.policy()
    assert policy["upstreams"]["parks"]["addresses"] == ["parks.internal:9000"]
    assert policy["upstreams"]["parks"]["internal"] is False
    assert policy["upstreams"]["parks"]["sector"] == "parks"
    routes = [route for route in policy["routes"] if route["upstream"] == "parks"]
    assert {route["path"] for route in routes} == {
        "/apps/parks/benches",
        "/apps/parks/benches/{bench}",
    }
    assert {route["strip"] for route in routes} == {"/apps/parks"}


async def test_an_api_may_be_at_several_addresses(any_parks: City, network: Network) -> None:
    network.documents[URL]["x-city"] = {
        **network.documents[URL].get("x-city", {"domain": "parks"}),
        "health": "/alive",
    }
    several = ["http://one.internal:81", "http://two.internal", "http://one.internal:81"]
    answer = await attach(any_parks, upstream=several)
    assert answer.status_code == 201, answer.text
    assert answer.json()["upstreams"] == ["http://one.internal:81", "http://two.internal:80"]
    assert answer.json()["upstream"] == "http://one.internal:81"
    upstream = (await any_parks.policy())["upstreams"]["parks"]
    assert upstream["addresses"] == ["one.internal:81", "two.internal:80"]
    assert upstream["health"] == "/alive"
    assert 0 < upstream["try_timeout_ms"] < upstream["response_timeout_ms"]


async def test_an_api_that_names_no_health_path_is_asked_for_none(parks: City) -> None:
    await attach(parks)
    assert "health" not in (await parks.policy())["upstreams"]["parks"]


async def test_a_bad_document_is_refused_with_all_findings(parks: City, network: Network) -> None:
    del network.documents[URL]["paths"]["/benches"]["get"]["security"]
    network.documents[URL]["paths"]["/oauth/../x"] = {}
    answer = await attach(parks)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["where"] for error in answer.json()["errors"]] == [
        "/paths/~1benches/get/security",
        "/paths/~1oauth~1..~1x",
    ]
    assert (await parks.http.get("/control/v1/apis")).json() == []


async def test_a_name_is_given_once(any_parks: City) -> None:
    await attach(any_parks)
    assert (await attach(any_parks)).status_code == 409


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "mobility"}, 422),
        ({"name": "oauth"}, 422),
        ({"name": "a/b"}, 422),
        ({"url": "ftp://parks.internal/openapi.json"}, 422),
        ({"url": "file:///etc/passwd"}, 422),
        ({"url": "https://parks.internal/openapi.json"}, 422),
        ({"url": "http://nobody.internal/openapi.json"}, 422),
        ({"url": "http://user:pass@parks.internal:9000/openapi.json"}, 422),
        ({"url": "http://metadata.internal/latest"}, 422),
        ({"url": "http:///x"}, 422),
        ({"url": "x"}, 422),
        ({"upstream": "https://parks.internal"}, 422),
        ({"upstream": ["http://parks.internal", "https://parks.internal"]}, 422),
        ({"upstream": [f"http://parks{n}.internal" for n in range(65)]}, 422),
    ],
)
async def test_unsafe_names_and_addresses_are_refused(
    parks: City, network: Network, body: dict[str, Any], status: int
) -> None:
    answer = await attach(parks, **body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert not [call for call in network.calls if call.url.host == "169.254.169.254"]


async def test_redirects_are_not_followed(parks: City, network: Network) -> None:
    elsewhere = {"location": "http://169.254.169.254/"}
    network.documents[URL] = httpx.Response(302, headers=elsewhere)
    assert (await attach(parks)).status_code == 422
    assert len(network.calls) == 1


async def test_the_checked_address_is_the_one_that_is_called(parks: City, network: Network) -> None:
    """DNS rebinding: the name is looked up once."""
    await attach(parks)
    assert network.calls[0].url.host == "10.0.0.7"
    assert network.calls[0].headers["host"] == "parks.internal:9000"


async def test_too_large_a_document_is_cut(parks: City, network: Network) -> None:
    network.documents[URL] = httpx.Response(200, stream=httpx.ByteStream(b" " * (2**22 + 1)))
    answer = await attach(parks)
    assert answer.status_code == 422
    assert "larger than" in answer.text


async def test_a_document_that_changes_is_taken_in(parks: City, network: Network) -> None:
    await attach(parks)
    better = copy.deepcopy(DOCUMENT)
    del better["paths"]["/benches/{bench}"]
    network.documents[URL] = better
    state = await until(parks, lambda api: len(api["routes"]) == 1)
    assert state["state"] == "attached"


async def test_a_document_that_gets_worse_changes_no_route(parks: City, network: Network) -> None:
    await attach(parks)
    before = (await parks.policy())["routes"]
    del network.documents[URL]["paths"]["/benches"]["get"]["security"]
    state = await until(parks, lambda api: api["state"] == "refused")
    assert state["findings"][0]["where"] == "/paths/~1benches/get/security"
    assert (await parks.policy())["routes"] == before


async def test_an_api_that_is_away_keeps_its_routes(any_parks: City, network: Network) -> None:
    await attach(any_parks)
    document = network.documents.pop(URL)
    state = await until(any_parks, lambda api: api["state"] == "unreachable")
    assert "is the API running" in state["error"]
    assert len([r for r in (await any_parks.policy())["routes"] if r["upstream"] == "parks"]) == 3
    network.documents[URL] = document
    await until(any_parks, lambda api: api["state"] == "attached")


async def test_detaching_takes_the_routes_away(any_parks: City) -> None:
    await attach(any_parks)
    assert (await any_parks.http.delete("/control/v1/apis/parks")).status_code == 204
    assert not [r for r in (await any_parks.policy())["routes"] if r["upstream"] == "parks"]
    assert (await any_parks.http.delete("/control/v1/apis/parks")).status_code == 404
    assert (await attach(any_parks)).status_code == 201


async def test_an_internal_api_comes_when_it_answers(tmp_path: Path) -> None:
    url = "http://connectors:8003/mobility/v1/openapi.json"
    network = Network()
    bootstrap = {**BOOTSTRAP, "apis": [{"name": "mobility", "document_url": url}]}
    async with running(tmp_path, bootstrap=bootstrap, network=network) as city:
        await until(city, lambda api: api["state"] == "unreachable", "mobility")
        operation = {"security": [{"cityOAuth": ["mobility:read"]}]}
        network.documents[url] = {
            **DOCUMENT,
            "paths": {"/mobility/v1/stops": {"get": operation}},
            "components": {"securitySchemes": {"cityOAuth": {"type": "oauth2"}}},
        }
        await until(city, lambda api: api["state"] == "attached", "mobility")
        policy = await city.policy()
        refused = await city.http.delete("/control/v1/apis/mobility")
    assert policy["upstreams"]["mobility"]["internal"] is True
    assert "/mobility/v1/stops" in [route["path"] for route in policy["routes"]]
    assert refused.status_code == 409


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("10.1.2.3", True),
        ("192.168.0.1", True),
        ("fd12::1", True),
        ("93.184.216.34", True),
        ("169.254.169.254", False),
        ("::ffff:169.254.169.254", False),
        ("2002:a9fe:a9fe::", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fd00:ec2::254", False),
        ("100.100.100.200", False),
        ("0.0.0.0", False),
        ("::", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
    ],
)
def test_which_addresses_documents_come_from(address: str, allowed: bool) -> None:
    assert is_allowed(address) is allowed


PREVIEW = "/control/v1/apis/preview"


async def test_a_preview_tells_what_would_come_and_changes_nothing(parks: City) -> None:
    before = (await parks.policy())["revision"]
    body = {"name": "parks", "documentUrl": URL}
    told = (await parks.http.post(PREVIEW, json=body)).json()
    assert told["findings"] == []
    assert {route["path"] for route in told["routes"]} == {
        "/apps/parks/benches",
        "/apps/parks/benches/{bench}",
    }
    assert told["upstreams"] == ["http://parks.internal:9000"]
    assert told["scopes"] and told["datasets"]
    assert (await parks.policy())["revision"] == before
    assert (await parks.http.get("/control/v1/apis/parks")).status_code == 404


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"name": "Parks"}, "/name"),
        ({"name": "medical"}, "/name"),
        ({"documentUrl": "http://nowhere.internal/openapi.json"}, "/documentUrl"),
        ({"upstream": "https://parks.internal"}, "/upstream"),
    ],
)
async def test_a_preview_tells_what_stands_against_it_as_findings(
    parks: City, body: dict[str, str], where: str
) -> None:
    answer = await parks.http.post(PREVIEW, json={"name": "parks", "documentUrl": URL, **body})
    assert answer.status_code == 200
    assert [one["where"] for one in answer.json()["findings"]] == [where]
    assert answer.json()["routes"] == []


async def test_a_preview_names_every_finding_of_a_document(parks: City, network: Network) -> None:
    for item in network.documents[URL]["paths"].values():
        item["get"].pop("security", None)
        item["get"]["operationId"] = "same"
    found = (await parks.http.post(PREVIEW, json={"name": "parks", "documentUrl": URL})).json()
    refused = await attach(parks)
    assert len(found["findings"]) > 1
    assert [one["where"] for one in found["findings"]] == [
        one["where"] for one in refused.json()["errors"]
    ]


async def test_what_was_looked_at_is_what_is_attached(parks: City, network: Network) -> None:
    body = {"name": "parks", "documentUrl": URL}
    digest = (await parks.http.post(PREVIEW, json=body)).json()["digest"]
    network.documents[URL]["info"]["title"] = "Something else"
    answer = await attach(parks, digest=digest)
    assert answer.status_code == 409
    digest = (await parks.http.post(PREVIEW, json=body)).json()["digest"]
    assert (await attach(parks, digest=digest)).status_code == 201
    taken = (await parks.http.post(PREVIEW, json=body)).json()
    assert [one["where"] for one in taken["findings"]] == ["/name"]


async def test_a_document_is_fetched_anew_when_an_operator_asks(
    parks: City, network: Network
) -> None:
    await attach(parks)
    network.documents[URL]["info"]["version"] = "9"
    answer = await parks.http.post("/control/v1/apis/parks/refetch")
    assert answer.json()["state"] == "attached"
    network.documents[URL]["paths"] = {}
    answer = await parks.http.post("/control/v1/apis/parks/refetch")
    assert answer.json()["state"] == "refused"
    assert answer.json()["routes"], "the last good document stays in force"
    assert (await parks.http.post("/control/v1/apis/nothing/refetch")).status_code == 404
