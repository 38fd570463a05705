"""Finding payments again, each shown only to those it is for."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, or_, select

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
        accounts, payments = self._tables.accounts, self._tables.payments
        theirs = select(accounts.c.id).where(accounts.c.owner == client)
        query = select(payments, payments.c.debtor_account.in_(theirs).label("paid")).where(
            payments.c.id == payment.removeprefix(_PREFIX),
            or_(
                payments.c.debtor_account.in_(theirs),
                # who is only to be paid hears of what was paid
                payments.c.creditor_account.in_(theirs) & (payments.c.status == "ACSC"),
            ),
        )
        async with self._transactions.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound("There is no such payment among those you may see.")
        return as_entity(decision_of(row), for_creditor=not row.paid)

    async def of_account(self, account: str, limit: int, offset: int) -> tuple[list[Payment], int]:
        """A page of what an account paid and was paid, latest first, and how many there are."""
        table = self._tables.payments
        theirs = self._on(account)
        latest = select(table).where(theirs).order_by(table.c.position.desc())
        count = select(func.count()).select_from(table).where(theirs)
        async with self._transactions.read() as connection:
            rows = (await connection.execute(latest.limit(limit).offset(offset))).all()
            total = (await connection.execute(count)).scalar_one()
        return [
            as_entity(decision_of(row), for_creditor=row.debtor_account != account) for row in rows
        ], total

    async def on_account(self, payment: str, account: str) -> Payment:
        """One payment of an account; NotFound when it has no such payment."""
        table = self._tables.payments
        query = select(table).where(table.c.id == payment.removeprefix(_PREFIX), self._on(account))
        async with self._transactions.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound("There is no such payment among those you may see.")
        return as_entity(decision_of(row), for_creditor=row.debtor_account != account)

    def _on(self, account: str) -> ColumnElement[bool]:
        table = self._tables.payments
        return or_(
            table.c.debtor_account == account,
            (table.c.creditor_account == account) & (table.c.status == "ACSC"),
        )
