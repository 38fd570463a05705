"""All subscriptions in memory, found by type: read again when somebody has changed one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.store import Store
from services.broker.subscriptions.changes import EntityChange
from services.broker.subscriptions.matching import concerns, type_names
from services.broker.subscriptions.model import Subscription, compiled
from services.broker.subscriptions.tables import subscription_version, subscriptions

_Key = tuple[str, str]


class Table:
    """The subscriptions at one version; never changed, only replaced."""

    def __init__(self, version: int, found: Iterable[Subscription]) -> None:
        self.version = version
        self.all: dict[_Key, Subscription] = {(s.tenant, s.id): s for s in found}
        self._by_type: dict[_Key, list[Subscription]] = defaultdict(list)
        self._any_type: dict[str, list[Subscription]] = defaultdict(list)
        for subscription in self.all.values():
            if not subscription.interval:
                self._add(subscription)

    def _add(self, subscription: Subscription) -> None:
        names = type_names(subscription)
        if names is None:
            self._any_type[subscription.tenant].append(subscription)
            return
        for name in names:
            self._by_type[subscription.tenant, name].append(subscription)

    def concerned(self, tenant: str, change: EntityChange) -> Iterator[Subscription]:
        """Those that asked for this kind of change, each once; conditions are still to be met."""
        seen: set[str] = set()
        for candidates in self._candidates(tenant, change):
            for subscription in candidates:
                if subscription.id not in seen and concerns(subscription, change):
                    seen.add(subscription.id)
                    yield subscription

    def _candidates(self, tenant: str, change: EntityChange) -> Iterator[list[Subscription]]:
        yield self._any_type.get(tenant, [])
        for name in change.entity.types:
            yield self._by_type.get((tenant, name), [])

    def intervals(self) -> Iterator[Subscription]:
        return (s for s in self.all.values() if s.interval)

    def concerns_anybody(self, tenant: str, change: EntityChange) -> bool:
        return next(self.concerned(tenant, change), None) is not None


class Index:
    """The current :class:`Table`, asked for inside a transaction.

    The version is one row, raised by whoever writes a subscription: reading it is what a writer of
    entities pays, and what makes a subscription hold for every change after its creation.
    """

    def __init__(self) -> None:
        self._table = Table(-1, ())

    async def current(self, connection: AsyncConnection) -> Table:
        version = await _version(connection)
        if version != self._table.version:
            self._table = await _renewed(self._table, connection, version)
        return self._table


async def _renewed(old: Table, connection: AsyncConnection, version: int) -> Table:
    """The table at ``version``: what was changed is read and compiled, the rest is kept."""
    c = subscriptions.c
    rows = await connection.execute(select(subscriptions).where(c.changed > old.version))
    found = old.all | {(row.tenant, row.id): compiled(row) for row in rows}
    count = await connection.scalar(select(func.count()).select_from(subscriptions))
    if count != len(found):  # some are deleted
        keys = await connection.execute(select(c.tenant, c.id))
        found = {key: found[key] for row in keys if (key := (row.tenant, row.id)) in found}
    return Table(version, found.values())


async def _version(connection: AsyncConnection) -> int:
    found: Any = await connection.scalar(select(subscription_version.c.version))
    return int(found or 0)


async def raise_version(store: Store, connection: AsyncConnection) -> int:
    """Say that a subscription was written, in the transaction that writes it; the new version."""
    new = store.insert(subscription_version).values(one=1, version=1)
    raised = new.on_conflict_do_update(
        index_elements=["one"], set_={"version": subscription_version.c.version + 1}
    )
    raising = raised.returning(subscription_version.c.version)
    return int((await connection.execute(raising)).scalar_one())
