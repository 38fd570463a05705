"""Consumer groups of residents' grants: what a client calls a group is another one in each grant.

Otherwise what one resident's token commits, another's would have passed over.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from sqlalchemy import ColumnElement, delete, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.caller import Caller
from services.broker.tables import groups

_DOT = "."


def own_name(group: str, caller: Caller) -> str:
    """What the group is called in the store and on the log."""
    return f"{group}{_of(caller.grant)}" if caller.grant else group


def alike(group: str) -> ColumnElement[bool]:
    """The groups of the same grant as ``group``; of no grant, where it is of none."""
    _, dot, grant = group.partition(_DOT)
    if dot:
        return groups.c.name.endswith(dot + grant, autoescape=True)
    return groups.c.name.not_like(f"%{_DOT}%")


async def end(connection: AsyncConnection, grants: Iterable[str]) -> None:
    """Forget the groups of grants that have ended; what they committed goes with the log."""
    names = [groups.c.name.endswith(_of(grant), autoescape=True) for grant in grants]
    if names:
        await connection.execute(delete(groups).where(or_(*names)))


def _of(grant: str) -> str:
    return f"{_DOT}{sha256(grant.encode()).hexdigest()[:16]}"
