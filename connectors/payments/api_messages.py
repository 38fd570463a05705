"""ISO 20022 messages over HTTP."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from connectors.payments import pain001
from connectors.payments.answers import client_of
from connectors.payments.messages import Messages
from schemas.kit.body import read_body
from schemas.kit.caller import CallerDep
from schemas.xcity import operation, raw_body


def messages_router(messages: Messages) -> APIRouter:
    router = APIRouter(tags=["ISO 20022"])

    @router.post(
        "/pain001",
        operation_id="sendPain001",
        summary="Send a pain.001 message, and get its pain.002",
        description="Versions 03, 08 and 09. Its MsgId is its idempotency key: the same message "
        "again is answered again, and paid once.",
        response_class=Response,
        responses={200: {"content": {"application/xml": {"schema": {"type": "string"}}}}},
        openapi_extra=operation(
            "payments:initiate",
            dataset="client-payments",
            max_body_bytes=pain001.LIMIT,
            request_body=raw_body(
                "application/xml", description="CustomerCreditTransferInitiation"
            ),
        ),
    )
    async def send(request: Request, caller: CallerDep) -> Response:
        raw = await read_body(request, pain001.LIMIT)
        answer = await messages.take(raw, client_of(caller))
        return Response(answer, media_type="application/xml")

    return router
