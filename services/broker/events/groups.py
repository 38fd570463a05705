"""Consumer groups over HTTP: at-least-once delivery for services without a Kafka client.

The cursor is the group's offsets on the log, never one process's memory: the next fetch may go to
any broker process. A batch is leased to the consumer that fetched it: two consumers of one group
never work on the same events at once, and when one dies, another gets its batch after the lease.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Final, Literal

from schemas.kit.caller import Caller
from schemas.kit.outbox import Outbox
from schemas.kit.store import Store
from schemas.problem import NotFound, Unavailable, Unprocessable
from services.broker.consent.gate import Gate
from services.broker.consent.standing import NOBODYS, Standing
from services.broker.events.binding import Delivery, as_delivery
from services.broker.events.deadletter import dead_letter, group_name
from services.broker.events.leases import Handed, Leases
from services.broker.events.patterns import Wanted
from services.broker.events.readers import Readers
from services.broker.log import EventLog, LogUnavailable, Position

MOST_WAIT: Final = 30.0
"""What a consumer may ask for; it is answered after 20 s at the latest, before any proxy between
gives up on an answer that has not begun."""

_ANSWER_SECONDS: Final = 20.0
_SLICE_SECONDS: Final = 1.0
_PORTION: Final = 500

Start = Literal["beginning", "now"]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch brought; ``cursor`` is empty when there was nothing."""

    events: Sequence[Delivery]
    cursor: str


class Groups:
    """The groups of all clients; a client knows its own only.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        store: Store,
        log: EventLog,
        outbox: Outbox,
        gate: Gate,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._log, self._outbox, self._gate, self._clock = log, outbox, gate, clock
        self._leases = Leases(store, clock)
        self._readers = Readers(log)
        self._draining = False

    async def drain(self) -> None:
        """Let those who wait for events go, with nothing."""
        self._draining = True

    async def close(self) -> None:
        await self._readers.close()

    async def fetch(
        self,
        caller: Caller,
        group: str,
        wanted: Wanted,
        *,
        consumer: str = "",
        limit: int = 100,
        wait: float = 0.0,
        start: Start = "beginning",
        standing: Standing = NOBODYS,
    ) -> Fetched:
        """Events behind what the group has committed, leased to this consumer.

        Args:
            consumer: name of the one that fetches; with it, a consumer that was restarted gets
                its own batch again at once, without it only after the lease.
            limit: most events.
            wait: seconds to wait for the first.
            start: where a group begins that has never fetched before.
            standing: under what the caller receives.

        Raises:
            Conflict: another consumer of the group holds a batch; carries ``Retry-After``.
            Forbidden: the client has too many groups; or what it receives under ended meanwhile.
            Unavailable: the log cannot be read, or the control plane is silent.
        """
        lease = token_hex(12)
        await self._leases.take(caller, group, lease, consumer, wait)
        try:
            after = await self._standing(caller, group, wanted, start)
            reading = _Reading(caller, group, wanted, standing)
            events, upto = await self._read(reading, after, limit, wait)
        except LogUnavailable as error:
            await self._leases.free(caller, group, lease)
            raise Unavailable(
                "The log cannot be read at the moment.", headers={"retry-after": "5"}
            ) from error
        except BaseException:
            await self._leases.free(
                caller, group, lease
            )  # the caller has gone: let the next one in
            raise
        if not events:
            await self._log.commit(_name(caller, group), upto)
            await self._leases.free(caller, group, lease)
            return Fetched((), "")
        await self._leases.hold(caller, group, lease, upto, wanted)
        return Fetched(events, lease)

    async def commit(self, caller: Caller, group: str, cursor: str) -> None:
        """The batch is handled: never hand it out again.

        Raises:
            Conflict: the lease ran out and another consumer has the batch, or had it.
            NotFound: the client has no such group.
        """
        handed = await self._leases.handed(caller, group, cursor)
        try:
            await self._log.commit(_name(caller, group), handed.upto)
        except LogUnavailable as error:
            raise Unavailable(
                "The log cannot be written at the moment; commit again.",
                headers={"retry-after": "2"},
            ) from error
        await self._leases.free(caller, group, cursor)

    async def reject(
        self,
        caller: Caller,
        group: str,
        cursor: str,
        event_id: str,
        reason: str,
        *,
        standing: Standing = NOBODYS,
    ) -> None:
        """An event of the batch cannot be handled: put it aside, with the reason.

        It goes to the dead-letter topic; commit the cursor afterwards to go on.

        Raises:
            Conflict: see :meth:`commit`.
            NotFound: the batch has no such event.
        """
        handed = await self._leases.handed(caller, group, cursor)
        after = await self._log.committed(_name(caller, group), handed.wanted.topics)
        reading = _Reading(caller, group, handed.wanted, standing)
        delivery = await self._find(reading, handed, after, event_id)
        if delivery is None:
            raise NotFound(f"The batch has no event with the id {event_id[:100]}.")
        letter = dead_letter(
            delivery, group=_name(caller, group), reason=reason, attempts=1, now=self._clock()
        )
        await self._outbox.say([letter])

    async def _standing(self, caller: Caller, group: str, wanted: Wanted, start: Start) -> Position:
        name = _name(caller, group)
        position = await self._log.committed(name, wanted.topics)
        if start == "now" and not position.offsets:
            position = await self._log.end(wanted.topics)
            await self._log.commit(name, position)
        return position

    async def _read(
        self, reading: _Reading, after: Position, limit: int, wait: float
    ) -> tuple[list[Delivery], Position]:
        """Events for this caller; what is not for them is passed over."""
        deadline = time.monotonic() + min(wait, _ANSWER_SECONDS)
        events: list[Delivery] = []
        async with self._readers.at(reading.name, reading.wanted.topics, after) as reader:
            position = after
            while True:
                left = 0.0 if events or self._draining else max(0.0, deadline - time.monotonic())
                batch = await reader.read(limit=limit - len(events), wait=min(left, _SLICE_SECONDS))
                self._gate.admit(reading.standing)  # what ends while it waits gets nothing
                for stored in batch.records:
                    delivery = as_delivery(stored, position)
                    if delivery and (seen := self._seen(reading, delivery)):
                        events.append(seen)
                position = position.merged(batch.position)
                if len(events) >= limit or not (batch.records or left > _SLICE_SECONDS):
                    return events, position

    async def _find(
        self, reading: _Reading, handed: Handed, after: Position, event_id: str
    ) -> Delivery | None:
        """The event as it is on the log, by the id that this caller knows it by."""
        async with self._readers.at(reading.name, reading.wanted.topics, after) as reader:
            while True:
                batch = await reader.read(limit=_PORTION, wait=0.0)
                for stored in batch.records:
                    delivery = as_delivery(stored, after)
                    seen = self._seen(reading, delivery) if delivery else None
                    within = stored.offset < handed.upto.at(stored.slot)
                    if seen and seen.id == event_id and within:
                        return delivery
                if not batch.records or reader.has_seen(handed.upto):
                    return None

    def _seen(self, reading: _Reading, delivery: Delivery) -> Delivery | None:
        if delivery.type not in reading.wanted.types:
            return None
        return self._gate.handed(reading.caller, reading.standing, delivery, group=reading.name)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Who reads what for which group."""

    caller: Caller
    group: str
    wanted: Wanted
    standing: Standing

    @property
    def name(self) -> str:
        return _name(self.caller, self.group)


def _name(caller: Caller, group: str) -> str:
    """The group on the log: a client cannot name another's."""
    if not caller.client:
        raise Unprocessable("A consumer group belongs to a client; the call names none.")
    return group_name(caller.client, group)
