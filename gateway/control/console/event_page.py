"""``/console/audit/{number}``: one event, the proof of it in words, and both to take away."""

from __future__ import annotations

import json
from typing import Final

from fastapi import APIRouter, Request, Response

from gateway.control.audit.checkpoint import BadCheckpoint
from gateway.control.console import proving
from gateway.control.console.audit_page import PAGE
from gateway.control.console.visit import Visit, part, visiting
from gateway.control.pages.posts import shown
from gateway.control.state import ControlDep

router = APIRouter(tags=["Console"])

ONE: Final = PAGE + "/{number}"
_API: Final = "/audit/v1/events"


@router.get(
    ONE,
    operation_id="showConsoleAuditEvent",
    summary="One event of the audit log, and its proof in words",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show(number: str, request: Request, control: ControlDep) -> Response:
    visit = await visiting(request, control, "auditor", "operator")
    event = await visit.read(f"{_API}/{part(number)}", empty=None)
    told = await visit.read(f"{_API}/{part(number)}/proof", empty=None) if event else None
    detail = json.dumps(event["detail"], ensure_ascii=False, indent=2) if event else ""
    return visit.page(
        "console/event.html",
        event=event,
        detail=detail,
        told=told,
        proved=_proved(visit, told) if told else None,
    )


def _proved(visit: Visit, told: dict[str, object]) -> proving.Proved | None:
    try:
        return proving.prove_event(told, visit.control.audit.signer.verifier)
    except BadCheckpoint:
        return None


@router.get(
    ONE + "/proof",
    operation_id="downloadAuditProof",
    summary="The proof of one event as a file (https://c2sp.org/tlog-proof)",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def download_proof(number: str, request: Request, control: ControlDep) -> Response:
    return await _download(number, request, control, "tlogProof", "tlog-proof", "text/plain")


@router.get(
    ONE + "/entry",
    operation_id="downloadAuditEntry",
    summary="The bytes of one event that are hashed, as a file",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def download_entry(number: str, request: Request, control: ControlDep) -> Response:
    return await _download(number, request, control, "entry", "json", "application/json")


async def _download(
    number: str, request: Request, control: ControlDep, member: str, ending: str, media: str
) -> Response:
    visit = await visiting(request, control, "auditor", "operator")
    told = await visit.read(f"{_API}/{part(number)}/proof", empty=None)
    if told is None:
        return visit.page("console/event.html", event=None, detail="", told=None, proved=None)
    name = f"event-{told['number']}.{ending}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(told[member], media_type=media, headers=headers)
