"""Batches of entities: ``/ngsi-ld/v1/entityOperations`` (GS CIM 009 §6.14 to §6.17)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query, Request, Response

from services.broker.context import mutations
from services.broker.context.api import WRITE
from services.broker.context.errors import (
    AlreadyExists,
    BadRequestData,
    NgsiProblem,
    ResourceNotFound,
)
from services.broker.context.jsonld import CORE
from services.broker.context.model import ContextEntity, Fragment, check_id, parse_entity
from services.broker.context.params import JSON, Params, ParamsDep
from services.broker.context.rows import Change
from services.broker.context.sent import Sent, read_ngsild
from services.broker.parts import BrokerDep

router = APIRouter(tags=["context"])

MOST_ENTITIES: Final = 1000


@dataclass(slots=True)
class Result:
    """BatchOperationResult (§5.2.16)."""

    success: list[str] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, id_: str, problem: NgsiProblem) -> None:
        self.errors.append({"entityId": id_, "error": problem.as_json()})

    def response(self, status: int, ids: list[str] | None = None) -> Response:
        """What the whole came to: 207 when some failed, else ``status``."""
        if self.errors:
            body = orjson.dumps({"success": self.success, "errors": self.errors})
            return Response(body, status_code=207, media_type=JSON)
        if ids:
            return Response(orjson.dumps(ids), status_code=status, media_type=JSON)
        return Response(status_code=204)


Decision = Callable[[ContextEntity | None, ContextEntity, str], ContextEntity]
"""From what is there, what was sent and the time, to what shall be; raises to refuse it."""


async def _entities(request: Request, params: Params, result: Result) -> list[ContextEntity]:
    """The entities in the body; those that are none go to the result's errors."""
    found = []
    sent = await _items(request, params)
    for item in sent.body:
        try:
            found.append(parse_entity(item, sent.context_of(item)))
        except NgsiProblem as problem:
            result.refuse(_id_of(item), problem)
    return found


async def _items(request: Request, params: Params) -> Sent:
    """A body that is an array, not empty and not too long."""
    sent = await read_ngsild(request, params)
    if not isinstance(sent.body, list) or not sent.body:
        raise BadRequestData("A batch is a JSON array that is not empty.")
    if len(sent.body) > MOST_ENTITIES:
        raise BadRequestData(f"A batch holds at most {MOST_ENTITIES} entities; send several.")
    return sent


def _id_of(item: Any) -> str:
    return str(item.get("id", ""))[:512] if isinstance(item, dict) else ""


async def _apply(
    broker: BrokerDep, items: list[ContextEntity], result: Result, decide: Decision
) -> list[str]:
    """Apply a decision to each entity, in one transaction; the ids of those that are new."""
    errors = list(result.errors)
    created: list[str] = []

    def changes(old: dict[str, ContextEntity], now: str) -> list[Change]:
        result.success, result.errors = [], list(errors)
        created.clear()
        current: dict[str, ContextEntity] = dict(old)
        for item in items:
            try:
                current[item.id] = decide(current.get(item.id), item, now)
            except NgsiProblem as problem:
                result.refuse(item.id, problem)
                continue
            result.success.append(item.id)
        result.success = list(dict.fromkeys(result.success))
        created.extend(id_ for id_ in current if id_ not in old)
        return [Change(old.get(id_), new) for id_, new in current.items()]

    await broker.entities.transact([item.id for item in items], changes)
    return created


@router.post(
    "/entityOperations/create",
    summary="Create entities",
    status_code=201,
    response_class=Response,
    openapi_extra=WRITE,
)
async def batch_create(request: Request, broker: BrokerDep, params: ParamsDep) -> Response:
    """§5.6.7. 201 with the ids; 207 names those that were not created."""
    result = Result()

    def decide(old: ContextEntity | None, new: ContextEntity, now: str) -> ContextEntity:
        if old is not None:
            raise AlreadyExists(f"There is an entity {new.id} already.")
        return mutations.created(new, now)

    await _apply(broker, await _entities(request, params, result), result, decide)
    return result.response(201, result.success)


@router.post(
    "/entityOperations/upsert",
    summary="Create or update entities",
    status_code=201,
    response_class=Response,
    openapi_extra=WRITE,
)
async def batch_upsert(
    request: Request,
    broker: BrokerDep,
    params: ParamsDep,
    options: Annotated[str, Query(examples=["update"])] = "",
) -> Response:
    """§5.6.8. `options=update` keeps attributes that are not sent; without it they go.

    201 with the ids of those that are new, 204 when all were there, 207 when some are refused.
    What changes nothing is accepted, and announced to nobody.
    """
    result = Result()
    keep = "update" in params.options

    def decide(old: ContextEntity | None, new: ContextEntity, now: str) -> ContextEntity:
        if old is None:
            return mutations.created(new, now)
        if keep:
            return mutations.appended(old, Fragment(new.types, new.attributes, CORE), now)
        return mutations.replaced(old, new.types, new.attributes, now)

    created = await _apply(broker, await _entities(request, params, result), result, decide)
    return result.response(201, created)


@router.post(
    "/entityOperations/update",
    summary="Update entities",
    status_code=204,
    response_class=Response,
    openapi_extra=WRITE,
)
async def batch_update(
    request: Request,
    broker: BrokerDep,
    params: ParamsDep,
    options: Annotated[str, Query(examples=["noOverwrite"])] = "",
) -> Response:
    """§5.6.9. 207 names those that are not there."""
    result = Result()
    overwrite = "noOverwrite" not in params.options

    def decide(old: ContextEntity | None, new: ContextEntity, now: str) -> ContextEntity:
        if old is None:
            raise ResourceNotFound(f"There is no entity {new.id}.")
        fragment = Fragment(new.types, new.attributes, CORE)
        return mutations.appended(old, fragment, now, overwrite=overwrite)

    await _apply(broker, await _entities(request, params, result), result, decide)
    return result.response(204)


@router.post(
    "/entityOperations/delete",
    summary="Delete entities",
    status_code=204,
    response_class=Response,
    openapi_extra=WRITE,
)
async def batch_delete(request: Request, broker: BrokerDep, params: ParamsDep) -> Response:
    """§5.6.10. The body is an array of ids."""
    result = Result()
    ids = [check_id(item) for item in (await _items(request, params)).body]

    def changes(old: dict[str, ContextEntity], now: str) -> list[Change]:
        result.success = [id_ for id_ in dict.fromkeys(ids) if _visible(old.get(id_), params)]
        result.errors = []
        for id_ in dict.fromkeys(ids):
            if id_ not in result.success:
                result.refuse(id_, ResourceNotFound(f"There is no entity {id_}."))
        return [Change(old[id_], None) for id_ in result.success]

    await broker.entities.transact(ids, changes)
    return result.response(204)


def _visible(entity: ContextEntity | None, params: ParamsDep) -> bool:
    return entity is not None and (params.personal or not entity.restricted)
