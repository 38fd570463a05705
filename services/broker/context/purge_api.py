"""Purging over HTTP: ``DELETE /ngsi-ld/v1/entities`` (GS CIM 009 §5.6.21, §6.4.3.3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from fastapi import APIRouter, Response

from services.broker.context.api import REMOVE
from services.broker.context.documented import with_parameters
from services.broker.context.errors import BadRequestData
from services.broker.context.model import ContextEntity
from services.broker.context.mutations import reduced
from services.broker.context.params import Params, ParamsDep
from services.broker.context.query import MOST_LIMIT
from services.broker.context.query_params import parse_query
from services.broker.context.rows import Change
from services.broker.context.steps import Decide
from services.broker.parts import Broker, BrokerDep

router = APIRouter(tags=["context"])

_AT_ONCE: Final = 500
_QUERY: Final = {
    "type": "Vehicle",
    "id": "",
    "idPattern": "",
    "q": "speed>50",
    "scopeQ": "",
    "georel": "",
    "geometry": "",
    "coordinates": "",
    "geoproperty": "",
}


@router.delete(
    "/entities",
    summary="Purge entities",
    status_code=204,
    response_class=Response,
    openapi_extra=with_parameters(REMOVE, **_QUERY, drop="speed", keep=""),
)
async def purge_entities(
    broker: BrokerDep,
    params: ParamsDep,
) -> Response:
    """§5.6.21. All entities that a query finds, as it finds them when it begins.

    `drop` names attributes that are deleted from them, `keep` attributes that are not; without
    both the entities themselves are.
    """
    if params.given.get("drop") and params.given.get("keep"):
        raise BadRequestData("Give drop or keep, not both.")
    ids = await _found(broker, params)
    for some in _pieces(ids):
        await broker.entities.transact(some, _decision(params), tenant=params.tenant)
    return Response(status_code=204)


async def _found(broker: Broker, params: Params) -> list[str]:
    given = dict(params.given)
    if given.get("drop"):
        given.setdefault("attrs", given["drop"])  # who has none of them loses none
    for paging in ("limit", "offset", "count"):
        given.pop(paging, None)
    query = parse_query(replace(params, given=given))
    ids: list[str] = []
    while True:
        asked = replace(query, limit=MOST_LIMIT, offset=len(ids))
        page = await broker.entities.find(asked, tenant=params.tenant)
        ids += [entity.id for entity in page.entities]
        if not page.more:
            return ids


def _decision(params: Params) -> Decide:
    drop, keep = params.names("drop"), params.names("keep")

    def after(entity: ContextEntity, now: str) -> ContextEntity | None:
        if drop:
            return reduced(entity, entity.attributes.keys() - set(drop), now)
        return reduced(entity, keep, now) if keep else None

    def decide(old: dict[str, ContextEntity], now: str) -> list[Change]:
        seen = [e for e in old.values() if params.personal or not e.restricted]
        return [Change(entity, after(entity, now)) for entity in seen]

    return decide


def _pieces(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))
