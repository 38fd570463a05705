"""Create, replace, delete (GS CIM 009 §5.6.1, §5.6.6, §5.6.18)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.broker.conformance.entities.entity import (
    BATCH,
    ENTITIES,
    NULL,
    Api,
    bad_data,
    done,
    not_found,
    prop,
    refused,
)


def test_create_says_where(api: Api) -> None:
    """§6.4.3.1: 201, and the path in Location."""
    answer = api.http.post(ENTITIES, json=api.entity(speed=prop(1)))
    assert (answer.status_code, answer.content) == (201, b"")
    assert answer.headers["location"] == api.path


def test_an_entity_is_created_once(api: Api) -> None:
    """§5.6.1.4: AlreadyExists."""
    api.create()
    assert refused(api.http.post(ENTITIES, json=api.entity()), 409, "AlreadyExists")


@pytest.mark.parametrize(
    "body",
    [
        {"type": "Vehicle"},
        {"id": "bus 1", "type": "Vehicle"},
        {"id": 5, "type": "Vehicle"},
        {"id": "urn:ngsi-ld:Vehicle:x"},
        {"id": "urn:ngsi-ld:Vehicle:x", "type": ""},
        {"id": "urn:ngsi-ld:Vehicle:x", "type": []},
        {"id": "urn:ngsi-ld:Vehicle:x", "type": ["Vehicle", 5]},
        [],
        "urn:ngsi-ld:Vehicle:x",
    ],
)
def test_what_is_no_entity_is_refused(api: Api, body: Any) -> None:
    """§4.5.1, §5.5.4."""
    assert bad_data(api.http.post(ENTITIES, json=body))


def test_what_is_no_json_is_refused(api: Api) -> None:
    """§5.5.4: InvalidRequest."""
    answer = api.http.post(ENTITIES, content=b"{", headers={"content-type": "application/json"})
    assert refused(answer, 400, "InvalidRequest")


def test_replace_leaves_nothing_of_what_was(api: Api) -> None:
    """§5.6.18.4: the whole content; only the entity's createdAt stays."""
    api.create(speed=prop(1), seats=prop(4), scope="/Mirai")
    before = api.get(options="sysAttrs")
    assert done(api.http.put(api.path, json=api.entity(speed=prop(2), fuel=prop(3))))
    assert api.get() == api.entity(speed=prop(2), fuel=prop(3))
    after = api.get(options="sysAttrs")
    assert after["createdAt"] == before["createdAt"]
    assert after["modifiedAt"] >= before["modifiedAt"]


def test_replace_can_change_the_type(api: Api) -> None:
    api.create()
    assert done(api.http.put(api.path, json={"id": api.id, "type": "Bus"}))
    assert api.get()["type"] == "Bus"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "GET"])
def test_what_is_not_there_is_not_found(api: Api, method: str) -> None:
    """§5.6.6.4, §5.6.17.4, §5.6.18.4, §5.7.1.4: ResourceNotFound."""
    body = None if method in ("DELETE", "GET") else api.entity()
    assert not_found(api.http.request(method, api.path, json=body))


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "GET"])
def test_an_id_is_a_uri(api: Api, method: str) -> None:
    """§5.6.6.4, §5.6.17.4, §5.6.18.4, §5.7.1.4: BadRequestData."""
    body = None if method in ("DELETE", "GET") else {"type": "Vehicle"}
    assert bad_data(api.http.request(method, f"{ENTITIES}/bus1", json=body))


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_fragment_is_about_the_entity_of_the_path(api: Api, method: str) -> None:
    """§5.4: its id is equal to the target's."""
    api.create()
    body = {"id": "urn:ngsi-ld:Vehicle:other", "type": "Vehicle"}
    assert bad_data(api.http.request(method, api.path, json=body))


def test_replace_takes_no_null(api: Api) -> None:
    """§5.6.18.4."""
    api.create(speed=prop(1))
    assert bad_data(api.http.put(api.path, json=api.entity(speed=prop(NULL))))


