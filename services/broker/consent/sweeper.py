"""Ending for good what ended consents kept going: streams, webhooks, subscriptions, groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.kit.store import Store
from schemas.revocations import Ends
from services.broker.consent import groups
from services.broker.consent.ended import Ended
from services.broker.consent.metrics import ConsentMetrics
from services.broker.delivery import Deliveries
from services.broker.events.fanout import Fanout
from services.broker.subscriptions.store import Subscriptions
from services.broker.webhooks.book import Book

_ENDED: Final = "what it was opened under has ended"
_SILENT: Final = "which consents still hold is not known at the moment"


class Sweeper:
    """Ends things; doing so again changes nothing, so every broker process may."""

    def __init__(
        self,
        store: Store,
        ended: Ended,
        metrics: ConsentMetrics,
        *,
        deliveries: Deliveries,
        fanout: Fanout,
        book: Book,
        subscriptions: Subscriptions,
    ) -> None:
        self._store, self._ended, self._metrics = store, ended, metrics
        self._deliveries, self._fanout = deliveries, fanout
        self._book, self._subscriptions = book, subscriptions
        self._done: dict[str, Mapping[str, int]] = {"grants": {}, "consents": {}, "clients": {}}

    async def sweep(self, ends: Ends) -> None:
        """End what has ended since the last time.

        The streams first, in this very moment; the rest is gone from the store when it returns.
        """
        self._metrics.cut.inc(self._fanout.cut(self._ended.is_cut, _ENDED))
        grants = ends["grants"].keys() - self._done["grants"].keys()
        consents = ends["consents"].keys() - self._done["consents"].keys()
        clients = {name for name, _ in ends["clients"].items() - self._done["clients"].items()}
        if grants or consents or clients:
            await self._end(sorted(grants), sorted(consents), sorted(clients))
        self._done = {
            "grants": ends["grants"],
            "consents": ends["consents"],
            "clients": ends["clients"],
        }

    async def _end(self, grants: list[str], consents: list[str], clients: list[str]) -> None:
        queue, is_over = self._deliveries.queue, self._ended.is_over
        async with self._store.write() as connection:
            hooks = await self._book.end(connection, grants, clients, is_over)
            told = await self._subscriptions.end(connection, grants, clients, is_over)
            dropped = hooks.dropped + told.dropped
            for consent in consents:
                for endpoint in await self._book.under(connection, consent):
                    dropped += await queue.drop(connection, endpoint, consent)
            await groups.end(connection, grants)
        self._metrics.ended.labels("webhook").inc(hooks.ended)
        self._metrics.ended.labels("subscription").inc(told.ended)
        self._metrics.dropped.inc(dropped)

    def silent(self) -> None:
        """End the streams that would need a word; their readers come back and wait."""
        self._fanout.cut(lambda standing: bool(standing.grant), _SILENT)

    async def held(self) -> tuple[set[str], set[str]]:
        """All grants and consents that something here is under."""
        async with self._store.read() as connection:
            stored = [
                *await self._book.standings(connection),
                *await self._subscriptions.standings(connection),
            ]
        standings = [*stored, *self._fanout.standings()]
        consents = {held.consent for standing in standings for held in standing.consents}
        return {one.grant for one in standings if one.grant}, consents
