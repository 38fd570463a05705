"""The double-entry ledger: accounts, and postings that move amounts between them.

Everything here runs in the caller's transaction. Accounts are locked in the order of their ids, so
that two transactions never wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.payments.moments import micros
from connectors.payments.orders import Decision
from connectors.payments.rules import Account
from connectors.payments.tables import Tables


class Ledger:
    """The accounts and postings of one store."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def lock(self, connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Account]:
        """The accounts of ``ids`` that there are, held until the transaction ends."""
        table, wanted = self._tables.accounts, sorted(set(ids))
        columns = (table.c.id, table.c.owner, table.c.currency, table.c.overdraft, table.c.balance)
        found: dict[str, Account] = {}
        for start in range(0, len(wanted), 500):
            part = table.c.id.in_(wanted[start : start + 500])
            query = select(*columns).where(part).order_by(table.c.id).with_for_update()
            for row in await connection.execute(query):
                found[row.id] = Account(*row)
        return found

    async def post(self, connection: AsyncConnection, settled: Sequence[Decision]) -> None:
        """Book settled payments; their accounts are locked and their rows written."""
        rows = [
            {
                "payment": decision.id,
                "debit": decision.order.debtor.account,
                "credit": decision.order.creditor.account,
                "amount": decision.order.money.minor,
                "currency": decision.order.money.currency,
                "posted": micros(decision.decided),
            }
            for decision in settled
        ]
        if rows:
            await connection.execute(insert(self._tables.postings), rows)
            await self._move(connection, _differences(settled))

    async def _move(self, connection: AsyncConnection, differences: dict[str, int]) -> None:
        """Carry postings into the balances; the database refuses one below its overdraft."""
        table = self._tables.accounts
        change = (
            update(table)
            .where(table.c.id == bindparam("account"))
            .values(balance=table.c.balance + bindparam("difference"))
        )
        rows = [{"account": a, "difference": d} for a, d in sorted(differences.items())]
        await connection.execute(change, rows)

    async def open(
        self, connection: AsyncConnection, account: Account, name: str, issuance: str, now: datetime
    ) -> None:
        """Add an account; its opening ``balance`` is taken from the account ``issuance``."""
        opening, moment = account.balance, micros(now)
        await connection.execute(
            insert(self._tables.accounts),
            {
                "id": account.id,
                "owner": account.owner,
                "name": name,
                "currency": account.currency,
                "opening": opening,
                "overdraft": account.overdraft,
                "balance": 0,
                "opened": moment,
            },
        )
        if opening:
            posting = {
                "payment": None,
                "debit": issuance,
                "credit": account.id,
                "amount": opening,
                "currency": account.currency,
                "posted": moment,
            }
            await connection.execute(insert(self._tables.postings), posting)
            await self._move(connection, {issuance: -opening, account.id: opening})


def _differences(settled: Sequence[Decision]) -> dict[str, int]:
    found: dict[str, int] = {}
    for decision in settled:
        order, amount = decision.order, decision.order.money.minor
        found[order.debtor.account] = found.get(order.debtor.account, 0) - amount
        found[order.creditor.account] = found.get(order.creditor.account, 0) + amount
    return found
