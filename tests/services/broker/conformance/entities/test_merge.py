"""Merge Entity (GS CIM 009 §5.6.17, §5.5.12)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.broker.conformance.entities.entity import (
    DATASET,
    NULL,
    Api,
    bad_data,
    done,
    geo,
    prop,
    rel,
    words,
)

THEN, NOW = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"


def merged(api: Api, /, *, params: dict[str, str] | None = None, **change: Any) -> dict[str, Any]:
    assert done(api.http.patch(api.path, json=change, params=params))
    return api.attributes()


def test_what_is_not_sent_stays(api: Api) -> None:
    """§5.5.12, example 1."""
    api.create(a=prop(25, unitCode="CEL", observedAt=THEN), b=prop(1))
    found = merged(api, a=prop(100, observedAt=NOW))
    assert found == {"a": prop(100, unitCode="CEL", observedAt=NOW), "b": prop(1)}


def test_values_are_merged_as_deep_as_they_are(api: Api) -> None:
    """§5.5.12, example 2: JSON Merge Patch."""
    api.create(a=prop({"street": "a", "country": "b", "deep": {"x": 1, "y": [1, 2]}}))
    found = merged(api, a=prop({"country": NULL, "city": "c", "deep": {"y": [3], "z": NULL}}))
    assert found == {"a": prop({"street": "a", "city": "c", "deep": {"x": 1, "y": [3]}})}


def test_what_is_new_is_added_without_its_nulls(api: Api) -> None:
    """RFC 7396: a null that has nothing to remove is nowhere."""
    api.create()
    found = merged(
        api, a=prop({"x": 1, "y": NULL}, unitCode=NULL, c=prop(NULL)), b=prop(NULL), scope="/A"
    )
    assert found == {"a": prop({"x": 1}), "scope": "/A"}


@pytest.mark.parametrize(
    ("there", "null"),
    [
        (prop(1), NULL),
        (prop(1), prop(NULL)),
        (prop(1), {"value": NULL}),
        (rel("urn:a:1"), NULL),
        (rel("urn:a:1"), rel(NULL)),
        (geo(), geo(NULL)),
        (words(en="bus"), NULL),
        (words(en="bus"), {"type": "LanguageProperty", "languageMap": {"@none": NULL}}),
        ({"type": "VocabProperty", "vocab": "fast"}, {"type": "VocabProperty", "vocab": NULL}),
        ({"type": "JsonProperty", "json": {"a": 1}}, {"type": "JsonProperty", "json": NULL}),
        ({"type": "ListProperty", "valueList": [1]}, {"type": "ListProperty", "valueList": [NULL]}),
        (
            {"type": "ListRelationship", "objectList": [{"object": "urn:a:1"}]},
            {"type": "ListRelationship", "objectList": [NULL]},
        ),
    ],
)
def test_null_removes_an_attribute_of_any_kind(api: Api, there: Any, null: Any) -> None:
    """§4.5.0, §5.5.12."""
    api.create(a=there, b=prop(1))
    assert merged(api, a=null) == {"b": prop(1)}


def test_null_removes_members(api: Api) -> None:
    """§5.4, example 2."""
    api.create(a=prop(1, unitCode="CEL", observedAt=THEN, by=rel("urn:a:1"), sure=prop(1)))
    found = merged(api, a=prop(2, unitCode=NULL, observedAt=NULL, by=NULL, sure=prop(NULL)))
    assert found == {"a": prop(2)}


def test_attributes_of_attributes_are_merged_too(api: Api) -> None:
    api.create(a=prop(1, sure=prop(0.5, unitCode="P1"), by=rel("urn:a:1")))
    found = merged(api, a=prop(2, sure=prop(0.7)))
    assert found == {"a": prop(2, sure=prop(0.7, unitCode="P1"), by=rel("urn:a:1"))}


def test_only_the_instance_of_the_dataset_is_merged(api: Api) -> None:
    """§5.6.17.4."""
    api.create(a=[prop(1, unitCode="CEL"), prop(2, datasetId=DATASET, unitCode="CEL")])
    found = merged(api, a=prop(3, datasetId=DATASET))
    two = [prop(1, unitCode="CEL"), prop(3, datasetId=DATASET, unitCode="CEL")]
    assert found == {"a": two}
    assert merged(api, a=prop(9, datasetId="urn:d:new"))["a"] == [
        *two,
        prop(9, datasetId="urn:d:new"),
    ]
    gone = [prop(NULL), prop(NULL, datasetId="urn:d:new")]
    assert merged(api, a=gone) == {"a": two[1]}


def test_a_dataset_cannot_be_removed(api: Api) -> None:
    """§5.5.12."""
    api.create(a=prop(1, datasetId=DATASET))
    assert bad_data(api.http.patch(api.path, json={"a": prop(1, datasetId=NULL)}))


def test_types_are_added(api: Api) -> None:
    """§4.16, §5.6.17.4."""
    api.create()
    assert done(api.http.patch(api.path, json={"type": ["Bus"]}))
    assert set(api.get()["type"]) == {"Vehicle", "Bus"}


def test_the_scope_becomes_the_new_one(api: Api) -> None:
    """§5.6.17.4, §4.18."""
    api.create(scope=["/A", "/B"])
    assert merged(api, scope="/C") == {"scope": "/C"}
    assert merged(api, scope=NULL) == {}


def test_a_text_of_one_language(api: Api) -> None:
    """§6.5.3.4: lang says which; the rest of the languageMap stays."""
    api.create(a=words(ja="バス", en="bus"))
    found = merged(api, a="coach", params={"lang": "en"})
    assert found == {"a": words(ja="バス", en="coach")}
    assert merged(api, a=words(ja=NULL)) == {"a": words(en="coach")}


@pytest.mark.parametrize("lang", ["*", "en,fr", "e n"])
def test_one_language_is_named(api: Api, lang: str) -> None:
    api.create()
    assert bad_data(api.http.patch(api.path, params={"lang": lang}, json={"a": "x"}))


def test_a_common_moment(api: Api) -> None:
    """§5.6.17.4: for those that had one and bring none."""
    api.create(a=prop(1, observedAt=THEN), b=prop(1), c=prop(1, observedAt=THEN))
    later = "2026-03-01T00:00:00Z"
    found = merged(
        api, a=prop(2), b=prop(2), c=prop(2, observedAt=later), params={"observedAt": NOW}
    )
    assert found == {
        "a": prop(2, observedAt=NOW),
        "b": prop(2),
        "c": prop(2, observedAt=later),
    }
    assert bad_data(api.http.patch(api.path, params={"observedAt": "now"}, json={"a": 1}))


def test_simplified_values_keep_the_kind(api: Api) -> None:
    """§6.5.3.4: format=simplified."""
    api.create(
        a=prop(1, unitCode="CEL"),
        b=rel("urn:a:1"),
        c={"type": "VocabProperty", "vocab": "fast"},
        d={"type": "ListProperty", "valueList": [1]},
        e={"type": "JsonProperty", "json": {"x": 1}},
    )
    change = {"a": 2, "b": "urn:a:2", "c": {"vocab": "slow"}, "d": [2, 3], "e": {"json": {"y": 2}}}
    assert merged(api, **change, params={"format": "simplified"}) == {
        "a": prop(2, unitCode="CEL"),
        "b": rel("urn:a:2"),
        "c": {"type": "VocabProperty", "vocab": "slow"},
        "d": {"type": "ListProperty", "valueList": [2, 3]},
        "e": {"type": "JsonProperty", "json": {"x": 1, "y": 2}},
    }


def test_a_simplified_value_cannot_change_the_kind(api: Api) -> None:
    """§6.5.3.4: BadRequestData."""
    api.create(a=rel("urn:a:1"))
    answer = api.http.patch(api.path, params={"options": "keyValues"}, json={"a": 5})
    assert bad_data(answer)


def test_the_times_of_what_is_not_sent_stay(api: Api) -> None:
    """§4.8."""
    api.create(a=prop(1), b=prop(1))
    before = api.get(options="sysAttrs")
    merged(api, a=prop(2))
    after = api.get(options="sysAttrs")
    assert after["a"]["createdAt"] == before["a"]["createdAt"]
    assert after["b"] == before["b"]
