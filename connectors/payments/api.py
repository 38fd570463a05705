"""The open API of the payments domain: who may do what is in each operation's ``x-city``."""

from __future__ import annotations

from fastapi import APIRouter

from connectors.payments.api_accounts import accounts_router
from connectors.payments.api_clients import clients_router
from connectors.payments.api_messages import messages_router
from connectors.payments.api_residents import residents_router
from connectors.payments.bank import Bank


def payments_router(bank: Bank) -> APIRouter:
    router = APIRouter()
    router.include_router(clients_router(bank.payments, bank.queries, bank.clock))
    router.include_router(
        residents_router(
            bank.payments, bank.queries, bank.accounts, bank.links, bank.names, bank.clock
        )
    )
    router.include_router(messages_router(bank.messages))
    router.include_router(accounts_router(bank.accounts, bank.check))
    router.include_router(bank.links.router())
    router.include_router(bank.names.router())
    return router
