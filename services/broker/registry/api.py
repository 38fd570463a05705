"""What may be said: event types and the versions of their schemas; ``/schemas/v1``."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from schemas.kit.caller import CallerDep
from schemas.ngsild import Value
from schemas.problem import NotFound
from schemas.scopes import EVENTS_REGISTER
from schemas.xcity import LegalClass, operation
from services.broker.events.asyncapi import document
from services.broker.events.patterns import unknown_type
from services.broker.parts import BrokerDep
from services.broker.registry.catalogue import Catalogue
from services.broker.registry.known import Compatibility, KnownType, Version
from services.broker.registry.registration import Wish

types_router = APIRouter(tags=["event types"])
schemas_router = APIRouter(tags=["event types"])

TypeName = Annotated[str, Path(max_length=200, examples=["city.disaster.alert.issued"])]
VersionNumber = Annotated[int, Path(ge=1, le=10_000)]
_OPEN = operation(access="open", dataset="event-types")
_REGISTER = operation(EVENTS_REGISTER, dataset="event-types")


class EventType(Value):
    """One registered event type.

    Attributes:
        topic: where it is on the log, for readers with a Kafka client of their own.
        owner: the client that publishes it; absent for the city's own.
        dataschema: where the newest JSON Schema of its data is.
    """

    type: str
    topic: str
    description: str
    owner: str | None
    legal_class: LegalClass
    compatibility: Compatibility
    version: int
    dataschema: str


class EventTypes(Value):
    """All of them, by name."""

    types: list[EventType]


class SchemaVersion(Value):
    """One version of a type's schema; ``registered`` in seconds since the epoch."""

    version: int
    dataschema: str
    registered: int


class SchemaVersions(Value):
    """All versions of a type, the newest last."""

    type: str
    compatibility: Compatibility
    versions: list[SchemaVersion]


class Registration(Value):
    """A version of an event type to be registered; what is left out stays as it is."""

    schema_: dict[str, Any] = Field(alias="schema")
    description: str | None = Field(default=None, max_length=500)
    compatibility: Compatibility | None = None
    legal_class: LegalClass | None = None
    retention_days: int | None = Field(default=None, ge=1, le=365)

    def wish(self, type_: str) -> Wish:
        return Wish(
            type_,
            self.schema_,
            self.description,
            self.compatibility,
            self.legal_class,
            self.retention_days,
        )


@types_router.get(
    "/types",
    summary="List the event types",
    response_model=EventTypes,
    response_model_exclude_none=True,
    openapi_extra=_OPEN,
)
async def list_event_types(broker: BrokerDep) -> EventTypes:
    """Every type that is published, with its topic, legal class and schema."""
    found = map(broker.types.find, broker.types.names())
    return EventTypes(types=[_described(known) for known in found if known])


@types_router.get(
    "/asyncapi.json",
    summary="The AsyncAPI document of all events",
    openapi_extra=_OPEN,
)
async def get_asyncapi(broker: BrokerDep) -> dict[str, Any]:
    """AsyncAPI 3.0: topics, messages, schemas and scopes, for its generators and viewers."""
    found = map(broker.types.find, broker.types.names())
    return document([known for known in found if known], broker.fanout.topics)


def _described(known: KnownType) -> EventType:
    return EventType(
        type=known.name,
        topic=known.topic,
        description=known.description,
        owner=known.owner or None,
        legal_class=known.legal_class,
        compatibility=known.compatibility,
        version=known.newest.number,
        dataschema=f"/schemas/v1/{known.name}",
    )


_SCHEMA_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/schema+json": {"schema": {"type": "object"}}}}
}


