"""Retrieval of an entity with those that it links to (GS CIM 009 §4.5.23, §5.7.1)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.broker.conformance.entities.entity import ENTITIES, Api, bad_data, prop, rel


@pytest.fixture
def driver(api: Api) -> dict[str, Any]:
    found = {"id": f"{api.id}:driver", "type": "Person", "name": prop("山田"), "age": prop(40)}
    assert api.http.post(ENTITIES, json=found).status_code == 201
    api.create(driver=rel(found["id"]), speed=prop(5))
    return found


def test_inline(api: Api, driver: dict[str, Any]) -> None:
    """§4.5.23.2: in the relationship, as ``entity``; simplified, in place of the id."""
    assert api.attributes(join="inline")["driver"] == rel(driver["id"], entity=driver)
    simple = api.attributes(join="inline", format="simplified")
    assert simple["driver"] == {**driver, "name": "山田", "age": 40}


def test_flat(api: Api, driver: dict[str, Any]) -> None:
    """§4.5.23.3: an array with both."""
    assert api.get(join="flat") == [
        api.entity(driver=rel(driver["id"]), speed=prop(5)),
        driver,
    ]
    assert len(api.get(join="flat", containedBy=driver["id"])) == 1


def test_members_of_linked_entities_are_picked(api: Api, driver: dict[str, Any]) -> None:
    """§4.21."""
    found = api.get(join="inline", pick="driver{name}")
    assert found == {"driver": rel(driver["id"], entity={"name": prop("山田")})}


def test_a_projection_is_no_deeper_than_the_retrieval(api: Api, driver: dict[str, Any]) -> None:
    """§5.7.1.4: BadRequestData."""
    for params in ({}, {"join": "inline", "joinLevel": "1"}):
        assert bad_data(api.http.get(api.path, params={**params, "pick": "driver{friend{name}}"}))


def test_a_collection_of_features(api: Api, driver: dict[str, Any]) -> None:
    """§5.7.1.5: flattened, as GeoJSON."""
    headers = {"accept": "application/geo+json"}
    found = api.http.get(api.path, params={"join": "flat"}, headers=headers).json()
    assert [feature["id"] for feature in found["features"]] == [api.id, driver["id"]]
