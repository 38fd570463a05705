"""The rest of the city as the service sees it through the gateway: domains, broker, tokens."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from schemas.cloudevents import CloudEvent

SHELTER = {
    "id": "urn:ngsi-ld:Shelter:mirai:s1",
    "type": "Shelter",
    "name": "中央小学校",
    "location": {"type": "Point", "coordinates": [139.881, 36.551]},
    "capacity": 300,
    "occupants": 120,
    "open": True,
    "hazards": ["flood"],
}
STOP = {
    "id": "urn:ngsi-ld:GtfsStop:mirai:a",
    "type": "GtfsStop",
    "name": "中央小学校前",
    "location": {"type": "Point", "coordinates": [139.882, 36.551]},
}
HOSPITAL = {
    "id": "urn:ngsi-ld:Hospital:mirai:h",
    "type": "Hospital",
    "name": "みらい中央病院",
    "location": {"type": "Point", "coordinates": [139.89, 36.555]},
    "emergencyAccepting": True,
    "bedsAvailable": 12,
}


@dataclass
class FakeCity:
    """Answers as the gateway does; ``down`` names the domains that answer 502."""

    shelters: list[dict[str, Any]] = field(default_factory=lambda: [dict(SHELTER)])
    stops: list[dict[str, Any]] = field(default_factory=lambda: [dict(STOP)])
    hospitals: list[dict[str, Any]] = field(default_factory=lambda: [dict(HOSPITAL)])
    down: set[str] = field(default_factory=set)
    hanging: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    waiting: list[CloudEvent] = field(default_factory=list)
    committed: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    published: list[dict[str, Any]] = field(default_factory=list)
    entities: dict[str, dict[str, Any]] = field(default_factory=dict)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def http(self) -> httpx.AsyncClient:
        routes = [
            Route("/oauth/token", self._token, methods=["POST"]),
            Route("/disaster/v1/shelters/nearest", self._domain),
            Route("/mobility/v1/stops", self._domain),
            Route("/medical/v1/hospitals", self._domain),
            Route("/events/v1/groups/evacuation/{what}", self._group, methods=["POST"]),
            Route("/events/v1/events", self._publish, methods=["POST"]),
            Route("/ngsi-ld/v1/entityOperations/upsert", self._upsert, methods=["POST"]),
        ]
        transport = httpx.ASGITransport(Starlette(routes=routes))
        return httpx.AsyncClient(transport=transport, base_url="http://city")

    async def until(self, condition: Any, seconds: float = 10) -> None:
        async with self.changed:
            await asyncio.wait_for(self.changed.wait_for(lambda: condition(self)), seconds)

    async def happen(self, *events: CloudEvent) -> None:
        async with self.changed:
            self.waiting += events
            self.changed.notify_all()

    def types(self) -> list[str]:
        return [item["type"].rpartition(".")[2] for item in self.published]

    async def _note(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def _token(self, _request: Request) -> Response:
        return JSONResponse({"access_token": "t", "token_type": "Bearer", "expires_in": 600})

    async def _domain(self, request: Request) -> Response:
        domain = request.url.path.split("/")[1]
        self.asked.append(str(request.url.replace(scheme="", netloc="")))
        if domain in self.hanging:
            await asyncio.Event().wait()
        if domain in self.down:
            return JSONResponse({"title": "Bad gateway"}, status_code=502)
        items = {
            "disaster": self.shelters,
            "mobility": self.stops,
            "medical": self.hospitals,
        }[domain]
        return JSONResponse({"items": items, "total": len(items), "limit": 50, "offset": 0})

    async def _group(self, request: Request) -> Response:
        body = orjson.loads(await request.body())
        match request.path_params["what"]:
            case "fetch":
                async with self.changed:
                    await self.changed.wait_for(lambda: len(self.waiting) > self.committed)
                events = [e.as_json() for e in self.waiting[self.committed :]]
                return JSONResponse({"events": events, "cursor": str(len(self.waiting))})
            case "commit":
                self.committed = int(body["cursor"])
            case "reject":
                self.rejected.append(body)
        await self._note()
        return Response(status_code=204)

    async def _publish(self, request: Request) -> Response:
        self.published += orjson.loads(await request.body())
        await self._note()
        return Response(status_code=202)

    async def _upsert(self, request: Request) -> Response:
        for entity in orjson.loads(await request.body()):
            self.entities[entity["id"]] = entity
        await self._note()
        return Response(status_code=204)
