"""What these tests say to the broker, in the words of the specification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

PREFIX = "/ngsi-ld/v1"
ENTITIES = f"{PREFIX}/entities"
BATCH = f"{PREFIX}/entityOperations"
ERRORS = "https://uri.etsi.org/ngsi-ld/errors/"
DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/"
NULL = "urn:ngsi-ld:null"
DATASET = "urn:ngsi-ld:Dataset:gps"
POINT = {"type": "Point", "coordinates": [139.88, 36.55]}


def prop(value: Any, **more: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, **more}


def rel(target: Any, **more: Any) -> dict[str, Any]:
    return {"type": "Relationship", "object": target, **more}


def geo(value: Any = POINT, **more: Any) -> dict[str, Any]:
    return {"type": "GeoProperty", "value": value, **more}


def words(**languages: Any) -> dict[str, Any]:
    return {"type": "LanguageProperty", "languageMap": languages}


@dataclass
class Api:
    """A broker and the id of an entity that no other test has.

    Attributes:
        id: of the entity that the methods are about.
    """

    http: httpx.Client
    id: str

    @property
    def path(self) -> str:
        return f"{ENTITIES}/{self.id}"

    def entity(self, /, **members: Any) -> dict[str, Any]:
        return {"id": self.id, "type": "Vehicle", **members}

    def create(self, /, **members: Any) -> None:
        answer = self.http.post(ENTITIES, json=self.entity(**members))
        assert answer.status_code == 201, answer.text

    def get(self, /, **params: str) -> Any:
        answer = self.http.get(self.path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def attributes(self, /, **params: str) -> dict[str, Any]:
        """The entity's attributes."""
        found: dict[str, Any] = self.get(**params)
        return {name: value for name, value in found.items() if name not in ("id", "type")}

    def attrs(self, name: str = "") -> str:
        return f"{self.path}/attrs/{name}" if name else f"{self.path}/attrs"


def refused(answer: httpx.Response, status: int, error: str) -> bool:
    """Whether an answer is this refusal (§5.5.3, §6.3.2)."""
    body = answer.json()
    assert (answer.status_code, body.get("type")) == (status, ERRORS + error), answer.text
    assert body["title"]
    assert body["detail"]
    return True


def bad_data(answer: httpx.Response) -> bool:
    return refused(answer, 400, "BadRequestData")


def not_found(answer: httpx.Response) -> bool:
    return refused(answer, 404, "ResourceNotFound")


def done(answer: httpx.Response) -> bool:
    """204 has no body (§6.3.6)."""
    assert (answer.status_code, answer.content) == (204, b""), answer.text
    return True
