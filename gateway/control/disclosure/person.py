"""Who is meant: by a data holder's own id, or by the pseudonym in the audit log."""

from __future__ import annotations

import hmac

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.audit.event import SECTOR
from schemas.problem import NotFound
from schemas.pseudonym import Pseudonyms


async def by_local_id(connection: AsyncConnection, domain: str, local_id: str) -> str:
    """The resident whom a data holder knows by an id.

    Raises:
        NotFound: no resident is linked to it.
    """
    links = tables.links
    query = select(links.c.resident_id).where(
        links.c.domain == domain, links.c.local_id == local_id
    )
    found = (await connection.execute(query)).scalars().all()
    if len(found) != 1:
        raise NotFound("No resident is linked to this id in that domain.")
    return str(found[0])


async def by_pseudonym(connection: AsyncConnection, pseudonyms: Pseudonyms, pseudonym: str) -> str:
    """The resident behind a pseudonym of the audit log.

    A pseudonym leads back only by trying everybody, which is what it is for: a second or two in a
    large city.

    Raises:
        NotFound: it is nobody's.
    """
    residents = await connection.stream(select(tables.residents.c.resident_id))
    async for name in residents.scalars():
        if hmac.compare_digest(pseudonyms.of(name, SECTOR).encode(), pseudonym.encode()):
            return str(name)
    raise NotFound("The audit log knows nobody by this pseudonym.")
