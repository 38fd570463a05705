"""``/console/apis``: what is attached; attach another, seen before it is done; detach."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from gateway.control.console.visit import Visit, part, posting, told, visiting
from gateway.control.pages.posts import posted, shown
from gateway.control.state import ControlDep

router = APIRouter(tags=["Console"])

PAGE: Final = "/console/apis"
ONE: Final = PAGE + "/{name}"
TONES: Final = {"attached": "good", "waiting": "warn", "unreachable": "warn", "refused": "bad"}
_API: Final = "/control/v1/apis"


@router.get(
    PAGE,
    operation_id="showConsoleApis",
    summary="The attached APIs, and the form to attach one",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show(request: Request, control: ControlDep) -> Response:
    return await _all(await visiting(request, control, "operator"))


@router.post(
    PAGE,
    operation_id="decideAboutAttaching",
    summary="What that page posts: look at an API first, then attach it",
    response_class=Response,
    openapi_extra=posted(
        decision="preview or attach",
        name="It becomes /apps/<name>/",
        documentUrl="Of its OpenAPI document",
        upstream="http://host:port, one a line",
        digest="Of the document that was looked at",
        csrf="",
    ),
)
async def decide(request: Request, control: ControlDep) -> Response:
    visit = await posting(request, control, "operator")
    decision = visit.form.get("decision")
    body = _new(visit.form)
    if decision == "preview":
        answer = await visit.do("POST", f"{_API}/preview", body)
        if answer.ok:
            return visit.page("console/api_preview.html", preview=answer.body, asked=body)
    elif decision == "attach":
        body["digest"] = visit.form.get("digest", "")
        answer = await visit.do("POST", _API, body)
        if answer.ok:
            return told(f"{PAGE}/{part(answer.body['name'])}", "attached")
    return await _all(visit)


@router.get(
    ONE,
    operation_id="showConsoleAttachedApi",
    summary="One attached API, its routes, and what keeps its new document out",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show_one(name: str, request: Request, control: ControlDep) -> Response:
    return await _one(await visiting(request, control, "operator"), name)


@router.post(
    ONE,
    operation_id="decideAboutAttachedApi",
    summary="What that page posts",
    response_class=Response,
    openapi_extra=posted(decision="refetch or detach", sure="With detach: yes", csrf=""),
)
async def decide_one(name: str, request: Request, control: ControlDep) -> Response:
    visit = await posting(request, control, "operator")
    path = f"{_API}/{part(name)}"
    match visit.form.get("decision"):
        case "refetch":
            if (await visit.do("POST", f"{path}/refetch")).ok:
                return told(f"{PAGE}/{part(name)}", "refetched")
        case "detach" if visit.is_sure():
            if (await visit.do("DELETE", path)).ok:
                return told(PAGE, "detached")
    return await _one(visit, name)


def _new(form: dict[str, str]) -> dict[str, Any]:
    upstreams = form.get("upstream", "").split()
    return {
        "name": form.get("name", "").strip(),
        "documentUrl": form.get("documentUrl", "").strip(),
        "upstream": upstreams or "",
    }


async def _all(visit: Visit) -> Response:
    apis = await visit.read(_API, empty=[])
    return visit.page("console/apis.html", apis=apis, tones=TONES)


async def _one(visit: Visit, name: str) -> Response:
    api = await visit.read(f"{_API}/{part(name)}", empty=None)
    return visit.page("console/api.html", api=api, tones=TONES)
