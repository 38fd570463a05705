"""Subscriptions over HTTP: ``/ngsi-ld/v1/subscriptions`` (GS CIM 009 §6.10, §6.11)."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from schemas.kit.caller import CallerDep
from schemas.scopes import ENTITIES_READ
from schemas.xcity import operation, raw_body
from services.broker.context.api import PREFIX
from services.broker.context.errors import BadRequestData
from services.broker.context.model import check_id
from services.broker.context.params import JSON, JSON_LD, ParamsDep
from services.broker.context.query import MOST_LIMIT
from services.broker.context.reply import answer
from services.broker.context.sent import read_ngsild
from services.broker.parts import BrokerDep
from services.broker.subscriptions.store import Owner

router = APIRouter(tags=["subscriptions"])

SubscriptionPath = Annotated[str, Path(examples=["urn:ngsi-ld:Subscription:buses"])]
_BODY = raw_body(JSON, JSON_LD, description="A Subscription; at most 1 MiB.")
READ = operation(ENTITIES_READ, dataset="context")
WRITE = operation(ENTITIES_READ, dataset="context", request_body=_BODY)
_MOST_OFFSET = 1_000_000


async def _owner(params: ParamsDep, caller: CallerDep, broker: BrokerDep) -> Owner:
    standing = await broker.consents.receivers.standing(caller)
    return Owner(params.tenant, caller.client, params.personal, standing)


OwnerDep = Annotated[Owner, Depends(_owner)]


@router.post(
    "/subscriptions",
    summary="Create a subscription",
    status_code=201,
    response_class=Response,
    openapi_extra=WRITE,
)
async def create_subscription(
    request: Request, broker: BrokerDep, params: ParamsDep, owner: OwnerDep
) -> Response:
    """§5.8.1. 201 with `Location`; 409 when the id is taken."""
    sent = await read_ngsild(request, params)
    id_ = await broker.subscribing.subscriptions.create(owner, sent.body, sent.context)
    where = f"{PREFIX}/subscriptions/{quote(id_, safe=':')}"
    return Response(status_code=201, headers={"location": where})


@router.get(
    "/subscriptions",
    summary="Query subscriptions",
    response_class=Response,
    openapi_extra=READ,
)
async def query_subscriptions(
    request: Request,
    broker: BrokerDep,
    params: ParamsDep,
    owner: OwnerDep,
    limit: str = "20",
    offset: str = "0",
    count: str = "",
    options: Annotated[str, Query(examples=["sysAttrs"])] = "",
) -> Response:
    """§5.8.4. The caller's own, by id; `Link` names the pages before and behind this one."""
    most = params.number("limit", 20, MOST_LIMIT)
    start = params.number("offset", 0, _MOST_OFFSET)
    counted = params.given.get("count", "") == "true" or "count" in params.options
    if most == 0 and not counted:
        raise BadRequestData("limit is 0 only together with count=true.")
    found = list(await broker.subscribing.subscriptions.page(owner, most + 1, start))
    headers = _page_headers(request, most, start, more=len(found) > most)
    if counted:
        headers["ngsild-results-count"] = str(await broker.subscribing.subscriptions.count(owner))
    shown = await broker.subscribing.subscriptions.presented(
        found[:most], params.context, system="sysAttrs" in params.options
    )
    return answer(shown, params, headers=headers)


@router.get(
    "/subscriptions/{subscription}",
    summary="Retrieve a subscription",
    response_class=Response,
    openapi_extra=READ,
)
async def get_subscription(
    subscription: SubscriptionPath,
    broker: BrokerDep,
    params: ParamsDep,
    owner: OwnerDep,
    options: Annotated[str, Query(examples=["sysAttrs"])] = "",
) -> Response:
    """§5.8.3. `options=sysAttrs` adds when it was created and modified."""
    found = await broker.subscribing.subscriptions.get(owner, check_id(subscription))
    system = "sysAttrs" in params.options
    shown = await broker.subscribing.subscriptions.presented([found], params.context, system=system)
    return answer(shown[0], params)


@router.patch(
    "/subscriptions/{subscription}",
    summary="Update a subscription",
    status_code=204,
    response_class=Response,
    openapi_extra=WRITE,
)
async def update_subscription(
    subscription: SubscriptionPath,
    request: Request,
    broker: BrokerDep,
    params: ParamsDep,
    owner: OwnerDep,
) -> Response:
    """§5.8.2. Members take the place of those that are there; null removes one."""
    id_ = check_id(subscription)
    sent = await read_ngsild(request, params)
    await broker.subscribing.subscriptions.change(owner, id_, sent.body, sent.context)
    return Response(status_code=204)


@router.delete(
    "/subscriptions/{subscription}",
    summary="Delete a subscription",
    status_code=204,
    response_class=Response,
    openapi_extra=READ,
)
async def delete_subscription(
    subscription: SubscriptionPath, broker: BrokerDep, params: ParamsDep, owner: OwnerDep
) -> Response:
    """§5.8.5. What was still to be told is told no more."""
    await broker.subscribing.subscriptions.delete(owner, check_id(subscription))
    return Response(status_code=204)


def _page_headers(request: Request, limit: int, offset: int, *, more: bool) -> dict[str, str]:
    links = []
    if more and limit:
        links.append(_link(request, offset + limit, "next"))
    if offset and limit:
        links.append(_link(request, max(0, offset - limit), "prev"))
    return {"link": ", ".join(links)} if links else {}


def _link(request: Request, offset: int, relation: str) -> str:
    url = request.url.include_query_params(offset=offset)
    return f'<{url.path}?{url.query}>; rel="{relation}"; type="application/json"'
