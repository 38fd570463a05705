"""Entities for the tests."""

from __future__ import annotations

from typing import Any

import httpx

ENTITIES = "/ngsi-ld/v1/entities"
BATCH = "/ngsi-ld/v1/entityOperations"


def vehicle(number: str = "1", /, **attributes: Any) -> dict[str, Any]:
    """A vehicle, normalized."""
    return {"id": f"urn:ngsi-ld:Vehicle:{number}", "type": "Vehicle", **attributes}


def prop(value: Any, **more: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, **more}


def place(longitude: float, latitude: float) -> dict[str, Any]:
    return {
        "type": "GeoProperty",
        "value": {"type": "Point", "coordinates": [longitude, latitude]},
    }


async def upsert(api: httpx.AsyncClient, *entities: dict[str, Any]) -> None:
    answer = await api.post(f"{BATCH}/upsert", json=list(entities))
    assert answer.status_code in (201, 204), answer.text


async def get(api: httpx.AsyncClient, entity: dict[str, Any], **params: str) -> dict[str, Any]:
    answer = await api.get(f"{ENTITIES}/{entity['id']}", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
