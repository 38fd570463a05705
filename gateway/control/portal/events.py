"""``/developers/events``: the city's event types, from the broker's AsyncAPI document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, cast

import httpx
import orjson
from fastapi import APIRouter, Request, Response

from gateway.control.pages.posts import shown
from gateway.control.policy.document import LARGEST
from gateway.control.portal.documents import text
from gateway.control.portal.navigation import HOME, portal_page
from gateway.control.staff.acting import Acting
from gateway.control.staff.browser import signed_in
from gateway.control.state import ControlDep

router = APIRouter(tags=["Developer portal"])

DOCUMENT: Final = "/events/v1/asyncapi.json"
_TIMEOUT: Final = 3.0
_MOST: Final = 500


@router.get(
    HOME + "/events",
    operation_id="showEvents",
    summary="The city's event types",
    response_class=Response,
    openapi_extra=shown(rate=120),
)
async def show(request: Request, control: ControlDep) -> Response:
    document = await _document(cast(Acting, request.app.state.acting).gateway)
    return portal_page(
        request,
        control,
        "portal/events.html",
        await signed_in(request, control),
        messages=list(_messages(document))[:_MOST],
        is_there=bool(document),
        document=DOCUMENT,
        follow=f'curl -sN -H "Authorization: Bearer $TOKEN" '
        f"'{control.public_url}/events/v1/stream?types=city.*'",
    )


async def _document(gateway: httpx.AsyncClient) -> dict[str, Any]:
    """The document as anybody gets it; empty if it cannot be had."""
    try:
        answer = await gateway.get(DOCUMENT, timeout=_TIMEOUT)
        found = orjson.loads(answer.content) if len(answer.content) <= LARGEST else None
    except (httpx.HTTPError, orjson.JSONDecodeError):
        return {}
    return found if answer.is_success and isinstance(found, dict) else {}


def _messages(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for channel in _dict(document.get("channels")).values():
        for name, found in _dict(_dict(channel).get("messages")).items():
            message = _dict(found)
            reference = text(_dict(_dict(message.get("payload")).get("schema")).get("$ref"))
            tags = message.get("tags")
            yield {
                "type": str(name)[:200],
                "summary": text(message.get("summary")),
                "schema": reference if reference.startswith("/schemas/") else "",
                "personal": any(
                    _dict(one).get("name") == "personal"
                    for one in (tags if isinstance(tags, list) else ())
                ),
            }


def _dict(node: Any) -> dict[str, Any]:
    return node if isinstance(node, dict) else {}
