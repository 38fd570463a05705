"""Attributes one by one (GS CIM 009 §5.6.2 to §5.6.5, §5.6.19)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.broker.conformance.entities.entity import (
    DATASET,
    DEFAULT,
    NULL,
    POINT,
    Api,
    bad_data,
    done,
    geo,
    not_found,
    prop,
    rel,
    words,
)

ELSEWHERE = {"type": "Point", "coordinates": [1, 2]}

# ------------------------------------------------------------------ append, §5.6.3


def test_append_adds_and_overwrites(api: Api) -> None:
    api.create(a=prop(1, unitCode="CEL"))
    assert done(api.http.post(api.attrs(), json={"a": prop(2), "b": prop(3)}))
    assert api.attributes() == {"a": prop(2), "b": prop(3)}


def test_append_leaves_other_datasets(api: Api) -> None:
    api.create(a=[prop(1), prop(2, datasetId=DATASET)])
    assert done(api.http.post(api.attrs(), json={"a": prop(3, datasetId=DATASET)}))
    assert api.attributes() == {"a": [prop(1), prop(3, datasetId=DATASET)]}


def test_append_without_overwriting_says_what_it_kept(api: Api) -> None:
    """§6.6.3.1: 207 and UpdateResult, names whole (§6.3.6)."""
    api.create(a=prop(1), b=prop(1))
    change = {"a": prop(2), "b": prop(2, datasetId=DATASET), "c": prop(3)}
    answer = api.http.post(api.attrs(), params={"options": "noOverwrite"}, json=change)
    assert answer.status_code == 207
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()["updated"]) == {DEFAULT + "b", DEFAULT + "c"}
    (kept,) = answer.json()["notUpdated"]
    assert kept["attributeName"] == DEFAULT + "a"
    assert kept["reason"]
    two = [prop(1), prop(2, datasetId=DATASET)]
    assert api.attributes() == {"a": prop(1), "b": two, "c": prop(3)}


def test_append_adds_types_and_scopes(api: Api) -> None:
    """§5.6.3.4: the scope is replaced, or without overwriting added to."""
    api.create(scope="/A")
    keep = {"options": "noOverwrite"}
    assert done(api.http.post(api.attrs(), params=keep, json={"scope": "/B", "type": "Bus"}))
    assert set(api.get()["type"]) == {"Vehicle", "Bus"}
    assert api.attributes() == {"scope": ["/A", "/B"]}
    assert done(api.http.post(api.attrs(), json={"scope": "/C"}))
    assert api.attributes() == {"scope": "/C"}


def test_append_takes_no_null(api: Api) -> None:
    """§5.5.4."""
    api.create(a=prop(1))
    assert bad_data(api.http.post(api.attrs(), json={"a": NULL}))


# ------------------------------------------------------------------ update, §5.6.2


def test_update_replaces_whole_attributes(api: Api) -> None:
    """§5.5.8, example 2."""
    api.create(a=prop(25, unitCode="CEL"), b=prop(1))
    assert done(api.http.patch(api.attrs(), json={"a": prop(100)}))
    assert api.attributes() == {"a": prop(100), "b": prop(1)}


def test_update_adds_what_is_not_there(api: Api) -> None:
    """§5.6.2.4."""
    api.create(a=prop(1))
    change = {"b": prop(2), "a": prop(3, datasetId=DATASET)}
    assert done(api.http.patch(api.attrs(), json=change))
    assert api.attributes() == {"a": [prop(1), prop(3, datasetId=DATASET)], "b": prop(2)}


@pytest.mark.parametrize("null", [NULL, prop(NULL), rel(NULL)])
def test_update_removes_by_null(api: Api, null: Any) -> None:
    """§5.5.8, example 3; only the instance that is meant."""
    api.create(a=[prop(1), prop(2, datasetId=DATASET)], b=prop(1))
    assert done(api.http.patch(api.attrs(), json={"a": null, "b": null, "c": null}))
    assert api.attributes() == {"a": prop(2, datasetId=DATASET)}


def test_update_takes_no_null_inside_a_value(api: Api) -> None:
    """§5.5.4: that is a merge's."""
    api.create(a=prop({"x": 1}))
    assert bad_data(api.http.patch(api.attrs(), json={"a": prop({"x": NULL})}))


