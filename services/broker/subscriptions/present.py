"""A subscription as its owner sees it (GS CIM 009 §5.2.12, §5.2.14.2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.broker.context.jsonld import Context
from services.broker.delivery import EndpointStatus
from services.broker.subscriptions.document import Document
from services.broker.subscriptions.fields import as_moment
from services.broker.subscriptions.model import Subscription
from services.broker.subscriptions.names import rewritten

_NAMED = ("attributes", "pick", "omit")


def presented(
    subscription: Subscription,
    doing: EndpointStatus,
    context: Context,
    now: datetime,
    *,
    system: bool = False,
) -> Document:
    """The subscription, its names compacted, with what only the broker knows.

    Args:
        doing: how its endpoint does.
        system: with ``createdAt`` and ``modifiedAt``.
    """
    found = dict(subscription.document)
    if "entities" in found:
        found["entities"] = [_selector(one, context) for one in found["entities"]]
    if "watchedAttributes" in found:
        found["watchedAttributes"] = [context.compact(n) for n in found["watchedAttributes"]]
    found["notification"] = {**_names(found["notification"], context), **_counters(doing)}
    found["status"] = subscription.status(now)
    if system:
        found |= {"createdAt": subscription.created, "modifiedAt": subscription.modified}
    return found


def _selector(found: Mapping[str, Any], context: Context) -> Document:
    if found["type"] == "*":
        return dict(found)
    return {**found, "type": rewritten(found["type"], context.compact)}


def _names(notification: Mapping[str, Any], context: Context) -> Document:
    named = {
        member: [rewritten(name, context.compact) for name in notification[member]]
        for member in _NAMED
        if member in notification
    }
    return {**notification, **named}


def _counters(doing: EndpointStatus) -> Document:
    """§5.2.14.2; counters start when there is something to count."""
    found: Document = {}
    if doing.sent:
        found["status"] = "failed" if doing.failures else "ok"
        found["timesSent"] = doing.sent
    if doing.failed:
        found["timesFailed"] = doing.failed
    moments = {
        "lastNotification": doing.last_sent,
        "lastSuccess": doing.last_success,
        "lastFailure": doing.last_failure,
    }
    return found | {name: as_moment(at) for name, at in moments.items() if at is not None}
