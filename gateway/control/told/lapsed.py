"""What ends without anybody's doing: consents that run out, and those of a suspended client.

Looked for now and then. The message of an end has the same id each time it is written, so looking
twice tells nobody twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.consent.records import Given, read
from gateway.control.oauth.records import Grant
from gateway.control.state import Control
from gateway.control.told import notice
from gateway.control.told.notice import Reason

_BACK_SECONDS: Final = 86_400
"""How far back a process looks that has just begun: as long as nobody may have looked."""

_PORTION: Final = 500


@dataclass(slots=True)
class Lapsed:
    """Args:
    control: whose clock it goes by.
    """

    control: Control
    _seen: int | None = None
    _suspended: set[tuple[str, int]] = field(default_factory=set)

    async def write(self) -> None:
        """Write the notices of what has lapsed since the last time."""
        now = self.control.now()
        since = now - _BACK_SECONDS if self._seen is None else self._seen
        await self._write_expired(since, now)
        await self._write_suspended(now)
        self._seen = now

    async def _write_expired(self, since: int, now: int) -> None:
        given = tables.consents
        ran_out = and_(given.c.until > since, given.c.until <= now, given.c.withdrawn.is_(None))
        await self._tell(ran_out, "expired", None)

    async def _write_suspended(self, now: int) -> None:
        given, client = tables.consents, tables.clients
        query = select(client.c.client_id, client.c.revoked_before).where(client.c.suspended)
        async with self.control.store.read() as connection:
            rows = (await connection.execute(query)).all()
        suspended = {(row.client_id, row.revoked_before) for row in rows}
        for name, at in sorted(suspended - self._suspended):
            living = and_(
                given.c.client_id == name, given.c.until > now, given.c.withdrawn.is_(None)
            )
            await self._tell(living, "suspended", at)
        self._suspended = suspended

    async def _tell(self, which: ColumnElement[bool], reason: Reason, at: int | None) -> None:
        async with self.control.store.read() as connection:
            found = await _by_grant(connection, which)
        rows = [
            notice.row(self.control, grant, consents, reason, at or consents[0].until)
            for grant, consents in found
        ]
        for start in range(0, len(rows), _PORTION):
            async with self.control.store.write() as connection:
                await notice.write(self.control, connection, rows[start : start + _PORTION])


async def _by_grant(
    connection: AsyncConnection, which: ColumnElement[bool]
) -> list[tuple[Grant, list[Given]]]:
    """Consents of clients that want notices, by grant and by when they end."""
    given, target = tables.consents, tables.notice_targets
    query = (
        select(given)
        .join(target, target.c.client_id == given.c.client_id)
        .where(which)
        .order_by(given.c.gid, given.c.until, given.c.consent_id)
    )
    rows = [read(row) for row in (await connection.execute(query)).mappings()]
    return [(_grant(key), list(found)) for key, found in groupby(rows, _key)]


def _key(given: Given) -> Any:
    return given.gid, given.client_id, given.resident_id


def _grant(key: tuple[str, str, str]) -> Grant:
    """What a notice says of a grant; its row may be gone already."""
    gid, client_id, resident_id = key
    return Grant(gid, client_id, resident_id, scope="", created=0, expires=0)
