"""Storing, managing and serving contexts (GS CIM 009 §5.13, §6.29, §6.30)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
import pytest

from services.broker.app import create_broker
from tests.services.broker.conformance.contexts.web import (
    CONTEXTS,
    ENTITIES,
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


async def hosted(api: httpx.AsyncClient, content: Any) -> str:
    """The path of a context that is hosted."""
    answer = await api.post(CONTEXTS, json={"@context": content})
    assert (answer.status_code, answer.content) == (201, b""), answer.text
    return answer.headers["location"]


async def use(api: httpx.AsyncClient, url: str) -> None:
    answer = await api.get(ENTITIES, params={"type": "Car"}, headers=link(url))
    assert answer.status_code == 200, answer.text


async def details(api: httpx.AsyncClient, **parameters: str) -> list[dict[str, Any]]:
    answer = await api.get(CONTEXTS, params={"details": "true", **parameters})
    assert answer.status_code == 200
    return list(answer.json())


async def about(api: httpx.AsyncClient, url: str) -> list[dict[str, Any]]:
    return [entry for entry in await details(api) if entry["URL"] == url]


async def test_a_context_is_added_and_served(api: httpx.AsyncClient) -> None:
    """§5.13.2, §5.13.4: what stands beside `@context` is discarded."""
    body = {"@context": terms("speed"), "beside": 1}
    answer = await api.post(CONTEXTS, json=body)
    assert answer.status_code == 201
    path = answer.headers["location"]
    assert path.startswith(f"{CONTEXTS}/")  # a local relative path (Table 6.29.3.1-1)
    served = await api.get(path)
    assert served.status_code == 200
    assert served.json() == {"@context": terms("speed")}
    assert served.headers["content-type"] == "application/json"
    as_ld = await api.get(path, headers={"accept": "application/ld+json"})
    assert as_ld.headers["content-type"] == "application/ld+json"
    assert as_ld.json() == served.json()


async def test_a_context_is_added_as_json_ld_too(api: httpx.AsyncClient) -> None:
    """§6.29.3.1."""
    answer = await api.post(CONTEXTS, json={"@context": terms("a")}, headers=JSON_LD)
    assert answer.status_code == 201


async def test_a_hosted_context_is_used_by_its_url(api: httpx.AsyncClient, web: Web) -> None:
    """§5.13.1: the broker is a server of contexts; it does not call itself for them."""
    url = f"http://broker{await hosted(api, [terms('speed'), web.serve(terms('fuel'))])}"
    entity = car(speed=prop(1), fuel=prop(2))
    assert (await api.post(ENTITIES, json=entity, headers=link(url))).status_code == 201
    found = (await api.get(f"{ENTITIES}/{entity['id']}")).json()
    assert {OURS + "speed", OURS + "fuel"} < set(found)
    body = {**car(speed=prop(1)), "@context": [url]}
    assert (await api.post(ENTITIES, json=body, headers=JSON_LD)).status_code == 201
    assert url not in web.asked


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"{", "InvalidRequest"),
        (b"[]", "BadRequestData"),
        (b"{}", "BadRequestData"),
        (b'{"@context": null}', "BadRequestData"),
        (b'{"@context": 5}', "BadRequestData"),
        (b'{"@context": {"a": 5}}', "BadRequestData"),
        (b'{"@context": {"a": "b:c", "b": "a:c"}}', "BadRequestData"),
        (b'{"@context": {"a": {"@id": "e:a", "@context": {}}}}', "BadRequestData"),
    ],
)
async def test_what_is_no_context_is_not_added(
    api: httpx.AsyncClient, content: bytes, error: str
) -> None:
    """§5.13.2.4, §5.5.4."""
    headers = {"content-type": "application/json"}
    assert refused(await api.post(CONTEXTS, content=content, headers=headers), 400, error)


async def test_stored_contexts_are_listed_by_url(api: httpx.AsyncClient, web: Web) -> None:
    """§5.13.3: a cached one by the URL that it came from."""
    path = await hosted(api, terms("a"))
    remote = web.serve(terms("b"))
    await use(api, remote)
    everything = (await api.get(CONTEXTS)).json()
    assert {f"http://broker{path}", remote} <= set(everything)
    only_hosted = (await api.get(CONTEXTS, params={"kind": "Hosted"})).json()
    assert f"http://broker{path}" in only_hosted
    assert remote not in only_hosted
    assert remote in (await api.get(CONTEXTS, params={"kind": "Cached"})).json()
    assert (await api.get(CONTEXTS, params={"kind": "ImplicitlyCreated"})).status_code == 200
    assert (await api.get(CONTEXTS, params={"details": "false"})).json() == everything


async def test_details_of_stored_contexts(api: httpx.AsyncClient, web: Web) -> None:
    """§5.13.3.5."""
    path = await hosted(api, terms("a"))
    remote = web.serve(terms("b"), seconds=600.0)
    await use(api, remote)
    [cached] = await about(api, remote)
    assert cached["kind"] == "Cached"
    assert _seconds(cached["createdAt"], cached["expiresAt"]) == pytest.approx(600, abs=5)
    [own] = await about(api, f"http://broker{path}")
    assert (own["kind"], own["localId"]) == ("Hosted", path.rpartition("/")[2])
    one = await api.get(path, params={"details": "true"})
    assert one.json() == own
    other = await api.get(f"{CONTEXTS}/{cached['localId']}", params={"details": "true"})
    assert other.json() == cached


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


async def test_uses_of_a_stored_context_are_counted(api: httpx.AsyncClient, web: Web) -> None:
    """§5.13.3.5: `numberOfHits` and `lastUsage`."""
    remote = web.serve(terms("b"))
    await use(api, remote)
    [before] = await about(api, remote)
    for _ in range(3):
        await use(api, remote)
    [after] = await about(api, remote)
    assert after["numberOfHits"] == before["numberOfHits"] + 3
    assert after["lastUsage"] >= before["createdAt"]
    assert web.asked.count(remote) == 1


@pytest.mark.parametrize(
    "parameters", [{"kind": "Other"}, {"details": "yes"}, {"kind": "cached"}, {"unknown": "x"}]
)
async def test_a_list_that_cannot_be_is_refused(
    api: httpx.AsyncClient, parameters: dict[str, str]
) -> None:
    """Table 6.29.3.2-1."""
    assert (await api.get(CONTEXTS, params=parameters)).status_code == 400


async def test_a_cached_context_is_not_served(api: httpx.AsyncClient, web: Web) -> None:
    """§5.13.4.4: 422, by its id and by its URL; what is known of it is told."""
    remote = web.serve(terms("b"))
    await use(api, remote)
    [entry] = await about(api, remote)
    for name in (entry["localId"], _quoted(remote)):
        assert refused(await api.get(f"{CONTEXTS}/{name}"), 422, "OperationNotSupported")
        told = await api.get(f"{CONTEXTS}/{name}", params={"details": "true"})
        assert told.json()["URL"] == remote


def _quoted(url: str) -> str:
    return url.replace(":", "%3A").replace("/", "%2F")


async def test_a_context_that_is_not_stored_is_not_found(api: httpx.AsyncClient) -> None:
    """§5.13.4.4, §5.13.5.4."""
    path = f"{CONTEXTS}/urn:uuid:00000000-0000-4000-8000-000000000000"
    for parameters in ({}, {"details": "true"}):
        assert refused(await api.get(path, params=parameters), 404, "ResourceNotFound")
    for parameters in ({}, {"reload": "false"}, {"reload": "true"}):
        assert refused(await api.delete(path, params=parameters), 404, "ResourceNotFound")
    assert refused(await api.get(path, params={"details": "1"}), 400, "BadRequestData")
    assert refused(await api.delete(path, params={"reload": "1"}), 400, "BadRequestData")


async def test_a_hosted_context_is_deleted(api: httpx.AsyncClient) -> None:
    """§5.13.5.4."""
    path = await hosted(api, terms("a"))
    await use(api, f"http://broker{path}")
    answer = await api.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert refused(await api.get(path), 404, "ResourceNotFound")
    assert refused(await api.delete(path), 404, "ResourceNotFound")
    again = await api.get(ENTITIES, params={"type": "Car"}, headers=link(f"http://broker{path}"))
    assert refused(again, 503, "LdContextNotAvailable")


async def test_a_cached_context_is_deleted_and_fetched_again(
    api: httpx.AsyncClient, web: Web
) -> None:
    """§5.13.5.1: also by the URL that it came from."""
    remote = web.serve(terms("b"))
    await use(api, remote)
    assert (await api.delete(f"{CONTEXTS}/{_quoted(remote)}")).status_code == 204
    assert await about(api, remote) == []
    await use(api, remote)
    assert len(await about(api, remote)) == 1
    assert web.asked.count(remote) == 2


async def test_a_cached_context_is_reloaded(api: httpx.AsyncClient, web: Web) -> None:
    """§5.13.5.4: the new one is used from then on."""
    remote = web.serve(terms("speed"))
    entity = car(speed=prop(1))
    await api.post(ENTITIES, json=entity, headers=link(remote))
    web.documents[remote] = (b'{"@context": {"v": "%s"}}' % (OURS + "speed").encode(), 60.0)
    path = f"{ENTITIES}/{entity['id']}"
    assert "speed" in (await api.get(path, headers=link(remote))).json()
    answer = await api.delete(f"{CONTEXTS}/{_quoted(remote)}", params={"reload": "true"})
    assert answer.status_code == 204
    assert "v" in (await api.get(path, headers=link(remote))).json()


@pytest.mark.parametrize("now", [None, b"no json", b'{"@context": 5}'])
async def test_a_context_that_cannot_be_reloaded_stays_as_it_is(
    api: httpx.AsyncClient, web: Web, now: bytes | None
) -> None:
    """§5.13.5.4; 504 by Table 6.30.3.2-2."""
    remote = web.serve(terms("speed"))
    await use(api, remote)
    if now is None:
        del web.documents[remote]
    else:
        web.documents[remote] = (now, 60.0)
    answer = await api.delete(f"{CONTEXTS}/{_quoted(remote)}", params={"reload": "true"})
    assert refused(answer, 504, "LdContextNotAvailable")
    await use(api, remote)
    assert len(await about(api, remote)) == 1


async def test_only_cached_contexts_are_reloaded(api: httpx.AsyncClient) -> None:
    """§5.13.5.4."""
    path = await hosted(api, terms("a"))
    answer = await api.delete(path, params={"reload": "true"})
    assert refused(answer, 400, "BadRequestData")
    assert (await api.get(path)).status_code == 200


async def test_a_deleted_list_leaves_what_it_names(api: httpx.AsyncClient) -> None:
    """§5.13.5.1: the children are not deleted."""
    child = await hosted(api, terms("a"))
    path = await hosted(api, [f"http://broker{child}"])
    await use(api, f"http://broker{path}")
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(child)).status_code == 200


async def test_only_who_may_write_adds_and_deletes(tmp_path_factory: Any) -> None:
    """In the city the gateway asks for the scopes in the document; serving is for everybody."""
    folder = tmp_path_factory.mktemp("broker")
    app = create_broker(
        store_url=f"sqlite+aiosqlite:///{folder}", log_url=f"sqlite:///{folder}/log.db"
    )
    paths = app.openapi()["paths"]
    said = {
        method: paths[path][method]["security"]
        for path in (CONTEXTS, f"{CONTEXTS}/{{context}}")
        for method in paths[path]
        if (path, method) != (CONTEXTS, "get")
    }
    assert said == {
        "post": [{"cityOAuth": ["entities:write"]}],
        "get": [],
        "delete": [{"cityOAuth": ["entities:write"]}],
    }
