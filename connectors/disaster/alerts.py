"""The alerts of the city: each report applied once, in its own order, however it arrives.

An alert is what successive messages say about one danger. A message is filed under the alert that
the messages it replaces belong to, or begins one. A message that comes late, after the one that
replaced it, is filed and changes nothing. Real alerts and drills are filed apart, by status: a
drill's cancellation can never reach a real alert, whatever it references.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.disaster.alert_entity import (
    AnyAlert,
    as_body,
    build,
    changed,
    from_body,
    new_id,
)
from connectors.disaster.alert_store import AlertStore, Filed, Stored
from connectors.disaster.recent import Recent
from connectors.disaster.report import Report
from connectors.publish import Publisher
from schemas.kit.store import Store
from schemas.problem import Conflict, Unprocessable

_MOST_REPLACED: Final = 200
MOST_BYTES: Final = 600_000
"""Of an alert as JSON: what the broker takes in one event, with room for the envelope."""


class Alerts:
    """Takes reports, keeps alerts, says what changed.

    Args:
        source: ``source`` of the events.
    """

    def __init__(
        self,
        store: Store,
        files: AlertStore,
        publisher: Publisher,
        *,
        source: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._store, self._files, self._publisher = store, files, publisher
        self._source, self._clock = source, clock
        self.recent = Recent(clock)

    async def accept(self, report: Report) -> tuple[AnyAlert, bool]:
        """Apply a report: state, event and outbox in one transaction.

        Returns:
            The alert as it now is, and whether the report was new.

        Raises:
            Conflict: another document was already taken as this very message.
        """
        async with self._store.write() as connection:
            await self._files.one_at_a_time(connection)
            keys = [f"{report.status}|{key}" for key in (report.key, *report.replaces)]
            filed = await self._files.filed(connection, keys)
            known = filed.get(keys[0])
            if known and known.digest:
                return await self._again(connection, report, known), False
            alert = await self._apply(connection, report, keys, filed)
        self.recent.forget()
        self._publisher.outbox.wake()
        return alert, True

    async def _again(self, connection: AsyncConnection, report: Report, known: Filed) -> AnyAlert:
        if known.digest != report.digest:
            raise Conflict(
                f"Another document was already taken as message {report.told['identifier']!r} of "
                f"{report.told['sender']!r}; a changed message needs an identifier of its own."
            )
        stored = await self._files.get(connection, known.alert_id)
        return from_body(stored.status, stored.body)

    async def _apply(
        self,
        connection: AsyncConnection,
        report: Report,
        keys: list[str],
        filed: dict[str, Filed],
    ) -> AnyAlert:
        ids = list(dict.fromkeys(filed[key].alert_id for key in keys if key in filed))
        alert_id = ids[0] if ids else new_id(report)
        await self._files.file(connection, alert_id, keys, filed, report.digest)
        before = await self._files.find(connection, alert_id)
        overtaken = keys[0] in filed or (before is not None and before.order > report.order)
        if before is not None and overtaken:
            return from_body(before.status, before.body)
        alert = self._told(report, alert_id, before)
        await self._save(connection, report, alert, before)
        for other in ids[1:]:
            await self._withdraw(connection, other, report)
        return alert

    def _told(self, report: Report, alert_id: str, before: Stored | None) -> AnyAlert:
        """The alert after this report."""
        last = orjson.loads(before.body) if before else {}
        told = report.told if report.about or not last else {**last, **_who(report)}
        replaced = [*last.get("replaced", ()), last["identifier"]] if last else []
        ended = bool((ends := self._ends(report)) and ends <= self._clock())
        state = "cancelled" if report.kind == "cancel" else "expired" if ended else "active"
        return build(
            {
                **told,
                "id": alert_id,
                "status": report.status,
                "state": state,
                "observed_at": report.told["sent"],
                "replaced": replaced[-_MOST_REPLACED:],
            }
        )

    def _ends(self, report: Report) -> datetime | None:
        if report.ends or report.stays is None:
            return report.ends
        return self._clock() + report.stays

    async def _save(
        self,
        connection: AsyncConnection,
        report: Report,
        alert: AnyAlert,
        before: Stored | None,
    ) -> None:
        ends = self._ends(report)
        body = as_body(alert)
        _check_length(body)
        await self._files.put(
            connection,
            Stored(
                alert.id,
                alert.status,
                alert.state,
                report.order,
                int(alert.sent.timestamp()),
                int(ends.timestamp()) if ends else None,
                body,
            ),
        )
        standing = before is not None and before.state == "active"
        verb = "updated" if standing else "issued"
        verb = "cancelled" if alert.state == "cancelled" else verb
        await self._say(connection, alert, verb, report.key)

    async def _withdraw(self, connection: AsyncConnection, other: str, report: Report) -> None:
        """An alert that another one has taken the place of."""
        stored = await self._files.find(connection, other)
        if stored is None or stored.state != "active":
            return
        alert = from_body(stored.status, stored.body).model_copy(update={"state": "cancelled"})
        body = as_body(alert)
        await self._files.put(
            connection, stored._replace(state="cancelled", order=report.order, body=body)
        )
        await self._say(connection, alert, "cancelled", report.key)

    async def _say(self, connection: AsyncConnection, alert: AnyAlert, verb: str, key: str) -> None:
        happened = changed(alert, verb, source=self._source, time=self._clock(), key=key)
        await self._publisher.say(connection, events=[happened], entities=[alert])

    async def expire(self) -> int:
        """Mark the alerts whose time is over; returns how many."""
        now = int(self._clock().timestamp())
        async with self._store.read() as connection:
            if not await self._files.ended(connection, now):
                return 0
        async with self._store.write() as connection:
            over = await self._files.ended(connection, now)
            for stored in over:
                alert = from_body(stored.status, stored.body).model_copy(
                    update={"state": "expired"}
                )
                body = as_body(alert)
                await self._files.put(connection, stored._replace(state="expired", body=body))
                await self._publisher.say(connection, entities=[alert])
        self.recent.forget()
        self._publisher.outbox.wake()
        return len(over)

    async def listed(
        self, statuses: Iterable[str], state: str, limit: int, offset: int
    ) -> tuple[list[AnyAlert], int]:
        """A page of alerts, latest first, and how many there are in all."""
        now = int(self._clock().timestamp())
        async with self._store.read() as connection:
            rows, total = await self._files.page(
                connection, tuple(statuses), state, now, limit, offset
            )
        return [self._as_now(row, now) for row in rows], total

    async def get(self, alert_id: str) -> AnyAlert | None:
        async with self._store.read() as connection:
            stored = await self._files.find(connection, alert_id)
        return self._as_now(stored, int(self._clock().timestamp())) if stored else None

    def _as_now(self, stored: Stored, now: int) -> AnyAlert:
        alert = from_body(stored.status, stored.body)
        over = stored.state == "active" and stored.ends is not None and stored.ends <= now
        return alert.model_copy(update={"state": "expired"}) if over else alert


def _who(report: Report) -> dict[str, Any]:
    """What a bare cancellation says: only which message it is."""
    return {name: report.told[name] for name in ("sender", "identifier", "sent", "alert_source")}


def _check_length(body: bytes) -> None:
    if len(body) > MOST_BYTES:
        raise Unprocessable(
            f"The alert is too long to be passed on: it has {len(body)} bytes as JSON, at most "
            f"{MOST_BYTES} are passed on. Tell fewer areas, or areas with fewer corners."
        )
