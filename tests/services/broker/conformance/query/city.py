"""Entities of a type that no other test has, and short ways to ask for them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx

ROOT = "/ngsi-ld/v1"
ENTITIES = f"{ROOT}/entities"
OPERATIONS = f"{ROOT}/entityOperations"
ERRORS = "https://uri.etsi.org/ngsi-ld/errors/"


class City:
    """What one test stores; its entities have ids that end in a name."""

    def __init__(self, api: httpx.AsyncClient) -> None:
        self.api = api
        self.type = f"T{uuid4().hex}"

    def id(self, name: str) -> str:
        return f"urn:ngsi-ld:{self.type}:{name}"

    async def has(self, **entities: dict[str, Any]) -> None:
        """Store entities, by the last part of their ids; ``type`` may be said."""
        body = [{"id": self.id(n), "type": self.type, **e} for n, e in entities.items()]
        answer = await self.api.post(f"{OPERATIONS}/create", json=body)
        assert answer.status_code == 201, answer.text

    async def get(self, **params: str) -> httpx.Response:
        return await self.api.get(ENTITIES, params={"type": self.type, **params})

    async def find(self, **params: str) -> str:
        """The names of the entities found, in the order of the answer."""
        return names(await self.get(**params))

    async def ask(self, **query: Any) -> httpx.Response:
        """A query by a body."""
        entities = query.pop("entities", [{"type": self.type}])
        body = {"type": "Query", "entities": entities, **query}
        return await self.api.post(f"{OPERATIONS}/query", json=body)


def names(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return " ".join(entity["id"].rpartition(":")[2] for entity in answer.json())


def refused(answer: httpx.Response, status: int = 400, error: str = "BadRequestData") -> bool:
    """Whether it is a refusal of the specification's kind."""
    assert answer.status_code == status, answer.text
    return bool(answer.json()["type"] == ERRORS + error)


def prop(value: Any, **more: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, **more}


def rel(object_: Any, **more: Any) -> dict[str, Any]:
    return {"type": "Relationship", "object": object_, **more}


def geo(kind: str, coordinates: Any, **more: Any) -> dict[str, Any]:
    return {
        "type": "GeoProperty",
        "value": {"type": kind, "coordinates": coordinates},
        **more,
    }


def at(longitude: float, latitude: float) -> dict[str, Any]:
    return geo("Point", [longitude, latitude])
