"""Accounts and the ledger's soundness."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Response

from connectors.payments.accounts import Accounts
from connectors.payments.answers import Limit, Offset, client_of, page
from connectors.payments.models import (
    AccountId,
    AccountOrder,
    AccountPage,
    AccountView,
    LedgerCheck,
)
from connectors.payments.rules import ISSUANCE
from schemas.kit.caller import CallerDep
from schemas.problem import Fault, Unprocessable
from schemas.xcity import operation


def accounts_router(accounts: Accounts, check: Callable[[], Awaitable[LedgerCheck]]) -> APIRouter:
    """``check`` computes the books anew."""
    router = APIRouter(tags=["accounts"])

    @router.get(
        "/accounts",
        response_model=AccountPage,
        operation_id="listAccounts",
        summary="Accounts of your own, with their balances",
        openapi_extra=operation("payments:read", dataset="client-payments"),
    )
    async def list_accounts(
        caller: CallerDep, limit: Limit = 100, offset: Offset = 0
    ) -> dict[str, Any]:
        found, total = await accounts.of(client_of(caller), limit, offset)
        return page(found, total, limit, offset)

    @router.get(
        "/accounts/{account}",
        operation_id="getAccount",
        summary="An account of your own, with its balance",
        openapi_extra=operation("payments:read", dataset="client-payments"),
    )
    async def get_account(account: AccountId, caller: CallerDep) -> AccountView:
        return await accounts.get(account, client_of(caller))

    @router.put(
        "/accounts/{account}",
        operation_id="putAccount",
        summary="Open an account, or change its name, owner or overdraft",
        description="Answers 201 when it is new. The opening balance is booked against the "
        "currency's issuance account, so that the ledger's sum stays zero.",
        responses={201: {"model": AccountView, "description": "Opened"}},
        openapi_extra=operation("payments:accounts", max_body_bytes=16_384),
    )
    async def put_account(
        account: AccountId, order: AccountOrder, response: Response
    ) -> AccountView:
        if account.startswith(ISSUANCE):
            raise Unprocessable(
                "The ledger keeps its issuance accounts itself.",
                faults=(Fault("path account", f"starts with {ISSUANCE}", "choose another id"),),
            )
        view, new = await accounts.put(account, order)
        response.status_code = 201 if new else 200
        return view

    @router.get(
        "/ledger/check",
        operation_id="checkLedger",
        summary="Whether the books are right, computed anew",
        description="Each currency's balances sum to zero, and each balance is what its postings "
        "add up to.",
        openapi_extra=operation("payments:accounts"),
    )
    async def check_ledger() -> LedgerCheck:
        return await check()

    return router
