"""Which ``@context`` a request is read with (GS CIM 009 §4.4, §5.5.4 to §5.5.7, §6.3.5)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.broker.context.jsonld import CORE_CONTEXT_URL
from tests.services.broker.conformance.contexts.web import (
    ENTITIES,
    JSON_LD,
    OURS,
    WANTS_LD,
    Web,
    car,
    link,
    prop,
    refused,
    terms,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")
BATCH = "/ngsi-ld/v1/entityOperations"


async def create(api: httpx.AsyncClient, entity: Any, **headers: Any) -> None:
    answer = await api.post(ENTITIES, json=entity, **headers)
    assert answer.status_code == 201, answer.text


async def full_names(api: httpx.AsyncClient, entity: dict[str, Any]) -> set[str]:
    """The names of an entity's attributes, as a context that knows none of them gives them."""
    answer = await api.get(f"{ENTITIES}/{entity['id']}")
    return set(answer.json()) - {"id", "type"}


async def test_json_is_read_with_the_context_in_the_link(api: httpx.AsyncClient, web: Web) -> None:
    """§6.3.5: POST with application/json."""
    entity = car(speed=prop(1))
    await create(api, entity, headers=link(web.serve(terms("Car", "speed"))))
    assert await full_names(api, entity) == {OURS + "speed"}


async def test_json_without_a_link_is_read_with_the_core_context(api: httpx.AsyncClient) -> None:
    """§5.5.5."""
    entity = car(speed=prop(1))
    await create(api, entity)
    found = await api.get(f"{ENTITIES}/{entity['id']}", headers=WANTS_LD)
    assert found.json() == {**entity, "@context": CORE_CONTEXT_URL}


@pytest.mark.parametrize("form", ["object", "url", "list", "core first", "url of a list"])
async def test_json_ld_is_read_with_the_context_in_the_body(
    api: httpx.AsyncClient, web: Web, form: str
) -> None:
    """§6.3.5: POST with application/ld+json; the core context is last wherever it stands."""
    own = terms("speed")
    context: Any = {
        "object": own,
        "url": web.serve(own),
        "list": [web.serve({"o": OURS}), {"speed": "o:speed"}, CORE_CONTEXT_URL],
        "core first": [CORE_CONTEXT_URL, own],
        "url of a list": web.serve([web.serve(own), CORE_CONTEXT_URL]),
    }[form]
    entity = car(speed=prop(1), location={"type": "Point", "coordinates": [1, 2]})
    await create(api, {**entity, "@context": context}, headers=JSON_LD)
    assert await full_names(api, entity) == {OURS + "speed", "location"}


async def test_json_with_a_context_in_the_body_is_refused(api: httpx.AsyncClient) -> None:
    """§6.3.5."""
    for body in (car(), [car()]):
        bad = [{**body[0], "@context": {}}] if isinstance(body, list) else {**body, "@context": {}}
        where = f"{BATCH}/create" if isinstance(body, list) else ENTITIES
        assert refused(await api.post(where, json=bad), 400, "BadRequestData")


async def test_json_ld_without_a_context_in_the_body_is_refused(api: httpx.AsyncClient) -> None:
    """§6.3.5."""
    answer = await api.post(ENTITIES, json=car(), headers=JSON_LD)
    assert refused(answer, 400, "BadRequestData")
    answer = await api.post(f"{BATCH}/create", json=[car()], headers=JSON_LD)
    assert refused(answer, 400, "BadRequestData")


async def test_json_ld_with_a_context_in_a_link_is_refused(
    api: httpx.AsyncClient, web: Web
) -> None:
    """§6.3.5."""
    body = {**car(), "@context": terms("speed")}
    headers = {**JSON_LD, **link(web.serve(terms("speed")))}
    assert refused(await api.post(ENTITIES, json=body, headers=headers), 400, "BadRequestData")
    await create(api, body, headers={**JSON_LD, "link": '<https://e.org/>; rel="next"'})


async def test_merge_patch_is_read_as_json(api: httpx.AsyncClient, web: Web) -> None:
    """§6.3.4: for PATCH it is equivalent to application/json; for others it is none."""
    entity = car(speed=prop(1))
    await create(api, entity)
    headers = {"content-type": "application/merge-patch+json", **link(web.serve(terms("fuel")))}
    path = f"{ENTITIES}/{entity['id']}"
    answer = await api.patch(f"{path}/attrs", json={"fuel": prop(1)}, headers=headers)
    assert answer.status_code in (204, 207)
    bad = await api.patch(path, json={"fuel": prop(2), "@context": {}}, headers=headers)
    assert refused(bad, 400, "BadRequestData")
    answer = await api.post(ENTITIES, json=car(), headers=headers)
    assert (answer.status_code, answer.content) == (415, b"")


