"""The webhooks of all clients, as they are written down; a client knows its own only.

A webhook's row is locked before its endpoint's, by everybody (and that before its deliveries': see
:mod:`services.broker.delivery.queue`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from secrets import token_hex
from typing import Any, Final

from sqlalchemy import and_, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.outgoing.signing import Seal, new_secret
from schemas.kit.store import Store
from schemas.problem import Forbidden, NotFound
from services.broker.consent.standing import Ending, Standing, load
from services.broker.delivery import Deliveries
from services.broker.log import Position
from services.broker.webhooks.tables import pump, webhooks
from services.broker.webhooks.webhook import KIND, Owner, Webhook, WebhookState, as_webhook

MOST_WEBHOOKS: Final = 50
"""Of one client, and as many under each resident's grant."""

PUMP: Final = "webhooks"
_NOT_SENT: Final = {
    "pending": "its URL is not verified yet",
    "disabled": "its owner has disabled it",
}


class Book:
    """Creates, finds, changes and deletes webhooks.

    Args:
        changed: called after each change.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        store: Store,
        deliveries: Deliveries,
        seal: Callable[[], Seal],
        changed: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._store, self._deliveries, self._seal = store, deliveries, seal
        self._changed, self._clock = changed, clock

    async def create(
        self,
        owner: Owner,
        *,
        url: str,
        types: Sequence[str],
        description: str,
        ordered: bool,
        start: Position,
    ) -> tuple[Webhook, str]:
        """A new webhook, whose URL is to be verified before anything is sent; and its secret.

        Args:
            start: where on the log it begins.

        Raises:
            Forbidden: the client has too many.
        """
        name, secret, now = f"wh_{token_hex(12)}", new_secret(), self._clock()
        row: dict[str, Any] = {
            "id": name,
            "client": owner.client,
            "url": url,
            "types": " ".join(types),
            "description": description,
            "ordered": int(ordered),
            "state": "pending",
            "secret": self._seal().close(secret, name),
            "cursor": str(start),
            "again_until": "",
            "created": now,
            "updated": now,
            **_rights(owner),
        }
        async with self._store.write() as connection:
            await self._store.serialise(connection, f"webhooks of {owner.client}")
            mine = select(func.count()).where(
                webhooks.c.client == owner.client, webhooks.c.gid == owner.standing.grant
            )
            if (await connection.execute(mine)).scalar_one() >= MOST_WEBHOOKS:
                raise Forbidden(f"A client has at most {MOST_WEBHOOKS} webhooks.")
            await connection.execute(insert(webhooks).values(**row))
            await self._hold(connection, f"webhook:{name}", "pending")
            webhook = await _one(connection, owner, name)
        self._changed()
        return webhook, secret

    async def all(self, owner: Owner) -> list[Webhook]:
        """A client's webhooks, oldest first."""
        mine = select(webhooks).where(webhooks.c.client == owner.client).order_by(*_ORDER)
        async with self._store.read() as connection:
            return [as_webhook(row) for row in await connection.execute(mine)]

    async def every(self) -> list[Webhook]:
        """Those of all clients."""
        async with self._store.read() as connection:
            return [as_webhook(row) for row in await connection.execute(select(webhooks))]

    async def get(self, owner: Owner, name: str) -> Webhook:
        """One of the client's webhooks.

        Raises:
            NotFound: the client has none of this name.
        """
        async with self._store.read() as connection:
            return await _one(connection, owner, name)

    @asynccontextmanager
    async def changing(
        self, owner: Owner, name: str
    ) -> AsyncIterator[tuple[AsyncConnection, Webhook]]:
        """A transaction that changes one of the client's webhooks.

        Raises:
            NotFound: the client has none of this name.
        """
        async with self._store.write() as connection:
            await self._store.serialise(connection, f"webhook {name}")
            yield connection, await _one(connection, owner, name)
        self._changed()
        self._deliveries.wake()

    async def set(
        self, connection: AsyncConnection, owner: Owner, webhook: Webhook, **values: Any
    ) -> Webhook:
        """Write columns of a webhook; it is its owner's as of now, with the rights of now."""
        row = {**values, **_rights(owner), "updated": self._clock()}
        here = webhooks.c.id == webhook.id
        await connection.execute(update(webhooks).where(here).values(**row))
        return await _one(connection, owner, webhook.id)

    async def rotate(
        self,
        connection: AsyncConnection,
        owner: Owner,
        webhook: Webhook,
        secret: str,
        previous_until: float | None,
    ) -> Webhook:
        """Sign with another secret; with the one before it too, until a time."""
        values = {
            "secret": self._seal().close(secret, webhook.id),
            "previous": webhook.secret if previous_until else None,
            "previous_until": previous_until,
        }
        return await self.set(connection, owner, webhook, **values)

    async def switch(
        self, connection: AsyncConnection, owner: Owner, webhook: Webhook, to: WebhookState
    ) -> Webhook:
        """Send, or hold what there is to send: it stays on the log, and is sent from there."""
        if to == "active":
            changed = await self.set(connection, owner, webhook, state=to)
            await self._deliveries.enable(connection, webhook.endpoint)
            return changed
        cursor = webhook.cursor or await followed(connection)
        changed = await self.set(connection, owner, webhook, state=to, cursor=str(cursor))
        await self._hold(connection, webhook.endpoint, to)
        return changed

    async def _hold(self, connection: AsyncConnection, endpoint: str, state: WebhookState) -> None:
        await self._deliveries.queue.disable(connection, endpoint, _NOT_SENT[state])

    async def delete(self, owner: Owner, name: str) -> None:
        """Drop a webhook with all that waits for it.

        Raises:
            NotFound: the client has none of this name.
        """
        async with self.changing(owner, name) as (connection, webhook):
            await connection.execute(delete(webhooks).where(webhooks.c.id == webhook.id))
            await self._deliveries.forget(connection, webhook.endpoint)

    async def end(
        self,
        connection: AsyncConnection,
        grants: Collection[str],
        clients: Collection[str],
        is_over: Callable[[Standing], bool],
    ) -> Ending:
        """Drop the webhooks under grants that have ended, with all that waits for them.

        Args:
            clients: whose grants may have ended too, as ``is_over`` says.
        """
        chosen = select(webhooks).where(
            or_(
                webhooks.c.gid.in_(list(grants)),
                and_(webhooks.c.client.in_(list(clients)), webhooks.c.gid != ""),
            )
        )
        found = [as_webhook(row) for row in await connection.execute(chosen)]
        over = sorted((w for w in found if is_over(w.owner.standing)), key=lambda w: w.id)
        dropped = 0
        for webhook in over:
            await self._store.serialise(connection, f"webhook {webhook.id}")
            await connection.execute(delete(webhooks).where(webhooks.c.id == webhook.id))
            dropped += await self._deliveries.forget(connection, webhook.endpoint)
        if over:
            self._changed()
        return Ending(len(over), dropped)

    async def under(self, connection: AsyncConnection, consent: str) -> list[str]:
        """The endpoints of webhooks that one consent is among the reasons of."""
        query = select(webhooks.c.id).where(
            webhooks.c.gid != "", webhooks.c.standing.contains(f'"{consent}"', autoescape=True)
        )
        found = await connection.execute(query.order_by(webhooks.c.id))
        return [f"{KIND}:{name}" for name in found.scalars()]

    async def standings(self, connection: AsyncConnection) -> list[Standing]:
        """Under what webhooks of residents are sent."""
        query = select(webhooks.c.standing).where(webhooks.c.gid != "")
        return [load(text, "", 0) for text in (await connection.execute(query)).scalars()]


async def followed(connection: AsyncConnection) -> Position:
    """Where on the log those webhooks stand that follow it together."""
    row = await connection.execute(select(pump.c.position).where(pump.c.name == PUMP))
    return Position.parse(row.scalar_one_or_none() or "")


_ORDER: Final = (webhooks.c.created, webhooks.c.id)


def _rights(owner: Owner) -> dict[str, str]:
    return {
        "subject": owner.subject,
        "scopes": " ".join(sorted(owner.scopes)),
        "gid": owner.standing.grant,
        "standing": owner.standing.dump(),
    }


async def _one(connection: AsyncConnection, owner: Owner, name: str) -> Webhook:
    which = and_(webhooks.c.client == owner.client, webhooks.c.id == name)
    row = (await connection.execute(select(webhooks).where(which))).one_or_none()
    if row is None:
        raise NotFound(f"You have no webhook {name[:60]}.")
    return as_webhook(row)
