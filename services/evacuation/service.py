"""From an alert to guidance, and guidance kept true for as long as the alert lasts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.cloudevents import CloudEvent, event
from schemas.evacuation import EvacuationGuidance, GuidanceWithdrawn
from schemas.kit.broker_sink import entity_message, event_message
from schemas.kit.outbox import Outbox
from services.evacuation.alert import Alert, City, alerted_in, needs_no_action
from services.evacuation.geometry import Patch
from services.evacuation.guidance import guidance_id, put_together, says_the_same
from services.evacuation.lookup import Found
from services.evacuation.metrics import Metrics
from services.evacuation.reading import read_alert
from services.evacuation.tables import Outrun, Row, Tables

logger = logging.getLogger(__name__)

SOURCE: Final = "urn:supercity:evacuation"
_ISSUED: Final = "city.evacuation.guidance.issued"
_UPDATED: Final = "city.evacuation.guidance.updated"
_WITHDRAWN: Final = "city.evacuation.guidance.withdrawn"

_SOON: Final = timedelta(seconds=2)  # while a domain is missing
_LATER: Final = timedelta(seconds=30)  # shelters fill up
_REMEMBER: Final = timedelta(days=30)  # longer than the log keeps an event

Reason = Literal["cancelled", "expired", "eased"]


class Looker(Protocol):
    """What :class:`~services.evacuation.lookup.Domains` does."""

    async def look_up(self, alert: Alert, patches: tuple[Patch, ...]) -> Found: ...


def utc_now() -> datetime:
    return datetime.now(UTC)


class Evacuation:
    """Handles the alert events and keeps guidance.

    An exercise (訓練), a test or a draft never becomes guidance: its events are of other types,
    which this service does not subscribe to, and of a data model that it refuses.
    """

    def __init__(
        self,
        tables: Tables,
        outbox: Outbox,
        domains: Looker,
        city: City,
        clock: Callable[[], datetime] = utc_now,
        metrics: Metrics | None = None,
    ) -> None:
        self._tables, self._outbox, self._domains = tables, outbox, domains
        self._city, self._clock = city, clock
        self._metrics = metrics or Metrics()

    async def handle(self, received: CloudEvent) -> None:
        """Do what an alert event asks for: all of it, or (on an exception) nothing.

        The same event again does nothing.

        Raises:
            Unreadable: the event's data cannot be understood, now or later.
            Outrun: another process was faster; handle it again.
        """
        await self._act(received, read_alert(received.data))
        self._outbox.wake()

    async def _act(self, received: CloudEvent, alert: Alert) -> None:
        patches = alerted_in(self._city, alert)
        why_not = needs_no_action(alert, self._clock()) or ("" if patches else "it is elsewhere")
        # asked before the transaction begins: no lock is held while the domains answer
        found = None if why_not else await self._domains.look_up(alert, patches)
        identity = guidance_id(self._city, alert.id)
        async with self._tables.store.write() as connection:
            if not await self._is_new(connection, received):
                return
            before = await self._tables.get(connection, identity)
            if found:
                await self._tell(connection, identity, alert, patches, found, received.data, before)
                delay = self._clock() - received.time
                self._metrics.delay.observe(max(0.0, delay.total_seconds()))
                return
            logger.info("no guidance for %s: %s", alert.id, why_not)
            self._metrics.outcome("no-guidance")
            if before and before.guidance.state == "active":
                cancelled = received.type.endswith(".cancelled")
                await self._withdraw(connection, before, "cancelled" if cancelled else "eased")

    async def _is_new(self, connection: AsyncConnection, received: CloudEvent) -> bool:
        return await self._tables.first_time(
            connection, received.source, received.id, self._clock()
        )

    async def _tell(
        self,
        connection: AsyncConnection,
        identity: str,
        alert: Alert,
        patches: tuple[Patch, ...],
        found: Found,
        data: dict[str, Any],
        before: Row | None,
    ) -> None:
        now = self._clock()
        previous = before.guidance if before else None
        guidance = put_together(identity, alert, patches, found, now=now, before=previous)
        look_again = now + (_SOON if guidance.missing else _LATER)
        if previous and previous.state == "active" and says_the_same(previous, guidance):
            await self._tables.postpone(connection, identity, look_again)
            self._metrics.outcome("unchanged")
            return
        is_news = previous is None or previous.state == "withdrawn"
        await self._tables.put(connection, Row(guidance, data), look_again)
        await self._say(connection, guidance, _ISSUED if is_news else _UPDATED)
        self._metrics.outcome("issued" if is_news else "updated")

    async def _say(
        self, connection: AsyncConnection, guidance: EvacuationGuidance, type_: str
    ) -> None:
        told = self._event(type_, guidance, guidance)
        await self._outbox.add(connection, [event_message(told)])
        await self._outbox.add(connection, [entity_message(guidance)], latest=True)

    def _event(
        self, type_: str, data: EvacuationGuidance | GuidanceWithdrawn, of: EvacuationGuidance
    ) -> CloudEvent:
        return event(
            type_,
            data,
            source=SOURCE,
            subject=of.id,
            time=self._clock(),
            key=f"{of.id}|{of.version}",
        )

    async def _withdraw(self, connection: AsyncConnection, row: Row, reason: Reason) -> None:
        now = self._clock()
        over = row.guidance.model_copy(
            update={
                "state": "withdrawn",
                "version": row.guidance.version + 1,
                "observed_at": now,
            }
        )
        await self._tables.put(connection, Row(over, row.alert), now)
        said = GuidanceWithdrawn(id=over.id, alert=over.alert, reason=reason, withdrawn_at=now)
        told = self._event(_WITHDRAWN, said, over)
        await self._outbox.add(connection, [event_message(told)])
        await self._outbox.add(connection, [entity_message(over)], latest=True)
        self._metrics.outcome("withdrawn")

    async def look_again(self) -> int:
        """Bring the guidance that is due up to date; returns how much was.

        What has expired is withdrawn; where shelters filled up, or a domain is back that did not
        answer before, a new version is told.
        """
        async with self._tables.store.read() as connection:
            due = await self._tables.due(connection, self._clock())
        for row in due:
            try:
                await self._look_again_at(row)
            except Outrun:
                logger.info("%s was changed elsewhere meanwhile", row.guidance.id)
        if due:
            self._outbox.wake()
        return len(due)

    async def _look_again_at(self, row: Row) -> None:
        alert = read_alert(row.alert)
        patches = alerted_in(self._city, alert)
        if needs_no_action(alert, self._clock()) or not patches:
            async with self._tables.store.write() as connection:
                await self._withdraw(connection, row, "expired")
            return
        found = await self._domains.look_up(alert, patches)
        async with self._tables.store.write() as connection:
            await self._tell(connection, row.guidance.id, alert, patches, found, row.alert, row)

    async def tidy(self) -> None:
        """Forget events that can no longer come again."""
        async with self._tables.store.write() as connection:
            await self._tables.forget_events(connection, self._clock() - _REMEMBER)


async def keep_true(evacuation: Evacuation, every: float = 1.0) -> None:
    """Look again for as long as the service runs; whatever goes wrong, go on."""
    tidied = utc_now()
    while True:
        try:
            await evacuation.look_again()
            if utc_now() - tidied > timedelta(hours=1):
                await evacuation.tidy()
                tidied = utc_now()
        except Exception:
            logger.exception("could not look at the guidance again, will go on")
        await asyncio.sleep(every)
