"""The contexts that there are in the world, for a broker that is not to call out into it."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

import httpx
import orjson

from services.broker.context.errors import LdContextNotAvailable
from services.broker.context.ld.documents import Fetched

ERRORS: Final = "https://uri.etsi.org/ngsi-ld/errors/"
ENTITIES: Final = "/ngsi-ld/v1/entities"
CONTEXTS: Final = "/ngsi-ld/v1/jsonldContexts"
JSON_LD: Final = {"content-type": "application/ld+json"}
WANTS_LD: Final = {"accept": "application/ld+json"}
OURS: Final = "https://example.org/"


class Web:
    """Serves contexts by URL, and counts how often each is asked for."""

    def __init__(self) -> None:
        self.documents: dict[str, tuple[bytes, float]] = {}
        self.asked: list[str] = []

    def serve(self, content: Any, *, seconds: float = 3600.0) -> str:
        """Serve a document; its URL."""
        url = f"https://contexts.example/{uuid4()}.jsonld"
        body = content if isinstance(content, bytes) else orjson.dumps({"@context": content})
        self.documents[url] = (body, seconds)
        return url

    async def fetch(self, url: str) -> Fetched:
        self.asked.append(url)
        if url not in self.documents:
            raise LdContextNotAvailable(f"The @context {url} cannot be had: 404.")
        return Fetched(*self.documents[url])


def link(url: str) -> dict[str, str]:
    relation = 'rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
    return {"link": f"<{url}>; {relation}"}


def car(**attributes: Any) -> dict[str, Any]:
    """An entity with an id of its own, simplest representation."""
    return {"id": f"urn:ngsi-ld:Car:{uuid4()}", "type": "Car", **attributes}


def prop(value: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value}


def terms(*names: str) -> dict[str, str]:
    return {name: OURS + name for name in names}


def refused(answer: httpx.Response, status: int, error: str) -> bool:
    """Whether it is this refusal, in the form that §5.5.3 and §6.3.3 have."""
    body = answer.json()
    assert (answer.status_code, body["type"]) == (status, ERRORS + error), body
    assert answer.headers["content-type"] == "application/json"
    assert body["title"]
    assert body["detail"]
    assert body["status"] == status
    assert "link" not in answer.headers
    return True