@schemas_router.get(
    "/{type}",
    summary="The JSON Schema of an event type's data",
    operation_id="getSchema",
    response_class=JSONResponse,
    responses=_SCHEMA_ANSWER,
    openapi_extra=_OPEN,
)
@types_router.get(
    "/schemas/{type}",
    summary="The JSON Schema of an event type's data",
    operation_id="getEventSchema",
    response_class=JSONResponse,
    responses=_SCHEMA_ANSWER,
    openapi_extra=_OPEN,
)
async def get_schema(type: TypeName, broker: BrokerDep) -> JSONResponse:
    """JSON Schema, Draft 2020-12: the newest version."""
    return _schema((await _known(broker.types, type)).newest)


def _schema(version: Version) -> JSONResponse:
    return JSONResponse(version.schema, media_type="application/schema+json")


async def _known(types: Catalogue, name: str) -> KnownType:
    await types.look_for([name])
    known = types.find(name)
    if known is None:
        fault = unknown_type("path type", name, types.names())
        raise NotFound("No event type has this name.", faults=[fault])
    return known


@schemas_router.get(
    "/{type}/versions",
    summary="List the versions of an event type's schema",
    response_model=SchemaVersions,
    openapi_extra=_OPEN,
)
async def list_schema_versions(type: TypeName, broker: BrokerDep) -> SchemaVersions:
    """The newest last. An event says in `dataschema` which version it keeps to."""
    known = await _known(broker.types, type)
    versions = [
        SchemaVersion(version=v.number, dataschema=known.dataschema(v), registered=v.registered)
        for v in known.versions
    ]
    return SchemaVersions(type=type, compatibility=known.compatibility, versions=versions)


@schemas_router.get(
    "/{type}/versions/{version}",
    summary="One version of an event type's schema",
    response_class=JSONResponse,
    responses=_SCHEMA_ANSWER,
    openapi_extra=_OPEN,
)
async def get_schema_version(
    type: TypeName, version: VersionNumber, broker: BrokerDep
) -> JSONResponse:
    """What an event's `dataschema` points to. A version never changes."""
    known = await _known(broker.types, type)
    found = known.version(version)
    if found is None:
        raise NotFound(f"{type} has the versions 1 to {known.newest.number}.")
    return _schema(found)


@schemas_router.post(
    "/{type}/versions",
    summary="Register a version of an event type of your own",
    status_code=201,
    response_model=SchemaVersion,
    responses={200: {"description": "The newest version says the same already"}},
    openapi_extra=_REGISTER,
)
async def register_schema(
    type: TypeName, body: Registration, caller: CallerDep, broker: BrokerDep, response: Response
) -> SchemaVersion:
    """The first version makes the type yours: nobody else publishes it, or on its topic.

    Versions keep to `compatibility` with the one before: `backward` (the default: what publishers
    sent is still accepted), `forward` (today's readers can read it, passing over new members),
    `full`, or `none`. 409 `incompatible-schema` names what breaks it in `errors`, and in `breaks`
    the consumers that it would break. Spoken is a part of JSON Schema 2020-12 in which that can be
    decided; what is outside is named by the refusal.
    """
    number, created = await broker.registrar.register(caller.client, body.wish(type))
    await broker.types.look()
    known = await _known(broker.types, type)
    version = known.version(number) or known.newest
    where = known.dataschema(version)
    response.status_code = 201 if created else 200
    response.headers["location"] = where
    return SchemaVersion(version=number, dataschema=where, registered=version.registered)


@schemas_router.post(
    "/{type}/compatibility",
    summary="Try whether a version could be registered",
    openapi_extra=_REGISTER,
)
async def try_schema(
    type: TypeName, body: Registration, caller: CallerDep, broker: BrokerDep
) -> dict[str, Any]:
    """`{"compatible", "errors", "breaks"}`: nothing is registered.

    `breaks` names the consumers that could not read the new version, be it compatible in the
    type's own terms or not.
    """
    verdict, faults = await broker.registrar.verdict(caller.client, body.wish(type))
    readers = await broker.audience.of(type) if verdict.forward else []
    return {
        "compatible": not faults,
        "errors": [fault.as_json() for fault in faults],
        "breaks": [reader.as_json() for reader in readers],
    }
