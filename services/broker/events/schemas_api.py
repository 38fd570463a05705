"""What may be said: event types and the JSON Schema of each, ``/events/v1`` and ``/schemas/v1``."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse

from schemas.ngsild import Value
from schemas.problem import NotFound
from schemas.registry import event_schema, event_types
from schemas.xcity import LegalClass, operation
from services.broker.events.patterns import unknown_type
from services.broker.events.visibility import class_of_event

types_router = APIRouter(tags=["event types"])
schemas_router = APIRouter(tags=["event types"])

TypeName = Annotated[str, Path(max_length=200, examples=["city.disaster.alert.issued"])]


class EventType(Value):
    """One registered event type.

    Attributes:
        topic: where it is on the log, for readers with a Kafka client of their own.
        dataschema: where the JSON Schema of its data is.
    """

    type: str
    topic: str
    description: str
    legal_class: LegalClass
    dataschema: str


class EventTypes(Value):
    """All of them, by name."""

    types: list[EventType]


@types_router.get(
    "/types",
    summary="List the event types",
    response_model=EventTypes,
    openapi_extra=operation(access="open", dataset="event-types"),
)
async def list_event_types() -> EventTypes:
    """Every type that may be published, with its topic, legal class and schema."""
    return EventTypes(types=[_described(name) for name in sorted(event_types())])


def _described(name: str) -> EventType:
    lines = (event_types()[name].__doc__ or "").strip().splitlines()
    return EventType(
        type=name,
        topic=name.rpartition(".")[0],
        description=lines[0] if lines else "",
        legal_class=class_of_event(name),
        dataschema=f"/schemas/v1/{name}",
    )


async def _schema(type_: str) -> JSONResponse:
    if type_ not in event_types():
        raise NotFound("No event type has this name.", faults=[unknown_type("path type", type_)])
    return JSONResponse(event_schema(type_), media_type="application/schema+json")


_SCHEMA_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/schema+json": {"schema": {"type": "object"}}}}
}


@schemas_router.get(
    "/{type}",
    summary="The JSON Schema of an event type's data",
    operation_id="getSchema",
    response_class=JSONResponse,
    responses=_SCHEMA_ANSWER,
    openapi_extra=operation(access="open", dataset="event-types"),
)
async def get_schema(type: TypeName) -> JSONResponse:
    """JSON Schema, Draft 2020-12; what an event's `dataschema` points to."""
    return await _schema(type)


@types_router.get(
    "/schemas/{type}",
    summary="The JSON Schema of an event type's data",
    operation_id="getEventSchema",
    response_class=JSONResponse,
    responses=_SCHEMA_ANSWER,
    openapi_extra=operation(access="open", dataset="event-types"),
)
async def get_event_schema(type: TypeName) -> JSONResponse:
    """The same as `/schemas/v1/{type}`."""
    return await _schema(type)
