"""Accounts: opened by the operator of the ledger, read by whom they belong to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.payments.insert import insert_missing
from connectors.payments.ledger import Ledger
from connectors.payments.models import AccountOrder, AccountView
from connectors.payments.moments import micros, moment
from connectors.payments.money import Money
from connectors.payments.rules import ISSUANCE, Account
from connectors.payments.tables import Tables
from connectors.payments.transaction import Transactions
from schemas.problem import Conflict, NotFound


class Accounts:
    """The accounts of one ledger."""

    def __init__(
        self, transactions: Transactions, tables: Tables, clock: Callable[[], datetime]
    ) -> None:
        self._transactions, self._tables, self._clock = transactions, tables, clock
        self._ledger = Ledger(tables)

    async def put(self, id_: str, order: AccountOrder) -> tuple[AccountView, bool]:
        """Open an account, or change one; whether it is new.

        Raises:
            Conflict: it is open with another currency or opening balance, which never change, or
                stands lower than the overdraft that is asked for.
        """
        issuance = f"{ISSUANCE}{order.currency}"
        async with self._transactions.alone("account", id_) as connection:
            await self._ensure_issuance(connection, issuance, order.currency)
            locked = await self._ledger.lock(connection, [id_, issuance])
            if id_ in locked:
                await self._change(connection, locked[id_], order)
            else:
                opening, overdraft = order.opening.minor, order.overdraft_limit.minor
                account = Account(id_, order.owner, order.currency, overdraft, opening)
                await self._ledger.open(connection, account, order.name, issuance, self._clock())
            row = await self._row(connection, id_)
        return view(row), id_ not in locked

    async def _ensure_issuance(
        self, connection: AsyncConnection, issuance: str, currency: str
    ) -> None:
        row = {
            "id": issuance,
            "owner": "",
            "name": f"Issuance {currency}",
            "currency": currency,
            "opening": 0,
            "overdraft": None,
            "balance": 0,
            "opened": micros(self._clock()),
        }
        await insert_missing(connection, self._tables.accounts, row)

    async def _change(
        self, connection: AsyncConnection, account: Account, order: AccountOrder
    ) -> None:
        row = await self._row(connection, account.id)
        if (row.currency, row.opening) != (order.currency, order.opening.minor):
            raise Conflict("The currency and the opening balance of an open account stay.")
        if account.balance + order.overdraft_limit.minor < 0:
            raise Conflict("The account is overdrawn by more than this overdraft would allow.")
        table = self._tables.accounts
        await connection.execute(
            update(table)
            .where(table.c.id == account.id)
            .values(name=order.name, owner=order.owner, overdraft=order.overdraft_limit.minor)
        )

    async def _row(self, connection: AsyncConnection, id_: str) -> Row[Any]:
        table = self._tables.accounts
        row = (await connection.execute(select(table).where(table.c.id == id_))).one_or_none()
        if row is None:
            raise NotFound("There is no such account among those you may see.")
        return row

    async def get(self, id_: str, owner: str | None = None) -> AccountView:
        """One account; with ``owner``, only if it is theirs.

        Raises:
            NotFound: there is none, or it is somebody else's (which is not told apart).
        """
        async with self._transactions.read() as connection:
            row = await self._row(connection, id_)
        if owner is not None and row.owner != owner:
            raise NotFound("There is no such account among those you may see.")
        return view(row)

    async def of(self, owner: str, limit: int, offset: int) -> tuple[list[AccountView], int]:
        """A page of a client's accounts, and how many there are."""
        table = self._tables.accounts
        theirs = table.c.owner == owner
        page = select(table).where(theirs).order_by(table.c.id).limit(limit).offset(offset)
        count = select(func.count()).select_from(table).where(theirs)
        async with self._transactions.read() as connection:
            rows = (await connection.execute(page)).all()
            total = (await connection.execute(count)).scalar_one()
        return [view(row) for row in rows], total


def view(row: Row[Any]) -> AccountView:
    return AccountView(
        id=row.id,
        owner=row.owner,
        name=row.name,
        currency=row.currency,
        balance=str(Money(row.balance, row.currency)),
        overdraft=str(Money(row.overdraft or 0, row.currency)),
        opened_at=moment(row.opened),
    )
