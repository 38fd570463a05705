"""The broker as a receiver: it says to other senders that they may send events here."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Response

from schemas.xcity import operation

router = APIRouter(tags=["events"])


@router.options(
    "/events",
    summary="Ask whether events may be sent here",
    response_class=Response,
    openapi_extra=operation(access="open", dataset="city-events"),
)
async def allow_events(
    webhook_request_origin: Annotated[str, Header(max_length=255, pattern=r"^[\x21-\x7e]*$")] = "",
) -> Response:
    """The handshake of CloudEvents' HTTP 1.1 Web Hooks (§4): yes to everybody, as it is the token
    that decides who may publish.
    """
    allowed = {"webhook-allowed-origin": webhook_request_origin, "webhook-allowed-rate": "*"}
    return Response(headers=allowed if webhook_request_origin else {"allow": "OPTIONS, POST"})
