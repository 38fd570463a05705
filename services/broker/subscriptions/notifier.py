"""Tells subscribers what has changed: one process at a time, among all that share a store.

Changes wait in the journal, in the transaction that made them. Here they are matched, rendered and
handed to the deliveries in one more transaction, which also forgets them: whatever dies in between,
each is told once, and no writer of entities waits for any of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.exclusive import exclusive
from schemas.kit.store import Store
from services.broker.context.entities import Entities
from services.broker.context.errors import NgsiProblem
from services.broker.context.ld.contexts import Contexts
from services.broker.delivery import Deliveries
from services.broker.subscriptions.changes import EntityChange
from services.broker.subscriptions.contexts import NotificationContexts
from services.broker.subscriptions.index import Index, Table
from services.broker.subscriptions.intervals import meeting_q, selected
from services.broker.subscriptions.journal import Journal, Noted
from services.broker.subscriptions.linked import Linking
from services.broker.subscriptions.model import Subscription
from services.broker.subscriptions.plan import Plan
from services.broker.subscriptions.times import Clockwork, Key, Times

logger = logging.getLogger(__name__)

_PORTION: Final = 100
_LOOK_SECONDS: Final = {"sqlite": 0.03, "postgresql": 1.0}
"""After which a change that another process made is found without a call; who shares a file has no
way to call."""

_IDLE_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 1.0
_SHORTEST_INTERVAL: Final = 1.0


class Notifier:
    """Matches changes against subscriptions, and keeps their intervals.

    Args:
        contexts: those that notifications are written with.
        clock: gives aware datetimes.
    """

    def __init__(
        self,
        store: Store,
        entities: Entities,
        index: Index,
        journal: Journal,
        deliveries: Deliveries,
        *,
        contexts: Contexts,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._entities, self._index = store, entities, index
        self._journal, self._deliveries = journal, deliveries
        self._context_of, self._clock = NotificationContexts(contexts), clock
        self._linking = Linking(entities)
        self._clockwork = Clockwork(store)
        self._turn = exclusive(store, "subscriptions", journal.wake)
        self._look = _LOOK_SECONDS[store.engine.dialect.name]
        self._pause = _IDLE_SECONDS
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="notifier")

    async def stop(self) -> None:
        """Stop telling; what waits stays written, for the next start."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self._turn.release()

    async def _run(self) -> None:
        woken = False
        while True:
            try:
                pause = await self._work(woken)
            except Exception as error:
                # whatever is wrong with the store, the journal stays: try for ever
                logger.warning("notifications wait: %r", error)
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            woken = await self._journal.rest(pause)

    async def _work(self, woken: bool) -> float:
        """Tell all there is to tell; seconds to rest before looking again.

        Args:
            woken: something has changed here; the one that tells may be another process, asleep.
        """
        if not await self._turn.hold():
            if woken:
                await self._turn.call()
            return _IDLE_SECONDS
        while await self.once():
            pass
        return self._pause

    async def once(self) -> bool:
        """Tell one portion; whether there was any."""
        now = self._clock()
        async with self._store.read() as connection:
            due = await self._clockwork.due(connection, now.timestamp())
            noted = await self._journal.read(connection, _PORTION) if not due else []
            # last: whoever subscribed before a change is to be among them
            table = await self._index.current(connection)
            if not (due or noted):
                self._pause = await self._until_next(connection, table, now)
        if due:
            await self._tell_due(table, due, now)
        elif noted:
            await self._tell_changes(table, noted, now)
        return bool(due or noted)

    async def _until_next(self, connection: AsyncConnection, table: Table, now: datetime) -> float:
        """Seconds until there may be something to tell that nobody calls for."""
        if not table.all:
            return _IDLE_SECONDS
        due = await self._clockwork.next_due(connection)
        wait = self._look if due is None else due - now.timestamp()
        return max(0.001, min(self._look, wait))

    def _plan(self, now: datetime) -> Plan:
        return Plan(now, self._context_of, self._linking)

    async def _tell_changes(self, table: Table, noted: list[Noted], now: datetime) -> None:
        plan = self._plan(now)
        done: list[int] = []
        for one in noted:
            plan.match(table, one)
            done.append(one.row)
            if plan.is_full:
                break
            await asyncio.sleep(0)  # a long portion leaves room for requests
        await plan.look_further(partial(meeting_q, self._entities))
        await plan.settle(*await self._throttled(plan.throttled()))
        async with self._store.write() as connection:
            handover = await self._deliveries.enqueue_latest(connection, plan.deliveries)
            await self._clockwork.write(connection, plan.times)
            await self._clockwork.hold(connection, plan.held)
            await self._journal.forget(connection, done)
        self._deliveries.begin(handover)

    async def _throttled(
        self, keys: Sequence[Key]
    ) -> tuple[dict[Key, Times], dict[Key, list[EntityChange]]]:
        """When these were told last, and what is held back of each."""
        if not keys:
            return {}, {}
        async with self._store.read() as connection:
            times = await self._clockwork.times(connection, keys)
            return times, {key: await self._clockwork.held(connection, key) for key in times}

    async def _tell_due(self, table: Table, due: list[Key], now: datetime) -> None:
        for key in due:
            subscription = table.all.get(key)
            if subscription is None:
                async with self._store.write() as connection:
                    await self._clockwork.forget(connection, key)
            elif subscription.interval:
                await self._tell_interval(key, subscription, now)
            else:
                await self._tell_held(key, subscription, now)

    async def _tell_interval(self, key: Key, subscription: Subscription, now: datetime) -> None:
        plan = self._plan(now)
        if subscription.status(now) == "active":
            try:
                async for portion in selected(self._entities, subscription):
                    await plan.tell(subscription, portion)
            except NgsiProblem as problem:
                logger.warning("%s cannot be told: %s", subscription.id, problem.detail)
        next_due = now.timestamp() + max(subscription.interval, _SHORTEST_INTERVAL)
        async with self._store.write() as connection:
            handover = await self._deliveries.enqueue_latest(connection, plan.deliveries)
            await self._clockwork.write(connection, {key: Times(now.timestamp(), next_due)})
        self._deliveries.begin(handover)

    async def _tell_held(self, key: Key, subscription: Subscription, now: datetime) -> None:
        plan = self._plan(now)
        async with self._store.read() as connection:
            changes = await self._clockwork.held(connection, key)
        if changes and subscription.status(now) == "active":
            await plan.tell(subscription, changes)
        async with self._store.write() as connection:
            handover = await self._deliveries.enqueue_latest(connection, plan.deliveries)
            await self._clockwork.write(connection, {key: Times(now.timestamp(), None)})
            await self._clockwork.release(connection, key)
        self._deliveries.begin(handover)
