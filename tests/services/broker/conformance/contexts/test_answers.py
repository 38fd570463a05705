"""What answers look like, and what of a request is refused before it is read (GS CIM 009 §6.3)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from services.broker.context.jsonld import CORE_CONTEXT_URL, context_link
from services.broker.context.ld.contexts import PATH
from tests.services.broker.conformance.contexts.web import (
    CONTEXTS,
    ENTITIES,
    ERRORS,
    JSON_LD,
    OURS,
    Web,
    car,
    link,
    prop,
    refused,
    terms,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")
QUERY = "/ngsi-ld/v1/entityOperations/query"


async def created(api: httpx.AsyncClient) -> str:
    """The path of an entity."""
    answer = await api.post(ENTITIES, json=car(speed=prop(1)))
    assert answer.status_code == 201
    return answer.headers["location"]


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json", "application/json"),
        ("application/ld+json", "application/ld+json"),
        ("application/ld+json, application/json", "application/json"),
        ("application/json;q=0.5, application/ld+json", "application/ld+json"),
        ("application/ld+json;q=0.5, */*;q=0.1", "application/ld+json"),
        ("text/html, application/ld+json;q=0.9, */*;q=0.8", "application/ld+json"),
        ("application/json;q=0, */*", "application/ld+json"),
        ("APPLICATION/LD+JSON", "application/ld+json"),
        ("application/geo+json", "application/geo+json"),
        ("application/geo+json, application/ld+json", "application/ld+json"),
    ],
)
async def test_the_first_of_the_list_that_is_acceptable_is_taken(
    api: httpx.AsyncClient, accept: str, media: str
) -> None:
    """§6.3.4: the order is JSON, JSON-LD, GeoJSON, unless weights say otherwise."""
    answer = await api.get(await created(api), headers={"accept": accept} if accept else {})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "image/*", "nonsense"])
async def test_what_is_not_acceptable_is_told_with_what_there_is(
    api: httpx.AsyncClient, accept: str
) -> None:
    """§6.3.4: 406 with the list of the available representations."""
    path = await created(api)
    for where in (path, f"{ENTITIES}?type=Car", CONTEXTS):
        answer = await api.get(where, headers={"accept": accept})
        assert refused(answer, 406, "InvalidRequest")
        assert {"application/json", "application/ld+json"} <= set(answer.json()["available"])


async def test_geojson_is_of_entities_only(api: httpx.AsyncClient) -> None:
    """§6.3.4: for all other operations it is not acceptable."""
    answer = await api.get(CONTEXTS, headers={"accept": "application/geo+json"})
    assert refused(answer, 406, "InvalidRequest")
    assert "application/geo+json" not in answer.json()["available"]


async def test_writing_is_not_refused_for_what_is_accepted(api: httpx.AsyncClient) -> None:
    """§6.3.4: the precondition is of GET, and of queries by POST."""
    answer = await api.post(ENTITIES, json=car(), headers={"accept": "text/html"})
    assert answer.status_code == 201


async def test_json_has_a_link_to_the_context(api: httpx.AsyncClient, web: Web) -> None:
    """§6.3.6."""
    path = await created(api)
    assert (await api.get(path)).headers["link"] == context_link(CORE_CONTEXT_URL)
    url = web.serve(terms("speed"))
    assert (await api.get(path, headers=link(url))).headers["link"] == context_link(url)


async def test_json_ld_has_the_context_in_its_body(api: httpx.AsyncClient, web: Web) -> None:
    """§6.3.6; §4.4: the core context is its last."""
    path = await created(api)
    wanted = {"accept": "application/ld+json"}
    answer = await api.get(path, headers=wanted)
    assert answer.json()["@context"] == CORE_CONTEXT_URL
    assert "link" not in answer.headers
    url = web.serve(terms("speed"))
    answer = await api.get(path, headers={**wanted, **link(url)})
    assert answer.json()["@context"] == [url, CORE_CONTEXT_URL]
    answer = await api.get(ENTITIES, params={"type": "Car"}, headers={**wanted, **link(url)})
    assert {str(item["@context"]) for item in answer.json()} == {str([url, CORE_CONTEXT_URL])}


async def test_answers_without_a_body_and_refusals_have_no_link(api: httpx.AsyncClient) -> None:
    """§6.3.6; and 204 has no Content-Length."""
    path = await created(api)
    answer = await api.patch(path, json={"speed": prop(2)})
    assert (answer.status_code, answer.content) == (204, b"")
    assert not {"link", "content-length"} & set(answer.headers)
    assert refused(await api.get(f"{path}x"), 404, "ResourceNotFound")


async def test_refusals_are_json_whatever_is_accepted(api: httpx.AsyncClient) -> None:
    """§5.5.3, §6.3.3, §6.3.6."""
    answer = await api.get(
        f"{ENTITIES}/urn:ngsi-ld:None:1", headers={"accept": "application/ld+json"}
    )
    assert refused(answer, 404, "ResourceNotFound")
    assert "@context" not in answer.json()


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "", "application/jsonp"])
async def test_other_content_types_are_answered_415_without_a_body(
    api: httpx.AsyncClient, media: str
) -> None:
    """§6.3.4."""
    for path in (ENTITIES, CONTEXTS):
        answer = await api.post(path, content=b"{}", headers={"content-type": media})
        assert (answer.status_code, answer.content) == (415, b"")


async def test_a_content_type_may_have_parameters(api: httpx.AsyncClient) -> None:
    """RFC 9110 §8.3.1."""
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    assert (await api.post(ENTITIES, json=car(), headers=headers)).status_code == 201


async def test_a_body_without_its_length_is_answered_411_without_a_body(
    api: httpx.AsyncClient,
) -> None:
    """§6.3.4."""

    async def parts() -> AsyncIterator[bytes]:
        yield b"{}"

    headers = {"content-type": "application/json"}
    answer = await api.post(ENTITIES, content=parts(), headers=headers)
    assert (answer.status_code, answer.content) == (411, b"")


async def test_a_body_that_is_too_large_is_answered_413(api: httpx.AsyncClient) -> None:
    """§6.3.2."""
    answer = await api.post(ENTITIES, json=car(text=prop("x" * 1_100_000)))
    assert refused(answer, 413, "InvalidRequest")


@pytest.mark.parametrize("body", [b"", b"{", b"{'a': 1}", b"\xff", b'{"a": NaN}'])
async def test_what_is_no_json_is_an_invalid_request(api: httpx.AsyncClient, body: bytes) -> None:
    """§5.5.4."""
    headers = {"content-type": "application/json"}
    answer = await api.post(ENTITIES, content=body, headers=headers)
    assert refused(answer, 400, "InvalidRequest")


async def test_a_wrong_method_is_answered_with_those_that_are_allowed(
    api: httpx.AsyncClient,
) -> None:
    """§6.3.2; RFC 9110 §15.5.6."""
    answer = await api.put(ENTITIES, json={})
    assert answer.status_code == 405
    assert {"GET", "POST"} <= set(answer.headers["allow"].split(", "))
    assert answer.json()["type"].startswith(ERRORS)
    answer = await api.post(f"{ENTITIES}/urn:a:b", json={})
    assert answer.status_code == 405
    allowed = set(answer.headers["allow"].split(", "))
    assert {"GET", "PUT", "PATCH", "DELETE"} <= allowed
    assert "POST" not in allowed


async def test_options_are_told(api: httpx.AsyncClient) -> None:
    """RFC 9110 §9.3.7."""
    answer = await api.options(ENTITIES)
    assert (answer.status_code, answer.content) == (204, b"")
    assert {"GET", "POST", "OPTIONS"} <= set(answer.headers["allow"].split(", "))


async def test_head_is_answered_as_get_is(api: httpx.AsyncClient) -> None:
    """RFC 9110 §9.3.2."""
    path = await created(api)
    answer = await api.head(path)
    assert answer.status_code == 200
    assert answer.headers["link"] == (await api.get(path)).headers["link"]


async def test_a_resource_that_there_is_not_is_not_found(api: httpx.AsyncClient) -> None:
    """§6.3.2."""
    assert refused(await api.get("/ngsi-ld/v1/nothing"), 404, "ResourceNotFound")
    assert refused(await api.get("/ngsi-ld/v1"), 404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "temporal/entities"),
        ("POST", "temporal/entities/"),
        ("GET", "temporal/entities/urn:a:b"),
        ("POST", "temporal/entityOperations/query"),
        ("POST", "csourceRegistrations"),
        ("GET", "csourceRegistrations/urn:a:b"),
        ("POST", "csourceSubscriptions/"),
        ("GET", "entityMaps/urn:a:b"),
        ("POST", "snapshots"),
        ("GET", "info/sourceIdentity"),
    ],
)
async def test_operations_that_are_not_offered_say_so(
    api: httpx.AsyncClient, method: str, path: str
) -> None:
    """§5.5.6; Table 6.3.2-1."""
    headers = {"content-length": "0"}
    answer = await api.request(method, f"/ngsi-ld/v1/{path}", headers=headers)
    assert refused(answer, 422, "OperationNotSupported")


async def test_paths_with_and_without_a_slash_at_the_end_are_the_same(
    api: httpx.AsyncClient,
) -> None:
    """Table 6.2-1 has them with it, §6.4.2 and others too: neither is redirected."""
    entity = car(speed=prop(1))
    assert (await api.post(f"{ENTITIES}/", json=entity)).status_code == 201
    path = f"{ENTITIES}/{entity['id']}"
    for where in (f"{ENTITIES}/?type=Car", f"{path}/", f"{CONTEXTS}/"):
        assert (await api.get(where)).status_code == 200
    assert (await api.post(f"{path}/attrs/", json={"fuel": prop(1)})).status_code == 204
    assert (await api.post(f"{path}/attrs", json={"fuel": prop(2)})).status_code == 204


@pytest.mark.parametrize("id_", ["https://example.org/cars/1", "urn:a:b%2Fc", "urn:a:車?no#no"])
async def test_ids_are_encoded_in_paths(api: httpx.AsyncClient, id_: str) -> None:
    """RFC 3986 §2.1: an id is one segment, whatever is in it."""
    entity = {**car(speed=prop(1)), "id": id_}
    answer = await api.post(ENTITIES, json=entity)
    assert answer.status_code in (201, 409)
    quoted = "".join(c if c.isalnum() and c.isascii() else _percent(c) for c in id_)
    assert (await api.get(f"{ENTITIES}/{quoted}")).json() == entity
    assert (await api.delete(f"{ENTITIES}/{quoted}/attrs/speed")).status_code == 204
    assert (await api.delete(f"{ENTITIES}/{quoted}")).status_code == 204


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())


@pytest.mark.parametrize("id_", ["no-uri", "urn:a b", "urn:a<b>", ":a"])
async def test_an_id_that_is_no_uri_is_refused(api: httpx.AsyncClient, id_: str) -> None:
    """§5.7.1.4."""
    assert refused(await api.get(f"{ENTITIES}/{id_}"), 400, "BadRequestData")
    answer = await api.post(ENTITIES, json={**car(), "id": id_})
    assert refused(answer, 400, "BadRequestData")


@pytest.mark.parametrize(
    "parameters",
    [{"typo": "Car"}, {"options": "keyvalues"}, {"type": "Car", "option": "keyValues"}],
)
async def test_parameters_that_there_are_not_are_refused(
    api: httpx.AsyncClient, parameters: Any
) -> None:
    """§6.3.20."""
    assert refused(await api.get(ENTITIES, params=parameters), 400, "InvalidRequest")


async def test_a_tenant_is_named_in_the_answer(api: httpx.AsyncClient) -> None:
    """§6.3.14; in refusals as well."""
    headers = {"ngsild-tenant": "ward-7"}
    answer = await api.get(f"{ENTITIES}/urn:a:b", headers=headers)
    assert answer.status_code in (404, 501)
    assert answer.headers["ngsild-tenant"] == "ward-7"
    assert "ngsild-tenant" not in (await api.get(ENTITIES, params={"type": "Car"})).headers


async def test_a_tenant_that_no_header_can_name_is_refused(api: httpx.AsyncClient) -> None:
    """§5.5.10."""
    for name in ("x" * 101, "a b"):
        answer = await api.get(ENTITIES, params={"type": "Car"}, headers={"ngsild-tenant": name})
        assert refused(answer, 400, "BadRequestData")


@pytest.fixture
def secret() -> Iterator[str]:
    yield "entities:none"


async def test_alone_everybody_may_do_everything(api: httpx.AsyncClient, secret: str) -> None:
    """What a caller says about itself does not count."""
    answer = await api.post(ENTITIES, json=car(), headers={"x-city-scope": secret})
    assert answer.status_code == 201


async def test_a_failure_is_an_internal_error(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """§5.5.6."""

    async def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("services.broker.context.ld.contexts.Contexts.resolve", fail)
    transport = api._transport
    monkeypatch.setattr(transport, "raise_app_exceptions", False)
    body = {**car(), "@context": {}}
    answer = await api.post(ENTITIES, json=body, headers=JSON_LD)
    assert refused(answer, 500, "InternalError")
    assert "broken" not in answer.text


async def test_a_query_by_post_names_its_context_by_a_url(api: httpx.AsyncClient, web: Web) -> None:
    """§6.3.6: the answer in JSON needs a URL for a context that was sent in the body."""
    entity = car(speed=prop(1))
    await api.post(ENTITIES, json={**entity, "@context": terms("Car", "speed")}, headers=JSON_LD)
    body = {
        "type": "Query",
        "entities": [{"type": "Car", "id": entity["id"]}],
        "@context": terms("Car", "speed"),
    }
    answer = await api.post(QUERY, json=body, headers=JSON_LD)
    if answer.status_code == 404:
        pytest.skip("there are no queries by POST yet")
    assert answer.json() == [entity]
    url = answer.headers["link"].partition(">")[0].lstrip("<")
    assert url.startswith(PATH)
    served = await api.get(url)
    assert served.json()["@context"][0] == terms("Car", "speed")
    assert OURS in served.text
