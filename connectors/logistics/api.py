"""The open API of the logistics domain: EPCIS 2.0 capture and query, and tracks on top."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Path, Query, Request, Response

from connectors.logistics import epcis, query
from connectors.logistics.capture import Capture, Captured
from connectors.logistics.models import CaptureJob, ShipmentPage, ShipmentView, TrackView
from connectors.logistics.service import Reading
from schemas.kit.body import read_body
from schemas.xcity import operation, raw_body

Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
_NAMED = "{}, percent-encoded; twice if it has slashes"
Epc = Annotated[str, Path(max_length=1600, description=_NAMED.format("EPC or entity id"))]
_VALUES = re.compile(r",(?=[A-Za-z])")
_JSONLD = "application/ld+json"


def capture_router(capture: Capture) -> APIRouter:
    router = APIRouter(tags=["EPCIS capture"])

    @router.post(
        "/capture",
        status_code=202,
        operation_id="captureEvents",
        summary="Capture EPCIS events",
        description="An EPCISDocument, an EPCISQueryDocument or one event; all of it or nothing. "
        "An event of a known eventID is the same event.",
        openapi_extra=operation(
            "logistics:capture",
            dataset="logistics-events",
            max_body_bytes=epcis.LIMIT,
            request_body=raw_body(*epcis.MEDIA_TYPES, description="EPCIS 2.0 JSON-LD"),
        ),
    )
    async def post_capture(request: Request, response: Response) -> CaptureJob:
        raw = await read_body(request, epcis.LIMIT)
        document = await asyncio.to_thread(epcis.parse, raw)
        done = await capture.take(document)
        response.headers["location"] = f"/logistics/v1/capture/{done.id}"
        return _job(done)

    @router.get(
        "/capture/{captureID}",
        operation_id="getCapture",
        summary="What became of a capture",
        openapi_extra=operation("logistics:capture", dataset="logistics-events"),
    )
    async def get_capture(
        capture_id: Annotated[str, Path(alias="captureID", pattern=r"^[0-9a-f-]{36}$")],
    ) -> CaptureJob:
        return _job(await capture.get(capture_id))

    return router


def _job(done: Captured) -> CaptureJob:
    return CaptureJob(
        capture_id=done.id,
        created_at=done.created,
        finished_at=done.created,
        event_count=done.events,
        new_event_count=done.fresh,
    )


def events_router(reading: Reading, clock: Callable[[], datetime]) -> APIRouter:
    router = APIRouter(tags=["EPCIS query"])
    documented = [
        {"name": name, "in": "query", "schema": {"type": "string"}, "required": False}
        for name in sorted(query.PARAMETERS)
    ]

    @router.get(
        "/events",
        operation_id="queryEvents",
        summary="Query EPCIS events, in order of time",
        description="Parameters of EPCIS 2.0's SimpleEventQuery; several values are separated by "
        "commas. The next page is named by the Link header.",
        response_class=Response,
        responses={200: {"content": {_JSONLD: {"schema": {"type": "object"}}}}},
        openapi_extra={
            **operation("logistics:read", dataset="logistics-events"),
            "parameters": documented,
        },
    )
    async def query_events(
        request: Request,
        per_page: Annotated[int, Query(alias="perPage", ge=1, le=1000)] = 100,
        next_page: Annotated[str | None, Query(alias="nextPageToken", max_length=800)] = None,
    ) -> Response:
        given = _parameters(request)
        found, token = await reading.events(given, next_page, per_page)
        response = _document(epcis.query_document(found, clock()))
        if token:
            again = [(k, ",".join(v)) for k, v in given.items()]
            link = urlencode([*again, ("perPage", str(per_page)), ("nextPageToken", token)])
            response.headers["link"] = f'</logistics/v1/events?{link}>; rel="next"'
        return response

    @router.get(
        "/events/{eventID:path}",
        operation_id="getEvent",
        summary="One EPCIS event",
        response_class=Response,
        responses={200: {"content": {_JSONLD: {"schema": {"type": "object"}}}}},
        openapi_extra=operation("logistics:read", dataset="logistics-events"),
    )
    async def get_event(
        event_id: Annotated[
            str, Path(alias="eventID", max_length=1600, description=_NAMED.format("eventID"))
        ],
    ) -> Response:
        event = await reading.event(event_id)
        return _document({"@context": [epcis.CONTEXT, *event.context], **event.body})

    return router


def _parameters(request: Request) -> dict[str, list[str]]:
    """Query parameters with their values, parted by commas (not by that of ``geo:36.5,139.9``)."""
    found: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        if name not in ("perPage", "nextPageToken"):
            found.setdefault(name, []).extend(_VALUES.split(value))
    return found


def _document(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), media_type=_JSONLD)


def shipments_router(reading: Reading) -> APIRouter:
    router = APIRouter(tags=["shipments"])
    extra = operation("logistics:read", dataset="logistics-shipments")

    @router.get(
        "/shipments",
        response_model=ShipmentPage,
        response_model_exclude_none=True,
        operation_id="listShipments",
        summary="Things on their way, latest seen first",
        openapi_extra=extra,
    )
    async def list_shipments(
        scheme: Annotated[
            str | None,
            Query(pattern=r"^[a-z0-9-]{1,40}$", description="sscc for parcels, sgtin for items"),
        ] = None,
        limit: Limit = 100,
        offset: Offset = 0,
    ) -> dict[str, Any]:
        items, total = await reading.shipments(scheme, limit, offset)
        return {"items": items, "total": total, "limit": limit, "offset": offset}

    @router.get(
        "/shipments/{epc:path}/track",
        response_model_exclude_none=True,
        operation_id="getTrack",
        summary="Where a thing has been, also inside others",
        openapi_extra=extra,
    )
    async def get_track(epc: Epc, limit: Limit = 1000) -> TrackView:
        return await reading.track(epc, limit)

    @router.get(
        "/shipments/{epc:path}",
        response_model=ShipmentView,
        response_model_exclude_none=True,
        operation_id="getShipment",
        summary="A thing as last seen",
        openapi_extra=extra,
    )
    async def get_shipment(epc: Epc) -> dict[str, Any]:
        return await reading.shipment(epc)

    return router
