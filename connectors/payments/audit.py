"""Whether the books are right, computed anew from the postings."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.payments.models import CurrencyCheck, LedgerCheck
from connectors.payments.money import Money
from connectors.payments.tables import Tables


async def check(connection: AsyncConnection, tables: Tables, now: datetime) -> LedgerCheck:
    """Compare every balance with the sum of its postings, and sum each currency.

    All statements must see the same books: run it in a transaction with one view of the store.
    """
    expected = await _from_postings(connection, tables)
    postings = await _counts(connection, tables)
    table = tables.accounts
    sums: dict[str, int] = defaultdict(int)
    numbers: dict[str, int] = defaultdict(int)
    faults: dict[str, list[str]] = defaultdict(list)
    rows = await connection.execute(select(table.c.id, table.c.currency, table.c.balance))
    for row in rows:
        sums[row.currency] += row.balance
        numbers[row.currency] += 1
        if row.balance != expected.get(row.id, 0):
            faults[row.currency].append(row.id)
    for currency, payment in await _unposted(connection, tables):
        faults[currency].append(payment)
    found = [
        CurrencyCheck(
            currency=currency,
            accounts=numbers[currency],
            postings=postings.get(currency, 0),
            sum=str(Money(sums[currency], currency)),
            faults=faults[currency],
        )
        for currency in sorted(sums.keys() | faults.keys())
    ]
    sound = not any(faults.values()) and not any(sums.values())
    return LedgerCheck(sound=sound, checked_at=now, currencies=found)


async def _from_postings(connection: AsyncConnection, tables: Tables) -> dict[str, int]:
    """Account → what its postings add up to."""
    table = tables.postings
    expected: dict[str, int] = defaultdict(int)
    for column, sign in ((table.c.debit, -1), (table.c.credit, 1)):
        query = select(column, func.sum(table.c.amount)).group_by(column)
        for account, amount in await connection.execute(query):
            expected[account] += sign * int(amount)
    return expected


async def _counts(connection: AsyncConnection, tables: Tables) -> dict[str, int]:
    table = tables.postings
    query = select(table.c.currency, func.count()).group_by(table.c.currency)
    return {currency: int(number) for currency, number in await connection.execute(query)}


async def _unposted(connection: AsyncConnection, tables: Tables) -> list[tuple[str, str]]:
    """Settled payments that no posting of the same amount belongs to."""
    payments, postings = tables.payments, tables.postings
    same = (postings.c.payment == payments.c.id) & (postings.c.amount == payments.c.amount)
    query = (
        select(payments.c.currency, payments.c.id)
        .outerjoin(postings, same)
        .where(payments.c.status == "ACSC", postings.c.position.is_(None))
        .limit(100)
    )
    return [(currency, payment) for currency, payment in await connection.execute(query)]
