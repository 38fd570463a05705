"""The ``@context`` that notifications are written with (GS CIM 009 §5.8.6: jsonldContext)."""

from __future__ import annotations

from services.broker.context.jsonld import Context
from services.broker.context.jsonld import context_of as context_of_value
from services.broker.subscriptions.model import Subscription


async def context_of(subscription: Subscription) -> Context:
    """The context that the subscription names, or the one that it came with."""
    return context_of_value(subscription.document["jsonldContext"])
