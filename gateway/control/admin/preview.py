"""What would come of attaching an API: looked at before it is done."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter
from pydantic import Field

from gateway.control.admin.apis import NewApi, RouteState, as_route
from gateway.control.catalogue.attach import Read, read
from gateway.control.state import ControlDep
from gateway.control.wire import Finding, Wire
from schemas.policy import Route
from schemas.problem import Conflict, Fault, Unprocessable
from schemas.scopes import OPERATOR_APIS
from schemas.xcity import LegalClass, operation

router = APIRouter(tags=["Operators"])


class PreviewedDataset(Wire):
    id: str
    title: str
    title_ja: str
    licence: str
    legal_class: LegalClass


class Preview(Wire):
    """What an API would be. With ``findings`` it would be refused as a whole."""

    name: str
    title: str
    upstreams: list[str]
    digest: str = Field(description="SHA-256 of the document; give it to `attachApi`")
    findings: list[Finding] = Field(description="Everything that is wrong, where, how to mend it")
    routes: list[RouteState] = Field(description="What would become public")
    scopes: list[str] = Field(description="What clients could be granted")
    open: int = Field(description="How many operations need no token")
    personal: int = Field(description="How many serve data about a person")
    datasets: list[PreviewedDataset]


@router.post(
    "/apis/preview",
    operation_id="previewApi",
    summary="What would become public if an API were attached, and what stands against it",
    description="Nothing is changed. What stands against it is told as findings, not as a refusal.",
    openapi_extra=operation(OPERATOR_APIS),
)
async def preview_api(new: NewApi, control: ControlDep) -> Preview:
    try:
        found = await read(control, new.name, new.document_url, new.upstream)
    except Unprocessable as error:
        return _refused(new.name, error.faults)
    except Conflict as error:
        return _refused(new.name, [Fault("/name", error.detail)])
    return _preview(found)


def _refused(name: str, faults: Iterable[Fault]) -> Preview:
    return Preview(
        name=name,
        title="",
        upstreams=[],
        digest="",
        findings=[Finding.of(fault) for fault in faults],
        routes=[],
        scopes=[],
        open=0,
        personal=0,
        datasets=[],
    )


def _preview(found: Read) -> Preview:
    compiled = found.compiled
    info = compiled.document.get("info")
    return Preview(
        name=found.api.name,
        title=str(info.get("title", "")) if isinstance(info, dict) else "",
        upstreams=[f"http://{address}" for address in found.api.addresses],
        digest=found.digest,
        findings=[Finding.of(fault) for fault in compiled.faults],
        routes=[as_route(route) for route in compiled.routes],
        scopes=sorted({s for route in compiled.routes for some in route["scopes"] for s in some}),
        open=_count(compiled.routes, "open"),
        personal=_count(compiled.routes, "personal"),
        datasets=[
            PreviewedDataset(
                id=one.id,
                title=one.title,
                title_ja=one.title_ja,
                licence=one.licence,
                legal_class=one.legal_class,
            )
            for one in compiled.info.datasets
        ],
    )


def _count(routes: Iterable[Route], access: str) -> int:
    return sum(route["access"] == access for route in routes)