def test_update_replaces_a_scope_that_is_there(api: Api) -> None:
    """§5.6.2.4."""
    api.create(a=prop(1))
    assert done(api.http.patch(api.attrs(), json={"scope": "/A"}))
    assert api.attributes() == {"a": prop(1)}
    assert done(api.http.post(api.attrs(), json={"scope": "/A"}))
    assert done(api.http.patch(api.attrs(), json={"scope": "/B", "type": "Bus"}))
    assert api.attributes()["scope"] == "/B"
    assert set(api.get()["type"]) == {"Vehicle", "Bus"}


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_createdat_stays(api: Api, method: str) -> None:
    """§5.6.2.4, §5.6.3.4."""
    api.create(a=prop(1))
    before = api.get(options="sysAttrs")["a"]
    assert done(api.http.request(method, api.attrs(), json={"a": prop(2)}))
    after = api.get(options="sysAttrs")["a"]
    assert after["createdAt"] == before["createdAt"]
    assert after["modifiedAt"] >= before["modifiedAt"]


# ------------------------------------------------------------------ partial update, §5.6.4


def test_partial_update_replaces_members(api: Api) -> None:
    """§5.5.8, example 1; a value is replaced, not merged."""
    api.create(a=prop({"x": 1}, unitCode="CEL", sure=prop(1)))
    change = {"type": "Property", "value": {"y": 2}, "sure": prop(0.5)}
    assert done(api.http.patch(api.attrs("a"), json=change))
    assert api.attributes() == {"a": prop({"y": 2}, unitCode="CEL", sure=prop(0.5))}


def test_partial_update_needs_no_value(api: Api) -> None:
    api.create(a=prop(1, unitCode="CEL", by=rel("urn:a:1")))
    change = {"observedAt": "2026-01-01T00:00:00Z", "unitCode": NULL, "by": NULL}
    assert done(api.http.patch(api.attrs("a"), json=change))
    assert api.attributes() == {"a": prop(1, observedAt="2026-01-01T00:00:00Z")}


@pytest.mark.parametrize(
    ("there", "change", "then"),
    [
        (rel("urn:a:1"), {"object": "urn:a:2"}, rel("urn:a:2")),
        (
            geo(),
            {"type": "Point", "coordinates": [1, 2]},
            geo({"type": "Point", "coordinates": [1, 2]}),
        ),
        (words(en="bus", ja="バス"), {"languageMap": {"en": "coach"}}, words(en="coach")),
        (
            {"type": "VocabProperty", "vocab": "fast"},
            {"sure": prop(1)},
            {"type": "VocabProperty", "vocab": "fast", "sure": prop(1)},
        ),
        (
            {"type": "ListRelationship", "objectList": [{"object": "urn:a:1"}]},
            {"objectList": ["urn:a:2"]},
            {"type": "ListRelationship", "objectList": [{"object": "urn:a:2"}]},
        ),
    ],
)
def test_partial_update_of_other_kinds(api: Api, there: Any, change: Any, then: Any) -> None:
    api.create(a=there)
    assert done(api.http.patch(api.attrs("a"), json=change))
    assert api.attributes() == {"a": then}


@pytest.mark.parametrize("change", [rel("urn:a:1"), {"object": "urn:a:1"}, geo(), POINT])
def test_partial_update_keeps_the_kind(api: Api, change: Any) -> None:
    """§5.6.4.4: BadRequestData."""
    api.create(a=prop(1))
    assert bad_data(api.http.patch(api.attrs("a"), json=change))
    assert api.attributes() == {"a": prop(1)}


