"""What a subscription with ``timeInterval`` is told: all that it selects, as it is (§5.8.6)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from services.broker.context.entities import Entities
from services.broker.context.model import ContextEntity
from services.broker.context.query import Query
from services.broker.subscriptions.matching import is_wanted
from services.broker.subscriptions.model import Selector, Subscription

MOST_ENTITIES: Final = 1000
"""In one notification; what is more goes into further ones."""

_ALL: Final = Selector(types=(), ids=frozenset(), pattern=None)


async def selected(
    entities: Entities, subscription: Subscription
) -> AsyncIterator[list[ContextEntity]]:
    """The entities that the subscription is about now, in portions, each entity once."""
    seen: set[str] = set()
    for selector in subscription.selectors or (_ALL,):
        offset = 0
        while True:
            page = await entities.find(_query(subscription, selector, offset))
            found = [
                entity
                for entity in page.entities
                if entity.id not in seen and is_wanted(subscription, entity)
            ]
            seen.update(entity.id for entity in found)
            if found:
                yield found
            if not page.more:
                break
            offset += MOST_ENTITIES


def _query(subscription: Subscription, selector: Selector, offset: int) -> Query:
    """A query that finds all of them, and maybe more."""
    return Query(
        types=sorted({names[0] for names in selector.types}),
        ids=sorted(selector.ids),
        id_pattern=selector.pattern.pattern if selector.pattern and not selector.ids else "",
        q=subscription.q,
        geo=subscription.geo,
        personal=subscription.personal,
        context=subscription.terms,
        limit=MOST_ENTITIES,
        offset=offset,
    )