async def test_get_and_delete_take_the_context_from_the_link(
    api: httpx.AsyncClient, web: Web
) -> None:
    """§6.3.5, §5.5.7: the context of the request at hand, and no other."""
    context = link(web.serve(terms("Car", "speed")))
    entity = car(speed=prop(1))
    await create(api, entity, headers=context)
    path = f"{ENTITIES}/{entity['id']}"
    assert (await api.get(path, headers=context)).json() == entity
    plain = (await api.get(path)).json()
    assert plain == {"id": entity["id"], "type": OURS + "Car", OURS + "speed": prop(1)}
    asked = {"id": entity["id"], "type": "Car"}
    assert (await api.get(ENTITIES, params=asked, headers=context)).json() == [entity]
    assert (await api.get(ENTITIES, params=asked)).json() == []
    assert (await api.delete(f"{path}/attrs/speed")).status_code == 404
    assert (await api.delete(f"{path}/attrs/speed", headers=context)).status_code == 204


async def test_a_full_name_is_a_name(api: httpx.AsyncClient) -> None:
    """§5.5.7."""
    entity = car(**{OURS + "speed": prop(1)})
    await create(api, entity)
    path = f"{ENTITIES}/{entity['id']}"
    found = await api.get(path, params={"attrs": OURS + "speed"})
    assert found.json() == entity
    name = "https%3A%2F%2Fexample.org%2Fspeed"
    assert (await api.delete(f"{path}/attrs/{name}")).status_code == 204


async def test_no_context_changes_what_a_core_term_means(api: httpx.AsyncClient) -> None:
    """§4.4, §5.5.7."""
    context = {"Property": OURS + "Property", "value": OURS + "value", "status": OURS + "status"}
    entity = car(status=prop(1))
    await create(api, {**entity, "@context": context}, headers=JSON_LD)
    assert (await api.get(f"{ENTITIES}/{entity['id']}")).json() == entity


async def test_id_and_type_may_be_written_as_keywords(api: httpx.AsyncClient) -> None:
    """§4.4: in requests; answers have `id` and `type`."""
    entity = car(speed=prop({"@type": "as it is", "@id": 1}))
    sent = {
        "@id": entity["id"],
        "@type": "Car",
        "speed": {"@type": "Property", "value": entity["speed"]["value"]},
        "@context": [],
    }
    await create(api, sent, headers=JSON_LD)
    assert (await api.get(f"{ENTITIES}/{entity['id']}")).json() == entity


@pytest.mark.parametrize(
    "context",
    [
        5,
        "no url",
        "urn:a:b",
        "ftp://example.org/c",
        [[]],
        {"a": 5},
        {"speed": {"@id": OURS + "speed", "@context": {"x": OURS + "x"}}},
        {"a": "b:x", "b": "a:x"},
    ],
)
async def test_an_invalid_context_is_refused(api: httpx.AsyncClient, context: Any) -> None:
    """§5.5.4, §5.5.7."""
    answer = await api.post(ENTITIES, json={**car(), "@context": context}, headers=JSON_LD)
    assert refused(answer, 400, "BadRequestData")


@pytest.mark.parametrize(
    "place",
    [
        {"speed": {"type": "Property", "value": 1, "@context": {}}},
        {"speed": [{"type": "Property", "value": 1, "@context": {}}]},
        {"speed": {"type": "Property", "value": {"@context": {}}}},
    ],
)
async def test_a_context_inside_is_refused(api: httpx.AsyncClient, place: Any) -> None:
    """§5.5.7."""
    answer = await api.post(ENTITIES, json={**car(**place), "@context": {}}, headers=JSON_LD)
    assert refused(answer, 400, "BadRequestData")


async def test_json_of_a_json_property_is_no_place_for_contexts(api: httpx.AsyncClient) -> None:
    """§5.5.7: what a JsonProperty holds is not looked at."""
    entity = car(raw={"type": "JsonProperty", "json": {"@context": {"a": 1}, "@id": 5}})
    await create(api, {**entity, "@context": {}}, headers=JSON_LD)
    assert (await api.get(f"{ENTITIES}/{entity['id']}")).json() == entity


async def test_a_remote_context_that_cannot_be_had_is_told(
    api: httpx.AsyncClient, web: Web
) -> None:
    """§5.5.6; Table 6.3.2-1."""
    missing = f"https://contexts.example/{uuid4()}.jsonld"
    body = {**car(), "@context": missing}
    for answer in (
        await api.post(ENTITIES, json=body, headers=JSON_LD),
        await api.post(ENTITIES, json=car(), headers=link(missing)),
        await api.get(ENTITIES, params={"type": "Car"}, headers=link(missing)),
    ):
        assert refused(answer, 503, "LdContextNotAvailable")
    assert web.asked.count(missing) == 1  # and for a while it is not asked for again


