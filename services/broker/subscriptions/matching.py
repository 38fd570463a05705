"""Which changes a subscription wants to hear of (GS CIM 009 §5.8.6): pure decisions."""

from __future__ import annotations

from collections.abc import Iterable

from services.broker.context.model import ContextEntity
from services.broker.subscriptions.changes import EntityChange
from services.broker.subscriptions.model import Selector, Subscription
from services.broker.subscriptions.q_match import meets
from services.broker.subscriptions.selection import has_scopes, has_types


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
    """Whether an entity meets the query, the geo-query and the scope query."""
    if subscription.q and not meets(subscription.q, entity, subscription.terms):
        return False
    if subscription.geo and not _is_there(subscription, entity):
        return False
    return not subscription.scopes or has_scopes(subscription.scopes, entity.scope)


def _selects(subscription: Subscription, entity: ContextEntity) -> bool:
    selectors = subscription.selectors
    return not selectors or any(_selected(selector, entity) for selector in selectors)


def _selected(selector: Selector, entity: ContextEntity) -> bool:
    if selector.types and not has_types(selector.types, entity.types):
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


def _is_there(subscription: Subscription, entity: ContextEntity) -> bool:
    """§5.8.6: any instance of the GeoProperty will do."""
    geo = subscription.geo
    if geo is None:
        return True
    instances = entity.attributes.get(geo.attribute, ())
    places = (i["value"] for i in instances if i["type"] == "GeoProperty")
    return any(geo.order(place) is not None for place in places)


def type_names(subscription: Subscription) -> Iterable[str] | None:
    """Types of which an entity must have one to be selected; None when any type will do."""
    names: set[str] = set()
    for selector in subscription.selectors:
        if not selector.types:
            return None
        # one name of each conjunction is enough to find it
        names.update(conjunction[0] for conjunction in selector.types)
    return names or None
