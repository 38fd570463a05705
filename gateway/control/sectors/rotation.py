"""Rotating a sector's key: every resident gets a new name there, and nothing is lost on the way.

1. ``telling``: the holder is told each resident's old and new name. It moves what it has to the
   new one, and understands both.
2. ``settling``: the policy has the new key. Once no gateway can have the old one any more, the
   holder is told all once more, for who came in meanwhile.
3. ``forgetting``: the holder is told that the old names are over.

A stage goes resident by resident, and its cursor is in the store: a process that dies, or another
one, goes on where it stopped. What a holder is told twice changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import holders, tables
from gateway.control.audit.event import PLATFORM
from gateway.control.sectors.labels import label
from gateway.control.state import Control
from schemas.kit.client import CityClient
from schemas.kit.store import Store
from schemas.problem import Conflict

logger = logging.getLogger(__name__)

Stage = Literal["", "telling", "settling", "forgetting"]

GRACE: Final = 60
"""Seconds after which every gateway has the new policy, or has been without the control plane for
so long that what it lets through under old names is understood by the aliases all the same."""
_PAUSE: Final = 0.5
_IDLE: Final = 30.0
_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Sector:
    """Attributes:
    epoch: of the key in force.
    cursor: newest resident of this stage.
    since: when the stage began, in seconds since the epoch.
    """

    name: str
    epoch: int = 0
    stage: Stage = ""
    cursor: str = ""
    since: int = 0

    @property
    def turn(self) -> tuple[str, str]:
        """The labels of the old and the new key of the rotation that is under way."""
        new = self.epoch + (self.stage == "telling")
        return label(self.name, new - 1), label(self.name, new)


async def find(connection: AsyncConnection, name: str) -> Sector:
    table = tables.sectors
    row = (await connection.execute(select(table).where(table.c.name == name))).one_or_none()
    return Sector(**row._mapping) if row else Sector(name)


async def find_all(connection: AsyncConnection) -> list[Sector]:
    rows = await connection.execute(select(tables.sectors).order_by(tables.sectors.c.name))
    return [Sector(**row._mapping) for row in rows]


async def begin(connection: AsyncConnection, store: Store, name: str, now: int) -> Sector:
    """Begin to rotate.

    Raises:
        Conflict: a rotation of this sector is under way.
    """
    held = await find(connection, name)
    if held.stage:
        raise Conflict(f"The key of {name!r} is being rotated already; wait until it is done.")
    begun = Sector(name, held.epoch, "telling", "", now)
    await connection.execute(store.upsert(tables.sectors, **_row(begun)))
    return begun


@dataclass(slots=True)
class Rotations:
    """Takes every rotation through its stages.

    Args:
        client: the control plane's own client, holding ``<domain>:link``.
    """

    control: Control
    client: CityClient
    grace: float = GRACE

    async def run(self) -> None:
        """Runs until cancelled."""
        while True:
            try:
                busy = await self.step()
            except Exception as error:
                logger.warning("rotation of sector keys: will try again: %r", error)
                busy = True
            await asyncio.sleep(_PAUSE if busy else _IDLE)

    async def step(self) -> bool:
        """One piece of every rotation that is under way; whether there is one."""
        async with self.control.store.read() as connection:
            found = [one for one in await find_all(connection) if one.stage]
        for sector in found:
            await self._advance(sector)
        return bool(found)

    async def _advance(self, sector: Sector) -> None:
        if sector.stage == "settling" and self.control.now() - sector.since < self.grace:
            return
        tell = self._forget if sector.stage == "forgetting" else self._rename
        async with self.control.store.read() as connection:
            residents = await _residents(connection, sector)
        for resident in residents:
            if not await tell(sector, resident):
                break
            sector = await self._move_on(sector, resident)
        else:
            if len(residents) < _AT_ONCE:
                await self._next_stage(sector)

    async def _rename(self, sector: Sector, resident: str) -> bool:
        old, new = self._names(sector, resident)
        body = {"old": old, "new": new}
        return await holders.tell(self.client, sector.name, "POST", "names", body)

    async def _forget(self, sector: Sector, resident: str) -> bool:
        old, _ = self._names(sector, resident)
        body = {"old": old}
        return await holders.tell(self.client, sector.name, "POST", "names/forgotten", body)

    def _names(self, sector: Sector, resident: str) -> tuple[str, str]:
        old, new = (self.control.pseudonyms.of(resident, one) for one in sector.turn)
        return old, new

    async def _move_on(self, sector: Sector, resident: str) -> Sector:
        moved = Sector(sector.name, sector.epoch, sector.stage, resident, sector.since)
        async with self.control.store.write() as connection:
            await _write(connection, sector, moved)
        return moved

    async def _next_stage(self, sector: Sector) -> None:
        following: dict[Stage, Stage] = {
            "telling": "settling", "settling": "forgetting", "forgetting": "",
        }  # fmt: skip
        stage, epoch = following[sector.stage], sector.epoch + (sector.stage == "telling")
        after = Sector(sector.name, epoch, stage, "", self.control.now())
        # the policy changes with the epoch alone, but says so at the others too: they are rare
        async with self.control.change() as connection:
            if await _write(connection, sector, after) and not stage:
                await self.control.record(
                    connection, PLATFORM, "sector.rotated", sector.name, epoch=epoch
                )


async def _residents(connection: AsyncConnection, sector: Sector) -> list[str]:
    """The next ones; a holder that has nothing of somebody has nothing to move."""
    table = tables.residents
    query = (
        select(table.c.resident_id)
        .where(table.c.resident_id > sector.cursor)
        .order_by(table.c.resident_id)
        .limit(_AT_ONCE)
    )
    return [str(row.resident_id) for row in await connection.execute(query)]


async def _write(connection: AsyncConnection, before: Sector, after: Sector) -> bool:
    """Whether it was still as before: another process may be at the same rotation."""
    table = tables.sectors
    written = await connection.execute(
        update(table)
        .where(
            table.c.name == before.name,
            table.c.epoch == before.epoch,
            table.c.stage == before.stage,
        )
        .values(**_row(after))
    )
    return written.rowcount == 1


def _row(sector: Sector) -> dict[str, object]:
    return {name: getattr(sector, name) for name in sector.__slots__}
