"""Erasing a resident from the platform: at their own word, at once, and for good.

Every consent ends (and the apps are told), holders forget who they are here, the account goes, and
the key is destroyed under which the audit log knows them: the log stays whole and can still be
proved, but nobody can read any more what in it was about them. What a holder keeps by law (a
filing, a medical record) is the holder's, and stays there without a name that leads to anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import second_factor, tables
from gateway.control.audit.event import RESIDENT, SECTOR
from gateway.control.consent.withdraw import withdraw
from gateway.control.residents import Resident
from gateway.control.sectors import labels
from gateway.control.state import Control

NOBODY: Final = "erased"
"""Whose grants and consents are that are known a while longer, to refuse what is left of them."""
_GONE: Final[tuple[Table, ...]] = (
    tables.sessions,
    tables.recovery_codes,
    tables.provider_subjects,
    tables.links,
    tables.residents,
)
_NAMELESS: Final[tuple[Table, ...]] = (
    tables.grants,
    tables.consents,
    tables.notices,
    tables.disclosures,
)


async def erase(control: Control, resident: Resident) -> None:
    """Erase everything that the platform has of a resident, in one transaction."""
    subject = control.pseudonyms.of(resident.resident_id, SECTOR)
    async with control.change() as connection:
        for gid in await _living(connection, resident):
            await withdraw(control, connection, gid, actor=RESIDENT, action="consent.withdraw")
        await _leave_holders(control, connection, resident)
        await second_factor.remove(connection, resident.account)
        for table in _GONE:
            await connection.execute(
                delete(table).where(table.c.resident_id == resident.resident_id)
            )
        for table in _NAMELESS:
            await connection.execute(
                update(table)
                .where(table.c.resident_id == resident.resident_id)
                .values(resident_id=NOBODY)
            )
        objections = tables.objections
        await connection.execute(delete(objections).where(objections.c.subject == subject))
        await control.audit.forget(connection, subject, control.now_ms())


async def _living(connection: AsyncConnection, resident: Resident) -> Sequence[str]:
    table = tables.grants
    query = select(table.c.gid).where(
        table.c.resident_id == resident.resident_id, table.c.revoked.is_(None)
    )
    return list(await connection.scalars(query))


async def _leave_holders(control: Control, connection: AsyncConnection, resident: Resident) -> None:
    """Note which holders are to forget which name; :class:`gateway.control.links.Linker` tells
    them. Only the name is kept, which without the resident leads to nobody."""
    table = tables.links
    query = select(table.c.domain).where(table.c.resident_id == resident.resident_id)
    sectors = await labels.in_force(connection)
    for domain in await connection.scalars(query):
        name = control.pseudonyms.of(resident.resident_id, sectors.get(domain, domain))
        await connection.execute(insert(tables.unlinks).values(domain=domain, subject=name))
