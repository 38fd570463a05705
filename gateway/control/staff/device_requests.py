"""What devices have asked for and staff have not yet decided (RFC 8628), in the store."""

from __future__ import annotations

import secrets as random
from dataclasses import dataclass
from typing import Final

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.secrets import Secrets, new_token

LIFETIME: Final = 600
"""Seconds: to find a browser, a password and a phone."""
INTERVAL: Final = 5
"""Seconds between a device's questions (RFC 8628 §3.2)."""
_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""RFC 8628 §6.1: no vowels, so no words; nothing that looks like a digit."""
_LENGTH: Final = 8


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """Attributes:
    hash: of the device code.
    asked: when the device last asked, in seconds since the epoch; 0 if never.
    gid: the staff grant that came of it; empty until there is one.
    """

    hash: str
    client_id: str
    scope: str
    expires: int
    asked: int = 0
    gid: str = ""
    denied: bool = False


@dataclass(frozen=True, slots=True)
class Codes:
    """Attributes:
    device: for the device alone.
    user: for the person to type: ``BCDF-GHJK``.
    """

    device: str
    user: str


async def add(
    connection: AsyncConnection, secrets: Secrets, client_id: str, scope: str, now: int
) -> Codes:
    letters = "".join(random.choice(_LETTERS) for _ in range(_LENGTH))
    codes = Codes(new_token(), f"{letters[:4]}-{letters[4:]}")
    await connection.execute(
        insert(tables.device_requests).values(
            hash=secrets.hash(codes.device),
            user_code=secrets.hash(f"user code {letters}"),
            client_id=client_id,
            scope=scope,
            expires=now + LIFETIME,
            asked=0,
            gid="",
            denied=False,
        )
    )
    return codes


async def find(connection: AsyncConnection, secrets: Secrets, device: str) -> DeviceRequest | None:
    return await _find(connection, tables.device_requests.c.hash == secrets.hash(device))


async def find_open(
    connection: AsyncConnection, secrets: Secrets, user_code: str, now: int
) -> DeviceRequest | None:
    """The undecided request of a code as somebody typed it: case and separators do not count."""
    table = tables.device_requests
    letters = "".join(one for one in user_code.upper() if one in _LETTERS)
    undecided = (table.c.gid == "") & ~table.c.denied & (table.c.expires > now)
    return await _find(
        connection, (table.c.user_code == secrets.hash(f"user code {letters}")) & undecided
    )


async def decide(connection: AsyncConnection, request: DeviceRequest, gid: str) -> bool:
    """Allow with a grant, or deny without; whether it was still to be decided."""
    table = tables.device_requests
    decided = await connection.execute(
        update(table)
        .where(table.c.hash == request.hash, table.c.gid == "", ~table.c.denied)
        .values(gid=gid, denied=not gid)
    )
    return decided.rowcount == 1


async def _find(connection: AsyncConnection, which: object) -> DeviceRequest | None:
    table = tables.device_requests
    row = (await connection.execute(select(table).where(which))).one_or_none()  # type: ignore[arg-type]
    if row is None:
        return None
    return DeviceRequest(
        row.hash, row.client_id, row.scope, row.expires, row.asked, row.gid, row.denied
    )
