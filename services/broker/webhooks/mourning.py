"""What a webhook never took becomes a dead letter, as what a consumer group gives up does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.message import Message
from schemas.kit.outbox import Outbox
from services.broker.delivery.model import GivenUp
from services.broker.events.binding import Delivery as Event
from services.broker.events.deadletter import dead_letter, group_name
from services.broker.log import Position
from services.broker.webhooks.tables import webhooks
from services.broker.webhooks.webhook import id_of


class Mourning:
    """Puts messages aside that were given up.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(self, outbox: Outbox, clock: Callable[[], float]) -> None:
        self._outbox, self._clock = outbox, clock

    async def __call__(self, connection: AsyncConnection, found: Sequence[GivenUp]) -> None:
        """Write the dead letters; the outbox brings them to the log."""
        clients = await _clients(connection, {id_of(one.delivery.endpoint) for one in found})
        letters = [
            self._letter(one, clients[name])
            for one in found
            if (name := id_of(one.delivery.endpoint)) in clients
        ]
        await self._outbox.add(connection, letters)

    def _letter(self, found: GivenUp, client: str) -> Message:
        sent = found.delivery
        said = orjson.loads(sent.body)
        event = Event(
            id=said["id"],
            source=said["source"],
            type=sent.about["type"],
            legal_class=sent.about["class"],
            json=sent.body,
            slot="",
            offset=0,
            position=Position(),
        )
        return dead_letter(
            event,
            group=group_name(client, id_of(sent.endpoint)),
            reason=found.error,
            attempts=found.tries,
            now=self._clock(),
            webhook={"message": sent.message, **sent.about},
        )


async def _clients(connection: AsyncConnection, ids: set[str]) -> Mapping[str, str]:
    """Whose the webhooks are; those that were deleted are left out."""
    query = select(webhooks.c.id, webhooks.c.client).where(webhooks.c.id.in_(ids))
    return {row.id: row.client for row in await connection.execute(query)}
