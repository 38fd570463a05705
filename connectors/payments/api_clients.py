"""Payments from and to a client's own accounts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response

from connectors.payments.answers import Limit, Offset, PaymentId, answer, client_of, page
from connectors.payments.idempotency import IdempotencyKey
from connectors.payments.models import ClientPaymentOrder, PaymentPage, PaymentView
from connectors.payments.orders import Initiator, Order
from connectors.payments.payments import Payments
from connectors.payments.queries import Queries
from schemas.kit.caller import CallerDep
from schemas.payments import Party
from schemas.xcity import operation


def clients_router(
    payments: Payments, queries: Queries, clock: Callable[[], datetime]
) -> APIRouter:
    router = APIRouter(tags=["payments"])

    @router.post(
        "/payments",
        status_code=201,
        response_model=PaymentView,
        response_model_exclude_none=True,
        operation_id="initiatePayment",
        summary="Pay from an account of your own",
        description="Settled at once, or refused with an ISO 20022 reason; with its "
        "Idempotency-Key a payment is made once, however often it is sent.",
        openapi_extra=operation(
            "payments:initiate", dataset="client-payments", max_body_bytes=16_384
        ),
    )
    async def initiate(
        order: ClientPaymentOrder, key: IdempotencyKey, caller: CallerDep, response: Response
    ) -> dict[str, Any]:
        client = client_of(caller)
        made = await payments.make(
            Order(
                money=order.money,
                debtor=Party(account=order.debtor_account, name=order.debtor_name),
                creditor=Party(account=order.creditor_account, name=order.creditor_name),
                owner=client,
                requested=clock(),
                end_to_end_id=order.end_to_end_id,
                remittance=order.remittance,
            ),
            Initiator(client, key=key),
        )
        return answer(made, response, f"/payments/v1/payments/{made.id}")

    @router.get(
        "/payments",
        response_model=PaymentPage,
        response_model_exclude_none=True,
        operation_id="listPayments",
        summary="What accounts of your own paid and were paid, latest first",
        openapi_extra=operation("payments:read", dataset="client-payments"),
    )
    async def list_payments(
        caller: CallerDep, limit: Limit = 100, offset: Offset = 0
    ) -> dict[str, Any]:
        found, total = await queries.all_of_client(client_of(caller), limit, offset)
        return page(found, total, limit, offset)

    @router.get(
        "/payments/{payment}",
        response_model=PaymentView,
        response_model_exclude_none=True,
        operation_id="getPayment",
        summary="A payment from or to an account of your own",
        openapi_extra=operation("payments:read", dataset="client-payments"),
    )
    async def get_payment(payment: PaymentId, caller: CallerDep) -> dict[str, Any]:
        return (await queries.of_client(payment, client_of(caller))).as_keyvalues()

    return router
