"""The page ``/developers/apps/{client_id}/usage``: requests, errors, latency and quota as plots."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from fastapi import APIRouter, Request, Response

from gateway.control.pages.posts import shown
from gateway.control.pages.wide import language_of
from gateway.control.portal import usage_plots
from gateway.control.portal.apps_page import developer, one
from gateway.control.portal.navigation import APPS, portal_page
from gateway.control.portal.shown_usage import error_lines, operation_lines, quota_lines, totals
from gateway.control.portal.texts_usage import USAGE_TEXTS
from gateway.control.state import ControlDep
from gateway.control.usage.api import usage_of
from gateway.control.usage.periods import StepName

router = APIRouter(tags=["Developer portal"])

PAGE: Final = APPS + "/{client_id}/usage"
RANGES: Final[dict[str, tuple[timedelta, StepName]]] = {
    "hour": (timedelta(hours=1), "1m"),
    "day": (timedelta(hours=24), "15m"),
    "month": (timedelta(days=30), "1d"),
}


@router.get(
    PAGE,
    operation_id="showOwnAppUsage",
    summary="How a developer's application uses the APIs",
    response_class=Response,
    openapi_extra=shown(),
)
async def show(client_id: str, request: Request, control: ControlDep) -> Response:
    browser, staff = await developer(request, control)
    client = await one(control, staff, client_id)
    chosen = request.query_params.get("range", "")
    chosen = chosen if chosen in RANGES else "day"
    back, step = RANGES[chosen]
    now = datetime.fromtimestamp(control.now(), UTC)
    found = await usage_of(control, client_id, now - back, now, step)
    language = language_of(request)
    texts = USAGE_TEXTS[language]
    operations = operation_lines(control, found)
    return portal_page(
        request, control, "portal/app_usage.html", browser,
        u=texts,
        client_id=client_id,
        name=client.name,
        ranges=tuple(RANGES),
        chosen=chosen,
        totals=totals(found),
        plots=usage_plots.plots(found, texts, language),
        quota=found.quota,
        quotas=quota_lines(found),
        operations=operations,
        is_deprecated=any(line.is_deprecated for line in operations),
        errors=error_lines(found, texts),
    )  # fmt: skip
