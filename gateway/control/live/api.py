"""``GET /control/v1/live``: the city as it is, for operators and their own tools."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from gateway.control.live.stream import frames
from gateway.control.live.view import LiveView, RuleView, as_json, rules
from gateway.control.live.watch import Live, Look
from gateway.control.oauth.token import NO_STORE
from schemas.problem import Unavailable
from schemas.scopes import OPERATOR_METRICS
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])

SSE = "text/event-stream"


def _live(request: Request) -> Live:
    return cast(Live, request.app.state.live)


LiveDep = Annotated[Live, Depends(_live)]


@router.get(
    "/live",
    operation_id="getLive",
    summary="The city now: what to watch, what to act on, and the figures behind it",
    description="Gathered from every process, every 2 s while somebody watches and every 15 s "
    "otherwise; rates are of the last minute, histories of the last hour. With "
    "`Accept: text/event-stream` each look is an event `look`, until the token ends.",
    response_model=LiveView,
    responses={200: {"content": {SSE: {"schema": {"type": "string"}}}}},
    openapi_extra=operation(OPERATOR_METRICS, priority="essential", stream=True),
)
async def get_live(request: Request, live: LiveDep) -> Response:
    if SSE in request.headers.get("accept", ""):
        live.admit()
        return StreamingResponse(frames(live, _frame), media_type=SSE, headers=NO_STORE)
    look = live.current
    if look is None:
        raise Unavailable("Nobody has looked yet.", headers={"retry-after": "1"})
    return Response(as_json(look), media_type="application/json", headers=NO_STORE)


@router.get(
    "/live/rules",
    operation_id="listLiveRules",
    summary="The rules by which the city is judged, with their thresholds and why",
    openapi_extra=operation(OPERATOR_METRICS),
)
async def list_live_rules() -> tuple[RuleView, ...]:
    return rules()


def _frame(look: Look) -> bytes:
    return b"id: %d\nevent: look\ndata: %b\n\n" % (look.number, as_json(look))
