"""The public catalogue, and the one document of the whole open API."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from tests.gateway.control.city import PUBLIC, City, Network, running
from tests.gateway.control.test_attach import URL, attach
from tests.gateway.control.test_compiler import DOCUMENT


def described() -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    document["servers"] = [{"url": "/v1"}]
    document["components"]["schemas"] = {
        "Bench": {"type": "object", "properties": {"near": {"$ref": "#/components/schemas/Bench"}}}
    }
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Bench"}}}
    ok = {"description": "ok", "content": content}
    for item in document["paths"].values():
        for method in ("get", "put"):
            if method in item:
                item[method]["responses"] = {"200": ok}
    parameter = {"name": "bench", "in": "path", "required": True, "schema": {"type": "string"}}
    document["paths"]["/benches/{bench}"]["parameters"] = [parameter]
    return document


@pytest.fixture
async def parks(tmp_path: Path) -> AsyncIterator[City]:
    async with running(tmp_path, network=Network({URL: described()})) as city:
        assert (await attach(city)).status_code == 201
        yield city


async def get(city: City, path: str) -> Any:
    answer = await city.http.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_one_document_describes_the_whole_open_api(parks: City) -> None:
    whole = await get(parks, "/openapi.json")
    validate(whole)
    assert whole == await get(parks, "/catalogue/v1/openapi.json")
    assert whole["servers"] == [{"url": PUBLIC}]
    assert {"/oauth/token", "/control/v1/apis", "/apps/parks/v1/benches"} <= set(whole["paths"])
    assert not [path for path in whole["paths"] if path.startswith("/internal")]
    operation = whole["paths"]["/apps/parks/v1/benches"]["get"]
    assert operation["security"] == [{"cityOAuth": ["parks:read"]}]
    assert operation["operationId"] == "parks.listBenches"
    schema = whole["components"]["schemas"]["parks.Bench"]
    assert schema["properties"]["near"] == {"$ref": "#/components/schemas/parks.Bench"}
    flows = whole["components"]["securitySchemes"]["cityOAuth"]["flows"]
    assert flows["clientCredentials"]["tokenUrl"] == f"{PUBLIC}/oauth/token"
    assert "parks:read" in flows["authorizationCode"]["scopes"]


async def test_every_operation_of_the_document_is_routed_and_the_other_way_round(
    parks: City,
) -> None:
    whole = await get(parks, "/openapi.json")
    methods = {"get", "put", "post", "delete", "patch", "head", "options"}
    documented = {
        (method.upper(), path)
        for path, item in whole["paths"].items()
        for method in methods & set(item)
    }
    routed = {(route["method"], route["path"]) for route in (await parks.policy())["routes"]}
    assert documented == routed


async def test_each_api_has_its_document(parks: City) -> None:
    document = await get(parks, "/catalogue/v1/apis/parks/openapi.json")
    validate(document)
    assert "/apps/parks/v1/benches/{bench}" in document["paths"]
    assert document["servers"] == [{"url": PUBLIC}]
    assert document["info"]["title"] == "Parks"
    assert (await parks.http.get("/catalogue/v1/apis/nobody/openapi.json")).status_code == 404


async def test_the_catalogue_names_apis_and_data_sets(parks: City) -> None:
    apis = {api["name"]: api for api in await get(parks, "/catalogue/v1/apis")}
    assert apis["parks"]["scopes"] == ["parks:a", "parks:admin", "parks:read", "parks:write"]
    assert apis["parks"]["operatedByCity"] is False
    assert apis["control"]["operatedByCity"] is True
    assert await get(parks, "/catalogue/v1/apis/parks") == apis["parks"]
    known = {one["id"]: one for one in await get(parks, "/catalogue/v1/datasets")}
    assert set(known) == {"access-trail", "benches", "sitters"}
    benches, sitters = known["benches"], known["sitters"]
    assert (benches["id"], benches["titleJa"], benches["legalClass"]) == (
        "benches",
        "ベンチ",
        "open",
    )
    assert benches["operations"] == [
        {"method": "GET", "path": "/apps/parks/v1/benches", "access": "scoped"}
    ]
    assert sitters["legalClass"] == "personal"
    assert (benches["fields"], benches["purposes"]) == ([], [])


async def test_documents_are_not_sent_twice(parks: City) -> None:
    first = await parks.http.get("/openapi.json")
    held = {"if-none-match": first.headers["etag"]}
    assert (await parks.http.get("/openapi.json", headers=held)).status_code == 304
    await parks.http.delete("/control/v1/apis/parks")
    assert (await parks.http.get("/openapi.json", headers=held)).status_code == 200


async def test_server_metadata_says_where_everything_is(parks: City) -> None:
    found = await get(parks, "/.well-known/oauth-authorization-server")
    routed = {route["path"] for route in (await parks.policy())["routes"]}
    endpoints = [value for name, value in found.items() if name.endswith(("_endpoint", "_uri"))]
    assert len(endpoints) == 7
    assert {endpoint.removeprefix(PUBLIC) for endpoint in endpoints} <= routed
    assert found["issuer"] == PUBLIC
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert "parks:read" in found["scopes_supported"]


async def test_server_metadata_is_valid_by_authlib(parks: City) -> None:
    from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

    found = await get(parks, "/.well-known/oauth-authorization-server")
    AuthorizationServerMetadata(found).validate()


async def test_the_resource_says_whose_tokens_it_takes(parks: City) -> None:
    found = await get(parks, "/.well-known/oauth-protected-resource")
    server = await get(parks, "/.well-known/oauth-authorization-server")
    assert found["authorization_servers"] == [server["issuer"]] == [found["resource"]]
    assert found["scopes_supported"] == server["scopes_supported"]
