"""Where a resident is signed in, and ending that."""

from __future__ import annotations

from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.audit.event import RESIDENT
from gateway.control.oauth.sessions import Browser
from gateway.control.residents import Resident
from gateway.control.state import Control


@dataclass(frozen=True, slots=True)
class SignedIn:
    """One browser that is signed in.

    Attributes:
        name: by which a form names it; it opens nothing.
        here: it is the one that asks.
        means: methods of the sign-in (RFC 8176).
    """

    name: str
    here: bool
    device: str
    began: int
    means: tuple[str, ...]


async def of(control: Control, browser: Browser, resident: Resident) -> list[SignedIn]:
    """This one first, then the newest."""
    here = control.secrets.hash(browser.token)
    async with control.store.read() as connection:
        found = [
            SignedIn(
                name=_name(control, row.hash),
                here=compare_digest(row.hash, here),
                device=row.device,
                began=row.began,
                means=tuple(row.amr.split()),
            )
            for row in await _rows(connection, control, resident)
        ]
    return sorted(found, key=lambda one: (not one.here, -one.began))


async def end(control: Control, browser: Browser, resident: Resident, name: str = "") -> bool:
    """End one other sign-in, or all others; this one is ended by signing out.

    Args:
        name: which; empty for all others.

    Returns:
        Whether there was any.
    """
    here = control.secrets.hash(browser.token)
    async with control.store.write() as connection:
        chosen = [
            row.hash
            for row in await _rows(connection, control, resident)
            if not compare_digest(row.hash, here) and name in ("", _name(control, row.hash))
        ]
        if chosen:
            table = tables.sessions
            await connection.execute(delete(table).where(table.c.hash.in_(chosen)))
            await control.record_about(
                connection, resident.resident_id, RESIDENT, "account.sessions-end",
                sessions=len(chosen),
            )  # fmt: skip
    return bool(chosen)


async def _rows(connection: AsyncConnection, control: Control, resident: Resident) -> list[Any]:
    table = tables.sessions
    query = select(table).where(
        table.c.resident_id == resident.resident_id, table.c.expires > control.now()
    )
    return list(await connection.execute(query))


def _name(control: Control, hashed: str) -> str:
    return control.secrets.hash(f"session {hashed}")[:32]
