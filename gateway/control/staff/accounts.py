"""Staff accounts in the store."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.secrets import Secrets, new_token
from gateway.control.staff.roles import Role
from schemas.problem import Conflict

INVITATION: Final = 3 * 86_400
"""Seconds in which an invitation can be taken up."""


@dataclass(frozen=True, slots=True)
class Staff:
    """One person.

    Attributes:
        staff_id: what tokens and the audit log say: random, and nothing about the person.
        password_hash: empty until the invitation is taken up.
    """

    staff_id: str
    username: str
    name: str
    roles: tuple[Role, ...]
    password_hash: str = ""
    suspended: bool = False
    created: int = 0

    @property
    def account(self) -> str:
        """The name under which the second factor is kept."""
        return f"staff:{self.staff_id}"


def new_staff(username: str, name: str, roles: tuple[Role, ...], now: int) -> Staff:
    return Staff(f"s-{uuid.uuid4().hex[:20]}", username, name or username, roles, created=now)


async def add(connection: AsyncConnection, staff: Staff) -> None:
    """Raises:
    Conflict: the user name is taken.
    """
    try:
        await connection.execute(insert(tables.staff).values(**_row(staff)))
    except IntegrityError as error:
        raise Conflict(f"There is an account {staff.username!r} already.") from error


async def replace_roles(
    connection: AsyncConnection, staff: Staff, roles: tuple[Role, ...]
) -> Staff:
    return await _change(connection, replace(staff, roles=roles))


async def suspend(connection: AsyncConnection, staff: Staff, *, suspended: bool) -> Staff:
    return await _change(connection, replace(staff, suspended=suspended))


async def set_password(connection: AsyncConnection, staff: Staff, password_hash: str) -> Staff:
    return await _change(connection, replace(staff, password_hash=password_hash))


async def find(connection: AsyncConnection, staff_id: str) -> Staff | None:
    return await _find(connection, tables.staff.c.staff_id == staff_id)


async def find_by_username(connection: AsyncConnection, username: str) -> Staff | None:
    return await _find(connection, tables.staff.c.username == username)


async def find_all(connection: AsyncConnection) -> list[Staff]:
    rows = await connection.execute(select(tables.staff).order_by(tables.staff.c.username))
    return [_read(row) for row in rows]


async def invite(connection: AsyncConnection, secrets: Secrets, staff: Staff, now: int) -> str:
    """A secret with which the person sets password and second factor; any before it is void."""
    table, invitation = tables.staff, new_token()
    await connection.execute(
        update(table)
        .where(table.c.staff_id == staff.staff_id)
        .values(invitation=secrets.hash(invitation), invited_until=now + INVITATION)
    )
    return invitation


async def find_invited(
    connection: AsyncConnection, secrets: Secrets, invitation: str, now: int
) -> Staff | None:
    table = tables.staff
    invited = (table.c.invitation == secrets.hash(invitation)) & (table.c.invited_until > now)
    return await _find(connection, invited & ~table.c.suspended) if invitation else None


async def take_up(connection: AsyncConnection, staff: Staff) -> None:
    """The invitation is spent."""
    table = tables.staff
    await connection.execute(
        update(table).where(table.c.staff_id == staff.staff_id).values(invitation="")
    )


async def _find(connection: AsyncConnection, which: Any) -> Staff | None:
    row = (await connection.execute(select(tables.staff).where(which))).one_or_none()
    return _read(row) if row else None


async def _change(connection: AsyncConnection, staff: Staff) -> Staff:
    table, row = tables.staff, _row(staff)
    changed = {name: row[name] for name in ("roles", "password_hash", "suspended")}
    await connection.execute(
        update(table).where(table.c.staff_id == staff.staff_id).values(**changed)
    )
    return staff


def _row(staff: Staff) -> dict[str, Any]:
    return {
        "staff_id": staff.staff_id,
        "username": staff.username,
        "name": staff.name,
        "roles": json.dumps(staff.roles),
        "password_hash": staff.password_hash,
        "suspended": staff.suspended,
        "created": staff.created,
        "invitation": "",
        "invited_until": 0,
    }


def _read(row: Any) -> Staff:
    return Staff(
        staff_id=row.staff_id,
        username=row.username,
        name=row.name,
        roles=cast(tuple[Role, ...], tuple(json.loads(row.roles))),
        password_hash=row.password_hash,
        suspended=row.suspended,
        created=row.created,
    )
