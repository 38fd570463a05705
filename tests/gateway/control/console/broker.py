"""Stands in for the gateway and the broker behind it, as far as the page of dead letters goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import orjson

PATH = "/events/v1/dead-letters"


def letter(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": str(UUID(int=number)), "client": "alice", "group": "g", "kind": "group",
        "type": "city.test.thing.made", "attempts": 3, "time": "2026-11-24T05:00:00Z",
        "reason": f"poison {number}", "event": {"id": str(number), "data": {"number": number}},
        **changes,
    }  # fmt: skip


@dataclass
class Letters:
    """Attributes:
    asked: what came, without reading.
    """

    held: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"].startswith("Bearer ")
        path = request.url.path.removeprefix(PATH)
        if request.method != "GET":
            body = orjson.loads(request.content) if request.content else None
            self.asked.append((request.method, path, body))
            return httpx.Response(202, json={"replayed": [], "missing": []})
        if not path:
            return httpx.Response(200, json={"deadLetters": self.held, "cursor": "0:9"})
        found = [one for one in self.held if f"/{one['id']}" == path]
        if found:
            return httpx.Response(200, json=found[0])
        return httpx.Response(404, json={"title": "Not Found", "detail": "None of your groups."})