def test_partial_update_by_null_removes(api: Api) -> None:
    api.create(a=[prop(1), prop(2, datasetId=DATASET)])
    assert done(api.http.patch(api.attrs("a"), json={"value": NULL}))
    assert api.attributes() == {"a": prop(2, datasetId=DATASET)}


# ------------------------------------------------------------------ replace, §5.6.19


def test_replace_leaves_nothing_of_the_instance(api: Api) -> None:
    """§5.6.19.4; createdAt stays."""
    api.create(a=[prop(1, unitCode="CEL"), prop(2, datasetId=DATASET)])
    before = api.get(options="sysAttrs")["a"][0]
    assert done(api.http.put(api.attrs("a"), json=rel("urn:a:1")))
    assert api.attributes() == {"a": [rel("urn:a:1"), prop(2, datasetId=DATASET)]}
    assert api.get(options="sysAttrs")["a"][0]["createdAt"] == before["createdAt"]
    assert done(api.http.put(api.attrs("a"), json=prop(3, datasetId=DATASET)))
    assert api.attributes()["a"][1] == prop(3, datasetId=DATASET)


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_an_instance_that_is_not_there_is_not_found(api: Api, method: str) -> None:
    """§5.6.4.4, §5.6.19.4."""
    api.create(a=prop(1))
    body = prop(2)
    assert not_found(api.http.request(method, api.attrs("b"), json=body))
    body = prop(2, datasetId=DATASET)
    assert not_found(api.http.request(method, api.attrs("a"), json=body))
    assert not_found(api.http.request(method, api.attrs("a").replace(api.id, "urn:a:0"), json=body))


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_the_scope_is_no_attribute_of_this_kind(api: Api, method: str) -> None:
    """§5.6.4.4, §5.6.19.4: BadRequestData."""
    api.create(scope="/A")
    assert bad_data(api.http.request(method, api.attrs("scope"), json=prop("/B")))


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("body", [[], 5, {"value": None}])
def test_what_is_no_attribute_is_refused(api: Api, method: str, body: Any) -> None:
    api.create(a=prop(1))
    assert bad_data(api.http.request(method, api.attrs("a"), json=body))


def test_an_attribute_is_named_in_the_context_of_the_request(api: Api) -> None:
    """§5.6.4.4: term expansion."""
    api.create(**{"https://example.org/a": prop(1)})
    body = {"value": 2, "@context": {"short": "https://example.org/a"}}
    answer = api.http.patch(
        api.attrs("short"), json=body, headers={"content-type": "application/ld+json"}
    )
    assert done(answer)
    assert api.attributes() == {"https://example.org/a": prop(2)}


# ------------------------------------------------------------------ delete, §5.6.5


def test_delete_the_default_instance_or_one_or_all(api: Api) -> None:
    three = [prop(1), prop(2, datasetId=DATASET), prop(3, datasetId="urn:d:2")]
    api.create(a=three, b=prop(1))
    assert done(api.http.delete(api.attrs("a")))
    assert api.attributes()["a"] == three[1:]
    assert done(api.http.delete(api.attrs("a"), params={"datasetId": DATASET}))
    assert api.attributes()["a"] == three[2]
    assert not_found(api.http.delete(api.attrs("a")))
    assert done(api.http.delete(api.attrs("a"), params={"deleteAll": "true"}))
    assert api.attributes() == {"b": prop(1)}
    assert not_found(api.http.delete(api.attrs("a")))


def test_delete_the_scope(api: Api) -> None:
    """§5.6.5.4."""
    api.create(scope="/A")
    assert done(api.http.delete(api.attrs("scope")))
    assert api.attributes() == {}
    assert not_found(api.http.delete(api.attrs("scope")))


def test_delete_names_a_dataset_by_uri(api: Api) -> None:
    """§6.7.3.2."""
    api.create(a=prop(1))
    assert bad_data(api.http.delete(api.attrs("a"), params={"datasetId": "gps"}))
