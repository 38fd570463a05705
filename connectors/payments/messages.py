"""pain.001 messages: each taken once, whole, in one transaction with its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from uuid import uuid4

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.payments import pain001, pain002
from connectors.payments.moments import micros
from connectors.payments.orders import Decision, Initiator, Order
from connectors.payments.pain001 import Message
from connectors.payments.payments import Payments
from connectors.payments.reasons import Reason
from connectors.payments.tables import Tables
from connectors.payments.transaction import Transactions


class Messages:
    """Takes pain.001 messages and answers with pain.002."""

    def __init__(
        self,
        transactions: Transactions,
        tables: Tables,
        payments: Payments,
        clock: Callable[[], datetime],
    ) -> None:
        self._transactions, self._payments = transactions, payments
        self._table, self._clock = tables.messages, clock

    async def take(self, raw: bytes, client: str) -> bytes:
        """Make the payments of a message.

        The same bytes under the same ``MsgId`` are a retry and get the same answer; other bytes
        under a known ``MsgId`` are rejected as DU01. Neither pays anything.

        Raises:
            Unprocessable: it cannot be read.
            Conflict: it is being worked on at this moment.
        """
        message = await asyncio.to_thread(pain001.read, raw, client)
        fingerprint = sha256(raw).digest()
        async with self._transactions.alone("message", client, message.id) as connection:
            query = select(self._table).where(
                self._table.c.client == client, self._table.c.id == message.id
            )
            before = (await connection.execute(query)).one_or_none()
            if before is not None:
                same = before.fingerprint == fingerprint
                return before.answer if same else self._duplicate(message)
            answer = await self._answer(connection, message, client)
            await connection.execute(
                insert(self._table),
                {
                    "client": client,
                    "id": message.id,
                    "fingerprint": fingerprint,
                    "answer": answer,
                    "received": micros(self._clock()),
                },
            )
        self._payments.wake()
        return answer

    def _duplicate(self, message: Message) -> bytes:
        return self._report(message, reason=Reason.DUPLICATE_MESSAGE)

    async def _answer(self, connection: AsyncConnection, message: Message, client: str) -> bytes:
        reason = _miscounted(message)
        if reason:
            return self._report(message, reason=reason)
        by = Initiator(client, message_id=message.id)
        decisions = await self._payments.decide(connection, message.orders, by)
        return self._report(message, decisions)

    def _report(
        self, message: Message, decisions: Sequence[Decision] = (), reason: Reason | None = None
    ) -> bytes:
        return pain002.write(pain002.Report(message, uuid4().hex, self._clock(), decisions, reason))


def _miscounted(message: Message) -> Reason | None:
    """Whether the message says of itself what is not so: then all of it is doubtful."""
    counts = [(message.count, message.orders)]
    counts += [(i.count, list(i.orders)) for i in message.instructions if i.count is not None]
    if any(count != len(orders) for count, orders in counts):
        return Reason.WRONG_COUNT
    sums = [(message.control_sum, message.orders)]
    sums += [(i.control_sum, list(i.orders)) for i in message.instructions]
    if any(stated is not None and stated != _sum(orders) for stated, orders in sums):
        return Reason.WRONG_CONTROL_SUM
    return None


def _sum(orders: Sequence[Order]) -> Decimal:
    """``CtrlSum``: the sum of the amounts irrespective of currencies."""
    return sum((Decimal(str(order.money)) for order in orders), Decimal(0))
