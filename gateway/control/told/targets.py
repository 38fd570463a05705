"""Where clients are told, and how they know that it is the city who tells them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.secrets import Secrets
from gateway.control.state import Control
from schemas.kit.outgoing.guard import Guard, Refused
from schemas.kit.outgoing.schedule import Circuit
from schemas.kit.outgoing.signing import new_secret
from schemas.problem import Fault, Unprocessable


@dataclass(frozen=True, slots=True)
class Target:
    """One client's address.

    Attributes:
        secret: by which notices are signed (Standard Webhooks).
    """

    client_id: str
    uri: str
    secret: str
    circuit: Circuit


def check(guard: Guard, uri: str, where: str) -> None:
    """Refuse an address that is never called.

    Args:
        where: JSON Pointer of it in the request.

    Raises:
        Unprocessable: saying what is wrong with it.
    """
    try:
        guard.check_url(uri)
    except Refused as refused:
        raise Unprocessable(
            "Give a URL that the city may call.", faults=[Fault(where, str(refused))]
        ) from refused


async def put(control: Control, connection: AsyncConnection, client_id: str, uri: str) -> str:
    """Have a client told at ``uri``; the new secret, which is told this once."""
    secret = new_secret()
    row = control.store.upsert(
        tables.notice_targets,
        client_id=client_id,
        uri=uri,
        secret=control.secrets.seal(secret.encode(), _label(client_id)),
        since=control.now(),
        failures=0,
        failing_since=None,
        open_until=0.0,
    )
    await connection.execute(row)
    waits = (tables.notices.c.client_id == client_id, tables.notices.c.due.is_not(None))
    now = control.clock().timestamp()
    await connection.execute(update(tables.notices).where(*waits).values(due=now))
    return secret


async def remove(connection: AsyncConnection, client_id: str) -> bool:
    """Tell a client no more; whether it was told before. What waits for it is given up."""
    table, notices = tables.notice_targets, tables.notices
    gone = await connection.execute(delete(table).where(table.c.client_id == client_id))
    waits = (notices.c.client_id == client_id, notices.c.due.is_not(None))
    await connection.execute(
        update(notices).where(*waits).values(due=None, error="the client has no address any more")
    )
    return gone.rowcount > 0


async def tell_again(connection: AsyncConnection, client_id: str, now: float) -> int:
    """Try at once whatever a client has not acknowledged, also what was given up; how many."""
    table, notices = tables.notice_targets, tables.notices
    fresh = {"failures": 0, "failing_since": None, "open_until": 0.0}
    await connection.execute(update(table).where(table.c.client_id == client_id).values(**fresh))
    waits = (notices.c.client_id == client_id, notices.c.acknowledged.is_(None))
    found = await connection.execute(update(notices).where(*waits).values(due=now, tries=0))
    return int(found.rowcount)


async def addresses(connection: AsyncConnection) -> dict[str, str]:
    """Where each client is told, by client."""
    table = tables.notice_targets
    query = select(table.c.client_id, table.c.uri).order_by(table.c.client_id)
    return {row.client_id: row.uri for row in await connection.execute(query)}


async def load(
    connection: AsyncConnection, secrets: Secrets, ids: Collection[str]
) -> dict[str, Target]:
    """Clients' addresses, by client."""
    table = tables.notice_targets
    query = select(table).where(table.c.client_id.in_(list(ids)))
    return {row.client_id: _target(secrets, row) for row in await connection.execute(query)}


def _target(secrets: Secrets, row: Any) -> Target:
    return Target(
        client_id=row.client_id,
        uri=row.uri,
        secret=secrets.open(row.secret, _label(row.client_id)).decode(),
        circuit=Circuit(row.failures, row.failing_since, row.open_until),
    )


def _label(client_id: str) -> str:
    return f"consent-notices:{client_id}"
