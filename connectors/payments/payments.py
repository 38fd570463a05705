"""Deciding payments: one transaction holds the key, the decision, the posting and what is said.

Whatever dies in between leaves either nothing, and the retry makes the payment, or everything, and
the retry finds it. The key is a unique column of the payment itself: no second record could
disagree with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.payments.entities import as_entity, as_event
from connectors.payments.ledger import Ledger
from connectors.payments.orders import Decision, Initiator, Order
from connectors.payments.reasons import Reason
from connectors.payments.rows import decision_of, row_of
from connectors.payments.rules import move, refusal
from connectors.payments.tables import Tables
from connectors.payments.transaction import Transactions
from connectors.publish import Publisher
from schemas.problem import Forbidden, Unprocessable


class Payments:
    """Makes payments, each once."""

    def __init__(
        self,
        transactions: Transactions,
        tables: Tables,
        publisher: Publisher,
        source: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._transactions, self._tables, self._publisher = transactions, tables, publisher
        self._source, self._clock = source, clock
        self._ledger = Ledger(tables)

    async def make(self, order: Order, by: Initiator) -> Decision:
        """Decide one order under its key; the same key and order again is the same decision.

        Raises:
            Conflict: the same key is being worked on.
            Unprocessable: the key was used for another order.
            Forbidden: the debtor's account is not the initiator's; nothing is recorded.
        """
        key = by.key or ""
        async with self._transactions.alone("payment", by.client, by.subject, key) as connection:
            decision = await self._before(connection, order, by)
            if decision is None:
                (decision,) = await self.decide(connection, [order], by)
                if decision.reason is Reason.UNKNOWN_DEBTOR:
                    raise Forbidden(decision.reason.text)  # and the transaction is rolled back
        self.wake()
        return decision

    def wake(self) -> None:
        """Have what was written said now."""
        self._publisher.outbox.wake()

    async def _before(
        self, connection: AsyncConnection, order: Order, by: Initiator
    ) -> Decision | None:
        table = self._tables.payments
        mine = (table.c.client == by.client) & (table.c.subject == by.subject)
        query = select(table).where(mine, table.c.key == by.key)
        row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        if row.fingerprint != order.fingerprint():
            raise Unprocessable(
                "This Idempotency-Key was used for a payment that says something else; "
                "give each payment its own key.",
                slug="idempotency-key-reused",
            )
        return decision_of(row)

    async def decide(
        self, connection: AsyncConnection, orders: Sequence[Order], by: Initiator
    ) -> list[Decision]:
        """Decide orders one after the other, book what can be settled, and record and say all."""
        accounts = await self._ledger.lock(
            connection,
            [party.account for order in orders for party in (order.debtor, order.creditor)],
        )
        now = self._clock()
        decisions = []
        for order in orders:
            reason = refusal(order, accounts, now)
            if reason is None:
                move(order, accounts)
            decisions.append(Decision(uuid4().hex, order, by, reason, now))
        await self._record(connection, decisions)
        return decisions

    async def _record(self, connection: AsyncConnection, decisions: Sequence[Decision]) -> None:
        await connection.execute(insert(self._tables.payments), [row_of(d) for d in decisions])
        await self._ledger.post(connection, [d for d in decisions if d.reason is None])
        await self._publisher.say(
            connection,
            events=[as_event(d, self._source) for d in decisions],
            entities=[as_entity(d) for d in decisions],
        )
