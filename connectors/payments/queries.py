"""Finding payments again, each shown only to those it is for."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Table, func, or_, select

from connectors.payments.entities import as_entity, entity_id
from connectors.payments.rows import decision_of
from connectors.payments.tables import Tables
from connectors.payments.transaction import Transactions
from schemas.payments import Payment
from schemas.problem import NotFound

_PREFIX = entity_id("")


class Queries:
    """The payments of one ledger, to read."""

    def __init__(self, transactions: Transactions, tables: Tables) -> None:
        self._transactions, self._tables = transactions, tables

    async def of_client(self, payment: str, client: str) -> Payment:
        """A payment from or to an account of ``client``.

        Args:
            payment: its id, or the id of its entity.

        Raises:
            NotFound: there is none, or it is somebody else's (which is not told apart).
        """
        table = self._tables.payments
        only = table.c.id == payment.removeprefix(_PREFIX)
        found, _ = await self._page(self._owned(client) & only, self._paid_by(client), 1, 0)
        return _single(found)

    async def all_of_client(
        self, client: str, limit: int, offset: int
    ) -> tuple[list[Payment], int]:
        """A page of what a client's accounts paid and were paid, latest first, and how many."""
        return await self._page(self._owned(client), self._paid_by(client), limit, offset)

    async def of_account(self, account: str, limit: int, offset: int) -> tuple[list[Payment], int]:
        """A page of what an account paid and was paid, latest first, and how many there are."""
        return await self._page(self._on(account), self._from(account), limit, offset)

    async def on_account(self, payment: str, account: str) -> Payment:
        """One payment of an account; NotFound when it has no such payment."""
        only = self._tables.payments.c.id == payment.removeprefix(_PREFIX)
        found, _ = await self._page(self._on(account) & only, self._from(account), 1, 0)
        return _single(found)

    async def _page(
        self, which: ColumnElement[bool], paid: ColumnElement[bool], limit: int, offset: int
    ) -> tuple[list[Payment], int]:
        """Payments, and how many there are; ``paid`` says where the reader is the debtor."""
        table = self._tables.payments
        latest = select(table, paid.label("paid")).where(which).order_by(table.c.position.desc())
        count = select(func.count()).select_from(table).where(which)
        async with self._transactions.read() as connection:
            rows = (await connection.execute(latest.limit(limit).offset(offset))).all()
            total = (await connection.execute(count)).scalar_one()
        return [as_entity(decision_of(row), for_creditor=not row.paid) for row in rows], total

    def _paid_by(self, client: str) -> ColumnElement[bool]:
        accounts = self._tables.accounts
        theirs = select(accounts.c.id).where(accounts.c.owner == client)
        return self._tables.payments.c.debtor_account.in_(theirs)

    def _owned(self, client: str) -> ColumnElement[bool]:
        accounts, payments = self._tables.accounts, self._tables.payments
        theirs = select(accounts.c.id).where(accounts.c.owner == client)
        return or_(
            self._paid_by(client), _received(payments, payments.c.creditor_account.in_(theirs))
        )

    def _from(self, account: str) -> ColumnElement[bool]:
        return self._tables.payments.c.debtor_account == account

    def _on(self, account: str) -> ColumnElement[bool]:
        payments = self._tables.payments
        return or_(self._from(account), _received(payments, payments.c.creditor_account == account))


def _received(payments: Table, credited: ColumnElement[bool]) -> ColumnElement[bool]:
    """Who is only to be paid hears of what was paid, not of what was refused."""
    return credited & (payments.c.status == "ACSC")


def _single(found: list[Payment]) -> Payment:
    if not found:
        raise NotFound("There is no such payment among those you may see.")
    return found[0]
