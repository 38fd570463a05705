"""When a subscription was told last, and when it must be told next; what throttling holds back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.store import Store
from services.broker.subscriptions.changes import EntityChange, dumped, loaded
from services.broker.subscriptions.model import Subscription
from services.broker.subscriptions.tables import subscription_held, subscription_times

Key = tuple[str, str]
"""Tenant and id of a subscription."""

_PORTION: Final = 200


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds since the epoch; None where there is no such time."""

    notified: float | None = None
    due: float | None = None


def key_of(subscription: Subscription) -> Key:
    return subscription.tenant, subscription.id


class Clockwork:
    """The rows of ``subscription_times`` and ``subscription_held``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def times(self, connection: AsyncConnection, keys: Iterable[Key]) -> dict[Key, Times]:
        c = subscription_times.c
        found: dict[Key, Times] = {}
        wanted = set(keys)
        ids = sorted({id_ for _, id_ in wanted})
        for start in range(0, len(ids), _PORTION):
            query = select(subscription_times).where(
                c.subscription.in_(ids[start : start + _PORTION])
            )
            for row in await connection.execute(query):
                found[row.tenant, row.subscription] = Times(row.notified, row.due)
        return {key: times for key, times in found.items() if key in wanted}

    async def due(self, connection: AsyncConnection, now: float) -> list[Key]:
        """Those that must be told now, the longest due first."""
        c = subscription_times.c
        query = select(c.tenant, c.subscription).where(c.due <= now).order_by(c.due)
        rows = await connection.execute(query.limit(_PORTION))
        return [(row.tenant, row.subscription) for row in rows]

    async def next_due(self, connection: AsyncConnection) -> float | None:
        found: float | None = await connection.scalar(select(func.min(subscription_times.c.due)))
        return found

    async def held(self, connection: AsyncConnection, key: Key) -> list[EntityChange]:
        c = subscription_held.c
        query = select(c.change).where(c.tenant == key[0], c.subscription == key[1])
        bodies = (await connection.execute(query.order_by(c.entity))).scalars()
        return [change for body in bodies for change in loaded(body)]

    async def write(self, connection: AsyncConnection, times: Mapping[Key, Times]) -> None:
        for (tenant, id_), found in times.items():
            await connection.execute(
                self._store.upsert(
                    subscription_times,
                    tenant=tenant,
                    subscription=id_,
                    notified=found.notified,
                    due=found.due,
                )
            )

    async def hold(
        self, connection: AsyncConnection, held: Mapping[Key, Sequence[EntityChange]]
    ) -> None:
        """Keep what is held back, in place of what was."""
        for key, changes in held.items():
            await self.release(connection, key)
            for change in changes:
                row = self._store.insert(subscription_held).values(
                    tenant=key[0],
                    subscription=key[1],
                    entity=change.entity.id,
                    change=dumped([change]),
                )
                await connection.execute(row)

    async def release(self, connection: AsyncConnection, key: Key) -> None:
        c = subscription_held.c
        there = (c.tenant == key[0], c.subscription == key[1])
        await connection.execute(delete(subscription_held).where(*there))

    async def forget(self, connection: AsyncConnection, key: Key) -> None:
        """Of a subscription that is no more."""
        c = subscription_times.c
        there = (c.tenant == key[0], c.subscription == key[1])
        await connection.execute(delete(subscription_times).where(*there))
        await self.release(connection, key)


def joined(held: Iterable[EntityChange], new: Iterable[EntityChange]) -> list[EntityChange]:
    """What became of each entity on the whole; those that came and went are left out."""
    found: dict[str, EntityChange] = {change.entity.id: change for change in held}
    for change in new:
        earlier = found.pop(change.entity.id, None)
        whole = earlier.followed_by(change) if earlier else change
        if whole is not None:
            found[change.entity.id] = whole
    return list(found.values())
