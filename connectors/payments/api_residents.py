"""A resident's own payments, from the account that an ID link names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response

from connectors.links import Links
from connectors.names import Names
from connectors.payments.accounts import Accounts
from connectors.payments.answers import Limit, Offset, PaymentId, answer, page, subject_of
from connectors.payments.idempotency import IdempotencyKey
from connectors.payments.models import Balance, PaymentOrder, PaymentPage, PaymentView
from connectors.payments.orders import Initiator, Order
from connectors.payments.payments import Payments
from connectors.payments.queries import Queries
from schemas.kit.caller import CallerDep
from schemas.payments import Party
from schemas.xcity import operation


def residents_router(
    payments: Payments,
    queries: Queries,
    accounts: Accounts,
    links: Links,
    names: Names,
    clock: Callable[[], datetime],
) -> APIRouter:
    router = APIRouter(prefix="/residents/{resident}", tags=["residents"])
    personal: dict[str, Any] = {"access": "personal", "subject": "resident"}

    @router.post(
        "/payments",
        status_code=201,
        response_model=PaymentView,
        response_model_exclude_none=True,
        operation_id="payAsResident",
        summary="Pay from the resident's linked account",
        openapi_extra=operation(
            "payments:pay", dataset="payments", max_body_bytes=16_384, **personal
        ),
    )
    async def pay(
        resident: str,
        order: PaymentOrder,
        key: IdempotencyKey,
        caller: CallerDep,
        response: Response,
    ) -> dict[str, Any]:
        account = await links.local_id(subject_of(caller))
        made = await payments.make(
            Order(
                money=order.money,
                debtor=Party(account=account),
                creditor=Party(account=order.creditor_account, name=order.creditor_name),
                owner=None,
                requested=clock(),
                end_to_end_id=order.end_to_end_id,
                remittance=order.remittance,
            ),
            Initiator(caller.client, await names.current(caller.subject), key),
        )
        return answer(made, response, f"/payments/v1/residents/me/payments/{made.id}")

    @router.get(
        "/payments",
        response_model=PaymentPage,
        response_model_exclude_none=True,
        operation_id="listResidentPayments",
        summary="What the resident paid and was paid, latest first",
        openapi_extra=operation("payments:read", dataset="payments", **personal),
    )
    async def list_payments(
        resident: str, caller: CallerDep, limit: Limit = 100, offset: Offset = 0
    ) -> dict[str, Any]:
        account = await links.local_id(subject_of(caller))
        found, total = await queries.of_account(account, limit, offset)
        return page(found, total, limit, offset)

    @router.get(
        "/payments/{payment}",
        response_model=PaymentView,
        response_model_exclude_none=True,
        operation_id="getResidentPayment",
        summary="One of the resident's payments",
        openapi_extra=operation("payments:read", dataset="payments", **personal),
    )
    async def get_payment(resident: str, payment: PaymentId, caller: CallerDep) -> dict[str, Any]:
        account = await links.local_id(subject_of(caller))
        return (await queries.on_account(payment, account)).as_keyvalues()

    @router.get(
        "/balance",
        response_model=Balance,
        operation_id="getResidentBalance",
        summary="What the resident's linked account holds",
        openapi_extra=operation("payments:read", dataset="payments", **personal),
    )
    async def balance(resident: str, caller: CallerDep) -> Balance:
        account = await accounts.get(await links.local_id(subject_of(caller)))
        return Balance(
            account=account.id,
            balance=account.balance,
            currency=account.currency,
            observed_at=clock(),
        )

    return router
