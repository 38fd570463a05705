"""A resident's consents in the store: which there are, and ending them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import not_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.audit.event import RESIDENT
from gateway.control.consent import records as kept
from gateway.control.consent import withdraw as withdrawing
from gateway.control.consent.records import Given
from gateway.control.disclosure.records import is_one
from gateway.control.oauth.records import Grant
from gateway.control.residents import Resident
from gateway.control.state import Control

_MOST = 200
OF_CLIENT = "client:"
"""Before a client's id: all that the resident has agreed to with it."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a resident has agreed to at one time.

    Attributes:
        client: the application's name; its id where it is not registered any more.
        given: the consents under the grant, ended ones too.
    """

    grant: Grant
    client: str
    given: tuple[Given, ...] = ()


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
    given = await kept.of_resident(connection, resident.resident_id)
    found = []
    for row in (await connection.execute(query)).mappings():
        members = dict(row)
        name = members.pop("name")
        mine = tuple(one for one in given if one.gid == members["gid"])
        found.append(Consent(Grant(**members), name or members["client_id"], mine))
    return found


async def withdraw(control: Control, resident: Resident, which: str) -> bool:
    """End what a resident agreed to: every gateway refuses it as soon as the policy is there.

    Args:
        which: a consent, a grant with all of its consents, or :data:`OF_CLIENT` and a client's id
            for all grants to that client.

    Returns:
        Whether there was anything of this resident to end.
    """
    now = control.now()
    async with control.store.read() as connection:
        mine = [one for one in await of(connection, resident) if one.grant.is_alive(now)]
    chosen = [(one.grant.gid, part) for one in mine if (part := _part(one, which, now)) is not None]
    if not chosen:
        return False
    ended = []
    async with control.change() as connection:
        for gid, part in chosen:
            ended.append(
                await withdrawing.withdraw(
                    control,
                    connection,
                    gid,
                    actor=RESIDENT,
                    action="consent.withdraw",
                    consent_id=part,
                )
            )
    return any(one is not None for one in ended)


def _part(consent: Consent, which: str, now: int) -> str | None:
    """The consent id to end, ``""`` for the whole grant, ``None`` for nothing of this one."""
    if which in (consent.grant.gid, OF_CLIENT + consent.grant.client_id):
        return ""
    living = (one.consent_id for one in consent.given if one.is_alive(now))
    return which if which in living else None
