"""What a subscription with ``timeInterval`` is told: all that it selects, as it is (§5.8.6)."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Collection
from typing import Final

from services.broker.context.entities import Entities
from services.broker.context.errors import NgsiProblem
from services.broker.context.model import ContextEntity
from services.broker.context.query import ANY, Query
from services.broker.context.query import Selector as Wanted
from services.broker.subscriptions.matching import is_wanted
from services.broker.subscriptions.model import Selector, Subscription

logger = logging.getLogger(__name__)

MOST_ENTITIES: Final = 1000
"""In one notification; what is more goes into further ones."""

_ALL: Final = Selector(types=ANY, ids=frozenset(), pattern=None)


async def selected(
    entities: Entities, subscription: Subscription
) -> AsyncIterator[list[ContextEntity]]:
    """The entities that the subscription is about now, in portions, each entity once."""
    seen: set[str] = set()
    for selector in subscription.selectors or (_ALL,):
        offset = 0
        while True:
            page = await entities.find(
                _query(subscription, selector, offset), tenant=subscription.tenant
            )
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
    return Query(
        selectors=[_wanted(selector)],
        q=subscription.q,
        geo=subscription.geo,
        scopes=subscription.scopes,
        personal=subscription.personal,
        context=subscription.terms,
        limit=MOST_ENTITIES,
        offset=offset,
    )


def _wanted(selector: Selector) -> Wanted:
    pattern = selector.pattern.pattern if selector.pattern else ""
    return Wanted(types=selector.types, ids=sorted(selector.ids), id_pattern=pattern)


async def meeting_q(
    entities: Entities, subscription: Subscription, ids: Collection[str]
) -> set[str]:
    """Which of some entities meet the subscription's query, asked of the store.

    For queries about linked entities: they look at what is now, not at what was when it changed.
    """
    query = Query(
        selectors=[Wanted(ids=sorted(ids))],
        q=subscription.q,
        personal=subscription.personal,
        context=subscription.terms,
        limit=MOST_ENTITIES,
    )
    try:
        page = await entities.find(query, tenant=subscription.tenant)
    except NgsiProblem as problem:
        logger.warning("%s cannot be matched: %s", subscription.id, problem.detail)
        return set()
    return {entity.id for entity in page.entities}
