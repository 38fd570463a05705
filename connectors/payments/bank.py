"""The ledger and all that works on it, put together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import MetaData

from connectors.links import Links, links_table
from connectors.names import Names, names_table
from connectors.payments import audit
from connectors.payments.accounts import Accounts
from connectors.payments.messages import Messages
from connectors.payments.models import LedgerCheck
from connectors.payments.payments import Payments
from connectors.payments.queries import Queries
from connectors.payments.tables import ledger_tables
from connectors.payments.transaction import Transactions
from connectors.publish import Publisher
from schemas.kit.store import Store


class Bank:
    """Everything of one ledger; declares its tables in ``metadata``, before the store opens."""

    def __init__(
        self,
        store: Store,
        metadata: MetaData,
        publisher: Publisher,
        source: str,
        clock: Callable[[], datetime],
    ) -> None:
        self.clock = clock
        self._tables = ledger_tables(metadata)
        self._transactions = Transactions(store)
        links = links_table(metadata)
        self.names = Names(store, names_table(metadata), "payments", (links, self._tables.payments))
        self.links = Links(store, links, "payments", self.names)
        self.accounts = Accounts(self._transactions, self._tables, clock)
        self.payments = Payments(self._transactions, self._tables, publisher, source, clock)
        self.messages = Messages(self._transactions, self._tables, self.payments, clock)
        self.queries = Queries(self._transactions, self._tables)

    async def check(self) -> LedgerCheck:
        """The books computed anew; see :mod:`connectors.payments.audit`."""
        async with self._transactions.read() as connection:
            await self._transactions.one_view(connection)
            return await audit.check(connection, self._tables, self.clock())
