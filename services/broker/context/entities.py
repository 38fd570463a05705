"""Entities created, changed, deleted: the change, its past and its event in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.outbox import Outbox
from schemas.kit.refusals import STORE_AWAY
from schemas.kit.store import Store
from schemas.ngsild import timestamp
from services.broker.backlog import Backlog
from services.broker.context.announce import Nobody, Watcher, announcements
from services.broker.context.discovery import present
from services.broker.context.errors import AlreadyExists, BadRequestData, ResourceNotFound
from services.broker.context.expiry import due, unexpired, write_expiries
from services.broker.context.loader import Loader
from services.broker.context.model import ContextEntity
from services.broker.context.mutations import created
from services.broker.context.query import Page, Query
from services.broker.context.rows import Change, load
from services.broker.context.search import search
from services.broker.context.steps import Decide, Step, Steps
from services.broker.context.tenants import DEFAULT_TENANT, Tenants
from services.broker.context.writer import Writer

Clock = Callable[[], datetime]
Mutation = Callable[[ContextEntity, str], ContextEntity | None]
"""From the entity as it is, and the time, to what it shall be; None to delete it."""

MOST_ENTITY_BYTES: Final = 2_097_152
_DEADLOCK_DETECTED: Final = "40P01"  # PostgreSQL's; it lets the other one go on
_ATTEMPTS: Final = 3
_EXPIRE_AT_ONCE: Final = 500


class Entities:
    """The entities of the city.

    Args:
        watcher: is told of every change, in its transaction.
        clock: gives aware datetimes.
    """

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        backlog: Backlog,
        *,
        watcher: Watcher | None = None,
        clock: Clock = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._outbox, self._backlog, self._clock = store, outbox, backlog, clock
        self._watcher = watcher or Nobody()
        self._writer, self._loader = Writer(), Loader(self._load)
        self._steps = Steps(self._write)
        self.tenants = Tenants(store)

    async def get(self, id_: str, *, personal: bool, tenant: str = DEFAULT_TENANT) -> ContextEntity:
        """One entity.

        Args:
            personal: whether the caller may see what is about persons; what they may not see
                is, for them, not there.

        Raises:
            ResourceNotFound: it is not there.
            NonexistentTenant: nor is the tenant.
        """
        found = await self._loader.get(tenant, id_)
        if found is None or (found.restricted and not personal):
            raise ResourceNotFound(f"There is no entity {id_}.")
        return found

    async def _load(self, tenant: str, ids: list[str]) -> dict[str, ContextEntity]:
        async with self._store.read() as connection:
            await self.tenants.check(connection, tenant)
            return await load(connection, tenant, ids)

    async def find(self, query: Query, *, tenant: str = DEFAULT_TENANT) -> Page:
        """What a query means.

        Raises:
            NonexistentTenant: there is no such tenant.
            BadRequestData, TooManyResults: see :func:`~services.broker.context.search.search`.
        """
        async with self._store.read() as connection:
            await self.tenants.check(connection, tenant)
            return await search(connection, tenant, query)

    async def many(
        self, ids: Sequence[str], *, personal: bool, tenant: str = DEFAULT_TENANT
    ) -> dict[str, ContextEntity]:
        """Those of some entities that are there for the caller, by id."""
        async with self._store.read() as connection:
            found = await load(connection, tenant, ids)
        return {id_: e for id_, e in found.items() if personal or not e.restricted}

    async def shapes(self, *, personal: bool, tenant: str = DEFAULT_TENANT) -> Sequence[Any]:
        """What the entities look like, see :func:`~services.broker.context.discovery.present`.

        Raises:
            NonexistentTenant: there is no such tenant.
        """
        async with self._store.read() as connection:
            await self.tenants.check(connection, tenant)
            return await present(connection, tenant, personal=personal)

    async def create(self, entity: ContextEntity, *, tenant: str = DEFAULT_TENANT) -> None:
        """Store a new entity, and with it the tenant when it is the first of it (§5.5.10).

        Raises:
            AlreadyExists: the id is taken.
        """

        def change(old: dict[str, ContextEntity], now: str) -> list[Change]:
            if entity.id in old:
                raise AlreadyExists(f"There is an entity {entity.id} already.")
            return [Change(None, created(entity, now))]

        await self.transact([entity.id], change, tenant=tenant, creates=True)

    async def change(
        self,
        id_: str,
        mutation: Mutation,
        *,
        personal: bool = True,
        tenant: str = DEFAULT_TENANT,
    ) -> None:
        """Apply a mutation to one entity.

        Raises:
            ResourceNotFound: it is not there.
            NonexistentTenant: nor is the tenant.
        """

        def change(old: dict[str, ContextEntity], now: str) -> list[Change]:
            found = old.get(id_)
            if found is None or (found.restricted and not personal):
                raise ResourceNotFound(f"There is no entity {id_}.")
            return [Change(found, mutation(found, now))]

        await self.transact([id_], change, tenant=tenant)

    async def transact(
        self,
        ids: Sequence[str],
        decide: Decide,
        *,
        tenant: str = DEFAULT_TENANT,
        creates: bool = False,
    ) -> list[Change]:
        """Read entities, decide what becomes of them, and write it, as one step.

        Args:
            decide: from those that are there, by id, and the time; may be asked again when
                another writer was faster. What it raises stops everything.
            creates: whether the operation brings its tenant into being (§5.5.10).

        Returns:
            What really changed.

        Raises:
            Unavailable: too much waits for the log.
            NonexistentTenant: there is no such tenant.
        """
        self._backlog.admit_changes(len(ids))
        done = await self._steps.do(Step(sorted(set(ids)), decide, tenant, creates))
        self._outbox.wake()
        self._watcher.wake()
        self._backlog.grew(len(done))
        return done

    async def stop(self) -> None:
        """Wait for what is being written."""
        await self._steps.stop()

    async def expire(self) -> None:
        """Delete what has expired by now (§4.22)."""
        moment = timestamp(self._clock())

        def change(old: dict[str, ContextEntity], now: str) -> list[Change]:
            return [Change(entity, unexpired(entity, now)) for entity in old.values()]

        seen: list[tuple[str, str]] = []
        while True:
            async with self._store.read() as connection:
                found = await due(connection, moment, _EXPIRE_AT_ONCE)
            if not found or found == seen:  # what cannot be deleted must not be tried for ever
                return
            seen = found
            for tenant in {tenant for tenant, _ in found}:
                ids = [id_ for owner, id_ in found if owner == tenant]
                await self.transact(ids, change, tenant=tenant)

    async def _write(self, steps: list[Step]) -> None:
        try:
            await self._write_together(steps, attempts=_ATTEMPTS)
        except STORE_AWAY:
            raise
        except DBAPIError:
            if len(steps) == 1:
                raise
            # what one of them holds cannot be stored, and that is not the others' fault
            for step in steps:
                await self._write_alone(step)

    async def _write_alone(self, step: Step) -> None:
        try:
            await self._write_together([step], attempts=_ATTEMPTS)
        except Exception as error:  # theirs who asked, who is told
            step.failure = error

    async def _write_together(self, steps: list[Step], attempts: int) -> None:
        try:
            return await self._write_once(steps)
        except DBAPIError as error:
            # two created the same entity at once: the second sees it when it looks again
            if attempts == 1 or not _lost_a_race(error):
                raise
        return await self._write_together(steps, attempts - 1)

    async def _write_once(self, steps: list[Step]) -> None:
        tenant, creates = steps[0].tenant, steps[0].creates
        async with self._store.write() as connection:
            if not creates:
                await self.tenants.check(connection, tenant)
            ids = sorted(id_ for step in steps for id_ in step.ids)
            old = await load(connection, tenant, ids, lock=True)
            # the time is taken when the rows are ours, so that an entity's past is in order
            moment = self._clock()
            now = timestamp(moment)
            for step in steps:
                step.take(old, now, _check_sizes)
            steps = [step for step in steps if not step.failure]
            if creates and steps:
                await self.tenants.create(connection, tenant, now)
            done = [change for step in steps for change in step.done]
            shapes = await self._writer.write(connection, tenant, done, now)
            await write_expiries(connection, tenant, done)
            await self._announce(connection, tenant, done, moment)
            await self._watcher.note(connection, tenant, [step.done for step in steps], now)
        self._writer.remember(shapes)

    async def _announce(
        self, connection: AsyncConnection, tenant: str, done: Sequence[Change], moment: datetime
    ) -> None:
        """Tell the city's log; what other tenants hold is theirs, and not on it."""
        if tenant == DEFAULT_TENANT:
            await self._outbox.add(connection, announcements(done, moment))


def _lost_a_race(error: DBAPIError) -> bool:
    deadlock = getattr(error.orig, "sqlstate", "") == _DEADLOCK_DETECTED
    return deadlock or isinstance(error, IntegrityError)


def _check_sizes(done: Sequence[Change]) -> None:
    """Many small updates could make one entity larger than any request."""
    for change in done:
        if change.new and len(orjson.dumps(change.new.attributes)) > MOST_ENTITY_BYTES:
            raise BadRequestData(
                f"{change.new.id} would hold more than {MOST_ENTITY_BYTES} bytes; nothing of this"
                " request was stored."
            )
