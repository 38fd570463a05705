"""ID links (連携ID): telling each data holder under which pseudonym it will hear of a resident.

The holder alone can join the pseudonym to its own record; the platform forgets nothing until the
holder has taken it, and learns nothing from it afterwards.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.clock import Clock, seconds
from gateway.control.holders import tell
from gateway.control.sectors import labels
from schemas.kit.client import CityClient
from schemas.kit.store import Store
from schemas.pseudonym import Pseudonyms

logger = logging.getLogger(__name__)

LINKED_DOMAINS: Final = (
    "administration",
    "education",
    "logistics",
    "medical",
    "mobility",
    "payments",
)
"""Domains that know residents, and so take ID links."""

_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 5.0
_IDLE: Final = 30.0
_AT_ONCE: Final = 100


async def want(connection: AsyncConnection, resident_id: str, domain: str, local_id: str) -> None:
    """Ask for a link; the same one again changes nothing."""
    table = tables.links
    this = (table.c.resident_id == resident_id, table.c.domain == domain)
    held = (await connection.execute(select(table.c.local_id).where(*this))).scalar()
    if held == local_id:
        return
    await connection.execute(delete(table).where(*this))
    await connection.execute(
        insert(table).values(resident_id=resident_id, domain=domain, local_id=local_id, told=None)
    )


@dataclass(slots=True)
class Linker:
    """Args:
    client: the control plane's own client, holding ``<domain>:link``.
    """

    store: Store
    client: CityClient
    pseudonyms: Pseudonyms
    clock: Clock

    async def run(self) -> None:
        """Tell what is still to be told, for ever. Runs until cancelled."""
        pause = _PAUSE
        while True:
            try:
                left = await self.tell()
            except Exception as error:
                logger.warning("ID links: will try again: %r", error)
                left = 1
            pause = min(pause * 2, _LONGEST_PAUSE) if left else _PAUSE
            await asyncio.sleep(pause if left else _IDLE)

    async def tell(self) -> int:
        """Tell every link that no holder has taken yet; how many are left."""
        query = select(tables.links).where(tables.links.c.told.is_(None)).limit(_AT_ONCE)
        async with self.store.read() as connection:
            rows = (await connection.execute(query)).all()
            sectors = await labels.in_force(connection)
        told = [row for row in rows if await self._tell_one(row, sectors)]
        async with self.store.write() as connection:
            for row in told:
                await self._mark(connection, row)
        return len(rows) - len(told) + await self._tell_unlinks()

    async def _tell_unlinks(self) -> int:
        """Tell of every link that is to be forgotten; how many are left."""
        table = tables.unlinks
        async with self.store.read() as connection:
            rows = (await connection.execute(select(table).limit(_AT_ONCE))).all()
        told = [row for row in rows if await self._unlink(row)]
        async with self.store.write() as connection:
            for row in told:
                await connection.execute(
                    delete(table).where(
                        table.c.domain == row.domain, table.c.subject == row.subject
                    )
                )
        return len(rows) - len(told)

    async def _unlink(self, row: Any) -> bool:
        return await tell(self.client, row.domain, "DELETE", f"links/{row.subject}")

    async def _tell_one(self, row: Any, sectors: Mapping[str, str]) -> bool:
        subject = self.pseudonyms.of(row.resident_id, sectors.get(row.domain, row.domain))
        body = {"subject": subject, "localId": row.local_id}
        return await tell(self.client, row.domain, "POST", "links", body)

    async def _mark(self, connection: AsyncConnection, row: Any) -> None:
        table = tables.links
        await connection.execute(
            update(table)
            .where(
                table.c.resident_id == row.resident_id,
                table.c.domain == row.domain,
                table.c.local_id == row.local_id,
            )
            .values(told=seconds(self.clock))
        )
