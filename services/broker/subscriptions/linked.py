"""Linked entities in a notification (GS CIM 009 §5.2.14: join; §4.5.23)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.broker.context.entities import Entities
from services.broker.context.errors import NgsiProblem
from services.broker.context.joining import flattened, inlined
from services.broker.context.jsonld import Context
from services.broker.context.linked import MOST_LEVELS, Join
from services.broker.context.model import ContextEntity
from services.broker.context.represent import represent
from services.broker.context.view import View
from services.broker.subscriptions.model import Subscription

logger = logging.getLogger(__name__)

Shown = tuple[ContextEntity, dict[str, Any]]
"""An entity, and its JSON."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """For whom linked entities are fetched."""

    personal: bool
    tenant: str
    context: Context


class Linking:
    """Represents entities, with those that they link to where a subscription asks for them."""

    def __init__(self, entities: Entities) -> None:
        self._entities = entities

    async def shown(
        self, subscription: Subscription, entities: Sequence[ContextEntity], view: View
    ) -> list[Shown]:
        """The entities in order; behind them, with ``flat``, those that they link to."""
        join = Join(
            subscription.notification.get("join", "@none"),
            min(subscription.notification.get("joinLevel", 1), MOST_LEVELS),
        )
        if join.depth:
            try:
                return await self._joined(subscription, entities, view, join)
            except NgsiProblem as problem:
                logger.warning("%s is told without links: %s", subscription.id, problem.detail)
        return [(entity, represent(entity, view)) for entity in entities]

    async def _joined(
        self,
        subscription: Subscription,
        entities: Sequence[ContextEntity],
        view: View,
        join: Join,
    ) -> list[Shown]:
        params = _Asked(subscription.personal, subscription.tenant, view.context)
        if join.how == "flat":
            found = await flattened(self._entities, entities, join, params)
            return [(entity, represent(entity, view)) for entity in found]
        shown = await inlined(self._entities, entities, join, params, view)
        return list(zip(entities, shown, strict=True))
