"""Alerts in the open API ``/disaster/v1``."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import orjson
from fastapi import APIRouter, Query, Request, Response

from connectors.disaster.alerts import Alerts
from connectors.disaster.document import MOST_BYTES
from connectors.disaster.reader import MEDIA_TYPES, STANDARDS, read_alert
from connectors.page import Limit, Offset, Page, answer, plain, shown
from schemas.disaster import Alert, DrillAlert
from schemas.kit.body import read_body
from schemas.kit.cached import cached
from schemas.ngsild import URN_PREFIX, urn
from schemas.problem import NotFound
from schemas.xcity import operation, raw_body

_DATASET: Final = "disaster-alerts"
_KEPT: Final = operation(access="open", dataset=_DATASET, priority="life-safety", cache=True)
_DRILLS: Final = ("exercise", "system", "test", "draft")

Status = Annotated[
    Literal["actual", "exercise", "system", "test", "draft", "drill"],
    Query(description="`drill` is everything that is not actual."),
]
State = Annotated[
    Literal["active", "cancelled", "expired", "all"], Query(description="Where an alert stands.")
]
_Any = shown(Alert) | shown(DrillAlert)


def alerts_router(alerts: Alerts) -> APIRouter:
    router = APIRouter(tags=["alerts"])

    @router.get(
        "/alerts",
        operation_id="listAlerts",
        summary="Alerts in force, latest first; only actual ones unless `status` says otherwise",
        response_model=Page[_Any],  # type: ignore[valid-type]
        openapi_extra=_KEPT,
    )
    async def list_alerts(
        status: Status = "actual", state: State = "active", limit: Limit = 100, offset: Offset = 0
    ) -> Response:
        question, generation = (status, state, limit, offset), alerts.recent.generation
        body = alerts.recent.get(question)
        if body is None:
            statuses = _DRILLS if status == "drill" else (status,)
            found, total = await alerts.listed(statuses, state, limit, offset)
            items = [plain(alert) for alert in found]
            page = {"items": items, "total": total, "limit": limit, "offset": offset}
            body = orjson.dumps(page)
            alerts.recent.keep(question, body, generation)
        return _kept(Response(body, media_type="application/json"))

    @router.get(
        "/alerts/{alert}",
        operation_id="getAlert",
        summary="One alert, by its entity id or that id's last part",
        response_model=_Any,
        openapi_extra=_KEPT,
    )
    async def get_alert(alert: str) -> Response:
        ids = [alert] if alert.startswith(URN_PREFIX) else [urn("Alert", alert)]
        ids += [] if alert.startswith(URN_PREFIX) else [urn("DrillAlert", alert)]
        for alert_id in ids:
            if found := await alerts.get(alert_id):
                return _kept(answer(plain(found)))
        raise NotFound(f"There is no alert {alert[:200]!r}.")

    @router.post(
        "/alerts",
        operation_id="postAlert",
        summary="Tell an alert in the sender's own standard",
        description=f"{STANDARDS}, known by the root's namespace. 201 with the alert when the "
        "message is new, 200 when it was taken before: then nothing is said again. Stored, with "
        "its event, before the answer.",
        status_code=201,
        response_model=_Any,
        responses={200: {"model": _Any, "description": "This message was taken before."}},
        openapi_extra=operation(
            "disaster:ingest",
            dataset=_DATASET,
            priority="life-safety",
            max_body_bytes=MOST_BYTES,
            request_body=raw_body(*MEDIA_TYPES),
        ),
    )
    async def post_alert(request: Request) -> Response:
        report = read_alert(await read_body(request, MOST_BYTES))
        alert, is_new = await alerts.accept(report)
        where = f"/disaster/v1/alerts/{alert.id}"
        return answer(plain(alert), 201 if is_new else 200, {"location": where})

    return router


def _kept(response: Response) -> Response:
    """An alert must be seen at once; one that is minutes old still helps when this API is down."""
    return cached(response, seconds=1, stale=2, on_error=600)
