"""Sending again: one message, or all from a place on the log or a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Row, and_, select

from schemas.kit.store import Store
from schemas.problem import Conflict, NotFound
from services.broker.consent.gate import Gate
from services.broker.delivery import Deliveries, Delivery
from services.broker.delivery.tables import deliveries as rows
from services.broker.events.deadletter import DeadLetter
from services.broker.log import EventLog, Position, Stored, Topic
from services.broker.webhooks.book import Book, followed
from services.broker.webhooks.messages import HEADERS, KEPT_SECONDS, outgoing
from services.broker.webhooks.webhook import Owner, Webhook

_PORTION: Final = 10
_READ_SECONDS: Final = 1.0


class Replay:
    """Puts messages on their way once more; they keep their ids.

    Args:
        topics: where city events are.
        broker: the broker's id.
    """

    def __init__(
        self,
        store: Store,
        log: EventLog,
        deliveries: Deliveries,
        book: Book,
        topics: Callable[[], Sequence[Topic]],
        broker: Callable[[], str],
        gate: Gate,
    ) -> None:
        self._gate = gate
        self._store, self._log, self._deliveries, self._book = store, log, deliveries, book
        self._topics, self._broker = topics, broker

    async def rewind(self, owner: Owner, name: str, start: Position) -> Webhook:
        """Send everything from ``start`` on again, whatever became of it before.

        Raises:
            LogUnavailable: nothing was changed.
        """
        end = await self._log.end([topic.name for topic in self._topics()])
        async with self._book.changing(owner, name) as (connection, webhook):
            here = webhook.cursor or await followed(connection)
            cursor, again = str(_at_most(start, here)), str(end)
            return await self._book.set(
                connection, owner, webhook, cursor=cursor, again_until=again
            )

    async def redeliver(self, owner: Owner, name: str, message: str) -> None:
        """Send one message again, at once.

        Raises:
            Conflict: it waits to be sent already.
            NotFound: the webhook had no such message lately, or the log has let it go.
        """
        webhook = await self._book.get(owner, name)
        row = await self._row(webhook, message)
        if row.due is not None:
            raise Conflict("This message waits to be sent; it is on its way already.")
        delivery = await self._made_again(webhook, row)
        if delivery is None:
            raise NotFound("The log has this event no longer, or it is not for you any more.")
        async with self._store.write() as connection:
            await self._deliveries.queue.enqueue(connection, [delivery], again=True)
        self._deliveries.wake()

    async def message(self, owner: Owner, name: str, message: str) -> tuple[Row[Any], bytes | None]:
        """One message as its receiver gets it, whatever became of it.

        Returns:
            Its row in ``deliveries``, and its body: made from the log again, for it is kept nowhere
            else once it was sent. None when the log has it no longer, or it is not for the client
            any more. Of an event about a person everything but its data.

        Raises:
            NotFound: the webhook had no such message lately.
            LogUnavailable: nothing can be said now.
        """
        webhook = await self._book.get(owner, name)
        row = await self._row(webhook, message)
        delivery = await self._made_again(webhook, row)
        if delivery is None:
            return row, None
        if orjson.loads(row.about).get("class"):
            return row, _envelope(delivery.body)
        return row, delivery.body

    async def resurrect(self, letter: DeadLetter) -> None:
        """Send once more what a webhook never took, however long ago that was.

        Raises:
            NotFound: the webhook is no more.
        """
        webhook = await self._book.get(Owner(letter.client, "", frozenset()), letter.name)
        about = dict(letter.webhook)
        message = about.pop("message")
        delivery = Delivery(
            endpoint=webhook.endpoint,
            url="",
            body=orjson.dumps(letter.event),
            headers=HEADERS,
            message=message,
            key=str(letter.event.get("subject", "")) if webhook.ordered else "",
            keep=KEPT_SECONDS,
            about=about,
        )
        async with self._store.write() as connection:
            await self._deliveries.queue.enqueue(connection, [delivery], again=True)
        self._deliveries.wake()

    async def _row(self, webhook: Webhook, message: str) -> Row[Any]:
        which = and_(rows.c.endpoint == webhook.endpoint, rows.c.message == message)
        async with self._store.read() as connection:
            row = (await connection.execute(select(rows).where(which))).one_or_none()
        if row is None:
            raise NotFound(f"The webhook has had no message {message[:100]} lately.")
        return row

    async def _made_again(self, webhook: Webhook, row: Row[Any]) -> Delivery | None:
        """The message of a row from the log, if it is there, and for the webhook still."""
        stored = await self._find(orjson.loads(row.about))
        found = outgoing(stored, self._broker()) if stored else None
        delivery = found.to(webhook, self._gate) if found else None
        return delivery if delivery and delivery.message == row.message else None

    async def _find(self, about: Mapping[str, str]) -> Stored | None:
        """The record that a message was made of, if the log still has it."""
        slot, offset = about["slot"], int(about["offset"])
        end = await self._log.end([about["topic"]])
        reader = await self._log.reader([about["topic"]], Position({**end.offsets, slot: offset}))
        try:
            while reader.position.at(slot) <= offset:
                batch = await reader.read(limit=_PORTION, wait=_READ_SECONDS)
                for stored in batch.records:
                    if stored.slot == slot:
                        return stored if stored.offset == offset else None
                if not batch.records:
                    break
            return None
        finally:
            await reader.close()


def _envelope(event: bytes) -> bytes:
    """A CloudEvent's attributes, without what it says of a person."""
    said = orjson.loads(event)
    return orjson.dumps({k: v for k, v in said.items() if k not in ("data", "data_base64")})


def _at_most(start: Position, here: Position) -> Position:
    """A replay goes back, never ahead: nothing is left out by it."""
    return Position({slot: min(at, here.at(slot)) for slot, at in start.offsets.items()})
