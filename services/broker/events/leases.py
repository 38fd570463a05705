"""Leases on a group's batches, in SQL: who works on what, and until when.

The lease's name is the cursor that the consumer gets, so a consumer whose lease ran out and was
taken by another commits nothing (fencing).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.caller import Caller
from schemas.kit.store import Store
from schemas.problem import Conflict, Forbidden, NotFound
from services.broker.consent.groups import alike
from services.broker.events.patterns import Wanted
from services.broker.log import Position
from services.broker.tables import groups

LEASE_SECONDS: Final = 30.0
MOST_GROUPS: Final = 50


@dataclass(frozen=True, slots=True)
class Handed:
    """A batch that a consumer holds: its lease, and the way from where to where it goes."""

    lease: str
    upto: Position
    wanted: Wanted


class Leases:
    """The leases of all groups.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store, self._clock = store, clock

    async def take(
        self, caller: Caller, group: str, lease: str, consumer: str, wait: float
    ) -> None:
        """Claim the group for one consumer, for as long as it waits and then works.

        Raises:
            Conflict: another consumer holds a batch.
            Forbidden: the client has too many groups.
        """
        now = self._clock()
        row = {
            "lease": lease,
            "consumer": consumer,
            "leased_until": now + wait + LEASE_SECONDS,
            "upto": "",
        }
        free = groups.c.leased_until < now
        if consumer:
            free = or_(free, groups.c.consumer == consumer)
        claim = self._store.insert(groups).values(
            client=caller.client, name=group, created=int(now), types="", **row
        )
        statement = claim.on_conflict_do_update(
            index_elements=[groups.c.client, groups.c.name], set_=row, where=free
        ).returning(groups.c.name)
        async with self._store.write() as connection:
            await self._check_number(connection, caller, group)
            taken = (await connection.execute(statement)).scalar_one_or_none()
        if taken is None:
            raise Conflict(
                f"Another consumer of {group} holds a batch; fetch again when it has committed,"
                f" or after {LEASE_SECONDS:.0f} s. Name your `consumer` to get your own batch"
                " back at once.",
                slug="group-busy",
                headers={"retry-after": "1"},
            )

    async def _check_number(self, connection: AsyncConnection, caller: Caller, group: str) -> None:
        others = select(func.count()).where(
            groups.c.client == caller.client, groups.c.name != group, alike(group)
        )
        if (await connection.execute(others)).scalar_one() >= MOST_GROUPS:
            raise Forbidden(f"A client has at most {MOST_GROUPS} consumer groups.")

    async def hold(
        self, caller: Caller, group: str, lease: str, upto: Position, wanted: Wanted
    ) -> None:
        """Note what the consumer was handed, and until when it is the consumer's alone."""
        values = {
            "upto": str(upto),
            "types": " ".join(sorted(wanted.types)),
            "leased_until": self._clock() + LEASE_SECONDS,
        }
        await self._set(caller, group, lease, values)

    async def free(self, caller: Caller, group: str, lease: str) -> None:
        """Let the next consumer in, if the lease is still this one."""
        await self._set(caller, group, lease, {"leased_until": 0.0, "lease": "", "upto": ""})

    async def _set(self, caller: Caller, group: str, lease: str, values: dict[str, Any]) -> None:
        which = and_(
            groups.c.client == caller.client, groups.c.name == group, groups.c.lease == lease
        )
        async with self._store.write() as connection:
            await connection.execute(update(groups).where(which).values(**values))

    async def handed(self, caller: Caller, group: str, cursor: str) -> Handed:
        """The batch that a cursor stands for.

        Raises:
            Conflict: it is not the one handed out last.
            NotFound: the client has no such group.
        """
        which = and_(groups.c.client == caller.client, groups.c.name == group)
        async with self._store.read() as connection:
            row = (await connection.execute(select(groups).where(which))).one_or_none()
        if row is None:
            raise NotFound(f"You have no consumer group {group}; fetch creates it.")
        # a lease that ran out but that nobody else took is still the consumer's
        if not cursor or row.lease != cursor or not row.upto:
            raise Conflict(
                "The cursor is not that of the batch handed out last: the lease ran out, or it is"
                " committed already. Fetch again.",
                slug="lease-lost",
            )
        return Handed(cursor, Position.parse(row.upto), Wanted.exactly(row.types.split()))
