"""The kinds of attribute, in and out (GS CIM 009 §4.5)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.broker.conformance.entities.entity import (
    DATASET,
    DEFAULT,
    ENTITIES,
    NULL,
    POINT,
    Api,
    bad_data,
    geo,
    prop,
    rel,
    words,
)

ROUTE = [{"object": "urn:ngsi-ld:City:1"}, {"object": "urn:ngsi-ld:City:2"}]

KINDS: dict[str, tuple[Any, Any, Any]] = {
    # normalized, concise, simplified
    "property": (prop(5), 5, 5),
    "property of an object": (prop({"a": {"b": 1}}), {"a": {"b": 1}}, {"a": {"b": 1}}),
    "property of a list": (prop(["a", 1, None]), ["a", 1, None], ["a", 1, None]),
    "property with a unit": (prop(5, unitCode="KMH"), {"value": 5, "unitCode": "KMH"}, 5),
    "property with a value type": (
        prop(5, valueType="Integer"),
        {"value": 5, "valueType": "Integer"},
        5,
    ),
    "property with what looks like an attribute in it": (
        prop({"type": "Bus", "value": 5}),
        {"value": {"type": "Bus", "value": 5}},
        {"type": "Bus", "value": 5},
    ),
    "property of a property": (
        prop(5, reliability=prop(0.7), by=rel("urn:ngsi-ld:Person:1")),
        {"value": 5, "reliability": 0.7, "by": {"object": "urn:ngsi-ld:Person:1"}},
        5,
    ),
    "geoproperty": (geo(), POINT, POINT),
    "geoproperty with more": (geo(accuracy=prop(3)), {"value": POINT, "accuracy": 3}, POINT),
    "property that is no geoproperty": (prop(POINT), prop(POINT), POINT),
    "relationship": (rel("urn:a:1"), {"object": "urn:a:1"}, "urn:a:1"),
    "relationship to several": (
        rel(["urn:a:1", "urn:a:2"], objectType="Person"),
        {"object": ["urn:a:1", "urn:a:2"], "objectType": "Person"},
        ["urn:a:1", "urn:a:2"],
    ),
    "relationship of a relationship": (
        rel("urn:a:1", providedBy=rel("urn:a:2", observedAt="2026-01-01T00:00:00Z")),
        {
            "object": "urn:a:1",
            "providedBy": {"object": "urn:a:2", "observedAt": "2026-01-01T00:00:00Z"},
        },
        "urn:a:1",
    ),
    "languageproperty": (
        words(ja="市バス", en=["bus", "coach"]),
        {"languageMap": {"ja": "市バス", "en": ["bus", "coach"]}},
        {"languageMap": {"ja": "市バス", "en": ["bus", "coach"]}},
    ),
    "vocabproperty": (
        {"type": "VocabProperty", "vocab": ["fast", "urn:speed:slow"]},
        {"vocab": ["fast", "urn:speed:slow"]},
        {"vocab": ["fast", "urn:speed:slow"]},
    ),
    "jsonproperty": (
        {"type": "JsonProperty", "json": {"id": None, "value": {"type": "x"}}},
        {"json": {"id": None, "value": {"type": "x"}}},
        {"json": {"id": None, "value": {"type": "x"}}},
    ),
    "listproperty": (
        {"type": "ListProperty", "valueList": [3, 1, [2]], "unitCode": "MMT"},
        {"valueList": [3, 1, [2]], "unitCode": "MMT"},
        [3, 1, [2]],
    ),
    "listrelationship": (
        {"type": "ListRelationship", "objectList": ROUTE},
        {"objectList": [item["object"] for item in ROUTE]},
        [item["object"] for item in ROUTE],
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_normalized_is_said_back_in_each_way(api: Api, kind: str) -> None:
    """§4.5.2.2, §4.5.3.2, §4.5.18.2, §4.5.20.2 to §4.5.24.2; concise and simplified: §6.3.7."""
    normalized, concise, simplified = KINDS[kind]
    api.create(a=normalized)
    assert api.attributes() == {"a": normalized}
    assert api.attributes(options="concise") == {"a": concise}
    assert api.attributes(format="concise", options="keyValues") == {"a": concise}
    for way in ("keyValues", "simplified"):
        assert api.attributes(format=way) == api.attributes(options=way) == {"a": simplified}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_concisely_is_the_same(api: Api, kind: str) -> None:
    """§4.5.2.3, §4.5.3.3, §4.5.18.3, §4.5.20.3 to §4.5.24.3, §4.7.3: concise is lossless."""
    normalized, concise, _ = KINDS[kind]
    api.create(a=concise)
    assert api.attributes() == {"a": normalized}


@pytest.mark.parametrize("value", [{"value": POINT}, POINT])
def test_a_place_is_a_geoproperty_without_saying_so(api: Api, value: Any) -> None:
    """§4.5.2.3: GeoProperty is inferred from a GeoJSON geometry."""
    api.create(a=value)
    assert api.attributes() == {"a": geo()}


def test_a_geometry_may_come_as_text(api: Api) -> None:
    """§4.7.2: as a JSON string, if and only if it is a valid geometry."""
    api.create(a=geo('{"type": "Point", "coordinates": [139.88, 36.55]}'))
    assert api.attributes() == {"a": geo()}
    assert bad_data(api.http.patch(api.attrs(), json={"a": geo('{"type": "Point"}')}))


def test_several_instances_are_told_apart_by_dataset(api: Api) -> None:
    """§4.5.5.1: arrays of instances; the default one never says so."""
    two = [prop(1, datasetId="@none"), prop(2, datasetId=DATASET)]
    api.create(speed=two)
    assert api.attributes() == {"speed": [prop(1), prop(2, datasetId=DATASET)]}
    assert api.attributes(format="concise") == {
        "speed": [{"value": 1}, {"value": 2, "datasetId": DATASET}]
    }
    assert api.attributes(format="simplified") == {"speed": {"dataset": {"@none": 1, DATASET: 2}}}


def test_one_instance_with_a_dataset_is_shown_plainly(api: Api) -> None:
    """§4.5.4: only the multi-attribute case has ``dataset``."""
    api.create(speed=prop(2, datasetId=DATASET))
    assert api.attributes(format="simplified") == {"speed": 2}


def test_kinds_and_terms_are_stored_whole_and_shown_short(api: Api) -> None:
    """§4.5.20.2, §5.5.7: a vocab is a term; another context shows what it stands for."""
    body = api.entity(a={"type": "VocabProperty", "vocab": "fast"})
    body["@context"] = {"fast": "https://example.org/fast", "a": "https://example.org/a"}
    answer = api.http.post(ENTITIES, json=body, headers={"content-type": "application/ld+json"})
    assert answer.status_code == 201
    assert api.attributes() == {
        "https://example.org/a": {"type": "VocabProperty", "vocab": "https://example.org/fast"}
    }


def test_several_types(api: Api) -> None:
    """§4.5.1, §4.16."""
    body = {"id": api.id, "type": ["Vehicle", "Home"]}
    assert api.http.post(ENTITIES, json=body).status_code == 201
    assert set(api.get()["type"]) == {"Vehicle", "Home"}


def test_what_only_the_broker_says_is_not_looked_at(api: Api) -> None:
    """§5.2.2, §5.2.5: output-only members that come in are ignored."""
    past = "1999-01-01T00:00:00Z"
    api.create(
        createdAt=past,
        modifiedAt=past,
        speed=prop(1, createdAt=past, modifiedAt=past, instanceId="urn:x:1", previousValue=0),
    )
    assert api.attributes() == {"speed": prop(1)}
    shown = api.get(options="sysAttrs")
    assert past not in (shown["createdAt"], shown["modifiedAt"], shown["speed"]["createdAt"])


def test_the_signature_of_an_attribute_comes_back(api: Api) -> None:
    """§4.5.2.2: ngsildproof, with what is sealed."""
    proof = prop({"type": "DataIntegrityProof"}, entityIdSealed=api.id, entityTypeSealed="Vehicle")
    api.create(speed=prop(1, ngsildproof=proof))
    assert api.attributes() == {"speed": prop(1, ngsildproof=proof)}
    assert bad_data(api.http.patch(api.attrs(), json={"speed": prop(1, entityIdSealed=api.id)}))


def test_a_moment_is_said_in_utc(api: Api) -> None:
    """§4.6.3: with a decimal point; a comma is understood."""
    api.create(speed=prop(1, observedAt="2026-01-01T00:00:00,5Z"))
    assert api.attributes() == {"speed": prop(1, observedAt="2026-01-01T00:00:00.5Z")}


NO_ATTRIBUTES: dict[str, Any] = {
    "§4.5.2.2: a value": {"type": "Property"},
    "§4.5.0: never null": prop(None),
    "§4.5.0: nor null alone": None,
    "§4.5.2.3: a kind that there is": {"type": "Bus", "value": 5},
    "§4.5.2.2: no object": prop(5, object="urn:a:1"),
    "§4.5.3.2: an object": {"type": "Relationship", "value": "urn:a:1"},
    "§4.5.3.2: a URI": rel("bus 1"),
    "§4.5.3.2: several of them": rel([]),
    "§4.5.3.2: no unit": rel("urn:a:1", unitCode="KMH"),
    "§4.5.18.2: no value": {**words(en="bus"), "value": "bus"},
    "§4.5.18.2: no unit of words": {**words(en="bus"), "unitCode": "KMH"},
    "§4.6.5: texts": words(en=5),
    "§4.6.5: language tags": {"type": "LanguageProperty", "languageMap": {"en us!": "bus"}},
    "§4.5.20.2: terms": {"type": "VocabProperty", "vocab": 5},
    "§4.5.20.2: no unit of terms": {"type": "VocabProperty", "vocab": "fast", "unitCode": "KMH"},
    "§4.5.21.2: a list": {"type": "ListProperty", "valueList": 5},
    "§4.5.22.2: a list of objects": {"type": "ListRelationship", "objectList": [5]},
    "§4.5.24.2: no unit of JSON": {"type": "JsonProperty", "json": {}, "unitCode": "KMH"},
    "§4.7.1: a geometry": geo({"type": "Point"}),
    "§4.7.1: in degrees": geo({"type": "Point", "coordinates": [0, 91]}),
    "§4.6.3: a collection is none": geo({"type": "GeometryCollection", "geometries": []}),
    "§4.6.3: a DateTime": prop(5, observedAt="2026-01-01"),
    "§4.6.3: a whole one": prop(5, observedAt="2026-01-01T10Z"),
    "§4.6.3: that there is": prop(5, observedAt="2026-02-30T00:00:00Z"),
    "§4.5.5.1: a URI for a dataset": prop(5, datasetId="gps"),
    "§4.5.5.1: one default instance": [prop(1), prop(2)],
    "§4.5.1: no @context inside": prop(5, **{"@context": "https://example.org/c"}),
    "§5.5.4: nothing to remove": NULL,
    "§5.5.4: not by value": prop(NULL),
    "§5.5.4: not by object": rel(NULL),
    "§5.5.4: not by languageMap": {"type": "LanguageProperty", "languageMap": {"@none": NULL}},
    "§5.5.4: not inside a value": prop({"a": {"b": NULL}}),
}


@pytest.mark.parametrize("rule", NO_ATTRIBUTES)
def test_what_is_no_attribute_is_refused(api: Api, rule: str) -> None:
    """§5.5.4: BadRequestData."""
    assert bad_data(api.http.post(ENTITIES, json=api.entity(a=NO_ATTRIBUTES[rule])))
    assert api.http.get(api.path).status_code == 404


@pytest.mark.parametrize("name", ["datasetId", "instanceId", "observedAt", "unitCode"])
def test_terms_of_the_core_are_no_attributes(api: Api, name: str) -> None:
    """§4.5.1."""
    assert bad_data(api.http.post(ENTITIES, json=api.entity(**{name: prop("urn:a:1")})))


def test_names_are_whole_in_another_context(api: Api) -> None:
    """§5.5.7: at compaction an unknown name is whole."""
    body = {**api.entity(), "@context": {"Vehicle": "https://example.org/Vehicle"}}
    api.http.post(ENTITIES, json=body, headers={"content-type": "application/ld+json"})
    assert api.get()["type"] == "https://example.org/Vehicle"
    assert DEFAULT not in str(api.get())