def test_delete(api: Api) -> None:
    """§5.6.6."""
    api.create()
    assert done(api.http.delete(api.path))
    assert not_found(api.http.get(api.path))
    assert not_found(api.http.delete(api.path))


@pytest.mark.parametrize(
    ("selection", "there"),
    [
        ("Vehicle", True),
        ("Bus", False),
        ("Bus,Vehicle", True),
        ("Bus|Vehicle", True),
        ("(Vehicle;Home)", True),
        ("(Vehicle;Bus)", False),
        ("(Vehicle;Bus)|Home", True),
        ("*", True),
    ],
)
def test_the_type_can_be_a_condition(api: Api, selection: str, there: bool) -> None:
    """§4.17, §5.7.1.4, §5.6.6.4: an entity of another type is not found."""
    api.http.post(ENTITIES, json={"id": api.id, "type": ["Vehicle", "Home"]})
    wanted = {"type": selection}
    assert (api.http.get(api.path, params=wanted).status_code == 200) == there
    change = {"speed": prop(1)}
    for method, path in (("POST", api.attrs()), ("PATCH", api.attrs()), ("PATCH", api.path)):
        answer = api.http.request(method, path, params=wanted, json=change)
        assert answer.status_code == (204 if there else 404), answer.text
    assert (api.http.delete(api.path, params=wanted).status_code == 204) == there


@pytest.mark.parametrize("selection", ["Vehicle;Bus", "(Vehicle", "Vehicle,,Bus", "()"])
def test_a_selection_of_types_has_its_grammar(api: Api, selection: str) -> None:
    """§4.17."""
    api.create()
    assert bad_data(api.http.get(api.path, params={"type": selection}))


def test_scope(api: Api) -> None:
    """§4.18, §4.5.1: one, or an array of several."""
    api.create(scope="/Mirai/North")
    assert api.attributes() == {"scope": "/Mirai/North"}
    assert done(api.http.put(api.path, json=api.entity(scope=["/Mirai", "Parks"])))
    for form in ("normalized", "concise", "simplified"):
        assert api.attributes(format=form) == {"scope": ["/Mirai", "Parks"]}


@pytest.mark.parametrize("scope", ["", "/", "a b", "/a//b", 5, ["/a", 5], [], "/1a", NULL, None])
def test_what_is_no_scope_is_refused(api: Api, scope: Any) -> None:
    """§4.18."""
    assert bad_data(api.http.post(ENTITIES, json=api.entity(scope=scope)))


def test_expiry_is_a_system_attribute(api: Api) -> None:
    """§4.22, §6.3.11: shown only with sysAttrs."""
    end = "2999-01-01T00:00:00Z"
    api.create(expiresAt=end, speed=prop(1, expiresAt=end))
    assert api.attributes() == {"speed": prop(1)}
    shown = api.get(options="sysAttrs")
    assert (shown["expiresAt"], shown["speed"]["expiresAt"]) == (end, end)
    assert bad_data(api.http.put(api.path, json=api.entity(expiresAt="tomorrow")))


def test_simplified_entities_come_in_too(api: Api) -> None:
    """§4.5.4, as other brokers take it: what keyValues says can be written."""
    place = {"type": "Point", "coordinates": [139.88, 36.55]}
    simple = api.entity(
        speed={"dataset": {"@none": 5, "urn:d:1": 6}},
        address={"type": "PostalAddress", "value": "x"},
        location=place,
        name={"languageMap": {"ja": "バス"}},
    )
    assert api.http.post(ENTITIES, params={"options": "keyValues"}, json=simple).status_code == 201
    assert api.get(format="simplified") == simple
    assert api.get()["location"]["type"] == "GeoProperty"
    answer = api.http.post(f"{BATCH}/upsert", params={"format": "simplified"}, json=[simple])
    assert answer.status_code == 204
    assert api.get(format="simplified") == simple
