"""What has to be done now and then: new signing keys, and forgetting what has expired."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete

from gateway.control import tables
from gateway.control.catalogue import history
from gateway.control.gateways import workers
from gateway.control.identity import provider_visits
from gateway.control.oauth import clients, records, signing_keys
from gateway.control.staff import grants as staff_grants
from gateway.control.state import Control
from gateway.control.usage import kept as usage

logger = logging.getLogger(__name__)

EVERY: Final = 600.0


@dataclass(frozen=True, slots=True)
class Housekeeper:
    control: Control
    every: float = EVERY

    async def run(self) -> None:
        """Runs until cancelled."""
        while True:
            await asyncio.sleep(self.every)
            try:
                await self.tidy()
            except Exception as error:
                logger.warning("housekeeping: will try again: %r", error)

    async def tidy(self) -> None:
        now = self.control.now()
        async with self.control.store.write() as connection:
            await records.forget_expired(connection, now)
            await clients.forget_unapproved(connection, now)
            await staff_grants.forget_expired(connection, now)
            await provider_visits.forget_expired(connection, now)
            await usage.forget(connection, now)
            await workers.forget_missing(connection, now)
            await history.forget_old(connection, now)
            for table in (tables.sessions, tables.staff_sessions):
                await connection.execute(delete(table).where(table.c.expires < now))
            await connection.execute(
                delete(tables.login_failures).where(tables.login_failures.c.last < now - 86_400)
            )
        async with self.control.change() as connection:
            await signing_keys.ensure(connection, self.control.secrets, now)
