"""Types and attributes that there are (GS CIM 009 §5.7.5 to §5.7.10)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.broker.conformance.query.city import ROOT, City, at, prop, refused, rel

pytestmark = pytest.mark.asyncio(loop_scope="module")
DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/"


async def get(city: City, path: str) -> Any:
    answer = await city.api.get(f"{ROOT}{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _there(city: City) -> str:
    """Entities with attributes that no other test has; what their names begin with."""
    mark = city.type.lower()
    await city.has(
        a={f"{mark}_n": prop(1), "location": at(1, 2)},
        b={f"{mark}_n": [rel("urn:x:1"), rel("urn:x:2", datasetId="urn:d:1")]},
        c={"type": [city.type, f"{city.type}X"], f"{mark}_m": prop(1)},
    )
    return mark


async def test_list_of_types(city: City) -> None:
    """§5.7.5, §5.2.24."""
    await _there(city)
    found = await get(city, "/types")
    assert found["id"].startswith("urn:ngsi-ld:EntityTypeList:")
    assert found["type"] == "EntityTypeList"
    assert {city.type, f"{city.type}X"} <= set(found["typeList"])


async def test_details_of_types(city: City) -> None:
    """§5.7.6, §5.2.25."""
    mark = await _there(city)
    found = {t["typeName"]: t for t in await get(city, "/types?details=true")}
    assert found[city.type] == {
        "id": DEFAULT + city.type,
        "type": "EntityType",
        "typeName": city.type,
        "attributeNames": sorted(["location", f"{mark}_m", f"{mark}_n"]),
    }


async def test_information_on_a_type(city: City) -> None:
    """§5.7.7, §5.2.26."""
    mark = await _there(city)
    found = await get(city, f"/types/{city.type}")
    details = found.pop("attributeDetails")
    assert found == {
        "id": DEFAULT + city.type,
        "type": "EntityTypeInfo",
        "typeName": city.type,
        "entityCount": 3,
    }
    by_name = {a["attributeName"]: a for a in details}
    assert by_name[f"{mark}_n"] == {
        "id": f"{DEFAULT}{mark}_n",
        "type": "Attribute",
        "attributeName": f"{mark}_n",
        "attributeTypes": ["Property", "Relationship"],
    }
    assert by_name["location"]["attributeTypes"] == ["GeoProperty"]


async def test_list_of_attributes(city: City) -> None:
    """§5.7.8, §5.2.27."""
    mark = await _there(city)
    found = await get(city, "/attributes")
    assert found["id"].startswith("urn:ngsi-ld:AttributeList:")
    assert found["type"] == "AttributeList"
    assert {"location", f"{mark}_n", f"{mark}_m"} <= set(found["attributeList"])


async def test_details_of_attributes(city: City) -> None:
    """§5.7.9: id, type, attributeName and typeNames."""
    mark = await _there(city)
    found = {a["attributeName"]: a for a in await get(city, "/attributes?details=true")}
    assert found[f"{mark}_m"] == {
        "id": f"{DEFAULT}{mark}_m",
        "type": "Attribute",
        "attributeName": f"{mark}_m",
        "typeNames": [city.type, f"{city.type}X"],
    }


async def test_information_on_an_attribute(city: City) -> None:
    """§5.7.10, §5.2.28."""
    mark = await _there(city)
    assert await get(city, f"/attributes/{mark}_n") == {
        "id": f"{DEFAULT}{mark}_n",
        "type": "Attribute",
        "attributeName": f"{mark}_n",
        "attributeCount": 3,
        "attributeTypes": ["Property", "Relationship"],
        "typeNames": [city.type],
    }


async def test_what_is_gone_is_not_listed(city: City) -> None:
    await _there(city)
    await city.api.delete(f"{ROOT}/entities/{city.id('c')}")
    assert (await get(city, f"/types/{city.type}"))["entityCount"] == 2
    assert f"{city.type}X" not in (await get(city, "/types"))["typeList"]


async def test_what_is_not_there(city: City) -> None:
    """§6.26.3.1, §6.28.3.1."""
    for path in (f"/types/{city.type}", f"/attributes/{city.type}"):
        assert refused(await city.api.get(ROOT + path), 404, "ResourceNotFound")
    assert refused(await city.api.get(f"{ROOT}/types?details=yes"))
