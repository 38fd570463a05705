"""``/console/audit/checkpoints``: that the log has only grown, between two checkpoints."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from gateway.control.audit.checkpoint import Checkpoint
from gateway.control.audit.log import newest_size
from gateway.control.console import proving
from gateway.control.console.audit_page import PAGE as AUDIT
from gateway.control.console.visit import Visit, posting, visiting
from gateway.control.pages.posts import posted, shown
from gateway.control.state import ControlDep

router = APIRouter(tags=["Console"])

PAGE: Final = AUDIT + "/checkpoints"


@router.get(
    PAGE,
    operation_id="showConsoleCheckpoints",
    summary="Checkpoints, and whether a later one continues an earlier one",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show(request: Request, control: ControlDep) -> Response:
    return await _page(await visiting(request, control, "auditor", "operator"))


@router.post(
    PAGE,
    operation_id="compareCheckpoints",
    summary="What that page posts; nothing is changed by it",
    response_class=Response,
    openapi_extra=posted(
        decision="sizes or kept",
        first="With sizes: events of the earlier one",
        second="With sizes: of the later one",
        note="With kept: a checkpoint from before",
        csrf="",
    ),
)
async def compare(request: Request, control: ControlDep) -> Response:
    visit = await posting(request, control, "auditor", "operator")
    return await _page(visit)


async def _page(visit: Visit) -> Response:
    newest = await _newest(visit)
    first, second = await _chosen(visit, newest) if visit.form and newest else (None, None)
    proved = await proving.prove_growth(visit, first, second) if first and second else None
    return visit.page(
        "console/checkpoints.html",
        newest=newest,
        key=str(visit.control.audit.signer.verifier),
        proved=proved,
        signed=proving.Proved(True, newest, 0).signed(newest) if newest else "",
    )


async def _newest(visit: Visit) -> Checkpoint | None:
    async with visit.control.store.read() as connection:
        size = await newest_size(connection)
    return await proving.checkpoint_of(visit, visit.control.audit.signer.verifier, size)


async def _chosen(visit: Visit, newest: Checkpoint) -> tuple[Checkpoint | None, Checkpoint | None]:
    form, verifier = visit.form, visit.control.audit.signer.verifier
    if form.get("decision") == "kept":
        return proving.read(visit, verifier, form.get("note", "")), newest
    sizes = [form.get(name, "") for name in ("first", "second")]
    if not all(size.isdecimal() and len(size) < 19 for size in sizes):
        visit.refuse_because("sizes_wrong")
        return None, None
    first, second = sorted(int(size) for size in sizes)
    return (
        await proving.checkpoint_of(visit, verifier, first),
        await proving.checkpoint_of(visit, verifier, second),
    )
