"""A resident's consents in the store: which there are, and ending one."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import not_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.audit.event import RESIDENT
from gateway.control.consent import withdraw as withdrawing
from gateway.control.disclosure.records import is_one
from gateway.control.oauth import records
from gateway.control.oauth.records import Grant
from gateway.control.residents import Resident
from gateway.control.state import Control

_MOST = 200


@dataclass(frozen=True, slots=True)
class Consent:
    """What a resident has agreed to.

    Attributes:
        client: the application's name; its id where it is not registered any more.
    """

    grant: Grant
    client: str


async def of(connection: AsyncConnection, resident: Resident) -> list[Consent]:
    """The newest first."""
    grant, client = tables.grants, tables.clients
    query = (
        select(grant, client.c.name)
        .select_from(grant.outerjoin(client, client.c.client_id == grant.c.client_id))
        .where(grant.c.resident_id == resident.resident_id, not_(is_one()))
        .order_by(grant.c.created.desc(), grant.c.gid)
        .limit(_MOST)
    )
    found = []
    for row in (await connection.execute(query)).mappings():
        members = dict(row)
        name = members.pop("name")
        found.append(Consent(Grant(**members), name or members["client_id"]))
    return found


async def withdraw(control: Control, resident: Resident, gid: str) -> bool:
    """End a consent: its tokens are refused by every gateway as soon as the policy is there.

    Returns:
        Whether there was one of this resident to end.
    """
    now = control.now()
    async with control.store.read() as connection:
        grant = await records.find_grant(connection, gid)
    mine = grant is not None and grant.resident_id == resident.resident_id
    if grant is None or not mine or not grant.is_alive(now):
        return False
    async with control.change() as connection:
        ended = await withdrawing.withdraw(
            control, connection, gid, actor=RESIDENT, action="consent.withdraw"
        )
    return ended is not None
