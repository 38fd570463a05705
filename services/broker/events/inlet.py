"""Where events come in: stored with their outbox rows in one transaction, each once.

202 means: on disk, and on its way to the log. What dies afterwards, the event does not.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.cloudevents import CloudEvent
from schemas.kit.outbox import Message, Outbox
from schemas.kit.store import Store
from schemas.problem import Fault, Unprocessable
from services.broker.backlog import Backlog
from services.broker.events.binding import CLIENT, LEGAL_CLASS, REPLAY, as_message
from services.broker.events.visibility import label
from services.broker.registry.catalogue import Catalogue
from services.broker.tables import accepted_events

REMEMBERED_SECONDS: Final = 7 * 86_400
"""How long the same source and id are known to be the same event."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """How many events were taken, and how many of those sent were known already."""

    accepted: int
    duplicates: int


class Inlet:
    """Takes events from publishers.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        backlog: Backlog,
        types: Catalogue,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._outbox, self._backlog, self._clock = store, outbox, backlog, clock
        self._types = types

    async def accept(self, client: str, events: Sequence[CloudEvent]) -> Accepted:
        """Store the events that are new, all or none.

        Args:
            client: who publishes. The same source and id from another client is another event,
                so that nobody can silence somebody else by being first.

        Raises:
            Unavailable: too many events wait for the log; nothing was stored.
            Unprocessable: an event's attributes are too long.
        """
        self._backlog.admit(len(events))
        messages = {_digest(client, e): self._message(client, e, i) for i, e in enumerate(events)}
        async with self._store.write() as connection:
            fresh = await self._remember(connection, messages)
            await self._outbox.add(connection, [messages[digest] for digest in fresh])
        self._outbox.wake()
        self._backlog.grew(len(fresh))
        return Accepted(len(fresh), len(events) - len(fresh))

    def _message(self, client: str, event: CloudEvent, index: int) -> Message:
        known = self._types.find(event.type)
        legal_class = label(known.legal_class) if known else None
        marks = {CLIENT: client, LEGAL_CLASS: legal_class or None, REPLAY: None}
        try:
            return as_message(event.model_copy(update=marks))
        except ValueError as error:
            raise Unprocessable(
                "Shorten the event's attributes.", faults=[Fault(f"/{index}", str(error))]
            ) from error

    async def _remember(self, connection: AsyncConnection, digests: Iterable[bytes]) -> list[bytes]:
        now = int(self._clock())
        statement = (
            self._store.insert(accepted_events)
            .values([{"digest": digest, "accepted": now} for digest in digests])
            .on_conflict_do_nothing()
            .returning(accepted_events.c.digest)
        )
        new = set((await connection.execute(statement)).scalars())
        return [digest for digest in digests if digest in new]  # in the order they were sent

    async def forget(self) -> None:
        """Drop what was accepted longer ago than it is remembered."""
        before = int(self._clock()) - REMEMBERED_SECONDS
        async with self._store.write() as connection:
            await connection.execute(
                delete(accepted_events).where(accepted_events.c.accepted < before)
            )


def _digest(client: str, event: CloudEvent) -> bytes:
    return hashlib.sha256("\0".join((client, event.source, event.id)).encode()).digest()
