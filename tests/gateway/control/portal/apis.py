"""APIs for the portal's tests: one of the city's own, and one from outside that means harm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.gateway.control.city import City, Network, running

SCRIPT = "<script>alert(1)</script>"

STOP_SCHEMA = {"$ref": "#/components/schemas/Stop"}
HARMFUL_SCHEMA = {"$ref": "#/components/schemas/" + SCRIPT.replace("/", "~1")}
OAUTH = {"cityOAuth": {"type": "oauth2", "flows": {}}}

STOP = {
    "type": "object",
    "required": ["stopId"],
    "description": "Where a bus stops.",
    "properties": {
        "stopId": {"type": "string", "maxLength": 40, "description": "As `GTFS` has it."},
        "near": {"type": "array", "items": STOP_SCHEMA},
        "kind": {"type": "string", "enum": ["stop", "station"]},
        "place": {"type": "object", "properties": {"lat": {"type": "number"}}},
    },
}

MOBILITY: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Mobility", "version": "1.0.0", "description": "Buses."},
    "x-city": {
        "domain": "mobility",
        "titleJa": "移動",
        "datasets": [
            {
                "id": "stops", "title": "Stops", "titleJa": "停留所", "updateSeconds": 86_400,
                "description": "Where buses stop.", "standard": "https://gtfs.org/schedule/",
            },
            {"id": "vehicles", "title": "Vehicles", "titleJa": "車両", "updateSeconds": 2},
            {
                "id": "trips", "title": "Trips of a resident", "titleJa": "本人の移動",
                "legalClass": "personal", "licence": "",
                "fields": [
                    {"id": "when", "title": "Time", "titleJa": "日時", "paths": ["at"]},
                    {"id": "where", "title": "Places", "titleJa": "場所", "paths": ["to"]},
                ],
            },
        ],
    },
    "components": {
        "securitySchemes": OAUTH,
        "schemas": {"Stop": STOP},
        "parameters": {
            "Limit": {"name": "limit", "in": "query", "schema": {"type": "integer", "default": 20}}
        },
    },
    "paths": {
        "/mobility/v1/stops": {
            "get": {
                "operationId": "listStops",
                "summary": "Stops",
                "parameters": [{"$ref": "#/components/parameters/Limit"}],
                "responses": {
                    "200": {
                        "description": "Found",
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "array",
                                    "items": {"$ref": "#/components/schemas/Stop"},
                                }
                            }
                        },
                    }
                },
                "security": [],
                "x-city": {"access": "open", "dataset": "stops"},
            },
            "post": {
                "operationId": "addStop",
                "summary": "Add a stop",
                "deprecated": True,
                "requestBody": {
                    "content": {"application/json": {"schema": STOP_SCHEMA}}
                },
                "responses": {"204": {"description": "Done"}},
                "security": [{"cityOAuth": ["mobility:write"]}],
                "x-city": {"dataset": "stops"},
            },
        },
        "/mobility/v1/vehicles": {
            "get": {
                "operationId": "listVehicles",
                "responses": {"200": {"description": "Found"}},
                "security": [{"cityOAuth": ["mobility:read"]}],
                "x-city": {"dataset": "vehicles", "rate": {"requests": 10, "seconds": 60}},
            }
        },
        "/mobility/v1/residents/{resident}/trips": {
            "get": {
                "operationId": "listTrips",
                "parameters": [
                    {"name": "resident", "in": "path", "required": True,
                     "schema": {"type": "string"}}
                ],
                "responses": {"200": {"description": "Found"}},
                "security": [{"cityOAuth": ["mobility:trips"]}],
                "x-city": {"access": "personal", "dataset": "trips", "subject": "resident"},
            }
        },
    },
}  # fmt: skip

HARMFUL: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": SCRIPT, "version": '1"><img src=x>', "description": SCRIPT},
    "x-city": {
        "domain": "guide",
        "datasets": [
            {
                "id": "guide-places", "title": SCRIPT, "titleJa": SCRIPT, "description": SCRIPT,
                "standard": "javascript:alert(1)",
                "licence": "https://x.example/> . <urn:a> <urn:b> <urn:c",
            }
        ],
    },
    "components": {
        "securitySchemes": OAUTH,
        "schemas": {
            SCRIPT: {"type": "object", "properties": {SCRIPT: HARMFUL_SCHEMA}},
            "Odd": {"type": ["string", 7], "properties": [1], "required": 3, "enum": "x"},
            "Loop": {"allOf": [{"$ref": "#/components/schemas/Loop"}]},
        }
    },
    "paths": {
        "/places": {
            "get": {
                "operationId": "listPlaces",
                "summary": SCRIPT,
                "description": f"`{SCRIPT}` {SCRIPT}",
                "tags": [SCRIPT],
                "parameters": [
                    {"name": SCRIPT, "in": "query", "description": SCRIPT,
                     "schema": {"type": "string", "enum": [SCRIPT], "default": SCRIPT}},
                ],
                "responses": {
                    "200": {
                        "description": SCRIPT,
                        "content": {
                            SCRIPT: {"schema": HARMFUL_SCHEMA},
                            "a/b": {"schema": {"anyOf": [{"$ref": "#/components/schemas/Loop"},
                                                         {"$ref": "#/components/schemas/Odd"}]}},
                        },
                    },
                    SCRIPT: {"description": SCRIPT},
                },
                "security": [{"cityOAuth": ["guide:read"]}],
                "x-city": {"dataset": "guide-places"},
            }
        }
    },
}  # fmt: skip

MOBILITY_URL = "http://mobility.internal/openapi.json"
HARMFUL_URL = "http://guide.internal/openapi.json"


@asynccontextmanager
async def portal(folder: Path) -> AsyncIterator[City]:
    """A city with both."""
    network = Network({MOBILITY_URL: MOBILITY, HARMFUL_URL: HARMFUL})
    apis = [{"name": "mobility", "document_url": MOBILITY_URL, "internal": True}]
    async with running(folder, bootstrap={"apis": apis}, network=network) as city:
        await until_served(city, "mobility")
        attached = {"name": "guide", "document_url": HARMFUL_URL}
        answer = await city.http.post("/control/v1/apis", json=attached)
        assert answer.status_code == 201, answer.text
        yield city


async def until_served(city: City, name: str) -> None:
    """Until the document is in force."""
    async with asyncio.timeout(20):
        while not any(
            api.territory.name == name and api.routes for api in city.control.publisher.current.apis
        ):
            await asyncio.sleep(0.01)
