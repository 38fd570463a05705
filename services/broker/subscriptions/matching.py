"""Which changes a subscription wants to hear of (GS CIM 009 §5.8.6): pure decisions."""

from __future__ import annotations

from collections.abc import Iterable

from services.broker.context.model import ContextEntity
from services.broker.context.places import geometries
from services.broker.context.q import Node
from services.broker.context.scope_query import in_scopes
from services.broker.subscriptions.changes import EntityChange
from services.broker.subscriptions.model import Selector, Subscription
from services.broker.subscriptions.q_match import meets


def concerns(subscription: Subscription, change: EntityChange) -> bool:
    """Whether a change is of a kind that was asked for: all that is cheap to decide."""
    return (
        not (change.entity.restricted and not subscription.personal)
        and _selects(subscription, change.entity)
        and _triggers(subscription, change)
    )


def is_wanted(subscription: Subscription, entity: ContextEntity) -> bool:
    """Whether an entity is among those subscribed to, and meets every condition."""
    return (
        not (entity.restricted and not subscription.personal)
        and _selects(subscription, entity)
        and meets_conditions(subscription, entity)
    )


def meets_conditions(subscription: Subscription, entity: ContextEntity) -> bool:
    """Whether an entity meets the query, the geo-query and the scope query.

    A query about linked entities is left open here: see ``looks_further``.
    """
    geo = subscription.geo
    return (
        in_scopes(subscription.scopes, entity.scope)
        and (subscription.q is None or _meets_q(subscription, subscription.q, entity))
        # §5.8.6: any instance of the GeoProperty will do
        and (geo is None or geo.matches(geometries(entity.attributes, geo.attribute)))
    )


def _meets_q(subscription: Subscription, q: Node, entity: ContextEntity) -> bool:
    return subscription.looks_further or meets(q, entity, subscription.terms)


def _selects(subscription: Subscription, entity: ContextEntity) -> bool:
    selectors = subscription.selectors
    return not selectors or any(_selected(selector, entity) for selector in selectors)


def _selected(selector: Selector, entity: ContextEntity) -> bool:
    if not selector.types.matches(entity.types):
        return False
    if selector.ids:  # §5.2.33: takes precedence over the pattern
        return entity.id in selector.ids
    return selector.pattern is None or bool(selector.pattern.search(entity.id))


def _triggers(subscription: Subscription, change: EntityChange) -> bool:
    watched, triggers = subscription.watched, subscription.triggers
    whole = {"created": "entityCreated", "deleted": "entityDeleted"}.get(change.kind)
    if whole in triggers and (not watched or not watched.isdisjoint(change.names)):
        return True
    return any(
        trigger in triggers and (not watched or name in watched)
        for trigger, name in change.happened()
    )


def type_names(subscription: Subscription) -> Iterable[str] | None:
    """Types of which an entity must have one to be selected; None when any type will do."""
    names: set[str] = set()
    for selector in subscription.selectors:
        if not selector.types.alternatives:
            return None
        # one name of each alternative is enough to find it
        names.update(min(alternative) for alternative in selector.types.alternatives)
    return names or None
