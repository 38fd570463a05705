"""How far consumer groups are behind, for ``/metrics``."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from sqlalchemy import select

from schemas.kit.store import Store
from services.broker.consent.groups import alike
from services.broker.events.deadletter import group_name
from services.broker.events.patterns import Wanted
from services.broker.log import EventLog, LogUnavailable
from services.broker.metrics import Metrics
from services.broker.tables import groups

LAG_SECONDS: Final = 10.0
_MOST: Final = 500
"""Groups that are measured; each costs the log a question, and each is a series."""


class Lags:
    """Asks the log where its end is, and where each group stands."""

    def __init__(self, store: Store, log: EventLog, metrics: Metrics) -> None:
        self._store, self._log, self._metrics = store, log, metrics

    async def measure(self) -> None:
        """Set the gauge of every group that has fetched something; away is not behind."""
        with suppress(LogUnavailable):
            for client, name, types in await self._groups():
                lag = await self._lag(group_name(client, name), types)
                self._metrics.lag.labels(client, name).set(lag)

    async def _groups(self) -> list[tuple[str, str, list[str]]]:
        query = select(groups.c.client, groups.c.name, groups.c.types).limit(_MOST)
        async with self._store.read() as connection:
            measured = query.where(groups.c.types != "", alike(""))
            rows = (await connection.execute(measured)).all()
        return [(row.client, row.name, row.types.split()) for row in rows]

    async def _lag(self, group: str, types: Iterable[str]) -> int:
        topics = Wanted.exactly(types).topics
        end = await self._log.end(topics)
        committed = await self._log.committed(group, topics)
        return sum(max(0, last - committed.at(slot)) for slot, last in end.offsets.items())
