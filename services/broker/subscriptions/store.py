"""Subscriptions created, changed, deleted; each belongs to the client that created it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.store import Store
from schemas.ngsild import timestamp
from schemas.problem import Forbidden, Unprocessable
from services.broker.consent.standing import NOBODYS, Ending, Standing, load
from services.broker.context.errors import AlreadyExists, BadRequestData, ResourceNotFound
from services.broker.context.jsonld import Context
from services.broker.context.kinds import NULL
from services.broker.context.ld.contexts import Contexts
from services.broker.context.tenants import Tenants
from services.broker.delivery import Deliveries, EndpointStatus
from services.broker.subscriptions.document import Document, new_document, patched
from services.broker.subscriptions.index import raise_version
from services.broker.subscriptions.model import Subscription, compiled
from services.broker.subscriptions.names import terms_of
from services.broker.subscriptions.present import presented
from services.broker.subscriptions.tables import (
    subscription_held,
    subscription_times,
    subscriptions,
)
from services.broker.subscriptions.vault import Vault

MOST_OF_OWNER: Final = 10_000
ENDPOINT_KIND: Final = "subscription"
_URI: Final = "/notification/endpoint/uri"


@dataclass(frozen=True, slots=True)
class Owner:
    """Who asks.

    Attributes:
        client: empty without a gateway: then all are one.
        personal: whether they may see entities about persons.
        standing: under what they receive.
    """

    tenant: str
    client: str
    personal: bool
    standing: Standing = NOBODYS


def endpoint_name(tenant: str, id_: str) -> str:
    """Under which the deliveries of a subscription are queued and counted."""
    return f"{ENDPOINT_KIND}:{tenant}:{id_}"


class Subscriptions:
    """The subscriptions of the city.

    Args:
        clock: gives aware datetimes.
    """

    def __init__(
        self,
        store: Store,
        deliveries: Deliveries,
        contexts: Contexts,
        vault: Vault,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._deliveries, self._clock = store, deliveries, clock
        self._contexts, self._tenants, self._vault = contexts, Tenants(store), vault

    async def create(self, owner: Owner, body: Any, context: Context) -> str:
        """Store a subscription; its id.

        Raises:
            BadRequestData: see :func:`new_document`.
            LdContextNotAvailable: of ``jsonldContext``.
            AlreadyExists: the id is taken.
            Forbidden: the owner has very many already.
        """
        now = self._clock()
        document = new_document(body, context, now)
        self._check_endpoint(document)
        id_: str = document.setdefault("id", f"urn:ngsi-ld:Subscription:{uuid4()}")
        url = await self._context_after(document, owner, context)
        document.setdefault("jsonldContext", url)
        await self._vault.ready()
        row = {**self._new_row(owner, document, context, now), "id": id_, "created": timestamp(now)}
        try:
            async with self._store.write() as connection:
                await self._tenants.create(connection, owner.tenant, timestamp(now))
                await self._check_room(connection, owner)
                row["since"] = row["changed"] = await raise_version(self._store, connection)
                await connection.execute(insert(subscriptions), [row])
                await self._schedule(connection, owner.tenant, document, now)
        except IntegrityError as error:
            raise AlreadyExists(f"There is a subscription {id_} already.") from error
        return id_

    async def change(self, owner: Owner, id_: str, fragment: Any, context: Context) -> None:
        """Update a subscription (§5.8.2).

        Raises:
            BadRequestData: see :func:`patched`.
            ResourceNotFound: there is none that is the owner's.
        """
        now = self._clock()
        url = await self._context_after(fragment, owner, context)
        await self._vault.ready()
        async with self._store.write() as connection:
            old = await self._row(connection, owner, id_, lock=True)
            before = self._vault.opened(old.document, owner.tenant)
            document = patched(before, fragment, context, now)
            document.setdefault("jsonldContext", url)
            self._check_endpoint(document)
            row = self._new_row(owner, document, context, now)
            row["terms"] = _terms(old, fragment, document, context)
            row["changed"] = await raise_version(self._store, connection)
            if compiled(old).status(now) != "active":  # what happened meanwhile is not for it
                row["since"] = row["changed"]
            here = _mine(owner, id_)
            await connection.execute(update(subscriptions).where(*here).values(row))
            await self._schedule(connection, owner.tenant, document, now)
            await self._reopen(connection, owner.tenant, old.document, document)

    async def delete(self, owner: Owner, id_: str) -> None:
        """Delete a subscription, and what it was still to be told (§5.8.5).

        Raises:
            ResourceNotFound: there is none that is the owner's.
        """
        async with self._store.write() as connection:
            await self._row(connection, owner, id_, lock=True)
            await self._forget(connection, owner.tenant, id_)
            await raise_version(self._store, connection)

    async def _forget(self, connection: AsyncConnection, tenant: str, id_: str) -> int:
        """Drop a subscription with all that belongs to it; how many notifications waited."""
        this = (subscriptions.c.tenant == tenant, subscriptions.c.id == id_)
        await connection.execute(delete(subscriptions).where(*this))
        for table in (subscription_times, subscription_held):
            there = (table.c.tenant == tenant, table.c.subscription == id_)
            await connection.execute(delete(table).where(*there))
        return await self._deliveries.forget(connection, endpoint_name(tenant, id_))

    async def end(
        self,
        connection: AsyncConnection,
        grants: Collection[str],
        clients: Collection[str],
        is_over: Callable[[Standing], bool],
    ) -> Ending:
        """Drop the subscriptions under grants that have ended.

        Args:
            clients: whose grants may have ended too, as ``is_over`` says.
        """
        c = subscriptions.c
        chosen = or_(c.gid.in_(list(grants)), and_(c.owner.in_(list(clients)), c.gid != ""))
        query = select(c.tenant, c.id, c.owner, c.standing).where(chosen)
        rows = (await connection.execute(query.order_by(c.tenant, c.id).with_for_update())).all()
        over = [row for row in rows if is_over(load(row.standing, row.owner, 0))]
        dropped = [await self._forget(connection, row.tenant, row.id) for row in over]
        if over:
            await raise_version(self._store, connection)
        return Ending(len(over), sum(dropped))

    async def standings(self, connection: AsyncConnection) -> list[Standing]:
        """Under what subscriptions of residents are told."""
        query = select(subscriptions.c.standing).where(subscriptions.c.gid != "")
        return [load(text, "", 0) for text in (await connection.execute(query)).scalars()]

    async def get(self, owner: Owner, id_: str) -> Subscription:
        """One subscription.

        Raises:
            ResourceNotFound: there is none that is the owner's.
        """
        async with self._store.read() as connection:
            return compiled(await self._row(connection, owner, id_))

    async def page(self, owner: Owner, limit: int, offset: int) -> Sequence[Subscription]:
        """The owner's subscriptions, by id."""
        query = select(subscriptions).where(*_of(owner)).order_by(subscriptions.c.id).offset(offset)
        async with self._store.read() as connection:
            await self._tenants.check(connection, owner.tenant)
            rows = (await connection.execute(query.limit(limit))).all()
        return [compiled(row) for row in rows]

    async def presented(
        self, found: Sequence[Subscription], context: Context, *, system: bool
    ) -> list[Document]:
        """As their owner sees them, with what their endpoints did."""
        names = {s.id: endpoint_name(s.tenant, s.id) for s in found}
        doing = await self._deliveries.statuses(names.values()) if names else {}
        now = self._clock()
        await self._vault.ready()
        shown = [replace(s, document=self._vault.opened(s.document, s.tenant)) for s in found]
        return [
            presented(s, doing.get(names[s.id], EndpointStatus()), context, now, system=system)
            for s in shown
        ]

    async def count(self, owner: Owner) -> int:
        async with self._store.read() as connection:
            return await _count(connection, owner)

    async def _context_after(self, sent: Any, owner: Owner, context: Context) -> str:
        """The URL of the context for notifications, where none is named: that of the request.

        One that is named and cannot be had, or is none, is refused now and not when it is used
        (§5.8.1.4).
        """
        url = sent.get("jsonldContext") if isinstance(sent, dict) else None
        if isinstance(url, str) and url != NULL:
            await self._contexts.resolve(url)
            return url
        return (await self._contexts.hosted(context, owner.tenant)).url

    def _new_row(
        self, owner: Owner, document: Document, context: Context, now: datetime
    ) -> dict[str, Any]:
        return {
            "tenant": owner.tenant,
            "owner": owner.client,
            "personal": int(owner.personal),
            "gid": owner.standing.grant,
            "standing": owner.standing.dump(),
            "document": self._vault.closed(document, owner.tenant),
            "terms": terms_of(document, context),
            "modified": timestamp(now),
        }

    def _check_endpoint(self, document: Document) -> None:
        url = document["notification"]["endpoint"]["uri"]
        try:
            self._deliveries.check_url(url, where=_URI)
        except Unprocessable as error:
            faults = "; ".join(fault.what for fault in error.faults) or error.detail
            raise BadRequestData(f"{_URI}: {faults}.", faults=error.faults) from error

    async def _check_room(self, connection: AsyncConnection, owner: Owner) -> None:
        if await _count(connection, owner) >= MOST_OF_OWNER:
            raise Forbidden(f"A client has at most {MOST_OF_OWNER} subscriptions; delete some.")

    async def _row(
        self, connection: AsyncConnection, owner: Owner, id_: str, *, lock: bool = False
    ) -> Any:
        await self._tenants.check(connection, owner.tenant)
        query = select(subscriptions).where(*_mine(owner, id_))
        found = (await connection.execute(query.with_for_update() if lock else query)).first()
        if found is None:
            raise ResourceNotFound(f"There is no subscription {id_}.")
        return found

    async def _schedule(
        self, connection: AsyncConnection, tenant: str, document: Document, now: datetime
    ) -> None:
        """Start an interval anew; what throttling holds back stays due."""
        interval = document.get("timeInterval")
        if interval is None:
            return
        due = now.timestamp() + interval
        row = self._store.upsert(
            subscription_times, tenant=tenant, subscription=document["id"], due=due
        )
        await connection.execute(row)

    async def _reopen(
        self, connection: AsyncConnection, tenant: str, old: Document, new: Document
    ) -> None:
        """Another address starts with a clean record."""
        if old["notification"]["endpoint"]["uri"] != new["notification"]["endpoint"]["uri"]:
            await self._deliveries.enable(connection, endpoint_name(tenant, new["id"]))


def _terms(
    old: Any, fragment: Mapping[str, Any], document: Document, context: Context
) -> dict[str, str]:
    """What the names mean: those that are sent by the request's context, others as before."""
    found: dict[str, str] = {**terms_of(document, context), **old.terms}
    sent = {name: fragment[name] for name in ("q", "geoQ", "expandValues") if name in fragment}
    sent = {name: document[name] for name in sent if name in document}
    return {**found, **terms_of(sent, context)} if sent else found


def _of(owner: Owner) -> tuple[ColumnElement[bool], ...]:
    return subscriptions.c.tenant == owner.tenant, subscriptions.c.owner == owner.client


def _mine(owner: Owner, id_: str) -> tuple[ColumnElement[bool], ...]:
    return (*_of(owner), subscriptions.c.id == id_)


async def _count(connection: AsyncConnection, owner: Owner) -> int:
    query = select(func.count()).select_from(subscriptions).where(*_of(owner))
    return int((await connection.execute(query)).scalar_one())
