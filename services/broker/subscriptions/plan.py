"""What one portion of changes comes to: notifications, and what throttling holds back."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from services.broker.context.jsonld import Context
from services.broker.delivery import Delivery
from services.broker.subscriptions.changes import EntityChange
from services.broker.subscriptions.index import Table
from services.broker.subscriptions.journal import Noted
from services.broker.subscriptions.linked import Linking
from services.broker.subscriptions.matching import meets_conditions
from services.broker.subscriptions.model import Subscription
from services.broker.subscriptions.notification import Notifications
from services.broker.subscriptions.rendering import Told
from services.broker.subscriptions.times import Key, Times, joined, key_of

logger = logging.getLogger(__name__)

MOST_MATCHES: Final = 2000


class Plan:
    """Collects matches, then decides which are told now.

    Attributes:
        deliveries: to be sent.
        times, held: to be written.
    """

    def __init__(
        self,
        now: datetime,
        context_of: Callable[[Subscription], Awaitable[Context]],
        linking: Linking,
    ) -> None:
        self._now, self._context_of = now, context_of
        self._notifications = Notifications(linking)
        self._matches: list[tuple[Subscription, list[EntityChange]]] = []
        self._contexts: dict[str, Context] = {}
        self.deliveries: list[Delivery] = []
        self.times: dict[Key, Times] = {}
        self.held: dict[Key, list[EntityChange]] = {}

    @property
    def is_full(self) -> bool:
        return len(self._matches) >= MOST_MATCHES

    def match(self, table: Table, noted: Noted) -> None:
        """What changed together is told together."""
        groups: dict[str, tuple[Subscription, list[EntityChange]]] = {}
        for change in noted.changes:
            for subscription in table.concerned(noted.tenant, change):
                if subscription.since > noted.version or not self._is_active(subscription):
                    continue
                if _meets(subscription, change):
                    groups.setdefault(subscription.id, (subscription, []))[1].append(change)
        self._matches.extend(groups.values())

    def _is_active(self, subscription: Subscription) -> bool:
        return subscription.status(self._now) == "active"

    async def look_further(
        self, meeting_q: Callable[[Subscription, Collection[str]], Awaitable[set[str]]]
    ) -> None:
        """Leave out what does not meet a query about linked entities."""
        found: list[tuple[Subscription, list[EntityChange]]] = []
        for subscription, changes in self._matches:
            kept = changes
            if subscription.looks_further:
                ids = await meeting_q(subscription, {change.entity.id for change in changes})
                kept = [change for change in changes if change.entity.id in ids]
            if kept:
                found.append((subscription, kept))
        self._matches = found

    def throttled(self) -> list[Key]:
        return [key_of(s) for s, _ in self._matches if s.throttling]

    async def settle(
        self, times: Mapping[Key, Times], held: Mapping[Key, list[EntityChange]]
    ) -> None:
        """Decide for each match whether it is told now.

        Args:
            times, held: of throttled subscriptions, as they are in the store.
        """
        for subscription, changes in self._matches:
            key = key_of(subscription)
            last = self.times.get(key) or times.get(key) or Times()
            free = _free_at(subscription, last)
            waiting = self.held.get(key, held.get(key, []))
            if free > self._now.timestamp():
                self.held[key] = joined(waiting, changes)
                self.times[key] = Times(last.notified, free)
                continue
            await self.tell(subscription, joined(waiting, changes) if waiting else changes)
            if subscription.throttling:
                self.times[key] = Times(self._now.timestamp(), None)
            if waiting:
                self.held[key] = []

    async def tell(self, subscription: Subscription, told: Sequence[Told]) -> None:
        context = await self._context(subscription)
        try:
            made = await self._notifications.of(subscription, told, context, self._now)
        except Exception as error:  # whatever one subscription fails with, the others are told
            logger.warning("%s cannot be told: %s", subscription.id, type(error).__name__)
            return
        self.deliveries.append(made)

    async def _context(self, subscription: Subscription) -> Context:
        url = subscription.document.get("jsonldContext", "")
        found = self._contexts.get(url)
        if found is None:
            found = self._contexts[url] = await self._context_of(subscription)
        return found


def _meets(subscription: Subscription, change: EntityChange) -> bool:
    try:
        return meets_conditions(subscription, change.entity)
    except Exception as error:  # whatever one subscription fails with, the others are told
        logger.warning("%s cannot be matched: %s", subscription.id, type(error).__name__)
        return False


def _free_at(subscription: Subscription, last: Times) -> float:
    """When the next notification may go (§5.2.12, throttling)."""
    if not subscription.throttling or last.notified is None:
        return 0.0
    return last.notified + subscription.throttling
