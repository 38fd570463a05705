"""Batches of entities: ``/ngsi-ld/v1/entityOperations`` (GS CIM 009 §6.14 to §6.17)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response

from schemas.kit.direct import DirectRoute
from services.broker.context import mutations
from services.broker.context.api import WRITE, common_of
from services.broker.context.attributes import Nulls
from services.broker.context.documented import with_parameters
from services.broker.context.errors import (
    AlreadyExists,
    BadRequestData,
    NgsiProblem,
    ResourceNotFound,
)
from services.broker.context.model import (
    ContextEntity,
    Fragment,
    check_id,
    is_id,
    parse_fragment,
)
from services.broker.context.params import JSON, Params, read_params
from services.broker.context.rows import Change
from services.broker.context.sent import Sent, read_ngsild
from services.broker.parts import Broker, broker_of

router = APIRouter(tags=["context"], route_class=DirectRoute)

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


@dataclass(frozen=True, slots=True)
class Item:
    """One entity of a batch: its id, and what is said of it."""

    id: str
    said: Fragment

    def created(self, now: str) -> ContextEntity:
        """It as a new entity."""
        return mutations.created(self.said.as_entity(self.id), now)


Decision = Callable[[ContextEntity | None, Item, str], ContextEntity]
"""From what is there, what was sent and the time, to what shall be; raises to refuse it."""


async def _read(
    request: Request,
    params: Params,
    result: Result,
    *,
    nulls: Nulls = "refused",
    whole: bool = False,
) -> list[Item]:
    """The entities in the body; those that are none go to the result's errors.

    Args:
        whole: what has no type is none.
    """
    found = []
    sent = await _items(request, params)
    for body in sent.body:
        try:
            if not isinstance(body, dict):
                raise BadRequestData("An entity is a JSON object.")
            id_ = check_id(body.get("id"))
            context = sent.context_of(body)
            simplified = params.simplified
            said = parse_fragment(body, context, nulls=nulls, simplified=simplified)
            if whole and not said.types:
                raise BadRequestData("/type: an entity has one.")
            found.append(Item(id_, said))
        except NgsiProblem as problem:
            result.refuse(_id_of(body), problem)
    return found


async def _items(request: Request, params: Params) -> Sent:
    """A body that is an array, not empty and not too long."""
    sent = await read_ngsild(request, params)
    if not isinstance(sent.body, list) or not sent.body or None in sent.body:
        raise BadRequestData("A batch is a JSON array that is not empty, with no null in it.")
    if len(sent.body) > MOST_ENTITIES:
        raise BadRequestData(f"A batch holds at most {MOST_ENTITIES} entities; send several.")
    return sent


def _id_of(item: Any) -> str:
    return str(item.get("id", ""))[:512] if isinstance(item, dict) else ""


async def _apply(
    broker: Broker,
    params: Params,
    items: list[Item],
    result: Result,
    decide: Decision,
    *,
    creates: bool = False,
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

    ids = [item.id for item in items]
    await broker.entities.transact(ids, changes, tenant=params.tenant, creates=creates)
    return created


def _there(old: ContextEntity | None, id_: str, params: Params) -> ContextEntity:
    """What is about persons is, for those who may not see it, not there."""
    if old is None or (old.restricted and not params.personal):
        raise ResourceNotFound(f"There is no entity {id_}.")
    return old


@router.post(
    "/entityOperations/create",
    summary="Create entities",
    status_code=201,
    response_class=Response,
    openapi_extra=WRITE,
)
async def batch_create(request: Request) -> Response:
    """§5.6.7. 201 with the ids; 207 names those that were not created."""
    broker, params = broker_of(request), await read_params(request)
    result = Result()

    def decide(old: ContextEntity | None, item: Item, now: str) -> ContextEntity:
        if old is not None:
            raise AlreadyExists(f"There is an entity {item.id} already.")
        return item.created(now)

    items = await _read(request, params, result)
    await _apply(broker, params, items, result, decide, creates=True)
    return result.response(201, result.success)


@router.post(
    "/entityOperations/upsert",
    summary="Create or update entities",
    status_code=201,
    response_class=Response,
    openapi_extra=with_parameters(WRITE, options="update"),
)
async def batch_upsert(request: Request) -> Response:
    """§5.6.8. `options=update` keeps attributes that are not sent; without it they go.

    201 with the ids of those that are new, 204 when all were there, 207 when some are refused.
    What changes nothing is accepted, and announced to nobody.
    """
    broker, params = broker_of(request), await read_params(request)
    result = Result()
    keep = "update" in params.options

    def decide(old: ContextEntity | None, item: Item, now: str) -> ContextEntity:
        if old is None:
            return item.created(now)
        change = mutations.updated if keep else mutations.replaced
        return change(old, item.said, now)

    nulls: Nulls = "members" if keep else "refused"
    items = await _read(request, params, result, nulls=nulls, whole=True)
    created = await _apply(broker, params, items, result, decide, creates=True)
    return result.response(201, created)


@router.post(
    "/entityOperations/update",
    summary="Update entities",
    status_code=204,
    response_class=Response,
    openapi_extra=with_parameters(WRITE, options="noOverwrite"),
)
async def batch_update(request: Request) -> Response:
    """§5.6.9. 207 names those that are not there."""
    broker, params = broker_of(request), await read_params(request)
    result = Result()
    overwrite = "noOverwrite" not in params.options

    def decide(old: ContextEntity | None, item: Item, now: str) -> ContextEntity:
        return mutations.appended(_there(old, item.id, params), item.said, now, overwrite=overwrite)

    await _apply(broker, params, await _read(request, params, result), result, decide)
    return result.response(204)


@router.post(
    "/entityOperations/merge",
    summary="Merge into entities",
    status_code=204,
    response_class=Response,
    openapi_extra=WRITE,
)
async def batch_merge(request: Request) -> Response:
    """§5.6.20. `urn:ngsi-ld:null` removes; 207 names those that are not there."""
    broker, params = broker_of(request), await read_params(request)
    result = Result()
    common = common_of(params)

    def decide(old: ContextEntity | None, item: Item, now: str) -> ContextEntity:
        return mutations.merged(_there(old, item.id, params), item.said, now, common)

    items = await _read(request, params, result, nulls="deep")
    await _apply(broker, params, items, result, decide)
    return result.response(204)


@router.post(
    "/entityOperations/delete",
    summary="Delete entities",
    status_code=204,
    response_class=Response,
    openapi_extra=WRITE,
)
async def batch_delete(request: Request) -> Response:
    """§5.6.10. The body is an array of ids; one that is there twice is not there any more."""
    broker, params = broker_of(request), await read_params(request)
    sent = (await _items(request, params)).body
    if not all(isinstance(item, str) for item in sent):
        raise BadRequestData("A batch of entities to delete is an array of their ids.")
    result = Result()

    def changes(old: dict[str, ContextEntity], now: str) -> list[Change]:
        result.success, result.errors = [], []
        left = dict(old)
        for id_ in sent:
            try:
                _there(left.pop(check_id(id_), None), id_, params)
                result.success.append(id_)
            except NgsiProblem as problem:
                result.refuse(id_, problem)
        return [Change(old[id_], None) for id_ in result.success]

    ids = [id_ for id_ in sent if is_id(id_)]
    await broker.entities.transact(ids, changes, tenant=params.tenant)
    return result.response(204)
