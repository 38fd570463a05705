"""GeoJSON (GS CIM 009 §4.5.16, §4.5.17, §6.3.15)."""

from __future__ import annotations

from typing import Any

import httpx

from tests.services.broker.conformance.entities.entity import (
    DATASET,
    ENTITIES,
    POINT,
    Api,
    bad_data,
    geo,
    prop,
    rel,
)

GEO_JSON = "application/geo+json"
ELSEWHERE = {"type": "Point", "coordinates": [140, 37]}


def asked(api: Api, path: str = "", prefer: str = "", **params: str) -> httpx.Response:
    headers = {"accept": GEO_JSON, **({"prefer": prefer} if prefer else {})}
    answer = api.http.get(path or api.path, params=params, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == GEO_JSON
    return answer


def feature(api: Api, prefer: str = "", **params: str) -> Any:
    found = asked(api, "", prefer, **params).json()
    found.pop("@context", None)
    return found


def test_an_entity_is_a_feature(api: Api) -> None:
    """§4.5.16.2."""
    api.create(location=geo(accuracy=prop(3)), a=prop(1, unitCode="CEL"), b=rel("urn:a:1"))
    assert feature(api) == {
        "id": api.id,
        "type": "Feature",
        "geometry": POINT,
        "properties": {
            "type": "Vehicle",
            "location": geo(accuracy=prop(3)),
            "a": prop(1, unitCode="CEL"),
            "b": rel("urn:a:1"),
        },
    }


def test_its_properties_in_short(api: Api) -> None:
    """§4.5.17.1; concise: §6.3.7."""
    api.create(location=geo(), a=[prop(1), prop(2, datasetId=DATASET)])
    simple = feature(api, options="keyValues")
    assert simple["properties"] == {
        "type": "Vehicle",
        "location": POINT,
        "a": {"dataset": {"@none": 1, DATASET: 2}},
    }
    concise = feature(api, format="concise")
    assert concise["properties"]["a"] == [{"value": 1}, {"value": 2, "datasetId": DATASET}]
    assert concise["geometry"] == simple["geometry"] == POINT


def test_the_geometry_is_chosen(api: Api) -> None:
    """§4.5.16.1: geometryProperty; null where there is none."""
    api.create(location=geo(), stop=geo(ELSEWHERE), a=prop(1))
    assert feature(api, geometryProperty="stop")["geometry"] == ELSEWHERE
    assert feature(api, geometryProperty="a")["geometry"] is None
    assert feature(api, geometryProperty="nothing")["geometry"] is None


def test_the_instance_of_the_geometry_is_chosen(api: Api) -> None:
    """§4.5.16.1: the default one, or that of the datasetId."""
    api.create(location=[geo(), geo(ELSEWHERE, datasetId=DATASET)])
    assert feature(api)["geometry"] == POINT
    assert feature(api, datasetId=DATASET)["geometry"] == ELSEWHERE


def test_the_context_is_in_the_body_or_beside_it(api: Api) -> None:
    """§6.3.6: Prefer: body=json."""
    api.create(location=geo())
    for prefer in ("", "body=ld+json"):
        answer = asked(api, prefer=prefer)
        assert "ngsi-ld-core-context" in str(answer.json()["@context"])
        assert "link" not in answer.headers
    answer = asked(api, prefer="body=json")
    assert "@context" not in answer.json()
    assert "json-ld#context" in answer.headers["link"]


def test_entities_are_a_collection(api: Api) -> None:
    """§4.5.16.3: one @context for all."""
    api.create(location=geo())
    found = asked(api, ENTITIES, id=api.id, type="Vehicle").json()
    assert found["type"] == "FeatureCollection"
    assert [(f["id"], f["geometry"]) for f in found["features"]] == [(api.id, POINT)]
    assert "@context" in found
    assert "@context" not in found["features"][0]
    beside = asked(api, ENTITIES, "body=json", id=api.id, type="Vehicle")
    assert "@context" not in beside.json()
    assert "json-ld#context" in beside.headers["link"]
    none = asked(api, ENTITIES, id="urn:a:nothing", type="Vehicle").json()
    assert none["features"] == []


def test_the_geometry_belongs_to_geojson(api: Api) -> None:
    """§5.7.1.4, §5.7.2.4: BadRequestData."""
    api.create(location=geo())
    wanted = {"geometryProperty": "location"}
    assert bad_data(api.http.get(api.path, params=wanted))
    assert bad_data(api.http.get(ENTITIES, params={**wanted, "type": "Vehicle"}))