@pytest.mark.parametrize("document", [b"no json", b"[]", b"{}", b'{"@context": 5}'])
async def test_a_remote_context_that_is_none_is_refused(
    api: httpx.AsyncClient, web: Web, document: bytes
) -> None:
    """§5.5.6."""
    body = {**car(), "@context": web.serve(document)}
    assert refused(await api.post(ENTITIES, json=body, headers=JSON_LD), 400, "BadRequestData")


async def test_contexts_that_name_each_other_end(api: httpx.AsyncClient, web: Web) -> None:
    """§5.5.4."""
    one = web.serve({})
    web.documents[one] = (b'{"@context": "%s"}' % one.encode(), 60.0)
    answer = await api.post(ENTITIES, json={**car(), "@context": one}, headers=JSON_LD)
    assert refused(answer, 400, "BadRequestData")


async def test_a_context_may_not_need_many_documents(api: httpx.AsyncClient, web: Web) -> None:
    url = web.serve({})
    for _ in range(11):
        url = web.serve([url, {}])
    answer = await api.post(ENTITIES, json={**car(), "@context": url}, headers=JSON_LD)
    assert refused(answer, 400, "BadRequestData")


async def test_each_item_of_a_batch_has_a_context_of_its_own(
    api: httpx.AsyncClient, web: Web
) -> None:
    """§5.6.7: what is wrong with one item is that item's."""
    good = [car(speed=prop(1)), car(speed=prop(2))]
    sent = [
        {**good[0], "@context": terms("speed")},
        {**good[1], "@context": web.serve({"speed": OURS + "other"})},
        {**car(speed=prop(3)), "@context": "https://contexts.example/none.jsonld"},
        {**car(speed=prop(4)), "@context": 5},
        car(speed=prop(5)),
    ]
    answer = await api.post(f"{BATCH}/create", json=sent, headers=JSON_LD)
    assert answer.status_code == 207
    assert answer.json()["success"] == [entity["id"] for entity in good]
    errors = [entry["error"]["type"].rpartition("/")[2] for entry in answer.json()["errors"]]
    assert sorted(errors) == ["BadRequestData", "BadRequestData", "LdContextNotAvailable"]
    assert await full_names(api, good[0]) == {OURS + "speed"}
    assert await full_names(api, good[1]) == {OURS + "other"}


async def test_names_of_a_vocabulary_are_read_with_the_context(
    api: httpx.AsyncClient, web: Web
) -> None:
    """§4.5.20."""
    context = link(web.serve(terms("Car", "fuel", "diesel")))
    entity = car(fuel={"type": "VocabProperty", "vocab": "diesel"})
    await create(api, entity, headers=context)
    path = f"{ENTITIES}/{entity['id']}"
    assert (await api.get(path, headers=context)).json() == entity
    assert (await api.get(path)).json()[OURS + "fuel"]["vocab"] == OURS + "diesel"


@pytest.mark.parametrize("name", ["sp eed", "1speed", "spe-ed", "_speed", "a.b", "a(b)", "<a>"])
async def test_what_is_no_name_is_refused(api: httpx.AsyncClient, name: str) -> None:
    """§4.6.2."""
    for body in (car(**{name: prop(1)}), {**car(), "type": name}):
        assert refused(await api.post(ENTITIES, json=body), 400, "BadRequestData")


async def test_names_are_letters_of_any_script(api: httpx.AsyncClient) -> None:
    """§4.6.2."""
    entity = {**car(気温=prop(1), β_2=prop(2)), "type": "車"}
    await create(api, entity)
    assert (await api.get(f"{ENTITIES}/{entity['id']}")).json() == entity
    assert set(entity) - {"id", "type"} == {"気温", "β_2"}


@pytest.mark.parametrize(
    "field",
    [
        '<>; rel="http://www.w3.org/ns/json-ld#context"',
        '<no url>; rel="http://www.w3.org/ns/json-ld#context"',
        '<https://e.org/a>; rel="http://www.w3.org/ns/json-ld#context", '
        '<https://e.org/b>; rel="http://www.w3.org/ns/json-ld#context"',
    ],
)
async def test_a_link_that_names_no_context_or_several_is_refused(
    api: httpx.AsyncClient, field: str
) -> None:
    """§6.3.5; JSON-LD 1.1 §6.1."""
    answer = await api.get(ENTITIES, params={"type": "Car"}, headers={"link": field})
    assert refused(answer, 400, "BadRequestData")


async def test_other_links_are_not_contexts(api: httpx.AsyncClient) -> None:
    """§6.3.5."""
    fields = '<https://e.org/a>; rel="next", <https://e.org/b>; rel=alternate; type=text/html'
    answer = await api.get(ENTITIES, params={"type": "Car"}, headers={"link": fields})
    assert answer.status_code == 200
